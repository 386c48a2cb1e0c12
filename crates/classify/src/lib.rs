//! What a garment is: EfficientNet-B0 over the 47 categories.
//!
//! [`Classifier`] takes photos to probabilities and pooled features in one pass; [`EfficientNet`] is the network
//! alone, for training and for weights with other classes. Weights load from safetensors and PyTorch checkpoints
//! under torchvision's, timm's and this project's names.
//!
//! ```no_run
//! use wardrobe_classify::Classifier;
//! use wardrobe_weights::Tensors;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let weights = Tensors::load("weights/starter-classifier.safetensors")?;
//! let classifier = Classifier::new(&weights, &candle_core::Device::Cpu)?;
//! let photo = wardrobe_ingest::load("shirt.jpg")?;
//! let classification = &classifier.classify(&[&photo.image])?[0];
//! for prediction in classification.top(3) {
//!     println!("{:.0} % {}", prediction.confidence * 100.0, prediction.category);
//! }
//! # Ok(())
//! # }
//! ```

mod classifier;
mod config;
mod error;
mod groups;
mod model;

pub use classifier::{Classification, Classifier, Prediction};
pub use config::{ClassifierConfig, Config};
pub use error::{Error, Result};
pub use groups::Groups;
pub use model::{EfficientNet, fit_weights, load_weights};
