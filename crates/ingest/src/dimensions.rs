//! A photo's size, from its header alone.

use std::io::{BufReader, Seek};
use std::path::Path;

use image::ImageReader;
use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

use crate::decode::{load, open_head, readable_format};
use crate::error::{Error, Result};
use crate::format::Format;

/// A photo's size as its header tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Width and height in pixels as stored.
    pub stored: (u32, u32),
    /// What makes the stored pixels upright.
    pub orientation: Orientation,
}

impl Dimensions {
    /// Width and height in pixels of the upright photo, which is what [`load`] gives.
    pub fn upright(&self) -> (u32, u32) {
        let (width, height) = self.stored;
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }
}

/// A photo's size and orientation, without decoding its pixels (HEIC and AVIF apart, which are decoded).
///
/// # Errors
/// As [`load`], for what the header shows.
pub fn dimensions(path: impl AsRef<Path>) -> Result<Dimensions> {
    let path = path.as_ref();
    let (mut file, head) = open_head(path)?;
    let format = readable_format(&head, path)?;
    let Some(known) = image_format(format) else {
        // Through libheif, which turns the pixels itself.
        return Ok(Dimensions {
            stored: load(path)?.image.dimensions(),
            orientation: Orientation::NoTransforms,
        });
    };
    let damaged = |source: image::ImageError| Error::Damaged {
        path: path.into(),
        format,
        source: source.into(),
    };
    file.rewind()
        .map_err(|source| Error::from_io(path, source))?;
    let reader = ImageReader::with_format(BufReader::new(file), known);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    Ok(Dimensions {
        stored: decoder.dimensions(),
        // A picture with a broken EXIF block is still a picture.
        orientation: decoder.orientation().unwrap_or(Orientation::NoTransforms),
    })
}

fn image_format(format: Format) -> Option<ImageFormat> {
    Some(match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Bmp => ImageFormat::Bmp,
        Format::Tiff => ImageFormat::Tiff,
        Format::Heic | Format::Avif => return None,
    })
}
