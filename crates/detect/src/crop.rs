//! Cutting a detection out of its photo.

use wardrobe_ingest::image::{RgbImage, imageops};
use wardrobe_types::BoxXyxy;

use crate::Error;

/// The ground that one of several garments is shown to a classifier with, as a share of its box's sides: what is further
/// away is another's.
pub const CROP_MARGIN: f32 = 0.05;

/// The same where a garment is to be told from its ground: enough for a border, little of its neighbours.
pub const COLOR_MARGIN: f32 = 0.1;

/// Cuts `bbox`, grown on every side by `margin` of its own width and height, out of `photo`.
///
/// The grown box is clipped to the photo and rounded outwards to whole pixels, so that no garment
/// pixel is lost; a box at the photo's edge simply gets less margin there. A detector's boxes are
/// tight, and a classifier does better with a little ground around the garment. An infinite margin
/// gives the whole photo.
///
/// # Errors
///
/// [`Error::EmptyBox`] if the box is not finite, is empty, or lies outside the photo.
pub fn crop_with_margin(photo: &RgbImage, bbox: BoxXyxy, margin: f32) -> Result<RgbImage, Error> {
    let (width, height) = photo.dimensions();
    let pixels = grown_pixels(bbox, margin, width, height).ok_or(Error::EmptyBox {
        bbox,
        width,
        height,
    })?;
    if pixels == [0, 0, width, height] {
        return Ok(photo.clone());
    }
    let [x0, y0, x1, y1] = pixels;
    Ok(imageops::crop_imm(photo, x0, y0, x1 - x0, y1 - y0).to_image())
}

/// The whole pixels under the grown box, as `[x0, y0, x1, y1]`, or `None` where there is none.
fn grown_pixels(bbox: BoxXyxy, margin: f32, width: u32, height: u32) -> Option<[u32; 4]> {
    // Written out so that NaN fails it too.
    let ordered = bbox.x0 < bbox.x1 && bbox.y0 < bbox.y1;
    if !ordered
        || bbox.x0 >= width as f32
        || bbox.y0 >= height as f32
        || bbox.x1 <= 0.0
        || bbox.y1 <= 0.0
    {
        return None;
    }
    let (dx, dy) = (margin * (bbox.x1 - bbox.x0), margin * (bbox.y1 - bbox.y0));
    let low = |v: f32| v.floor().max(0.0) as u32;
    let high = |v: f32, limit: u32| (v.ceil().max(0.0) as u32).min(limit);
    let pixels = [
        low(bbox.x0 - dx),
        low(bbox.y0 - dy),
        high(bbox.x1 + dx, width),
        high(bbox.y1 + dy, height),
    ];
    (pixels[0] < pixels[2] && pixels[1] < pixels[3]).then_some(pixels)
}
