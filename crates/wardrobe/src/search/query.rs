//! What a search in words asks for.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use wardrobe_types::{Category, Fit, FormalityBand, Pattern, Season, Style};

use crate::ColorQuery;

/// One thing that can be asked of a garment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Term {
    /// It is this.
    Category(Category),
    /// It has this colour.
    Color(ColorQuery),
    /// It has this pattern.
    Pattern(Pattern),
    /// It is cut so.
    Fit(Fit),
    /// It is worn in this season.
    Season(Season),
    /// It suits this manner of dressing.
    Style(Style),
    /// It is this formal.
    Formality(FormalityBand),
}

/// What of a garment a term is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facet {
    Kind,
    Color,
    Pattern,
    Fit,
    Season,
    Style,
}

impl Facet {
    pub(super) const ALL: [Self; 6] = [
        Self::Kind,
        Self::Color,
        Self::Pattern,
        Self::Fit,
        Self::Season,
        Self::Style,
    ];
}

impl Term {
    pub(super) fn facet(self) -> Facet {
        match self {
            Self::Category(_) => Facet::Kind,
            Self::Color(_) => Facet::Color,
            Self::Pattern(_) => Facet::Pattern,
            Self::Fit(_) => Facet::Fit,
            Self::Season(_) => Facet::Season,
            Self::Style(_) | Self::Formality(_) => Facet::Style,
        }
    }
}

/// Some words of a query and what they ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// The words, as understood: lower case, misspellings corrected.
    pub words: String,
    /// Any of these will do; all are about the same, the category, the colour, and so on.
    pub any_of: Vec<Term>,
}

impl Wish {
    pub(super) fn is_about(&self, facet: Facet) -> bool {
        self.any_of
            .first()
            .is_some_and(|term| term.facet() == facet)
    }
}

/// A word taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// The word as it was written.
    pub written: String,
    /// What it was taken for.
    pub taken_for: String,
}

/// What a search in words asks for: `"a burgundy jumper for winter, not striped"`.
///
/// Parsing never fails: what is not understood is listed in [`Query::not_understood`]. Order, case, hyphens, plurals and small
/// misspellings do not matter. Things named one after the other are all wanted, `or` between two of the same kind asks for
/// either, and several categories are alternatives in any case, since no garment is two things. `not`, `without` and the
/// like turn around what is named next, with what `or` adds to it.
///
/// ```
/// use wardrobe::Query;
/// let query: Query = "trainers, navy or royal blue, not stripy, in corduroy".parse().unwrap();
/// let words = |wishes: &[wardrobe::Wish]| wishes.iter().map(|wish| wish.words.clone()).collect::<Vec<_>>();
/// assert_eq!(words(&query.wanted), ["trainers", "navy or royal blue"]);
/// assert_eq!(words(&query.unwanted), ["stripy"]);
/// assert_eq!(query.not_understood, ["corduroy"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Query {
    /// What it asks for, in the order of its words.
    pub wanted: Vec<Wish>,
    /// What it asks to leave out.
    pub unwanted: Vec<Wish>,
    /// Words outside the vocabulary and its synonyms.
    pub not_understood: Vec<String>,
    /// Words taken for others.
    pub corrected: Vec<Correction>,
    /// The text without what is not wanted, for models, which read over a "not".
    #[serde(skip)]
    pub(super) positive: String,
}

impl FromStr for Query {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(super::parse::parse(text))
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words)
    }
}
