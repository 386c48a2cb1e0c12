//! Embeddings: unit vectors that know which model made them.

use serde::{Deserialize, Serialize};

use crate::{EmbedderId, Error, Result};

/// A unit vector of one embedder's space.
///
/// The constructor normalises, so the dot product of two embeddings is their cosine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Embedding {
    embedder: EmbedderId,
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Unchecked {
    embedder: EmbedderId,
    values: Vec<f32>,
}

impl Embedding {
    /// Scales `values` to length 1.
    ///
    /// # Errors
    /// [`Error::BadEmbedding`] where `values` is empty, all zeros, or has a value that is not finite.
    pub fn new(embedder: EmbedderId, mut values: Vec<f32>) -> Result<Self> {
        match normalize(&mut values) {
            Ok(()) => Ok(Self { embedder, values }),
            Err(problem) => Err(Error::BadEmbedding {
                embedder: embedder.to_string(),
                dimension: values.len(),
                problem,
            }),
        }
    }

    /// The model that made it.
    pub fn embedder(&self) -> &EmbedderId {
        &self.embedder
    }

    /// The values, of length 1 together.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values alone.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// How many values it has.
    pub fn dimension(&self) -> usize {
        self.values.len()
    }

    /// Cosine similarity, -1..=1.
    ///
    /// # Errors
    /// [`Error::EmbedderMismatch`] where the two are of different embedders or dimensions.
    pub fn cosine(&self, other: &Self) -> Result<f32> {
        if self.embedder != other.embedder || self.dimension() != other.dimension() {
            return Err(Error::EmbedderMismatch {
                left: self.embedder.to_string(),
                left_dimension: self.dimension(),
                right: other.embedder.to_string(),
                right_dimension: other.dimension(),
            });
        }
        let dot: f32 = self
            .values
            .iter()
            .zip(&other.values)
            .map(|(a, b)| a * b)
            .sum();
        Ok(dot.clamp(-1.0, 1.0))
    }
}

impl TryFrom<Unchecked> for Embedding {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        Self::new(unchecked.embedder, unchecked.values)
    }
}

/// Scales `values` to Euclidean length 1 in place.
///
/// The length is taken in f64 after dividing by the largest magnitude, so neither huge nor tiny values overflow.
///
/// # Errors
/// What is wrong, in words to follow "the vector": it `is empty`, `is all zeros`, or `is NaN at index 3`. The
/// values are then as they were.
pub fn normalize(values: &mut [f32]) -> std::result::Result<(), String> {
    if values.is_empty() {
        return Err("is empty".to_owned());
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(format!("is {} at index {index}", values[index]));
    }
    let largest = values
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return Err("is all zeros".to_owned());
    }
    let largest = f64::from(largest);
    let length = values
        .iter()
        .map(|&value| (f64::from(value) / largest).powi(2))
        .sum::<f64>()
        .sqrt();
    for value in values {
        *value = (f64::from(*value) / largest / length) as f32;
    }
    Ok(())
}
