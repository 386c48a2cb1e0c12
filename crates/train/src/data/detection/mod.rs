//! Photos with a box around each garment, in the layouts they are published in.
//!
//! | layout | told by | classes |
//! |---|---|---|
//! | COCO | `annotations_train.json` and `annotations_val.json`, or `annotations.json`, beside `photos/` or `images/` | the detector's, by `supercategory` or name; where none of them is the detector's, the file's own |
//! | YOLO | `data.yaml` beside `images/` and `labels/` | its `names` |
//! | DeepFashion2 | `train/annos/` and `train/image/`, `validation/...` | the detector's: its 13 are sleeves and lengths of six of these |
//!
//! Boxes are in pixels of the upright photo, whatever the file stores. What reaches beyond the photo is clipped.

pub(super) mod coco;
mod convert;
pub mod deepfashion2;
pub(super) mod draft;
mod statistics;
pub mod yolo;

pub use convert::{Converted, to_yolo};
pub use draft::Reading;
pub use statistics::{Slices, Statistics};

use super::Split;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_eval::TruthBox;
use wardrobe_types::labels::DetectorClass;

/// A photo and the garments in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPhoto {
    /// The photo.
    pub path: PathBuf,
    /// In pixels of the upright photo; the class is an index into [`DetectionSet::names`].
    pub boxes: Vec<TruthBox>,
}

/// Photos with boxes.
#[derive(Clone, Debug, Default)]
pub struct DetectionSet {
    /// The name of each class.
    pub names: Vec<String>,
    /// The photos, those without a garment too.
    pub photos: Vec<LabelledPhoto>,
    /// Labels that have no class here, and how many boxes each leaves out.
    pub unmapped: BTreeMap<String, usize>,
}

impl DetectionSet {
    /// One part of a data set; `None` where there is no such part.
    ///
    /// # Errors
    /// A folder in none of the layouts; anything in it that [`Reading::problems`] would list.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        let reading = Reading::split(path, split)?;
        reading.map(|reading| reading.into_set(path)).transpose()
    }

    /// The data set to measure on at `path`: its `val` part where it has one, else all of it.
    ///
    /// # Errors
    /// As [`DetectionSet::split`].
    pub fn for_evaluation(path: &Path) -> Result<Self> {
        let unlabelled = || Error::Data {
            path: path.to_path_buf(),
            problem: EXPECTED.to_owned(),
        };
        match Self::split(path, Split::Val)? {
            Some(val) => Ok(val),
            None => Self::split(path, Split::Train)?.ok_or_else(unlabelled),
        }
    }

    /// Boxes of each class, crowds among them.
    pub fn boxes_by_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for found in self.photos.iter().flat_map(|photo| &photo.boxes) {
            counts[found.class] += 1;
        }
        counts
    }
}

impl Reading {
    /// Reads one part of a data set, gathering what is wrong with it instead of stopping there; `None` where there is
    /// no such part.
    ///
    /// # Errors
    /// A folder in none of the layouts, or an annotation file that cannot be parsed.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        if yolo::is_at(path) {
            yolo::read(path, split)
        } else if deepfashion2::is_at(path) {
            deepfashion2::read(path, split)
        } else if coco::is_at(path) {
            coco::read(path, split)
        } else {
            Err(Error::Data {
                path: path.to_path_buf(),
                problem: EXPECTED.to_owned(),
            })
        }
    }
}

const EXPECTED: &str = "no photos with boxes: expected annotations_train.json, annotations_val.json or annotations.json \
                        with photos/ or images/ (COCO), data.yaml with images/ and labels/ (YOLO), or train/annos/ with \
                        train/image/ (DeepFashion2)";

/// The names of the detector's classes, in the order of its outputs.
pub fn detector_names() -> Vec<String> {
    DetectorClass::ALL.map(|class| class.to_string()).into()
}
