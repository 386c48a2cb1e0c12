//! Small pictures: scaled down and written as JPEG.

use image::codecs::jpeg::JpegEncoder;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::resize::{Filter, resize};

use crate::{Error, Result};

/// The picture with its longer side at most `side` pixels; a smaller one stays as it is.
pub(crate) fn fit_within(picture: &RgbImage, side: u32) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= side {
        return Ok(picture.clone());
    }
    let scaled =
        |length: u32| (u64::from(length) * u64::from(side)).div_ceil(u64::from(longer)) as u32;
    Ok(resize(
        picture,
        scaled(width),
        scaled(height),
        Filter::Bicubic,
    )?)
}

/// The picture as JPEG of this quality, 1..=100; `name` is for the error.
pub(crate) fn jpeg(picture: &RgbImage, quality: u8, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .map_err(|source| Error::Encode {
            name: name.to_owned(),
            source,
        })?;
    Ok(bytes)
}
