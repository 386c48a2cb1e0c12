//! Pixels to floats: normalisation, channel order, memory layout.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a channel value `v` in 0..=255 becomes a float. Means and deviations are in red, green, blue order, whatever the
/// [`ChannelOrder`] of the tensor.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Normalization {
    /// `v / 255`, as YOLO takes it.
    #[default]
    Unit,
    /// `(v / 255 - mean) / std` with torchvision's and timm's ImageNet figures.
    ImageNet,
    /// `(v / 255 - mean) / std` with OpenAI CLIP's and OpenCLIP's figures.
    Clip,
    /// `(v / 255 - mean) / std`.
    Custom {
        /// Subtracted after the division by 255: red, green, blue.
        mean: [f32; 3],
        /// Divided by last: red, green, blue; not 0.
        std: [f32; 3],
    },
}

impl Normalization {
    /// `(mean, std)` in red, green, blue order.
    pub fn mean_std(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Self::Unit => ([0.0; 3], [1.0; 3]),
            Self::ImageNet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Self::Clip => (
                [0.481_454_66, 0.457_827_5, 0.408_210_73],
                [0.268_629_54, 0.261_302_6, 0.275_777_1],
            ),
            Self::Custom { mean, std } => (mean, std),
        }
    }

    /// The float of each of the 256 values of a channel (0 red, 1 green, 2 blue), with torchvision's arithmetic in f32.
    fn table(self, channel: usize) -> [f32; 256] {
        let (mean, std) = self.mean_std();
        std::array::from_fn(|v| (v as f32 / 255.0 - mean[channel]) / std[channel])
    }
}

/// The order of the three channels of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelOrder {
    /// Red, green, blue: torchvision, timm, OpenCLIP, Ultralytics' network input.
    #[default]
    Rgb,
    /// Blue, green, red: what OpenCV reads.
    Bgr,
}

/// How a batch of one lies in memory; `n` is always 1 here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A plane a channel: `[1, 3, height, width]`.
    #[default]
    Nchw,
    /// The channels of a pixel together: `[1, height, width, 3]`.
    Nhwc,
}

impl Layout {
    /// The shape of one picture's tensor.
    pub fn shape(self, image: &RgbImage) -> [usize; 4] {
        let (width, height) = (image.width() as usize, image.height() as usize);
        match self {
            Self::Nchw => [1, 3, height, width],
            Self::Nhwc => [1, height, width, 3],
        }
    }
}

/// Writes a picture as floats into `out`, which holds exactly `3 x width x height` of them: one item of a batch.
///
/// # Errors
/// [`Error::BadBufferLength`].
pub fn write_into(
    image: &RgbImage,
    normalization: Normalization,
    order: ChannelOrder,
    layout: Layout,
    out: &mut [f32],
) -> Result<()> {
    let pixels = image.as_raw();
    if out.len() != pixels.len() {
        let (width, height) = image.dimensions();
        return Err(Error::BadBufferLength {
            width,
            height,
            expected: pixels.len(),
            got: out.len(),
        });
    }
    let channels = match order {
        ChannelOrder::Rgb => [0, 1, 2],
        ChannelOrder::Bgr => [2, 1, 0],
    };
    let tables = channels.map(|channel| normalization.table(channel));
    match layout {
        Layout::Nchw => {
            let area = pixels.len() / 3;
            for ((plane, table), channel) in
                out.chunks_exact_mut(area.max(1)).zip(&tables).zip(channels)
            {
                for (value, pixel) in plane.iter_mut().zip(pixels.chunks_exact(3)) {
                    *value = table[usize::from(pixel[channel])];
                }
            }
        }
        Layout::Nhwc => {
            for (values, pixel) in out.chunks_exact_mut(3).zip(pixels.chunks_exact(3)) {
                for ((value, table), channel) in values.iter_mut().zip(&tables).zip(channels) {
                    *value = table[usize::from(pixel[channel])];
                }
            }
        }
    }
    Ok(())
}

/// A picture as `3 x width x height` new floats; see [`write_into`].
pub fn to_vec(
    image: &RgbImage,
    normalization: Normalization,
    order: ChannelOrder,
    layout: Layout,
) -> Vec<f32> {
    let mut out = vec![0.0; image.as_raw().len()];
    // The only failure is a wrong length, and this one is the picture's own.
    let written = write_into(image, normalization, order, layout, &mut out);
    debug_assert!(written.is_ok());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 x 1: (10, 20, 30) and (40, 50, 60).
    fn picture() -> RgbImage {
        RgbImage::from_raw(2, 1, vec![10, 20, 30, 40, 50, 60]).unwrap()
    }

    fn bytes(order: ChannelOrder, layout: Layout) -> Vec<u8> {
        let floats = to_vec(&picture(), Normalization::Unit, order, layout);
        floats.iter().map(|v| (v * 255.0).round() as u8).collect()
    }

    #[test]
    fn order_and_layout() {
        assert_eq!(
            bytes(ChannelOrder::Rgb, Layout::Nhwc),
            [10, 20, 30, 40, 50, 60]
        );
        assert_eq!(
            bytes(ChannelOrder::Bgr, Layout::Nhwc),
            [30, 20, 10, 60, 50, 40]
        );
        assert_eq!(
            bytes(ChannelOrder::Rgb, Layout::Nchw),
            [10, 40, 20, 50, 30, 60]
        );
        assert_eq!(
            bytes(ChannelOrder::Bgr, Layout::Nchw),
            [30, 60, 20, 50, 10, 40]
        );
        assert_eq!(Layout::Nchw.shape(&picture()), [1, 3, 1, 2]);
        assert_eq!(Layout::Nhwc.shape(&picture()), [1, 1, 2, 3]);
    }

    #[test]
    fn means_follow_their_channel() {
        let custom = Normalization::Custom {
            mean: [0.1, 0.2, 0.3],
            std: [0.5, 0.25, 0.125],
        };
        let bgr = to_vec(&picture(), custom, ChannelOrder::Bgr, Layout::Nhwc);
        assert_eq!(bgr[0], (30.0 / 255.0 - 0.3) / 0.125);
        assert_eq!(bgr[2], (10.0 / 255.0 - 0.1) / 0.5);
        // torchvision: (0/255 - 0.485) / 0.229 = -2.117904, (255/255 - 0.406) / 0.225 = 2.64
        let extremes = RgbImage::from_raw(1, 1, vec![0, 0, 255]).unwrap();
        let values = to_vec(
            &extremes,
            Normalization::ImageNet,
            ChannelOrder::Rgb,
            Layout::Nchw,
        );
        assert!((values[0] + 2.117_904).abs() < 1e-6 && (values[2] - 2.64).abs() < 1e-6);
    }

    #[test]
    fn a_wrong_buffer_is_an_error() {
        let mut short = [0.0; 5];
        let error = write_into(
            &picture(),
            Normalization::Clip,
            ChannelOrder::Rgb,
            Layout::Nchw,
            &mut short,
        );
        assert!(matches!(
            error,
            Err(Error::BadBufferLength {
                expected: 6,
                got: 5,
                ..
            })
        ));
    }
}
