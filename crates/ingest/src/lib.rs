//! Photo bytes to upright RGB pixels, and those to what models and indexes take.
//!
//! ```
//! use wardrobe_ingest::{Layout, Preprocess, discover, load, perceptual_hash};
//!
//! let found = discover(["tests/golden/pictures"]); // files and folders; `found.problems` says what could not be used
//! for path in &found.photos {
//!     let photo = load(path)?; // by content, upright, RGB, or an error that names the file and the reason
//!     let report = wardrobe_ingest::assess(&photo.image)?;
//!     report.warnings.iter().for_each(|warning| println!("{}: {}", path.display(), warning.message));
//!     let tensor = Preprocess::clip(224).apply(&photo.image)?.to_vec(Layout::Nchw); // 3 x 224 x 224 floats
//!     println!("{} {} floats, hash {}", path.display(), tensor.len(), perceptual_hash(&photo.image)?);
//! }
//! # Ok::<(), wardrobe_ingest::Error>(())
//! ```
//!
//! # Decoding
//!
//! [`decode`] reads JPEG (baseline, progressive, grey, CMYK), PNG, WebP, GIF, BMP and TIFF, the first frame or page of each,
//! told by content and never by extension. EXIF orientation is applied, transparency is flattened on white, 16 bits become 8.
//! The features `heic` and `avif` add those formats through the system's libheif; without them such a file is
//! [`Error::FeatureDisabled`]. [`DecodeLimits`] are checked against the header before pixels are allocated. A cut-off or
//! damaged file is an error, not a half-grey picture: all 14,101 photos of the three collections beside this project decode
//! under these strict rules.
//!
//! # Resizing
//!
//! [`resize::resize`] equals Pillow 13's `Image.resize` (nearest, bilinear, bicubic, Lanczos), [`letterbox()`] equals
//! Ultralytics' `LetterBox` on OpenCV 4.12 and 5.0, [`shortest_edge`] and [`center_crop`] equal torchvision's, all to the last
//! bit: on the golden pictures of the tests, and in 1,900 cases on 100 photos. Pillow up to 12 filters in another order in some
//! cases and then differs by up to 10 of 255 in single pixels; which, says the comment on `columns_first` in `resample.rs`.
//!
//! # Quality
//!
//! [`assess`] rejects a photo only for its resolution (shorter side below 224 pixels) and warns of blur, exposure and flat
//! contrast, measured with the shorter side resized to 160 pixels. Shares of photos, thresholds chosen on `train` alone:
//!
//! | photos of clothes at home, 240 pixels on the shorter side | train, n = 500 | val, n = 476 |
//! |---|---|---|
//! | blur: false alarms on the photos as they are | 1.8 % | 2.1 % |
//! | blur: misses at a Gaussian of sigma 2 / 3 / 5 pixels | 2.0 % / 0 / 0 | 0.8 % / 0 / 0 |
//! | too dark: false alarms | 0.2 % | 0.2 % |
//! | too dark: misses at -1 / -1.5 / -2 / -3 stops | 86 % / 36 % / 0 / 0 | 84 % / 36 % / 0 / 0 |
//! | too bright: false alarms | 0.8 % | 0.8 % |
//! | too bright: misses at +1 / +1.5 / +2 / +3 stops | 33 % / 20 % / 20 % / 21 % | 27 % / 20 % / 22 % / 22 % |
//! | flat: false alarms | 0.2 % | 0 |
//!
//! At -2 stops nothing in a picture is brighter than 136 of 255 and the limit is 140, which is why none is missed; at -1 most
//! still have bright parts. Catalogue shots on white are told from overexposure by their white rim and the absence of partly
//! clipped colours: 8.2 % of 500 (products/images) are still reported, and the misses at +2 and +3 stops are photos that have
//! come to look like one.
//!
//! # Near-duplicates
//!
//! [`perceptual_hash`] is the 64-bit DCT hash; at a distance of at most [`phash::NEAR_DUPLICATE_DISTANCE`] two photos count as
//! the same picture. Measured at that distance, 8 of 64, on 300 photos each of train (where it was chosen) and val:
//!
//! | | train | val |
//! |---|---|---|
//! | found: half size, three times the size, JPEG quality 50 or 20, a third of a stop brighter or darker, or 60 % size + quality 50 + brighter | 100 % of each | 100 % of each |
//! | found: 2 % cropped off each side | 93 % | 91 % |
//! | pairs of different photos taken for duplicates | 0 of 44,850 | 0 of 44,850 |
//!
//! The closest different photos are 12 (train) and 10 (val) apart.
//!
//! All figures: `cargo test --release -p wardrobe-ingest --test rates -- --ignored --nocapture`.

mod decode;
mod dimensions;
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
pub use dimensions::{Dimensions, dimensions};
pub use discover::{Discovered, discover, probe};
pub use error::{Cause, Error, Result};
pub use format::{Format, SNIFF_BYTES, sniff};
pub use image;
pub use image::RgbImage;
pub use image::metadata::Orientation;
pub use letterbox::{LetterboxOptions, Letterboxed, PAD, letterbox, letterbox_with};
pub use phash::{PerceptualHash, perceptual_hash};
pub use preprocess::{Geometry, Preprocess, Processed};
pub use quality::{QualityReport, assess};
pub use resize::{Filter, center_crop, crop, shortest_edge};
pub use tensor::{ChannelOrder, Layout, Normalization};
