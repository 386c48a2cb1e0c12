//! Where the garments are in a photo: YOLOv8.
//!
//! [`Detector`] takes photos to [`Detection`]s: boxes in the photo's pixels, the class seen in each and how sure the
//! detector is. [`crop_with_margin`] cuts one out of its photo for the models that follow.
//!
//! ```no_run
//! use wardrobe_detect::Detector;
//! use wardrobe_weights::Tensors;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let weights = Tensors::load("detector.safetensors")?;
//! let detector = Detector::new(&weights, &candle_core::Device::Cpu)?;
//! let photo = wardrobe_ingest::load("outfit.jpg")?;
//! for garment in detector.detect(&photo.image)? {
//!     println!("{:.0} % {} at {:?}", garment.confidence * 100.0, garment.class, garment.bbox);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Yolo`] is the network alone, in the sizes of [`Variant`] and for any number of classes, for training and for
//! measuring; its weights load from safetensors and PyTorch checkpoints under Ultralytics' names and this project's
//! ([`load_weights`]). What it says is decoded whole by [`decode()`], or where it is sure of something by
//! [`candidates()`], of which [`Thresholds`] selects.
//!
//! ```
//! use wardrobe_detect::{CROP_MARGIN, Detection, crop_with_margin};
//! use wardrobe_ingest::image::RgbImage;
//! use wardrobe_types::BoxXyxy;
//!
//! let photo = RgbImage::new(640, 480);
//! let bbox = BoxXyxy { x0: 100.0, y0: 50.0, x1: 300.0, y1: 450.0 };
//! let shirt = Detection { bbox, class: "shirt".into(), confidence: 0.9 };
//! let crop = crop_with_margin(&photo, shirt.bbox, CROP_MARGIN)?;
//! assert_eq!(crop.dimensions(), (220, 440));
//! # Ok::<(), wardrobe_detect::Error>(())
//! ```

mod config;
mod crop;
mod detection;
mod detector;
mod draw;
mod error;
mod lettering;
mod model;
mod postprocess;
mod settings;

pub use config::{Config, Variant};
pub use crop::{COLOR_MARGIN, CROP_MARGIN, crop_with_margin};
pub use detection::Detection;
pub use detector::Detector;
pub use draw::{contact_sheet, draw, thumbnail};
pub use error::{Error, Result};
pub use lettering::{Face, Lettering};
pub use model::{Level, Yolo, config_of, fit_weights, load_weights};
pub use postprocess::{Candidate, Decoded, Labels, Thresholds, candidates, decode, suppress};
pub use settings::DetectorConfig;
