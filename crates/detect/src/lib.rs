//! Where the garments are in a photo: YOLOv8.
//!
//! [`Yolo`] is the network, in the sizes of [`Variant`] and for any number of classes; its weights load from
//! safetensors and PyTorch checkpoints under Ultralytics' names and this project's ([`load_weights`]). A [`Detection`]
//! is a box, the class seen in it and how sure the detector is; [`crop_with_margin`] cuts it out of the photo for the
//! models that follow.
//!
//! ```
//! use wardrobe_detect::{Detection, crop_with_margin};
//! use wardrobe_ingest::image::RgbImage;
//! use wardrobe_types::BoxXyxy;
//!
//! let photo = RgbImage::new(640, 480);
//! let bbox = BoxXyxy { x0: 100.0, y0: 50.0, x1: 300.0, y1: 450.0 };
//! let shirt = Detection { bbox, class: "shirt".into(), confidence: 0.9 };
//! let crop = crop_with_margin(&photo, shirt.bbox, 0.05)?;
//! assert_eq!(crop.dimensions(), (220, 440));
//! # Ok::<(), wardrobe_detect::Error>(())
//! ```

mod config;
mod crop;
mod detection;
mod error;
mod model;
mod postprocess;

pub use config::{Config, Variant};
pub use crop::crop_with_margin;
pub use detection::Detection;
pub use error::{Error, Result};
pub use model::{Level, Yolo, config_of, load_weights};
pub use postprocess::{Decoded, decode};
