//! DeepFashion2 (Ge et al. 2019, <https://arxiv.org/abs/1901.07973>): a JSON file a photo.
//!
//! Its 13 classes are read as the detector's: they tell sleeves and lengths of tops, outerwear, dresses, shorts,
//! trousers and skirts apart, which the classifier does better, and a detector for a wardrobe must learn from other
//! data sets as well.

use super::draft::{DraftBox, DraftPhoto, Frame, Reading, finish};
use super::{Split, detector_names};
use crate::error::{AtPath, Error, Result};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_types::labels::{DetectorClass, deepfashion2_class};

/// One photo's annotation.
#[derive(Clone, Debug, Deserialize)]
pub struct Annotation {
    /// `user` or `shop`.
    #[serde(default)]
    pub source: String,
    /// `item1`, `item2` ..., and fields that are no garments.
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// A garment.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    /// Left, top, right, bottom in pixels.
    pub bounding_box: [f32; 4],
    /// 1 to 13.
    pub category_id: u32,
    /// 1 laid out or hung, not worn; 2 frontal; 3 from the side or behind.
    #[serde(default)]
    pub viewpoint: u8,
    /// 1 slight, 2 medium, 3 heavy.
    #[serde(default)]
    pub occlusion: u8,
    /// 1 small, 2 moderate, 3 large in the photo.
    #[serde(default)]
    pub scale: u8,
}

impl Annotation {
    /// Reads one file.
    ///
    /// # Errors
    /// A file that cannot be read, or is not of the schema.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).at(path)?;
        serde_json::from_slice(&text).map_err(|e| Error::Data {
            path: path.to_path_buf(),
            problem: format!("expected DeepFashion2's item1, item2 ...: {e}"),
        })
    }

    /// Its garments.
    ///
    /// # Errors
    /// What is wrong with the first that is not of the schema.
    pub fn items(&self) -> std::result::Result<Vec<Item>, String> {
        let items = self.rest.iter().filter(|(key, _)| key.starts_with("item"));
        items
            .map(|(key, item)| {
                Item::deserialize(item).map_err(|problem| format!("{key}: {problem}"))
            })
            .collect()
    }
}

/// Whether there are annotations of this kind.
pub(super) fn is_at(path: &Path) -> bool {
    [Split::Train, Split::Val]
        .into_iter()
        .any(|split| part(path, split).is_some())
}

/// The folder of a part.
fn part(path: &Path, split: Split) -> Option<PathBuf> {
    let names: &[&str] = match split {
        Split::Train => &["train"],
        Split::Val => &["validation", "val"],
    };
    names
        .iter()
        .map(|name| path.join(name))
        .find(|part| part.join("annos").is_dir())
}

/// The annotation files of a part, in the order of their names; none where there is no such part.
///
/// # Errors
/// A folder that cannot be read.
pub fn annotations(path: &Path, split: Split) -> Result<Vec<PathBuf>> {
    let Some(part) = part(path, split) else {
        return Ok(Vec::new());
    };
    let folder = part.join("annos");
    let entries = std::fs::read_dir(&folder).at(&folder)?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .at(&folder)?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    Ok(files)
}

pub(super) fn read(path: &Path, split: Split) -> Result<Option<Reading>> {
    if part(path, split).is_none() {
        return Ok(None);
    }
    let files = annotations(path, split)?;
    let drafts: Vec<_> = files
        .par_iter()
        .map(|file| draft(file).map_err(|problem| (file, problem)))
        .collect();
    let mut problems = Vec::new();
    let mut photos = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match draft {
            Ok(photo) => photos.push(photo),
            Err((file, problem)) => problems.push(format!("{}: {problem}", file.display())),
        }
    }
    Ok(Some(finish(
        detector_names(),
        BTreeMap::new(),
        problems,
        photos,
    )))
}

/// The photo of an annotation file: `image/000001.jpg` beside `annos/000001.json`.
pub fn photo_of(annotation: &Path) -> PathBuf {
    let part = annotation.parent().and_then(Path::parent);
    let name = annotation.file_stem().unwrap_or_default();
    part.unwrap_or(Path::new(""))
        .join("image")
        .join(name)
        .with_extension("jpg")
}

fn draft(file: &Path) -> std::result::Result<DraftPhoto, String> {
    let annotation = Annotation::read(file).map_err(|e| e.to_string())?;
    let boxes = annotation
        .items()?
        .iter()
        .map(draft_box)
        .collect::<std::result::Result<_, _>>()?;
    Ok(DraftPhoto {
        path: photo_of(file),
        frame: Frame::Pixels(None),
        boxes,
    })
}

fn draft_box(item: &Item) -> std::result::Result<DraftBox, String> {
    let [x0, y0, x1, y1] = item.bounding_box;
    let ordered = x0 <= x1 && y0 <= y1;
    if !ordered || !item.bounding_box.iter().all(|edge| edge.is_finite()) {
        return Err(format!(
            "the box [{x0}, {y0}, {x1}, {y1}] is none: expected left, top, right, bottom in pixels"
        ));
    }
    let id = item.category_id;
    let class = deepfashion2_class(id).and_then(|(_, of)| DetectorClass::of_label(of));
    Ok(DraftBox {
        class: class.ok_or_else(|| format!("category_id is {id}: expected 1 to 13"))? as usize,
        edges: item.bounding_box,
        crowd: false,
    })
}
