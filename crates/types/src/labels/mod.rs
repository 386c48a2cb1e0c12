//! Labels of public data sets, mapped onto the vocabulary: most name kinds of garments, those of a [`TagTable`] say what a
//! garment is like.
//!
//! A label maps to the *group* of categories it covers, the most usual one first: the clothing photos' `pants` are
//! trousers, jeans, chinos, joggers or leggings, so any of these is right when scored against it. Within one table
//! the groups of two labels are disjoint, equal, or one inside the other (a coarse label such as CCP's `shoes`
//! beside `boots`), so that "which label is this category" has one finest answer. Labels that match nothing in
//! the taxonomy are listed as unmapped, never guessed.

mod base_colour;
mod ccp;
mod clothing;
mod deepfashion2;
mod detector;
mod fashionpedia;
mod imaterialist;
mod polyvore;
mod products;
mod tags;

pub use base_colour::{BASE_COLOURS, BaseColour, base_colour};
pub use ccp::CCP;
pub use clothing::ClothingLabel;
pub use deepfashion2::{DEEPFASHION2, deepfashion2_class};
pub use detector::DetectorClass;
pub use fashionpedia::FASHIONPEDIA;
pub use imaterialist::IMATERIALIST;
pub use polyvore::{POLYVORE, POLYVORE_UNMAPPED, polyvore_categories};
pub use products::{
    ARTICLE_TYPES, Usage, article_type, pattern_in_name, product_season, product_usage,
};
pub use tags::{TagLabel, TagTable, TagValue, agreed_pattern};

use crate::vocabulary::unknown;
use crate::{Category, Result};

/// A data set's labels and the categories each covers.
#[derive(Debug, Clone, Copy)]
pub struct LabelTable {
    /// What the labels are called in errors: `article type`, `CCP label`.
    pub kind: &'static str,
    /// Labels with the categories they cover, most usual first.
    pub mapped: &'static [(&'static str, &'static [Category])],
    /// Labels of the data set that no category stands for.
    pub unmapped: &'static [&'static str],
}

impl LabelTable {
    /// The categories `label` covers; `None` for a label of the data set that has none.
    ///
    /// # Errors
    /// [`crate::Error::UnknownName`], with near labels, where the data set has no such label.
    pub fn parse(&self, label: &str) -> Result<Option<&'static [Category]>> {
        match self.categories(label) {
            Some(categories) => Ok(Some(categories)),
            None if self.unmapped.contains(&label) => Ok(None),
            None => {
                let known: Vec<&str> = self.labels().collect();
                Err(unknown(self.kind, label, known))
            }
        }
    }

    /// The categories `label` covers; `None` where it is unmapped or unknown.
    pub fn categories(&self, label: &str) -> Option<&'static [Category]> {
        self.mapped
            .iter()
            .find(|(name, _)| *name == label)
            .map(|(_, categories)| *categories)
    }

    /// Every label, the mapped ones first.
    pub fn labels(&self) -> impl Iterator<Item = &'static str> {
        self.mapped
            .iter()
            .map(|(label, _)| *label)
            .chain(self.unmapped.iter().copied())
    }
}
