//! What a data set with boxes is made of.

use super::{DetectionSet, deepfashion2};
use crate::data::Split;
use crate::error::Result;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Boxes and photos, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Photos.
    pub photos: usize,
    /// Boxes.
    pub boxes: usize,
    /// Photos by how many boxes each has.
    pub boxes_a_photo: BTreeMap<usize, usize>,
    /// Boxes by class.
    pub classes: BTreeMap<String, usize>,
    /// Boxes of labels without a class.
    pub unmapped: BTreeMap<String, usize>,
    /// The middle box's longer side in pixels, half of all boxes having a smaller one.
    pub median_side: Option<f32>,
}

impl Statistics {
    /// Counts.
    pub fn of(set: &DetectionSet) -> Self {
        let mut boxes_a_photo = BTreeMap::new();
        let mut sides = Vec::new();
        for photo in &set.photos {
            *boxes_a_photo.entry(photo.boxes.len()).or_default() += 1;
            let of_photo = photo.boxes.iter();
            sides.extend(of_photo.map(|found| found.bbox.width().max(found.bbox.height())));
        }
        sides.sort_by(f32::total_cmp);
        Self {
            photos: set.photos.len(),
            boxes: sides.len(),
            boxes_a_photo,
            classes: set
                .names
                .iter()
                .cloned()
                .zip(set.boxes_by_class())
                .collect(),
            unmapped: set.unmapped.clone(),
            median_side: sides.get(sides.len() / 2).copied(),
        }
    }
}

/// DeepFashion2's garments by the circumstances it notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Slices {
    /// Laid out or hung (`no-wear`), worn and seen from the front, worn and seen from the side or behind.
    pub viewpoint: BTreeMap<&'static str, usize>,
    /// How much of the garment is hidden.
    pub occlusion: BTreeMap<&'static str, usize>,
    /// How large it is in the photo.
    pub scale: BTreeMap<&'static str, usize>,
    /// Photos by who took them.
    pub source: BTreeMap<String, usize>,
    /// DeepFashion2's own classes.
    pub classes: BTreeMap<&'static str, usize>,
}

impl Slices {
    /// Counts one part of DeepFashion2; files that cannot be read are left out, as [`Reading`](super::Reading) tells.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(path: &Path, split: Split) -> Result<Self> {
        let files = deepfashion2::annotations(path, split)?;
        let read: Vec<_> = files
            .par_iter()
            .filter_map(|file| {
                let annotation = deepfashion2::Annotation::read(file).ok()?;
                let items = annotation.items().ok()?;
                Some((annotation.source, items))
            })
            .collect();
        let mut slices = Self::default();
        for (source, items) in read {
            *slices.source.entry(source).or_default() += 1;
            for item in items {
                let viewpoint = named(item.viewpoint, ["no-wear", "front", "side-or-back"]);
                let occlusion = named(item.occlusion, ["slight", "medium", "heavy"]);
                let scale = named(item.scale, ["small", "moderate", "large"]);
                let class = wardrobe_types::labels::deepfashion2_class(item.category_id);
                *slices.viewpoint.entry(viewpoint).or_default() += 1;
                *slices.occlusion.entry(occlusion).or_default() += 1;
                *slices.scale.entry(scale).or_default() += 1;
                *slices
                    .classes
                    .entry(class.map_or("unknown", |(name, _)| name))
                    .or_default() += 1;
            }
        }
        Ok(slices)
    }
}

/// The name of a grade from 1 to 3.
fn named(grade: u8, names: [&'static str; 3]) -> &'static str {
    let place = usize::from(grade).checked_sub(1);
    place
        .and_then(|place| names.get(place))
        .copied()
        .unwrap_or("unknown")
}
