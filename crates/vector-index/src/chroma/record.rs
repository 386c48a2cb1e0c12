//! A record as Chroma keeps it.
//!
//! Its metadata have the record's own fields, as far as Chroma knows their kinds, to filter by, and beside them under
//! `wardrobe.` what makes the record: user, id, all metadata as JSON, and the vector in base64. A server normalises
//! the vectors of a cosine collection, and rounds as it does; the copy is what was given, bit for bit, and scores are
//! computed from it.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chroma::types::{Metadata as Columns, MetadataValue, UpdateMetadata, UpdateMetadataValue};
use serde_json::Value;

use super::narrow::plain;
use crate::collection::{CollectionSpec, Metric};
use crate::record::{Metadata, Record, norm};

/// The columns that are ours; no field of a record's is called so.
const OURS: &str = "wardrobe.";
pub(super) const USER: &str = "wardrobe.user";
pub(super) const ID: &str = "wardrobe.id";
/// True where a list has numbers or values of several kinds, for which Chroma has no column.
pub(super) const ODD: &str = "wardrobe.odd";
const METADATA: &str = "wardrobe.metadata";
const VECTOR: &str = "wardrobe.vector";

/// A record's name in the collection: users and ids that differ give names that differ.
pub(super) fn key(user: &str, id: &str) -> String {
    format!("{}:{user}{id}", user.len())
}

/// The user and id of a name.
pub(super) fn user_and_id(key: &str) -> Option<(&str, &str)> {
    let (length, rest) = key.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

/// Whether a field has a column of its name.
pub(super) fn has_column(field: &str) -> bool {
    !field.is_empty() && !field.starts_with(['#', '$']) && !reserved(field)
}

fn reserved(field: &str) -> bool {
    field.starts_with(OURS) || field.starts_with("chroma:") || field.starts_with("hnsw:")
}

/// A record's columns; `vector` is as the collection's precision has it.
pub(super) fn columns(record: &Record, vector: &[f32]) -> serde_json::Result<UpdateMetadata> {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let text = UpdateMetadataValue::Str;
    let mut columns = HashMap::from([
        (USER.to_owned(), text(record.user.clone())),
        (ID.to_owned(), text(record.id.clone())),
        (
            METADATA.to_owned(),
            text(serde_json::to_string(&record.metadata)?),
        ),
        (VECTOR.to_owned(), text(STANDARD.encode(bytes))),
    ]);
    for (field, value) in record
        .metadata
        .iter()
        .filter(|(field, _)| has_column(field))
    {
        match column(value) {
            Column::Is(value) => {
                columns.insert(field.clone(), value);
            }
            Column::Nothing => {}
            Column::Odd => {
                columns.insert(ODD.to_owned(), UpdateMetadataValue::Bool(true));
            }
        }
    }
    Ok(columns)
}

/// Whether the vector in the columns to be written is the one in those held.
pub(super) fn have_same_vector(written: &UpdateMetadata, held: &Columns) -> bool {
    match (written.get(VECTOR), held.get(VECTOR)) {
        (Some(UpdateMetadataValue::Str(written)), Some(MetadataValue::Str(held))) => {
            written == held
        }
        _ => false,
    }
}

enum Column {
    Is(UpdateMetadataValue),
    /// Null and the empty list, which to a filter are as good as missing.
    Nothing,
    Odd,
}

fn column(value: &Value) -> Column {
    match value {
        Value::Null | Value::Object(_) => Column::Nothing,
        Value::Array(values) if values.is_empty() => Column::Nothing,
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values
                .iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect();
            let flags: Option<Vec<bool>> = values.iter().map(Value::as_bool).collect();
            match (texts, flags) {
                (Some(texts), _) => Column::Is(UpdateMetadataValue::StringArray(texts)),
                (_, Some(flags)) => Column::Is(UpdateMetadataValue::BoolArray(flags)),
                _ => Column::Odd,
            }
        }
        value => match plain(value) {
            Some(MetadataValue::Str(text)) => Column::Is(UpdateMetadataValue::Str(text)),
            Some(MetadataValue::Bool(flag)) => Column::Is(UpdateMetadataValue::Bool(flag)),
            Some(MetadataValue::Float(number)) => Column::Is(UpdateMetadataValue::Float(number)),
            _ => Column::Odd,
        },
    }
}

/// The record of such columns; what is wrong with them, where they are none.
pub(super) fn record(
    key: &str,
    columns: Option<&Columns>,
    spec: &CollectionSpec,
) -> Result<Record, &'static str> {
    let columns = columns.ok_or("has no metadata")?;
    let text = |name: &str| match columns.get(name) {
        Some(MetadataValue::Str(text)) => Ok(text.as_str()),
        _ => Err("has not the columns of a record"),
    };
    let (user, id) = user_and_id(key).ok_or("has the name of no record")?;
    let bytes = STANDARD
        .decode(text(VECTOR)?)
        .map_err(|_| "has a vector that is not base64")?;
    let vector: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    if bytes.len() != spec.dimension * size_of::<f32>() {
        return Err("has a vector of another dimension");
    }
    let metadata: Metadata = serde_json::from_str(text(METADATA)?)
        .map_err(|_| "has metadata that are no JSON object")?;
    Ok(Record {
        user: user.to_owned(),
        id: id.to_owned(),
        vector,
        metadata,
    })
}

/// A vector as the server compares it: of length 1 where the metric is the cosine, so that no length is too small or
/// too great for it.
pub(super) fn compared(metric: Metric, vector: &[f32]) -> Vec<f32> {
    match metric {
        Metric::Cosine => {
            let norm = norm(vector);
            vector
                .iter()
                .map(|value| (f64::from(*value) / norm) as f32)
                .collect()
        }
        Metric::Dot | Metric::Euclidean => vector.to_vec(),
    }
}

/// How alike two vectors are.
pub(super) fn score(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = || pairs().map(|(a, b)| a * b).sum::<f64>();
    let score = match metric {
        Metric::Cosine => dot() / (norm(a) * norm(b)),
        Metric::Dot => dot(),
        Metric::Euclidean => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
    };
    score as f32
}
