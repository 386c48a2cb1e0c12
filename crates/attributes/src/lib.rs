//! What colours and tags a garment has, and where it is in its photo.
//!
//! [`foreground::segment`] separates one garment from its background by the colours along the photo's border, and says
//! when it cannot. [`color::dominant_colors`] finds the garment's one to three colours and names them from the palette
//! of [`wardrobe_types`]. [`tagger::Tagger`] tells pattern, fit, formality, seasons and styles from the classifier's
//! descriptors.
//!
//! ```
//! use wardrobe_ingest::image::{Rgb, RgbImage};
//! use wardrobe_attributes::{color::dominant_colors, foreground::{Method, segment}};
//! use wardrobe_types::ColorName;
//!
//! let mut photo = RgbImage::from_pixel(240, 320, Rgb([235, 232, 226]));
//! for (x, y, pixel) in photo.enumerate_pixels_mut() {
//!     if (60..180).contains(&x) && (80..260).contains(&y) {
//!         *pixel = Rgb([30, 40, 70]);
//!     }
//! }
//! let garment = segment(&photo)?;
//! assert_eq!(garment.method, Method::BorderModel);
//! let colors = dominant_colors(&photo, &garment)?;
//! assert_eq!((colors.len(), colors[0].name), (1, ColorName::Navy));
//! # Ok::<(), wardrobe_attributes::Error>(())
//! ```

mod cluster;
pub mod color;
mod error;
pub mod foreground;
mod lab;
pub mod tagger;

pub use error::{Error, Result};
