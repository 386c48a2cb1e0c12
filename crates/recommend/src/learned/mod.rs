//! What goes with what, learned from outfits people wear: a set transformer over a garment's embedding and class.
//!
//! [`OutfitScorer`] is what the recommender asks; it belongs to one embedder, whose vectors alone mean anything to it.
//! [`SetTransformer`] is the network itself, for training: an outfit is a set, so there are no positions, and the
//! order of its garments and any padding change nothing (Lee et al. 2019, <https://arxiv.org/abs/1810.00825>; for outfits:
//! Sarkar et al. 2022, <https://arxiv.org/abs/2204.04812>).
//!
//! ```
//! use candle_core::{DType, Device};
//! use wardrobe_nn::VarStore;
//! use wardrobe_recommend::learned::{Garment, OutfitScorer, SetConfig, SetTransformer};
//! use wardrobe_types::{Category, EmbedderId, Embedding};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = SetConfig { embedding: 3, ..SetConfig::new(["top", "trousers", "shoes"]) };
//! let store = VarStore::new(7, DType::F32, &Device::Cpu);
//! SetTransformer::new(&config, &Default::default(), store.builder())?;
//! let embedder = EmbedderId::new("mine");
//! let scorer = OutfitScorer::from_parts(&config, store.tensors()?, Some(embedder.clone()))?;
//!
//! let looks = [[0.1, 0.2, 0.3], [0.3, 0.1, -0.2]].map(|v| Embedding::new(embedder.clone(), v.to_vec()));
//! let [shirt, jeans] = looks.map(|look| look.unwrap());
//! let garments = [Garment::new(Category::Shirt, &shirt), Garment::new(Category::Jeans, &jeans)];
//! let scores = scorer.score(&garments, &[vec![0, 1]])?;
//! assert!((0.0..=1.0).contains(&scores[0]));
//! # Ok(())
//! # }
//! ```

mod config;
mod error;
mod model;
mod opinion;
mod scorer;
mod vocabulary;

pub use config::{Pooling, SetConfig};
pub use error::LearnedError;
pub use model::{DropoutRng, SetBatch, SetTransformer};
pub use opinion::ScorerOpinion;
pub use scorer::{Garment, OutfitScorer};
pub use vocabulary::Vocabulary;
