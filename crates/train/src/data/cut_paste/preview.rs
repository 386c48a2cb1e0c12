//! A contact sheet: the first pictures of a set with their boxes, to look at before training.

use crate::data::detection::DetectionSet;
use crate::error::Result;
use wardrobe_detect::{Detection, draw};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::{Rgb, imageops};
use wardrobe_ingest::resize::{Filter, resize};

/// Side of a picture's place, in pixels.
const TILE: u32 = 320;
/// Space between places.
const GAP: u32 = 8;
/// Pictures a row.
const ROW: usize = 6;

/// The pictures spread evenly over the set, at most `count` of them, with their boxes and classes.
///
/// # Errors
/// A picture that cannot be read.
pub fn preview(set: &DetectionSet, count: usize) -> Result<RgbImage> {
    let count = count.min(set.photos.len());
    let columns = count.clamp(1, ROW) as u32;
    let rows = count.div_ceil(ROW).max(1) as u32;
    let step = TILE + GAP;
    let mut sheet = RgbImage::from_pixel(columns * step + GAP, rows * step + GAP, Rgb([255; 3]));
    for place in 0..count {
        let photo = &set.photos[place * set.photos.len() / count];
        let picture = wardrobe_ingest::load(&photo.path)?.image;
        let boxes: Vec<Detection> = photo
            .boxes
            .iter()
            .map(|found| Detection {
                bbox: found.bbox,
                class: set.names[found.class].clone().into(),
                confidence: 1.0,
            })
            .collect();
        let drawn = draw(&picture, &boxes);
        let scale = TILE as f32 / drawn.width().max(drawn.height()) as f32;
        let side = |length: u32| ((length as f32 * scale) as u32).max(1);
        let small = resize(
            &drawn,
            side(drawn.width()),
            side(drawn.height()),
            Filter::Bilinear,
        )?;
        let (column, row) = ((place % ROW) as u32, (place / ROW) as u32);
        let left = GAP + column * step + (TILE - small.width()) / 2;
        let top = GAP + row * step + (TILE - small.height()) / 2;
        imageops::replace(&mut sheet, &small, left.into(), top.into());
    }
    Ok(sheet)
}
