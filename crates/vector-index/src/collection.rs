//! What a collection holds: the one description every call repeats, so that no vector lands among
//! another model's.

use std::fmt;
use std::str::FromStr;

use half::f16;
use serde::{Deserialize, Serialize};
use wardrobe_types::EmbedderId;

use crate::error::{IndexError, Result};

/// How alike two vectors are. A higher score is always more alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The cosine of the angle, -1..=1.
    Cosine,
    /// The dot product, unbounded.
    Dot,
    /// The Euclidean distance, negated: 0 for equal vectors, below 0 otherwise.
    Euclidean,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::Euclidean => "euclidean",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = IndexError;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|metric| metric.as_str() == name);
        found.ok_or_else(|| IndexError::UnknownMetric {
            name: name.to_owned(),
        })
    }
}

/// How a collection's vectors lie on disk. In memory they are f32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// As given: 4 bytes a value.
    #[default]
    F32,
    /// Rounded to 11 significant bits: 2 bytes a value, each of magnitude up to 65504. What is read
    /// back is what was rounded.
    F16,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Self; 2] = [Self::F32, Self::F16];

    /// The stable name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    /// Bytes a value takes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// The vector as it is read back.
    pub(crate) fn round(self, vector: &[f32]) -> Vec<f32> {
        match self {
            Self::F32 => vector.to_vec(),
            Self::F16 => vector
                .iter()
                .map(|value| f16::from_f32(*value).to_f32())
                .collect(),
        }
    }
}

/// A collection: vectors of one dimension, made by one model, compared by one metric.
///
/// Every call on a store names the collection by its whole description. A store that holds a
/// collection of this name with another dimension, metric or embedder refuses the call: scores
/// across two models' spaces look plausible and mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSpec {
    /// Its name in the store, not empty.
    pub name: String,
    /// How many values each vector has, 1..=[`CollectionSpec::MAX_DIMENSION`].
    pub dimension: usize,
    /// How two vectors are compared.
    pub metric: Metric,
    /// The model that made the vectors, not empty.
    pub embedder: EmbedderId,
    /// How the vectors lie on disk.
    #[serde(default)]
    pub precision: Precision,
}

impl CollectionSpec {
    /// The most values a vector may have.
    pub const MAX_DIMENSION: usize = 65_536;

    /// A collection compared by cosine similarity.
    pub fn cosine(
        name: impl Into<String>,
        dimension: usize,
        embedder: impl Into<EmbedderId>,
    ) -> Self {
        Self {
            name: name.into(),
            dimension,
            metric: Metric::Cosine,
            embedder: embedder.into(),
            precision: Precision::F32,
        }
    }

    /// The same collection with half the bytes on disk: see [`Precision::F16`].
    pub fn half_precision(self) -> Self {
        Self {
            precision: Precision::F16,
            ..self
        }
    }

    /// Whether this describes a collection that can exist.
    ///
    /// # Errors
    /// An empty name or embedder, a dimension of 0 or above the limit.
    pub fn check(&self) -> Result<()> {
        let why = if self.name.is_empty() {
            "its name is empty".to_owned()
        } else if self.embedder.as_str().is_empty() {
            "its embedder is empty".to_owned()
        } else if !(1..=Self::MAX_DIMENSION).contains(&self.dimension) {
            format!(
                "its dimension is {}, not in 1..={}",
                self.dimension,
                Self::MAX_DIMENSION
            )
        } else {
            return Ok(());
        };
        Err(IndexError::BadCollection {
            name: self.name.clone(),
            why,
        })
    }

    /// Whether a caller who expects `self` may use the collection `stored`.
    ///
    /// # Errors
    /// Another embedder, dimension, metric or precision.
    pub fn check_same(&self, stored: &Self) -> Result<()> {
        if self.embedder != stored.embedder {
            return Err(IndexError::EmbedderMismatch {
                collection: self.name.clone(),
                stored: stored.embedder.clone(),
                given: self.embedder.clone(),
            });
        }
        let differ = |field, stored: String, given: String| {
            let collection = self.name.clone();
            Err(IndexError::CollectionMismatch {
                collection,
                field,
                stored,
                given,
            })
        };
        if self.dimension != stored.dimension {
            return differ(
                "dimension",
                stored.dimension.to_string(),
                self.dimension.to_string(),
            );
        }
        if self.metric != stored.metric {
            return differ("metric", stored.metric.to_string(), self.metric.to_string());
        }
        if self.precision != stored.precision {
            let name = |spec: &Self| spec.precision.as_str().to_owned();
            return differ("precision", name(stored), name(self));
        }
        Ok(())
    }
}
