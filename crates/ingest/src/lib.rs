//! Photo bytes to upright RGB pixels: decoding, orientation, quality, resizing, perceptual hash.

mod decode;
mod discover;
mod error;
mod format;
pub mod letterbox;
mod linear;
mod luma;
pub mod phash;
pub mod preprocess;
pub mod quality;
mod resample;
pub mod resize;
pub mod tensor;

pub use decode::{DecodeLimits, Photo, decode, load, load_with};
pub use discover::{Discovered, discover, probe};
pub use error::{Cause, Error, Result};
pub use format::{Format, SNIFF_BYTES, sniff};
pub use image;
pub use image::RgbImage;
pub use image::metadata::Orientation;
pub use letterbox::{LetterboxOptions, Letterboxed, letterbox, letterbox_with};
pub use phash::{PerceptualHash, perceptual_hash};
pub use preprocess::{Geometry, Preprocess, Processed};
pub use quality::{QualityReport, assess};
pub use resize::{Filter, center_crop, crop, shortest_edge};
pub use tensor::{ChannelOrder, Layout, Normalization};
