//! Outfits that people put together, in the layouts they are published in.
//!
//! | layout | told by | items are known by | classes |
//! |---|---|---|---|
//! | Maryland Polyvore (Han et al. 2017, arXiv:1707.05691) | `train_no_dup.json`, `valid_no_dup.json`, `test_no_dup.json` | the picture's `tid`, where the lists have pictures | `category_id.txt` |
//! | Polyvore Outfits (Vasileva et al. 2018, arXiv:1803.09196) | `polyvore_item_metadata.json`, and `train.json`, `valid.json`, `test.json` in `disjoint/` or `nondisjoint/` | `item_id` | `semantic_category` |
//! | Clothing Co-Parsing, or any COCO file of worn garments | `annotations_train.json`, `annotations_val.json` beside `photos/` | the annotation: an outfit a photo | labels |
//!
//! [`OutfitData`] holds all parts of a data set over one list of items, so that an item in two parts is seen to be
//! ([`Leaks`]). [`Sampler`] makes outfits that nobody wore, and [`Tasks`] the two questions asked of a scorer.

mod classes;
mod coco;
mod leaks;
mod maryland;
mod negatives;
mod polyvore_outfits;
mod reading;
mod statistics;
mod tasks;

pub use classes::Classes;
pub use leaks::Leaks;
pub(crate) use negatives::popularity;
pub use negatives::{Negatives, Sampler};
pub use statistics::Statistics;
pub use tasks::{Judged, Question, Tasks};

use super::Picture;
use crate::error::{Error, Result};
use reading::Reading;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use wardrobe_types::{BoxXyxy, Category};

/// Which part of a data set of outfits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose settings and epochs by.
    Valid,
    /// To measure on, once.
    Test,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// As in the files' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

/// How a data set of outfits is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Lists of items with a category id each.
    MarylandPolyvore,
    /// Lists of item ids, and one table of items.
    PolyvoreOutfits,
    /// Boxes on photos of dressed people.
    Coco,
}

/// A garment of an outfit.
#[derive(Clone, Debug, PartialEq)]
pub struct OutfitItem {
    /// What the data set knows it by; the same in two outfits where it is the same garment.
    pub id: String,
    /// Index into [`OutfitData::classes`].
    pub class: usize,
    /// The most usual category of its label; `None` for a label that covers none.
    pub category: Option<Category>,
    /// Where it is to be seen; `None` where the data set has no pictures.
    pub picture: Option<Picture>,
}

/// Garments worn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Outfit {
    /// The data set's name for it.
    pub id: String,
    /// Indices into [`OutfitData::items`].
    pub items: Vec<usize>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadFile {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// In hexadecimal, to compare copies by.
    pub sha256: String,
}

/// All parts of a data set of outfits.
#[derive(Clone, Debug)]
pub struct OutfitData {
    /// Its folder.
    pub path: PathBuf,
    /// How it is laid out.
    pub layout: Layout,
    /// The names of the items' classes.
    pub classes: Vec<String>,
    /// The items of all parts.
    pub items: Vec<OutfitItem>,
    /// The outfits of each part that is there, those of one item left out.
    pub parts: BTreeMap<Part, Vec<Outfit>>,
    /// Labels that have no class, and how many items each leaves out.
    pub unmapped: BTreeMap<String, usize>,
    /// What is wrong with single outfits or items; they are left out.
    pub problems: Vec<String>,
    /// The files read.
    pub files: Vec<ReadFile>,
    /// `SETID_INDEX`, as the tasks' files name an item, to its index.
    places: HashMap<String, usize>,
}

impl OutfitData {
    /// Reads every part at `path`.
    ///
    /// # Errors
    /// A folder in none of the layouts, a file that cannot be parsed, no outfit of two items.
    pub fn read(path: &Path, classes: Classes) -> Result<Self> {
        let mut reading = Reading::new(classes);
        let layout = if maryland::is_at(path) {
            maryland::read(path, &mut reading)?;
            Layout::MarylandPolyvore
        } else if polyvore_outfits::is_at(path) {
            polyvore_outfits::read(path, &mut reading)?;
            Layout::PolyvoreOutfits
        } else if coco::is_at(path) {
            coco::read(path, &mut reading)?;
            Layout::Coco
        } else {
            return Err(Error::Data {
                path: path.to_path_buf(),
                problem: EXPECTED.to_owned(),
            });
        };
        reading.finish(path, layout)
    }

    /// A part's outfits of at least `least` items.
    ///
    /// # Errors
    /// No such part, or no such outfit in it.
    pub fn outfits(&self, part: Part, least: usize) -> Result<Vec<&Outfit>> {
        let all = self.parts.get(&part).into_iter().flatten();
        let outfits: Vec<&Outfit> = all.filter(|outfit| outfit.items.len() >= least).collect();
        match outfits.is_empty() {
            false => Ok(outfits),
            true => Err(Error::Data {
                path: self.path.clone(),
                problem: format!(
                    "no {} part with outfits of {least} items and more",
                    part.name()
                ),
            }),
        }
    }

    /// Whether every item of the outfits has a picture.
    pub fn has_pictures(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|item| item.picture.is_some())
    }

    /// The same outfits with the ground beside the people in the place of their garments: pieces of a photo's left and right
    /// sixth that do not overlap, up to eight a photo. What tells these outfits from negatives is which photo they are of, the
    /// light, the sharpness and the place, and not what goes with what. `None` where items have no boxes.
    ///
    /// # Errors
    /// A photo that cannot be read.
    pub(crate) fn grounds(&self) -> Result<Option<Self>> {
        let mut pieces: HashMap<&Path, usize> = HashMap::new();
        let mut items = self.items.clone();
        for (item, own) in items.iter_mut().zip(&self.items) {
            let Some(Picture {
                path,
                bbox: Some(_),
            }) = &own.picture
            else {
                return Ok(None);
            };
            let piece = pieces.entry(path.as_path()).or_default();
            let (width, height) = wardrobe_ingest::dimensions(path)?.upright();
            let (w, h) = (width as f32 / 6.0, height as f32 / 4.0);
            let x = if piece.is_multiple_of(2) {
                0.0
            } else {
                width as f32 - w
            };
            let y = (*piece / 2 % 4) as f32 * h;
            *piece += 1;
            item.picture = Some(Picture {
                path: path.clone(),
                bbox: BoxXyxy::new(x, y, x + w, y + h).ok(),
            });
        }
        Ok(Some(Self {
            items,
            ..self.clone()
        }))
    }

    /// Whether items are known by more than their place in a list, so that one in two outfits is seen to be.
    pub fn knows_items(&self) -> bool {
        match self.layout {
            Layout::PolyvoreOutfits => true,
            Layout::MarylandPolyvore => self.items.iter().any(|item| item.id.starts_with("tid ")),
            Layout::Coco => false,
        }
    }

    /// The photos that items are seen in, each once; `None` where there are none.
    pub fn photos(&self) -> Option<Vec<PathBuf>> {
        let pictures = self.items.iter().filter_map(|item| item.picture.as_ref());
        let photos: BTreeSet<&PathBuf> = pictures.map(|picture| &picture.path).collect();
        (!photos.is_empty()).then(|| photos.into_iter().cloned().collect())
    }

    /// How many outfits a part has as it was published; `None` where that is not known.
    pub fn published(&self, part: Part) -> Option<usize> {
        let split = |name: &str| {
            self.files
                .iter()
                .any(|file| file.path.iter().any(|p| p == name))
        };
        match (self.layout, part) {
            (Layout::Coco, _) => None,
            (Layout::MarylandPolyvore, Part::Train) => Some(17_316),
            (Layout::MarylandPolyvore, Part::Valid) => Some(1_497),
            (Layout::MarylandPolyvore, Part::Test) => Some(3_076),
            (Layout::PolyvoreOutfits, part) if split("disjoint") => Some(match part {
                Part::Train => 16_995,
                Part::Valid => 3_000,
                Part::Test => 15_145,
            }),
            (Layout::PolyvoreOutfits, part) if split("nondisjoint") => Some(match part {
                Part::Train => 53_306,
                Part::Valid => 5_000,
                Part::Test => 10_000,
            }),
            (Layout::PolyvoreOutfits, _) => None,
        }
    }

    /// The item that the tasks' files call `SETID_INDEX`.
    pub(crate) fn item_at(&self, place: &str) -> Option<usize> {
        self.places.get(place).copied()
    }
}

const EXPECTED: &str = "no outfits: expected train_no_dup.json and valid_no_dup.json (Maryland Polyvore), \
                        polyvore_item_metadata.json with train.json and valid.json, or a folder of disjoint/ and \
                        nondisjoint/ beside it (Polyvore Outfits), or annotations_train.json and annotations_val.json \
                        with photos/ (photos of dressed people as COCO's JSON)";

/// Outfits of items that are each worn once, given by their classes.
#[cfg(test)]
pub(crate) fn outfits_of_classes(classes: usize, outfits: &[&[usize]]) -> OutfitData {
    let mut reading = Reading::new(Classes::Own);
    for class in 0..classes {
        reading.class(&class.to_string());
    }
    for (set, items) in outfits.iter().enumerate() {
        let item = |(i, class): (usize, &usize)| {
            reading.item(format!("{set}_{i}"), &class.to_string(), None, None)
        };
        let items = items.iter().enumerate().filter_map(item).collect();
        reading.outfit(Part::Train, set.to_string(), items);
    }
    let data = reading.finish(Path::new("made up"), Layout::MarylandPolyvore);
    data.unwrap_or_else(|error| panic!("{error}"))
}
