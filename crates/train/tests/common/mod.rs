//! Small photos and data sets.

use std::path::Path;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;

/// A photo in shades of `color`, different for each `seed`.
pub fn photo(color: [u8; 3], seed: u32) -> RgbImage {
    let (width, height) = (36 + seed % 5, 41 + seed % 7);
    RgbImage::from_fn(width, height, |x, y| {
        let noise = ((x * 31 + y * 17 + seed * 101) % 53) as u8;
        Rgb(color.map(|v| (v / 2).saturating_add(noise)))
    })
}

pub fn save(path: &Path, color: [u8; 3], seed: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    photo(color, seed).save(path).unwrap();
}
