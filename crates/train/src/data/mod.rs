//! Labelled photos, in the layouts they are published in.

mod check;
pub mod cut_paste;
pub mod detection;
mod garments_in_photos;
mod image_folder;
mod labelled;
mod new_folder;
pub mod outfits;
mod pairs;
mod photos;
mod picture;
mod styles_csv;
mod tags;

pub use check::decode_all;
pub use labelled::Labelled;
pub use pairs::{Pair, Pairs};
pub use photos::PhotoCache;
pub use picture::Picture;
pub use tags::{TagSample, TagSet, Tags};

use crate::error::{Error, Result};
use detection::coco;
use std::collections::BTreeMap;
use std::path::Path;
use wardrobe_types::Category;

/// Garments with labels of the data set's own, each a set of our categories.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// The labels.
    pub labels: Vec<Label>,
    /// The garments.
    pub samples: Vec<Sample>,
    /// Labels that have no category here, and how many garments each leaves out; boxes too small to tell anything of count as
    /// one more.
    pub unmapped: BTreeMap<String, usize>,
    /// What else the data set says of its photos.
    pub facets: Vec<Facet>,
}

/// Something that a data set says of its photos beside their labels: their season, their colour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facet {
    /// Its name.
    pub name: String,
    /// What it can be.
    pub values: Vec<String>,
}

impl Facet {
    /// The index of a value, which is added where it is new.
    fn index(&mut self, value: &str) -> usize {
        let found = self.values.iter().position(|known| known == value);
        found.unwrap_or_else(|| {
            self.values.push(value.to_owned());
            self.values.len() - 1
        })
    }
}

/// A data set's label.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Its name; labels that cover the same categories are one, their names joined by `/`.
    pub name: String,
    /// The categories it covers.
    pub categories: Vec<Category>,
}

/// A labelled garment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Where it is to be seen.
    pub picture: Picture,
    /// Index into [`Dataset::labels`].
    pub label: usize,
    /// For each of [`Dataset::facets`], the index of its value; `None` where that is unknown.
    pub facets: Vec<Option<usize>>,
}

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// To learn from.
    Train,
    /// To measure on.
    Val,
}

impl Split {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
        }
    }
}

/// Something for each part of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PerSplit<T> {
    /// To learn from.
    pub train: T,
    /// To measure on.
    pub val: T,
}

impl<T> PerSplit<T> {
    /// That of one part.
    pub fn of(&self, split: Split) -> &T {
        match split {
            Split::Train => &self.train,
            Split::Val => &self.val,
        }
    }
}

impl Dataset {
    /// One part of a data set: `train/` and `val/` folders of labels, `styles_train.csv` and `styles_val.csv` beside
    /// `images/`, or `annotations_train.json` and `annotations_val.json` (COCO) beside `photos/`, where every box is a garment.
    /// `None` where there is no such part.
    ///
    /// # Errors
    /// A folder that holds none of these layouts, or labels that are all unknown.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        let folder = path.join(split.name());
        let table = path.join(format!("styles_{}.csv", split.name()));
        if folder.is_dir() {
            Self::at(&folder).map(Some)
        } else if table.is_file() {
            styles_csv::read(&table)?.not_empty(&table).map(Some)
        } else if coco::is_at(path) {
            let data = garments_in_photos::read(path, split)?;
            data.map(|data| data.not_empty(path)).transpose()
        } else if split == Split::Train {
            Self::at(path).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The data set to measure on at `path`: its `val` part where it has one, else all of it.
    ///
    /// # Errors
    /// As [`Dataset::split`].
    pub fn for_evaluation(path: &Path) -> Result<Self> {
        match Self::split(path, Split::Val)? {
            Some(val) => Ok(val),
            None => Self::at(path),
        }
    }

    fn at(path: &Path) -> Result<Self> {
        let table = path.join("styles.csv");
        let data = if table.is_file() {
            styles_csv::read(&table)?
        } else {
            image_folder::read(path)?
        };
        data.not_empty(path)
    }

    fn not_empty(self, path: &Path) -> Result<Self> {
        if self.samples.is_empty() {
            let problem = format!(
                "no labelled photos: expected a folder for each label with photos in it, styles.csv and images/, or \
                 COCO's annotations_train.json and photos/ (unknown labels: {})",
                if self.unmapped.is_empty() {
                    "none".to_owned()
                } else {
                    list(self.unmapped.keys())
                }
            );
            return Err(Error::Data {
                path: path.to_path_buf(),
                problem,
            });
        }
        Ok(self)
    }

    /// Adds a garment under `label`; one that covers no category is counted as unmapped.
    fn add(
        &mut self,
        picture: Picture,
        label: &str,
        categories: Option<&[Category]>,
        facets: Vec<Option<usize>>,
    ) {
        let Some(categories) = categories else {
            *self.unmapped.entry(label.to_owned()).or_default() += 1;
            return;
        };
        let same = |l: &Label| l.categories == categories;
        let index = self.labels.iter().position(same).unwrap_or_else(|| {
            self.labels.push(Label {
                name: label.to_owned(),
                categories: categories.to_vec(),
            });
            self.labels.len() - 1
        });
        let name = &mut self.labels[index].name;
        if !name.split('/').any(|part| part == label) {
            *name = format!("{name}/{label}");
        }
        self.samples.push(Sample {
            picture,
            label: index,
            facets,
        });
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}
