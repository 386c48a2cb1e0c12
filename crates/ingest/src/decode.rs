//! Bytes to an upright photo.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::error::{Error, Result};
use crate::format::{Format, SNIFF_BYTES, describe, sniff};

#[cfg(any(feature = "heic", feature = "avif"))]
mod heif;
mod jpeg;
mod raster;

/// What decoding may cost at most. Checked against the header, before pixels are allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Pixels of the picture. Default 100 million: twice a 48-megapixel phone photo.
    pub max_pixels: u64,
    /// Length of the file. Default 512 MiB.
    pub max_file_bytes: u64,
    /// Bytes the decoders of PNG, WebP, GIF, BMP and TIFF may allocate. Default 2 GiB: 100 million pixels of 16-bit RGBA, and
    /// room to work.
    pub max_alloc_bytes: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_file_bytes: 512 << 20,
            max_alloc_bytes: 2 << 30,
        }
    }
}

/// A decoded photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// The pixels, upright, 8-bit RGB, transparency flattened on white.
    pub image: RgbImage,
    /// The format, told by content.
    pub format: Format,
    /// How the file stored it: what was undone to make [`image`](Self::image) upright.
    pub orientation: Orientation,
    /// Where it came from.
    pub path: PathBuf,
    /// Length of the file in bytes.
    pub file_bytes: u64,
}

/// Reads and decodes a photo within the default limits.
///
/// # Errors
/// Any variant of [`Error`] with a path, [`Error::FolderLoop`] apart.
pub fn load(path: impl AsRef<Path>) -> Result<Photo> {
    load_with(path, &DecodeLimits::default())
}

/// Reads and decodes a photo. A file whose first bytes are no picture's is not read further.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: impl AsRef<Path>, limits: &DecodeLimits) -> Result<Photo> {
    let path = path.as_ref();
    let (mut file, mut bytes) = open_head(path)?;
    readable_format(&bytes, path)?;
    let rest = limits
        .max_file_bytes
        .saturating_add(1)
        .saturating_sub(bytes.len() as u64);
    file.by_ref()
        .take(rest)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::from_io(path, source))?;
    decode(&bytes, path, limits)
}

/// Opens a regular file and reads the bytes that tell its format.
pub(crate) fn open_head(path: &Path) -> Result<(File, Vec<u8>)> {
    let from_io = |source| Error::from_io(path, source);
    // Before opening: opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(from_io)?.is_file() {
        return Err(Error::NotAFile { path: path.into() });
    }
    let mut file = File::open(path).map_err(from_io)?;
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    file.by_ref()
        .take(SNIFF_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(from_io)?;
    Ok((file, head))
}

/// The format of a file that begins with `head`, if this build reads it.
pub(crate) fn readable_format(head: &[u8], path: &Path) -> Result<Format> {
    let path = || path.to_path_buf();
    if head.is_empty() {
        return Err(Error::Empty { path: path() });
    }
    let start = &head[..head.len().min(SNIFF_BYTES)];
    let format = sniff(start).ok_or_else(|| Error::NotAPicture {
        path: path(),
        found: describe(start),
    })?;
    let disabled = (format == Format::Heic && cfg!(not(feature = "heic")))
        || (format == Format::Avif && cfg!(not(feature = "avif")));
    match format.feature() {
        Some(feature) if disabled => Err(Error::FeatureDisabled {
            path: path(),
            format,
            feature,
        }),
        _ => Ok(format),
    }
}

/// Decodes a photo from memory. `path` is its name in errors and in [`Photo::path`]; nothing is read from it.
///
/// # Errors
/// [`Error::Empty`], [`Error::NotAPicture`], [`Error::FeatureDisabled`], [`Error::FileTooLarge`], [`Error::TooManyPixels`],
/// [`Error::TooMuchMemory`], [`Error::Truncated`], [`Error::Damaged`], [`Error::Unsupported`].
pub fn decode(bytes: &[u8], path: impl AsRef<Path>, limits: &DecodeLimits) -> Result<Photo> {
    let path = path.as_ref();
    let format = readable_format(bytes, path)?;
    let file_bytes = bytes.len() as u64;
    if file_bytes > limits.max_file_bytes {
        return Err(Error::FileTooLarge {
            path: path.into(),
            limit: limits.max_file_bytes,
        });
    }
    let source = Source {
        bytes,
        path,
        format,
        limits,
    };
    let (image, orientation) = match format {
        Format::Jpeg => jpeg::decode(&source)?,
        #[cfg(any(feature = "heic", feature = "avif"))]
        Format::Heic | Format::Avif => heif::decode(&source)?,
        _ => raster::decode(&source)?,
    };
    Ok(Photo {
        image: upright(image, orientation),
        format,
        orientation,
        path: path.into(),
        file_bytes,
    })
}

/// What the decoders share: the bytes, and what to say and to check about them.
struct Source<'a> {
    bytes: &'a [u8],
    path: &'a Path,
    format: Format,
    limits: &'a DecodeLimits,
}

impl Source<'_> {
    fn check_pixels(&self, width: u32, height: u32) -> Result<()> {
        let limit = self.limits.max_pixels;
        if u64::from(width) * u64::from(height) > limit {
            return Err(Error::TooManyPixels {
                path: self.path.into(),
                width,
                height,
                limit,
            });
        }
        Ok(())
    }

    fn truncated(&self, source: Option<crate::error::Cause>) -> Error {
        Error::Truncated {
            path: self.path.into(),
            format: self.format,
            source,
        }
    }

    fn damaged(&self, source: impl Into<crate::error::Cause>) -> Error {
        Error::Damaged {
            path: self.path.into(),
            format: self.format,
            source: source.into(),
        }
    }
}

/// RGB8 on white, turned as the EXIF tag says.
fn upright(image: DynamicImage, orientation: Orientation) -> RgbImage {
    let rgb = if image.color().has_alpha() {
        flatten_on_white(image)
    } else {
        image.into_rgb8()
    };
    let mut turned = DynamicImage::ImageRgb8(rgb);
    turned.apply_orientation(orientation);
    turned.into_rgb8()
}

/// Blends over white, as a page would show it.
fn flatten_on_white(image: DynamicImage) -> RgbImage {
    let rgba = image.into_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = RgbImage::new(width, height);
    for (out, pixel) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, alpha] = pixel.0.map(u32::from);
        out.0 = [r, g, b].map(|value| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba, RgbaImage};

    #[test]
    fn alpha_blends_over_white() {
        let pixels = [[0, 0, 0, 0], [10, 20, 30, 255], [0, 100, 255, 128]];
        let image = RgbaImage::from_fn(3, 1, |x, _| Rgba(pixels[x as usize]));
        let flat = flatten_on_white(image.into());
        assert_eq!(
            flat.pixels().map(|p| p.0).collect::<Vec<_>>(),
            [[255; 3], [10, 20, 30], [127, 177, 255]]
        );
    }

    /// The EXIF definition in words, against a picture whose upright self is 3 x 2 with a red top-left, green top-right and
    /// blue bottom-left corner.
    #[test]
    fn the_eight_orientations() {
        let (red, green, blue, grey) = (
            Rgb([255, 0, 0]),
            Rgb([0, 255, 0]),
            Rgb([0, 0, 255]),
            Rgb([9, 9, 9]),
        );
        let upright_photo = RgbImage::from_fn(3, 2, |x, y| match (x, y) {
            (0, 0) => red,
            (2, 0) => green,
            (0, 1) => blue,
            _ => grey,
        });
        // Tag: from stored to scene coordinates, after where row 0 and column 0 are in the scene (EXIF 2.32, 4.6.4).
        type Stored = fn(u32, u32) -> (u32, u32);
        let scene_of: [(u8, (u32, u32), Stored); 8] = [
            (1, (3, 2), |x, y| (x, y)),     // row 0 is the top, column 0 the left side
            (2, (3, 2), |x, y| (2 - x, y)), // top, right
            (3, (3, 2), |x, y| (2 - x, 1 - y)), // bottom, right
            (4, (3, 2), |x, y| (x, 1 - y)), // bottom, left
            (5, (2, 3), |x, y| (y, x)),     // left, top
            (6, (2, 3), |x, y| (2 - y, x)), // right, top
            (7, (2, 3), |x, y| (2 - y, 1 - x)), // right, bottom
            (8, (2, 3), |x, y| (y, 1 - x)), // left, bottom
        ];
        for (tag, (width, height), scene) in scene_of {
            let stored = RgbImage::from_fn(width, height, |x, y| {
                let (scene_x, scene_y) = scene(x, y);
                *upright_photo.get_pixel(scene_x, scene_y)
            });
            let orientation = Orientation::from_exif(tag).unwrap();
            assert_eq!(
                upright(stored.into(), orientation),
                upright_photo,
                "orientation {tag}"
            );
        }
    }
}
