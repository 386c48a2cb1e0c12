//! A contact sheet: some pictures of a set, to look at before training.

use crate::data::detection::DetectionSet;
use crate::error::Result;
use std::path::PathBuf;
use wardrobe_detect::{Detection, contact_sheet, draw, thumbnail};
use wardrobe_ingest::RgbImage;

/// The pictures spread evenly over the set, at most `count` of them, with their boxes and classes.
///
/// # Errors
/// A picture that cannot be read.
pub fn preview(set: &DetectionSet, count: usize) -> Result<RgbImage> {
    let with_boxes = |place: usize| {
        let photo = &set.photos[place];
        let picture = wardrobe_ingest::load(&photo.path)?.image;
        let boxes = photo.boxes.iter().map(|found| Detection {
            bbox: found.bbox,
            class: set.names[found.class].clone().into(),
            confidence: 1.0,
        });
        Ok(thumbnail(&draw(&picture, &boxes.collect::<Vec<_>>()))?)
    };
    sheet(set.photos.len(), count, with_boxes)
}

/// The same of photos without boxes.
pub(super) fn preview_photos(photos: &[PathBuf], count: usize) -> Result<RgbImage> {
    let plain = |place: usize| Ok(thumbnail(&wardrobe_ingest::load(&photos[place])?.image)?);
    sheet(photos.len(), count, plain)
}

fn sheet(
    photos: usize,
    count: usize,
    picture: impl Fn(usize) -> Result<RgbImage>,
) -> Result<RgbImage> {
    let count = count.min(photos);
    let places = (0..count).map(|number| number * photos / count);
    let pictures = places.map(picture).collect::<Result<Vec<_>>>()?;
    Ok(contact_sheet(&pictures)?)
}
