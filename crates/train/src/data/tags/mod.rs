//! Photos with tags: what data sets say of a garment's pattern, fit, formality, seasons and styles, each in its own words.

mod styles_csv;

use super::Split;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_types::{Fit, Formality, Pattern, Season, Style};

/// What is known of a garment; a data set that says nothing of a tag leaves it `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    /// The pattern.
    pub pattern: Option<Pattern>,
    /// The fit.
    pub fit: Option<Fit>,
    /// How formal it is.
    pub formality: Option<Formality>,
    /// All seasons it is for.
    pub seasons: Option<Vec<Season>>,
    /// All styles it has of those that the data set tells.
    pub styles: Option<Vec<Style>>,
}

impl Tags {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A photo with tags.
#[derive(Clone, Debug, PartialEq)]
pub struct TagSample {
    /// The photo.
    pub path: PathBuf,
    /// What kind of garment the data set says it is, in its own words: what the lookup baseline looks up.
    pub kind: Option<String>,
    /// What is known of it.
    pub tags: Tags,
}

/// Photos with tags.
#[derive(Clone, Debug, Default)]
pub struct TagSet {
    /// Those of which something is known.
    pub samples: Vec<TagSample>,
    /// Labels that have no tag here, as `usage: Ethnic`, and on how many photos they are.
    pub unmapped: BTreeMap<String, usize>,
}

impl TagSet {
    /// One part of a data set: `styles_train.csv` and `styles_val.csv` beside `images/`. `None` where there is no such part.
    ///
    /// # Errors
    /// A folder that holds no data set, a table that cannot be read, no photo of which anything is known.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        let table = path.join(format!("styles_{}.csv", split.name()));
        let set = match table.is_file() {
            true => styles_csv::read(&table)?,
            false => return Ok(None),
        };
        if set.samples.is_empty() {
            return Err(Error::Data {
                path: table,
                problem:
                    "no photo with a tag: expected season, usage or productDisplayName, and images/"
                        .to_owned(),
            });
        }
        Ok(Some(set))
    }
}
