//! What goes into a collection and what comes out.

use serde_json::Value;

use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};

/// The user of a store that only one person uses.
pub const DEFAULT_USER: &str = "default";

/// Named values beside a vector: text, numbers, booleans, null, or lists of these.
pub type Metadata = serde_json::Map<String, Value>;

/// One vector with its name, owner and metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Whose it is. Two users' records never meet, even under one id.
    pub user: String,
    /// Its name among its user's records of the collection, not empty.
    pub id: String,
    /// As many finite values as the collection's dimension, not all zero. Stored as given; cosine
    /// collections normalise only for comparing.
    pub vector: Vec<f32>,
    /// What filters look at.
    pub metadata: Metadata,
}

impl Record {
    /// A record of [`DEFAULT_USER`] without metadata.
    pub fn new(id: impl Into<String>, vector: Vec<f32>) -> Self {
        let (id, user) = (id.into(), DEFAULT_USER.to_owned());
        Self {
            user,
            id,
            vector,
            metadata: Metadata::new(),
        }
    }

    /// The same record with one more metadata field.
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(field.into(), value.into());
        self
    }

    /// The same record, another user's.
    pub fn of_user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Whether a collection of this dimension can hold it.
    ///
    /// # Errors
    /// An empty id or user, a wrong dimension, a vector that is not finite, zero or longer than
    /// [`MAX_NORM`], metadata with objects or lists in lists.
    pub fn check(&self, dimension: usize) -> Result<()> {
        for (part, text) in [("id", &self.id), ("user", &self.user)] {
            if text.is_empty() {
                return Err(IndexError::EmptyName { part });
            }
        }
        check_vector(&format!("record \"{}\"", self.id), &self.vector, dimension)?;
        check_metadata(&self.id, &self.metadata)
    }
}

/// One answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Whose record it is.
    pub user: String,
    /// The record's id.
    pub id: String,
    /// How alike, by the collection's [`Metric`](crate::Metric): higher is more alike.
    pub score: f32,
    /// The record's metadata.
    pub metadata: Metadata,
}

/// Whose records a call sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// One user's.
    User(&'a str),
    /// Everybody's.
    AllUsers,
}

impl Default for Scope<'_> {
    /// [`DEFAULT_USER`]'s.
    fn default() -> Self {
        Self::User(DEFAULT_USER)
    }
}

impl Scope<'_> {
    /// Whether records of `user` are seen.
    pub fn contains(&self, user: &str) -> bool {
        match self {
            Self::User(name) => *name == user,
            Self::AllUsers => true,
        }
    }
}

/// The greatest Euclidean norm a vector may have: products and squared distances of two such
/// vectors still fit an f32.
pub const MAX_NORM: f64 = 1e18;

/// Whether `vector` can be compared in a collection of this dimension; `subject` names it in the
/// error.
pub(crate) fn check_vector(subject: &str, vector: &[f32], dimension: usize) -> Result<()> {
    let subject = || subject.to_owned();
    if vector.len() != dimension {
        let got = vector.len();
        return Err(IndexError::WrongDimension {
            subject: subject(),
            expected: dimension,
            got,
        });
    }
    if let Some(position) = vector.iter().position(|value| !value.is_finite()) {
        let value = vector[position];
        return Err(IndexError::NotFinite {
            subject: subject(),
            position,
            value,
        });
    }
    match norm(vector) {
        0.0 => Err(IndexError::ZeroVector { subject: subject() }),
        norm if norm > MAX_NORM => Err(IndexError::TooLong {
            subject: subject(),
            norm,
        }),
        _ => Ok(()),
    }
}

/// Whether a record can be stored in the collection, and its vector as it will be read back.
pub(crate) fn check_record(record: &Record, spec: &CollectionSpec) -> Result<Vec<f32>> {
    record.check(spec.dimension)?;
    let rounded = spec.precision.round(&record.vector);
    let subject = || format!("record \"{}\" in {}", record.id, spec.precision.as_str());
    if let Some(position) = rounded.iter().position(|value| !value.is_finite()) {
        return Err(IndexError::OutOfRange {
            subject: subject(),
            position,
            value: record.vector[position],
        });
    }
    check_vector(&subject(), &rounded, spec.dimension)?;
    Ok(rounded)
}

/// The Euclidean norm, summed in f64.
pub(crate) fn norm(vector: &[f32]) -> f64 {
    vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// The `i`-th of the random numbers that begin at `seed` (SplitMix64).
pub(crate) fn token(seed: i64, i: usize) -> i64 {
    let mut bits = (seed as u64).wrapping_add((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) as i64
}

fn check_metadata(id: &str, metadata: &Metadata) -> Result<()> {
    let nested = |value: &Value| value.is_array() || value.is_object();
    let bad = metadata.iter().find(|(_, value)| match value {
        Value::Array(values) => values.iter().any(nested),
        value => value.is_object(),
    });
    match bad {
        Some((field, _)) => Err(IndexError::BadMetadata {
            id: id.to_owned(),
            field: field.clone(),
        }),
        None => Ok(()),
    }
}
