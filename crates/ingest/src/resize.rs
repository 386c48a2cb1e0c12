//! Resampling, equal to Pillow's, and cropping, equal to torchvision's.

use image::RgbImage;
use image::imageops;
use serde::{Deserialize, Serialize};
use wardrobe_types::BoxXyxy;

use crate::error::{Error, Result};
use crate::resample::resample;

/// The largest area a resize makes: a 1 x 30,000 sliver must not ask for gigabytes.
pub const MAX_OUTPUT_PIXELS: u64 = 100_000_000;

/// A resampling filter, by PIL's names. All but [`Nearest`](Self::Nearest) widen with the downscale (antialias), as PIL's
/// do and OpenCV's and `torch.nn.functional.interpolate`'s defaults do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// The pixel under the centre.
    Nearest,
    /// Triangle, support 1: torchvision's default.
    #[default]
    Bilinear,
    /// Keys' cubic with a = -0.5, support 2: CLIP's and timm's choice.
    Bicubic,
    /// Windowed sinc, support 3.
    Lanczos3,
}

/// Resizes to `width` x `height`, without regard to the aspect ratio: PIL's `Image.resize`.
///
/// # Errors
/// [`Error::BadSize`] where a side of either picture is 0 or the result exceeds [`MAX_OUTPUT_PIXELS`].
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> Result<RgbImage> {
    check_size(image, width.into(), height.into())?;
    Ok(resample(image, width, height, filter))
}

/// Resizes so that the shorter side is `edge` pixels and the aspect ratio stays: torchvision's `Resize(edge)`, which
/// rounds the longer side down.
///
/// # Errors
/// As [`resize`].
pub fn shortest_edge(image: &RgbImage, edge: u32, filter: Filter) -> Result<RgbImage> {
    let (width, height) = shortest_edge_size(image.width(), image.height(), edge);
    check_size(image, width, height)?;
    resize(image, width as u32, height as u32, filter)
}

/// `(width, height)` after torchvision's `Resize(edge)`.
fn shortest_edge_size(width: u32, height: u32, edge: u32) -> (u64, u64) {
    let (short, long) = (width.min(height), width.max(height));
    // In floats, as Python divides: int(edge * long / short).
    let scaled = (f64::from(edge) * f64::from(long) / f64::from(short.max(1))) as u64;
    if width <= height {
        (edge.into(), scaled)
    } else {
        (scaled, edge.into())
    }
}

pub(crate) fn check_size(image: &RgbImage, width: u64, height: u64) -> Result<()> {
    let sides = [
        u64::from(image.width()),
        u64::from(image.height()),
        width,
        height,
    ];
    if sides.contains(&0) || width.saturating_mul(height) > MAX_OUTPUT_PIXELS {
        let (from_width, from_height) = image.dimensions();
        return Err(Error::BadSize {
            from_width,
            from_height,
            to_width: width,
            to_height: height,
        });
    }
    Ok(())
}

/// The central `width` x `height`: torchvision's `CenterCrop`, which rounds the offsets half to even and pads a smaller
/// picture with black.
pub fn center_crop(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (left, padded_left) = crop_offset(image.width(), width);
    let (top, padded_top) = crop_offset(image.height(), height);
    let (inner_width, inner_height) = (width.min(image.width()), height.min(image.height()));
    let inner = imageops::crop_imm(image, left, top, inner_width, inner_height);
    if (inner_width, inner_height) == (width, height) {
        return inner.to_image();
    }
    let mut padded = RgbImage::new(width, height);
    imageops::replace(&mut padded, &*inner, padded_left.into(), padded_top.into());
    padded
}

/// Where a centred crop of `wanted` starts in a side of `have` pixels, and how much padding precedes it where `have` is
/// the shorter.
fn crop_offset(have: u32, wanted: u32) -> (u32, u32) {
    if have >= wanted {
        ((f64::from(have - wanted) / 2.0).round_ties_even() as u32, 0)
    } else {
        // torchvision pads (wanted - have) // 2 before and the rest after.
        (0, (wanted - have) / 2)
    }
}

/// Cuts a box out, widened to whole pixels and clipped to the photo.
///
/// # Errors
/// [`Error::EmptyCrop`] where box and photo share no area.
pub fn crop(image: &RgbImage, bbox: BoxXyxy) -> Result<RgbImage> {
    let (width, height) = image.dimensions();
    let clipped = bbox.clipped(width, height);
    if clipped.area() <= 0.0 {
        let BoxXyxy { x0, y0, x1, y1 } = bbox;
        return Err(Error::EmptyCrop {
            x0,
            y0,
            x1,
            y1,
            width,
            height,
        });
    }
    let (left, top) = (clipped.x0.floor() as u32, clipped.y0.floor() as u32);
    let (right, bottom) = (clipped.x1.ceil() as u32, clipped.y1.ceil() as u32);
    Ok(imageops::crop_imm(image, left, top, right - left, bottom - top).to_image())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torchvision_sizes() {
        // int(256 * 333 / 250) = 340 (340.99), never rounded up.
        assert_eq!(shortest_edge_size(250, 333, 256), (256, 340));
        assert_eq!(shortest_edge_size(333, 250, 256), (340, 256));
        assert_eq!(shortest_edge_size(7, 7, 224), (224, 224));
    }

    #[test]
    fn crop_offsets_round_half_to_even() {
        assert_eq!(crop_offset(225, 224), (0, 0)); // 0.5 -> 0
        assert_eq!(crop_offset(227, 224), (2, 0)); // 1.5 -> 2
        assert_eq!(crop_offset(229, 224), (2, 0)); // 2.5 -> 2
        assert_eq!(crop_offset(3, 8), (0, 2)); // 5 of padding: 2 before, 3 after
    }

    #[test]
    fn small_pictures_are_padded_black() {
        let white = RgbImage::from_pixel(3, 9, image::Rgb([255; 3]));
        let cropped = center_crop(&white, 8, 5);
        assert_eq!(cropped.dimensions(), (8, 5));
        let row: Vec<u8> = (0..8).map(|x| cropped.get_pixel(x, 4)[0]).collect();
        assert_eq!(row, [0, 0, 255, 255, 255, 0, 0, 0]);
    }

    #[test]
    fn crop_widens_to_whole_pixels_and_clips() {
        let image = RgbImage::from_fn(6, 4, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let cut = crop(
            &image,
            BoxXyxy {
                x0: 1.5,
                y0: -3.0,
                x1: 3.2,
                y1: 2.0,
            },
        )
        .unwrap();
        assert_eq!(cut.dimensions(), (3, 2));
        assert_eq!(cut.get_pixel(0, 0).0, [1, 0, 0]);
        for (x0, x1) in [(7.0, 9.0), (2.0, 2.0), (f32::NAN, 3.0)] {
            let error = crop(
                &image,
                BoxXyxy {
                    x0,
                    y0: 0.0,
                    x1,
                    y1: 4.0,
                },
            );
            assert!(
                matches!(error, Err(Error::EmptyCrop { .. })),
                "{x0}..{x1}: {error:?}"
            );
        }
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let sliver = RgbImage::new(1, 60_000);
        assert!(matches!(
            shortest_edge(&sliver, 256, Filter::Bilinear),
            Err(Error::BadSize { .. })
        ));
        assert!(matches!(
            resize(&sliver, 0, 5, Filter::Bilinear),
            Err(Error::BadSize { .. })
        ));
        assert!(matches!(
            resize(&RgbImage::new(0, 0), 5, 5, Filter::Bilinear),
            Err(Error::BadSize { .. })
        ));
    }
}
