//! What is asked of the recommender.

use wardrobe_types::{Formality, GarmentId, Season, Style};

use crate::{Error, Generator, Result};

/// What outfits to recommend. Start from `Request::default()` and set what matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// How many outfits to show, at least 1.
    pub n: usize,
    /// How many outfits to make and score at most, at least 1.
    pub candidates: usize,
    /// Same seed, same wardrobe, same request: same answer. A wardrobe small enough to try everything gives its best
    /// for 0, and others nearly as good for other seeds.
    pub seed: u64,
    /// The ways candidates are drawn, in equal shares; at least one. A wardrobe small enough to try everything is
    /// tried whole instead.
    pub generators: Vec<Generator>,
    /// How formal the occasion is.
    pub formality: Option<Formality>,
    /// The season to dress for.
    pub season: Option<Season>,
    /// The temperature to dress for, in degrees Celsius, -60..=60; it speaks before the season does.
    pub temperature: Option<f32>,
    /// Whether it rains.
    pub rain: bool,
    /// Leaves out every garment worn within so many days, the day to dress for included; `Some(0)` none. By default,
    /// a top or one-piece worn that day or the day before waits, as long as others can take its place.
    pub not_worn_days: Option<u32>,
    /// The manner of dressing wanted.
    pub style: Option<Style>,
    /// Garments every outfit must have; they overrule the filters.
    pub with: Vec<GarmentId>,
    /// Garments no outfit may have.
    pub without: Vec<GarmentId>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            n: 5,
            candidates: 500,
            seed: 0,
            generators: Generator::ALL.to_vec(),
            formality: None,
            season: None,
            temperature: None,
            rain: false,
            not_worn_days: None,
            style: None,
            with: Vec::new(),
            without: Vec::new(),
        }
    }
}

impl Request {
    /// Checks what can be checked without the wardrobe.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |field, got: String, expected| {
            Err(Error::BadRequest {
                field,
                got,
                expected,
            })
        };
        if self.n == 0 {
            return bad("n", "0".to_owned(), "at least 1 outfit");
        }
        if self.candidates == 0 {
            return bad("candidates", "0".to_owned(), "at least 1 candidate");
        }
        if self.generators.is_empty() {
            return bad("generators", "empty".to_owned(), "at least one generator");
        }
        match self.temperature {
            Some(celsius) if !(-60.0..=60.0).contains(&celsius) => bad(
                "temperature",
                celsius.to_string(),
                "degrees Celsius from -60 to 60",
            ),
            _ => Ok(()),
        }
    }
}
