//! Fitting a photo into a detector's input as Ultralytics does.

use image::{Rgb, RgbImage, imageops};
use serde::{Deserialize, Serialize};
use wardrobe_types::BoxXyxy;

use crate::error::{Error, Result};
use crate::linear::resize_linear;

/// The grey of Ultralytics' padding.
pub const PAD: u8 = 114;

/// How a photo is fitted; the defaults are those of Ultralytics' prediction on a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterboxOptions {
    /// Width of the input in pixels.
    pub width: u32,
    /// Height of the input in pixels.
    pub height: u32,
    /// `Some(32)`: pad only to the next multiple of 32 (Ultralytics' `auto`, for a single photo), so the input may be
    /// smaller than `width` x `height`. `None`: pad to exactly `width` x `height` (for batches and fixed inputs).
    pub stride: Option<u32>,
    /// Whether photos smaller than the input are enlarged.
    pub scale_up: bool,
}

impl Default for LetterboxOptions {
    fn default() -> Self {
        Self::square(640)
    }
}

impl LetterboxOptions {
    /// A square input of exactly `size` pixels a side.
    pub fn square(size: u32) -> Self {
        Self {
            width: size,
            height: size,
            stride: None,
            scale_up: true,
        }
    }
}

/// A fitted photo and the way back to the photo's own pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Letterboxed {
    /// The detector's input.
    pub image: RgbImage,
    /// Input pixels a photo pixel.
    pub scale: f32,
    /// Columns of padding left of the photo.
    pub pad_x: u32,
    /// Rows of padding above the photo.
    pub pad_y: u32,
    /// Width of the photo.
    pub photo_width: u32,
    /// Height of the photo.
    pub photo_height: u32,
}

impl Letterboxed {
    /// A box in the input's pixels as a box in the photo's, clipped to it: Ultralytics' `scale_boxes`.
    pub fn to_photo(&self, bbox: BoxXyxy) -> BoxXyxy {
        let x = |x: f32| (x - self.pad_x as f32) / self.scale;
        let y = |y: f32| (y - self.pad_y as f32) / self.scale;
        let unclipped = BoxXyxy {
            x0: x(bbox.x0),
            y0: y(bbox.y0),
            x1: x(bbox.x1),
            y1: y(bbox.y1),
        };
        unclipped.clipped(self.photo_width, self.photo_height)
    }

    /// A box in the photo's pixels as a box in the input's.
    pub fn from_photo(&self, bbox: BoxXyxy) -> BoxXyxy {
        let x = |x: f32| x * self.scale + self.pad_x as f32;
        let y = |y: f32| y * self.scale + self.pad_y as f32;
        BoxXyxy {
            x0: x(bbox.x0),
            y0: y(bbox.y0),
            x1: x(bbox.x1),
            y1: y(bbox.y1),
        }
    }
}

/// Fits a photo into a square of `size` pixels; see [`letterbox_with`].
///
/// # Errors
/// [`Error::BadSize`] where a side of the photo, or `size`, is 0.
pub fn letterbox(image: &RgbImage, size: u32) -> Result<Letterboxed> {
    letterbox_with(image, &LetterboxOptions::square(size))
}

/// Scales a photo to fit (OpenCV's plain, not antialiased, bilinear), centres it and pads it with grey 114: Ultralytics'
/// `LetterBox` (ultralytics/data/augment.py), of which a detector's boxes depend on every rounding.
///
/// # Errors
/// [`Error::BadSize`] where a side of the photo or of the input is 0 or the input is past
/// [`MAX_OUTPUT_PIXELS`](crate::resize::MAX_OUTPUT_PIXELS); [`Error::BadPreprocess`] for a stride of 0.
pub fn letterbox_with(image: &RgbImage, options: &LetterboxOptions) -> Result<Letterboxed> {
    let (width, height) = image.dimensions();
    crate::resize::check_size(image, options.width.into(), options.height.into())?;
    if options.stride == Some(0) {
        return Err(Error::BadPreprocess {
            what: "a stride of 0; YOLOv8's is 32".into(),
        });
    }
    let ratio = |have: u32, wanted: u32| f64::from(wanted) / f64::from(have);
    let mut scale = ratio(width, options.width).min(ratio(height, options.height));
    if !options.scale_up {
        scale = scale.min(1.0);
    }
    // OpenCV refuses a side of 0; a sliver keeps one pixel.
    let scaled = |side: u32| ((f64::from(side) * scale).round_ties_even() as u32).max(1);
    let (inner_width, inner_height) = (scaled(width), scaled(height));
    let inner = resize_linear(image, inner_width, inner_height);
    let (pad_x, right) = padding(inner_width, options.width, options.stride);
    let (pad_y, bottom) = padding(inner_height, options.height, options.stride);
    let fitted = if pad_x + right + pad_y + bottom == 0 {
        inner
    } else {
        let (width, height) = (pad_x + inner_width + right, pad_y + inner_height + bottom);
        let mut canvas = RgbImage::from_pixel(width, height, Rgb([PAD; 3]));
        imageops::replace(&mut canvas, &inner, pad_x.into(), pad_y.into());
        canvas
    };
    Ok(Letterboxed {
        image: fitted,
        scale: scale as f32,
        pad_x,
        pad_y,
        photo_width: width,
        photo_height: height,
    })
}

/// Padding before and after `inner` pixels in `outer`: half each, the odd pixel after.
fn padding(inner: u32, outer: u32, stride: Option<u32>) -> (u32, u32) {
    let total = outer.saturating_sub(inner);
    let half = f64::from(stride.map_or(total, |stride| total % stride)) / 2.0;
    // Ultralytics' round(d - 0.1) and round(d + 0.1).
    ((half - 0.1).round() as u32, (half + 0.1).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_puts_the_odd_pixel_after() {
        assert_eq!(padding(480, 640, None), (80, 80));
        assert_eq!(padding(479, 640, None), (80, 81));
        assert_eq!(padding(479, 640, Some(32)), (0, 1));
        assert_eq!(padding(640, 640, None), (0, 0));
    }

    #[test]
    fn boxes_go_there_and_back() {
        let fitted = letterbox(&RgbImage::new(333, 500), 640).unwrap();
        assert_eq!(
            (fitted.image.dimensions(), fitted.pad_x, fitted.pad_y),
            ((640, 640), 107, 0)
        );
        let garment = BoxXyxy {
            x0: 12.0,
            y0: 30.5,
            x1: 300.0,
            y1: 499.0,
        };
        let back = fitted.to_photo(fitted.from_photo(garment));
        for (a, b) in <[f32; 4]>::from(back)
            .into_iter()
            .zip(<[f32; 4]>::from(garment))
        {
            assert!((a - b).abs() < 1e-3, "{back:?}");
        }
        let past_the_edge = fitted.to_photo(BoxXyxy {
            x0: 0.0,
            y0: 0.0,
            x1: 640.0,
            y1: 640.0,
        });
        assert_eq!(past_the_edge, BoxXyxy::whole(333, 500));
    }

    #[test]
    fn slivers_keep_a_pixel_and_zero_is_an_error() {
        assert_eq!(
            letterbox(&RgbImage::new(1, 5000), 640)
                .unwrap()
                .image
                .dimensions(),
            (640, 640)
        );
        assert!(matches!(
            letterbox(&RgbImage::new(1, 1), 0),
            Err(Error::BadSize { .. })
        ));
        let bad = LetterboxOptions {
            stride: Some(0),
            ..LetterboxOptions::square(640)
        };
        assert!(matches!(
            letterbox_with(&RgbImage::new(4, 4), &bad),
            Err(Error::BadPreprocess { .. })
        ));
    }
}
