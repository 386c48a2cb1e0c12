//! The classifier's descriptors as embeddings.

use crate::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_types::{EmbedderId, Embedding};
use wardrobe_weights::{LinearHead, Tensors};

/// A linear map of EfficientNet-B0's descriptors (its pooled features and two earlier stages' means) to 512 values, which
/// are then normalised: the classifier has paid for the rest.
///
/// Weights of `wardrobe train embed` draw garments together that are of a category and a colour, or the same
/// ([`StarterEmbedder::new`]). They belong to the classifier whose descriptors they were trained on. For any other
/// there are random signs ([`StarterEmbedder::untrained`]).
#[derive(Clone, Debug)]
pub struct StarterEmbedder {
    id: EmbedderId,
    map: LinearHead,
}

/// Fixed for good: another seed is another embedder.
const SEED: u64 = 512;
/// The descriptors that are the pooled features, the first ones.
const FEATURES: usize = 1280;

impl StarterEmbedder {
    /// Length of the descriptors.
    pub const DESCRIPTORS: usize = 1472;
    /// Length of an embedding.
    pub const DIMENSION: usize = 512;

    /// The embedder of trained weights, a [`LinearHead`] (512, 1472). Their fingerprint (say, the start of their SHA-256) is
    /// part of the embedder's id.
    ///
    /// # Errors
    /// Weights that do not fit; those for another classifier than the one whose SHA-256 is given.
    pub fn new(weights: &Tensors, fingerprint: &str, classifier_sha256: &str) -> Result<Self> {
        let (outputs, inputs) = (Self::DIMENSION, Self::DESCRIPTORS);
        Ok(Self {
            id: id(fingerprint),
            map: LinearHead::of(weights, outputs, inputs, classifier_sha256)?,
        })
    }

    /// Random signs for the pooled features (Achlioptas 2003), which keep the cosine of two feature vectors to within
    /// about 1 / sqrt(512) = 0.04, on top of the classifier whose weights have this fingerprint: features of other
    /// weights are not comparable, so the fingerprint is part of the embedder's id.
    pub fn untrained(classifier_fingerprint: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut sign = || if rng.random::<bool>() { 1.0 } else { -1.0 };
        let weight = (0..Self::DIMENSION * Self::DESCRIPTORS).map(|i| {
            match i % Self::DESCRIPTORS < FEATURES {
                true => sign(),
                false => 0.0,
            }
        });
        let bias = vec![0.0; Self::DIMENSION];
        Self {
            id: id(classifier_fingerprint),
            map: LinearHead::new(weight.collect(), bias, Self::DESCRIPTORS),
        }
    }

    /// What its embeddings are marked with.
    pub fn id(&self) -> &EmbedderId {
        &self.id
    }

    /// # Shapes
    /// descriptors (1472) -> embedding (512), of length 1
    ///
    /// # Errors
    /// Another number of descriptors; descriptors that have no direction or are not finite.
    pub fn embed(&self, descriptors: &[f32]) -> Result<Embedding> {
        let values = self.map.apply(descriptors)?;
        Ok(Embedding::new(self.id.clone(), values)?)
    }
}

fn id(fingerprint: &str) -> EmbedderId {
    EmbedderId::new(format!(
        "starter-{}-{fingerprint}",
        StarterEmbedder::DIMENSION
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn features(seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..StarterEmbedder::DESCRIPTORS)
            .map(|_| rng.random::<f32>() - 0.3)
            .collect()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    /// Weights that take the first 512 features and add 2 to the last of them.
    fn trained(columns: usize) -> Tensors {
        let rows = StarterEmbedder::DIMENSION;
        let weight = (0..rows * columns).map(|i| f32::from(u8::from(i / columns == i % columns)));
        let weight = Tensor::from_iter(weight, &Device::Cpu)
            .and_then(|weight| weight.reshape((rows, columns)))
            .unwrap();
        let bias = (0..rows).map(|i| if i + 1 == rows { 2f32 } else { 0.0 });
        let bias = Tensor::from_iter(bias, &Device::Cpu).unwrap();
        Tensors {
            file: "head.safetensors".to_owned(),
            map: [("weight".to_owned(), weight), ("bias".to_owned(), bias)].into(),
            metadata: [(LinearHead::CLASSIFIER.to_owned(), "abc".to_owned())].into(),
        }
    }

    #[test]
    fn trained_weights_are_a_linear_map() {
        let embedder = StarterEmbedder::new(&trained(1472), "0123", "abc").unwrap();
        assert_eq!(embedder.id().as_str(), "starter-512-0123");
        let features = features(1);
        let mut expected = features[..512].to_vec();
        expected[511] += 2.0;
        let embedding = embedder.embed(&features).unwrap();
        assert!((cosine(embedding.values(), &expected) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_projection_keeps_cosines() {
        let embedder = StarterEmbedder::untrained("test");
        let squares: f32 = (0..100)
            .map(|i| {
                let (a, b) = (features(2 * i), features(2 * i + 1));
                let projected = embedder
                    .embed(&a)
                    .unwrap()
                    .cosine(&embedder.embed(&b).unwrap())
                    .unwrap();
                (projected - cosine(&a[..FEATURES], &b[..FEATURES])).powi(2)
            })
            .sum();
        let rms = (squares / 100.0).sqrt();
        assert!(rms < 0.045, "rms error of the cosine {rms}");
    }

    #[test]
    fn an_embedding_has_length_one_and_is_reproducible() {
        let embedder = StarterEmbedder::untrained("test");
        let embedding = embedder.embed(&features(1)).unwrap();
        let norm: f32 = embedding.values().iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-5);
        let again = StarterEmbedder::untrained("test");
        assert_eq!(embedding, again.embed(&features(1)).unwrap());
        assert_ne!(embedder.id(), StarterEmbedder::untrained("other").id());
    }

    #[test]
    fn features_without_a_direction_are_refused() {
        let embedder = StarterEmbedder::untrained("test");
        for features in [[0.0; StarterEmbedder::DESCRIPTORS], [f32::NAN; 1472]] {
            assert!(embedder.embed(&features).is_err());
        }
        assert!(embedder.embed(&[1.0; 3]).is_err());
    }
}
