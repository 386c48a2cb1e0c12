//! Embeddings of garments: vectors whose cosine says how alike two garments look.
//!
//! For now there is the starter embedder, which needs no weights of its own: the classifier's 1280 pooled features,
//! projected to 512 and normalised. OpenCLIP ViT-B/32 will stand beside it; an [`wardrobe_types::EmbedderId`] says
//! which of them made a vector, and vectors of different embedders are never compared.
//!
//! ```
//! use wardrobe_embed::StarterEmbedder;
//!
//! # fn main() -> Result<(), wardrobe_embed::Error> {
//! let embedder = StarterEmbedder::new("0123abcd");
//! let shirt: Vec<f32> = (0..StarterEmbedder::FEATURES).map(|i| (i as f32).sin()).collect();
//! let brighter: Vec<f32> = shirt.iter().map(|v| v * 1.5).collect();
//! let (a, b) = (embedder.embed(&shirt)?, embedder.embed(&brighter)?);
//! assert_eq!(a.values().len(), StarterEmbedder::DIMENSION);
//! assert!(a.cosine(&b).is_ok_and(|cosine| cosine > 0.999));
//! # Ok(())
//! # }
//! ```

mod error;
mod starter;

pub use error::{Error, Result};
pub use starter::StarterEmbedder;
