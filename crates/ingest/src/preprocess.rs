//! A model's preprocessing as data, so that it can lie beside its weights.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::letterbox::{LetterboxOptions, letterbox_with};
use crate::resize::{Filter, center_crop, resize, shortest_edge};
use crate::tensor::{self, ChannelOrder, Layout, Normalization};

/// How a photo of any size becomes one of a model's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Geometry {
    /// Both sides resized alone; the aspect ratio is lost.
    Squash {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The resampling filter.
        filter: Filter,
    },
    /// The shorter side resized to `edge`, then the central `crop` x `crop`: torchvision, timm and OpenCLIP.
    ShortestEdge {
        /// The shorter side in pixels.
        edge: u32,
        /// The side of the central square in pixels.
        crop: u32,
        /// The resampling filter.
        filter: Filter,
    },
    /// Fitted and padded: YOLO.
    Letterbox(LetterboxOptions),
}

/// From an upright photo to a tensor. In TOML:
///
/// ```toml
/// geometry = { kind = "shortest-edge", edge = 256, crop = 224, filter = "bicubic" }
/// normalization = "image-net"
/// channel-order = "rgb"
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preprocess {
    /// Size and framing.
    pub geometry: Geometry,
    /// Scale of the values.
    #[serde(default)]
    pub normalization: Normalization,
    /// Order of the channels.
    #[serde(default)]
    pub channel_order: ChannelOrder,
}

impl Preprocess {
    /// torchvision's and timm's evaluation: resize to `edge`, centre crop to `crop`, ImageNet's normalisation.
    /// EfficientNet-B0 takes `(256, 224, Bicubic)`.
    pub fn imagenet(edge: u32, crop: u32, filter: Filter) -> Self {
        Self {
            geometry: Geometry::ShortestEdge { edge, crop, filter },
            normalization: Normalization::ImageNet,
            channel_order: ChannelOrder::Rgb,
        }
    }

    /// CLIP's: shorter side to `size` with the bicubic filter, centre crop, CLIP's normalisation.
    pub fn clip(size: u32) -> Self {
        Self {
            geometry: Geometry::ShortestEdge {
                edge: size,
                crop: size,
                filter: Filter::Bicubic,
            },
            normalization: Normalization::Clip,
            channel_order: ChannelOrder::Rgb,
        }
    }

    /// YOLO's: a square letterbox, values in 0..=1.
    pub fn yolo(size: u32) -> Self {
        Self {
            geometry: Geometry::Letterbox(LetterboxOptions::square(size)),
            normalization: Normalization::Unit,
            channel_order: ChannelOrder::Rgb,
        }
    }

    /// Checks what [`apply`](Self::apply) cannot do for any photo: call it when a recipe is read, not at the first photo.
    ///
    /// # Errors
    /// [`Error::BadPreprocess`] for a side, stride or deviation of 0, or one that is not finite.
    pub fn check(&self) -> Result<()> {
        let sides = match self.geometry {
            Geometry::Squash { width, height, .. } => [width, height],
            Geometry::ShortestEdge { edge, crop, .. } => [edge, crop],
            Geometry::Letterbox(options) => [options.width, options.height],
        };
        let (mean, std) = self.normalization.mean_std();
        let what = if sides.contains(&0) {
            format!("a side of 0 pixels in {:?}", self.geometry)
        } else if matches!(
            self.geometry,
            Geometry::Letterbox(LetterboxOptions {
                stride: Some(0),
                ..
            })
        ) {
            "a stride of 0; YOLOv8's is 32".to_owned()
        } else if !mean.iter().chain(&std).all(|value| value.is_finite()) || std.contains(&0.0) {
            format!("mean {mean:?} and std {std:?}; both must be finite and std not 0")
        } else {
            return Ok(());
        };
        Err(Error::BadPreprocess { what })
    }

    /// Reshapes a photo; the photo itself is untouched and comes back beside the result.
    ///
    /// # Errors
    /// [`Error::BadPreprocess`] as [`check`](Self::check); [`Error::BadSize`] for a photo without pixels, or one so thin that
    /// its resized self would exceed [`MAX_OUTPUT_PIXELS`](crate::resize::MAX_OUTPUT_PIXELS).
    pub fn apply<'photo>(&self, original: &'photo RgbImage) -> Result<Processed<'photo>> {
        self.check()?;
        let image = match self.geometry {
            Geometry::Squash {
                width,
                height,
                filter,
            } => resize(original, width, height, filter)?,
            Geometry::ShortestEdge { edge, crop, filter } => {
                center_crop(&shortest_edge(original, edge, filter)?, crop, crop)
            }
            Geometry::Letterbox(options) => letterbox_with(original, &options)?.image,
        };
        Ok(Processed {
            original,
            image,
            normalization: self.normalization,
            channel_order: self.channel_order,
        })
    }
}

/// A photo and what a model gets to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed<'photo> {
    /// The photo as it was given.
    pub original: &'photo RgbImage,
    /// Reshaped, still bytes in RGB.
    pub image: RgbImage,
    normalization: Normalization,
    channel_order: ChannelOrder,
}

impl Processed<'_> {
    /// The tensor's values; its shape is [`Layout::shape`] of [`image`](Self::image).
    pub fn to_vec(&self, layout: Layout) -> Vec<f32> {
        tensor::to_vec(&self.image, self.normalization, self.channel_order, layout)
    }

    /// Writes the tensor into one item's part of a batch.
    ///
    /// # Errors
    /// [`Error::BadBufferLength`].
    pub fn write_into(&self, layout: Layout, out: &mut [f32]) -> Result<()> {
        tensor::write_into(
            &self.image,
            self.normalization,
            self.channel_order,
            layout,
            out,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_survive_json() {
        for recipe in [
            Preprocess::imagenet(256, 224, Filter::Bicubic),
            Preprocess::clip(224),
            Preprocess::yolo(640),
        ] {
            let json = serde_json::to_string(&recipe).unwrap();
            assert_eq!(
                serde_json::from_str::<Preprocess>(&json).unwrap(),
                recipe,
                "{json}"
            );
        }
        let written = r#"{"geometry":{"kind":"shortest-edge","edge":256,"crop":224,"filter":"bicubic"},
            "normalization":"image-net","channel-order":"rgb"}"#;
        let read: Preprocess = serde_json::from_str(written).unwrap();
        assert_eq!(read, Preprocess::imagenet(256, 224, Filter::Bicubic));
        let misspelt = r#"{"geometry":{"kind":"letterbox"},"normalisation":"unit"}"#;
        assert!(serde_json::from_str::<Preprocess>(misspelt).is_err());
    }

    #[test]
    fn bad_recipes_fail_before_any_photo() {
        let zero_std = Normalization::Custom {
            mean: [0.0; 3],
            std: [1.0, 0.0, 1.0],
        };
        for bad in [
            Preprocess::clip(0),
            Preprocess {
                normalization: zero_std,
                ..Preprocess::yolo(640)
            },
            Preprocess {
                geometry: Geometry::Letterbox(LetterboxOptions {
                    stride: Some(0),
                    ..Default::default()
                }),
                ..Preprocess::yolo(640)
            },
        ] {
            assert!(
                matches!(bad.check(), Err(Error::BadPreprocess { .. })),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn both_pictures_come_back() {
        let photo = RgbImage::from_fn(300, 401, |x, y| {
            image::Rgb([x as u8, y as u8, (x ^ y) as u8])
        });
        let processed = Preprocess::imagenet(256, 224, Filter::Bilinear)
            .apply(&photo)
            .unwrap();
        assert_eq!(processed.original.dimensions(), (300, 401));
        assert_eq!(processed.image.dimensions(), (224, 224));
        let mut batch = vec![0.0; 2 * 3 * 224 * 224];
        processed
            .write_into(Layout::Nchw, &mut batch[3 * 224 * 224..])
            .unwrap();
        assert_eq!(batch[3 * 224 * 224..], processed.to_vec(Layout::Nchw));
        assert!(batch[..3 * 224 * 224].iter().all(|&v| v == 0.0));
    }
}
