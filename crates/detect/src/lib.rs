//! Where the garments are in a photo.
//!
//! A [`Detection`] is a box, the class seen in it and how sure the detector is; [`crop_with_margin`]
//! cuts it out of the photo for the models that follow. YOLOv8 comes next and will live here, with
//! its preprocessing and its non-maximum suppression; until then the `wardrobe` crate's `locate`
//! module makes the detections from the photo's foreground.
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

mod crop;
mod detection;
mod error;

pub use crop::crop_with_margin;
pub use detection::Detection;
pub use error::Error;
