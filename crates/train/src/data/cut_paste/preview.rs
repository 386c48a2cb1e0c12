//! A contact sheet: some pictures of a set with their boxes, to look at before training.

use crate::data::detection::DetectionSet;
use crate::error::Result;
use wardrobe_detect::{Detection, contact_sheet, draw, thumbnail};
use wardrobe_ingest::RgbImage;

/// The pictures spread evenly over the set, at most `count` of them, with their boxes and classes.
///
/// # Errors
/// A picture that cannot be read.
pub fn preview(set: &DetectionSet, count: usize) -> Result<RgbImage> {
    let count = count.min(set.photos.len());
    let mut pictures = Vec::with_capacity(count);
    for place in 0..count {
        let photo = &set.photos[place * set.photos.len() / count];
        let picture = wardrobe_ingest::load(&photo.path)?.image;
        let boxes = photo.boxes.iter().map(|found| Detection {
            bbox: found.bbox,
            class: set.names[found.class].clone().into(),
            confidence: 1.0,
        });
        pictures.push(thumbnail(&draw(&picture, &boxes.collect::<Vec<_>>()))?);
    }
    Ok(contact_sheet(&pictures)?)
}
