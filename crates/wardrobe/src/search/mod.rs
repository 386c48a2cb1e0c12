//! Garments found by words.
//!
//! `parse.rs` makes a [`Query`] of a text with the phrases of `lexicon.rs` and `synonyms.rs`; `score.rs` says how well a garment's
//! tags answer it; `meaning.rs` joins CLIP's opinion where its weights are at hand, and `fuse.rs` finds the best by both.

mod fuse;
mod lexicon;
mod meaning;
mod parse;
mod query;
mod score;
mod synonyms;

use serde::Serialize;
use wardrobe_types::{EmbedderId, Embedding, Garment, GarmentId};

pub use self::query::{Correction, Query, Term, Wish};
use crate::{Filter, Result, Wardrobe};

/// What scores less is no answer.
const LEAST_SCORE: f32 = 0.35;

/// A garment that answers a query.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The garment.
    #[serde(flatten)]
    pub garment: Garment,
    /// How well it answers, 0..=1.
    pub score: f32,
    /// What of the query its tags answer, in the query's words.
    pub matched: Vec<String>,
}

/// What a search found, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Search {
    /// The garments, best first.
    pub garments: Vec<Found>,
    /// What was understood.
    pub query: Query,
    /// What CLIP did; `None` where its weights are not at hand and tags alone were compared.
    pub meaning: Option<Meaning>,
}

/// CLIP's part in a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meaning {
    /// The model.
    pub model: EmbedderId,
    /// Its share of the score, 0..=1; 0 where no garment has a vector of it, or the query only leaves things out.
    pub weight: f32,
    /// Garments without a vector of it, which it neither favours nor holds back. Taking the wardrobe's own `photos/` in again
    /// makes them.
    pub garments_without: usize,
}

impl Wardrobe {
    /// The `k` garments that answer a text best, best first; fewer where fewer answer it at all.
    ///
    /// The tags always count, as [`Query::score`] has it. Where CLIP's weights are at hand, so does the cosine between the
    /// text, less what is not wanted, and each garment that CLIP has embedded, by its best photo.
    ///
    /// ```no_run
    /// # let wardrobe = wardrobe::Wardrobe::open("my-wardrobe", Default::default())?;
    /// for found in wardrobe.search("a burgundy jumper for winter, not striped", 5)?.garments {
    ///     println!("{:.2} {}", found.score, wardrobe::describe(&found.garment));
    /// }
    /// # Ok::<(), wardrobe::Error>(())
    /// ```
    ///
    /// # Errors
    /// A database that cannot be read; CLIP's weights, where they are there and damaged or do not fit.
    pub fn search(&self, text: &str, k: usize) -> Result<Search> {
        let query = parse::parse(text);
        let garments = self.garments(&Filter::default())?;
        let (meaning, meant) = self.meaning(&query, &garments)?;
        let garments = self.answers(&query, garments, meant.as_ref(), k)?;
        Ok(Search {
            garments,
            query,
            meaning,
        })
    }

    /// The `k` of these garments that answer a query best, by their tags and, where it is given, by what the query means.
    pub(crate) fn answers(
        &self,
        query: &Query,
        garments: Vec<Garment>,
        meant: Option<&Embedding>,
        k: usize,
    ) -> Result<Vec<Found>> {
        let shown: Vec<GarmentId> = garments.iter().map(|garment| garment.id.clone()).collect();
        let tagged = garments.into_iter().filter_map(|garment| {
            let tags = query.score(&garment)?;
            Some((garment, tags))
        });
        let tagged: Vec<(Garment, f32)> = tagged.collect();
        let mut scored = match meant {
            Some(text) => self.fuse(tagged, &shown, (text, meaning::weight(query)), k)?,
            None if query.wanted.is_empty() && query.unwanted.is_empty() => Vec::new(),
            None => tagged,
        };
        scored.retain(|(_, score)| *score >= LEAST_SCORE);
        scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        scored.truncate(k);
        let found = scored
            .into_iter()
            .map(|(garment, score)| found(query, garment, score));
        Ok(found.collect())
    }

    /// What CLIP has to say to a query, where it is at hand, and the text as it understands it, where that says something.
    fn meaning(
        &self,
        query: &Query,
        garments: &[Garment],
    ) -> Result<(Option<Meaning>, Option<Embedding>)> {
        let Some(clip) = self.clip()? else {
            return Ok((None, None));
        };
        let mut meaning = Meaning {
            model: clip.id().clone(),
            weight: 0.0,
            garments_without: garments.len(),
        };
        let embedded = self.vectors()?.ids(clip.id())?;
        meaning.garments_without -= garments.iter().filter(|g| embedded.contains(&g.id)).count();
        let asks = !(query.wanted.is_empty() && query.not_understood.is_empty());
        // Without vectors to compare, loading the network would be for nothing.
        if !asks || embedded.is_empty() {
            return Ok((Some(meaning), None));
        }
        let prompt = format!("a photo of {}", query.positive);
        let text = clip.embed_texts(&[&prompt])?.swap_remove(0);
        meaning.weight = meaning::weight(query);
        Ok((Some(meaning), Some(text)))
    }
}

fn found(query: &Query, garment: Garment, score: f32) -> Found {
    let matched = query
        .wanted
        .iter()
        .filter(|wish| wish.is_answered_by(&garment));
    Found {
        matched: matched.map(|wish| wish.words.clone()).collect(),
        garment,
        score,
    }
}
