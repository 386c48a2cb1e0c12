//! What a tagger's weights come with.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use wardrobe_types::{BasicColor, Fit, Pattern, Season, Style};
use wardrobe_weights::Tensors;

/// Which outputs of the heads are whose, a label each in the vocabulary's order.
#[derive(Clone, Copy, Debug)]
pub struct Rows;

impl Rows {
    /// Logits over patterns.
    pub const PATTERN: Range<usize> = 0..Pattern::ALL.len();
    /// Logits over fits.
    pub const FIT: Range<usize> = after(Self::PATTERN, Fit::ALL.len());
    /// The logit of formality.
    pub const FORMALITY: Range<usize> = after(Self::FIT, 1);
    /// A logit a season.
    pub const SEASONS: Range<usize> = after(Self::FORMALITY, Season::ALL.len());
    /// A logit a style.
    pub const STYLES: Range<usize> = after(Self::SEASONS, Style::ALL.len());
    /// Logits over basic colours.
    pub const COLOR: Range<usize> = after(Self::STYLES, BasicColor::ALL.len());
    /// All of them.
    pub const ALL: Range<usize> = 0..Self::COLOR.end;
}

const fn after(rows: Range<usize>, count: usize) -> Range<usize> {
    rows.end..rows.end + count
}

/// What was learned. Labels that are left out had no photos, or too few, and are never given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaggerConfig {
    /// The patterns told apart; none where the head was not learned.
    pub pattern: Vec<Pattern>,
    /// The fits told apart.
    pub fit: Vec<Fit>,
    /// Whether formality was learned.
    pub formality: bool,
    /// The seasons.
    pub seasons: Vec<Threshold<Season>>,
    /// The styles.
    pub styles: Vec<Threshold<Style>>,
    /// The basic colours told apart.
    pub color: Vec<BasicColor>,
}

/// From which probability on a label is given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold<T> {
    /// The label.
    pub label: T,
    /// The probability, 0..=1.
    pub least: f32,
}

impl<T> Threshold<T> {
    /// Gives `label` from the probability `least` on.
    pub const fn new(label: T, least: f32) -> Self {
        Self { label, least }
    }
}

impl TaggerConfig {
    /// The metadata entry that holds it, as JSON.
    pub const ENTRY: &str = "tagger";

    /// The configuration that a file's metadata holds.
    ///
    /// # Errors
    /// None there, or a malformed one.
    pub fn of(file: &Tensors) -> Result<Self> {
        let malformed = |problem: String| Error::TaggerConfig {
            file: file.file.clone(),
            problem,
        };
        let json = file.metadata.get(Self::ENTRY);
        let json = json.ok_or_else(|| malformed("there is none".to_owned()))?;
        serde_json::from_str(json).map_err(|error| malformed(error.to_string()))
    }

    /// Its metadata entry.
    pub fn to_metadata(&self) -> (String, String) {
        // Names and finite numbers: they always have a JSON.
        let json = serde_json::to_string(self).unwrap_or_default();
        (Self::ENTRY.to_owned(), json)
    }
}
