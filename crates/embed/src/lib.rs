//! Embeddings of garments: vectors whose cosine says how alike two garments look, or how well words describe one.
//!
//! [`StarterEmbedder`] is a linear map of the classifier's descriptors to 512 values. [`ImageEmbedder`] and [`TextEmbedder`] are CLIP's ViT-B/32 with OpenCLIP's, OpenAI's or Hugging Face's
//! weights, [`Clip`] the network alone. An [`wardrobe_types::EmbedderId`] says which of them made a vector, and vectors of
//! different embedders are never compared.
//!
//! ```
//! use wardrobe_embed::StarterEmbedder;
//!
//! # fn main() -> Result<(), wardrobe_embed::Error> {
//! let embedder = StarterEmbedder::untrained("0123abcd");
//! let shirt: Vec<f32> = (0..StarterEmbedder::DESCRIPTORS).map(|i| (i as f32).sin()).collect();
//! let brighter: Vec<f32> = shirt.iter().map(|v| v * 1.5).collect();
//! let (a, b) = (embedder.embed(&shirt)?, embedder.embed(&brighter)?);
//! assert_eq!(a.values().len(), StarterEmbedder::DIMENSION);
//! assert!(a.cosine(&b).is_ok_and(|cosine| cosine > 0.999));
//! # Ok(())
//! # }
//! ```

mod config;
mod embedder;
mod error;
mod model;
mod starter;
mod tokenizer;

pub use config::{ClipConfig, ImageConfig, TextConfig, TransformerConfig, Variant};
pub use embedder::{ImageEmbedder, TextEmbedder};
pub use error::{Error, Result};
pub use model::{Clip, ImageTower, TextTower, fit_weights, load_weights};
pub use starter::StarterEmbedder;
pub use tokenizer::Tokenizer;
