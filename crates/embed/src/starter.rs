//! The classifier's features as embeddings.

use crate::{Error, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_types::{EmbedderId, Embedding};

/// Projects EfficientNet-B0's pooled features to 512 values by random signs (Achlioptas 2003), which keeps the cosine
/// of two feature vectors to within about 1 / sqrt(512) = 0.04, and normalises the result.
#[derive(Clone, Debug)]
pub struct StarterEmbedder {
    id: EmbedderId,
    /// (DIMENSION, FEATURES), 1 or -1.
    signs: Vec<f32>,
}

/// Fixed for good: another seed is another embedder.
const SEED: u64 = 512;

impl StarterEmbedder {
    /// Length of the features.
    pub const FEATURES: usize = 1280;
    /// Length of an embedding.
    pub const DIMENSION: usize = 512;

    /// The embedder on top of the classifier whose weights have this fingerprint (say, the start of their SHA-256):
    /// features of other weights are not comparable, so the fingerprint is part of the embedder's id.
    pub fn new(weights_fingerprint: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut sign = || if rng.random::<bool>() { 1.0 } else { -1.0 };
        let signs = (0..Self::DIMENSION * Self::FEATURES)
            .map(|_| sign())
            .collect();
        Self {
            id: EmbedderId::new(format!("starter-512-{weights_fingerprint}")),
            signs,
        }
    }

    /// What its embeddings are marked with.
    pub fn id(&self) -> &EmbedderId {
        &self.id
    }

    /// # Shapes
    /// features (1280) -> embedding (512), of length 1
    ///
    /// # Errors
    /// Another number of features; features that are all zero or not finite.
    pub fn embed(&self, features: &[f32]) -> Result<Embedding> {
        if features.len() != Self::FEATURES {
            return Err(Error::Length {
                expected: Self::FEATURES,
                got: features.len(),
            });
        }
        let project = |signs: &[f32]| signs.iter().zip(features).map(|(s, f)| s * f).sum();
        let values = self
            .signs
            .chunks_exact(Self::FEATURES)
            .map(project)
            .collect();
        Ok(Embedding::new(self.id.clone(), values)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..StarterEmbedder::FEATURES)
            .map(|_| rng.random::<f32>() - 0.3)
            .collect()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn the_projection_keeps_cosines() {
        let embedder = StarterEmbedder::new("test");
        let squares: f32 = (0..100)
            .map(|i| {
                let (a, b) = (features(2 * i), features(2 * i + 1));
                let projected = embedder
                    .embed(&a)
                    .unwrap()
                    .cosine(&embedder.embed(&b).unwrap())
                    .unwrap();
                (projected - cosine(&a, &b)).powi(2)
            })
            .sum();
        let rms = (squares / 100.0).sqrt();
        assert!(rms < 0.045, "rms error of the cosine {rms}");
    }

    #[test]
    fn an_embedding_has_length_one_and_is_reproducible() {
        let embedder = StarterEmbedder::new("test");
        let embedding = embedder.embed(&features(1)).unwrap();
        let norm: f32 = embedding.values().iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-5);
        assert_eq!(
            embedding,
            StarterEmbedder::new("test").embed(&features(1)).unwrap()
        );
        assert_ne!(embedder.id(), StarterEmbedder::new("other").id());
    }

    #[test]
    fn features_without_a_direction_are_refused() {
        let embedder = StarterEmbedder::new("test");
        assert!(embedder.embed(&[0.0; StarterEmbedder::FEATURES]).is_err());
        assert!(
            embedder
                .embed(&[f32::NAN; StarterEmbedder::FEATURES])
                .is_err()
        );
        assert!(matches!(
            embedder.embed(&[1.0; 3]),
            Err(Error::Length { got: 3, .. })
        ));
    }
}
