//! How a collection's description is kept on the server: in the name and the metadata of one of Chroma's.

use std::path::Path;

use chroma::ChromaCollection;
use chroma::types::{
    HnswIndexConfig, Metadata as Columns, MetadataValue, Schema, Space, VectorIndexConfig,
};
use wardrobe_types::EmbedderId;

use crate::collection::{CollectionSpec, Metric, Precision};
use crate::error::{IndexError, Result};

/// Raised when the same columns would mean something else.
const FORMAT: i64 = 1;

/// Chroma's names begin and end so, so that others' collections are told apart.
const PREFIX: &str = "wardrobe.";
const SUFFIX: &str = ".vectors";
/// The longest name Chroma takes.
const LONGEST: usize = 512;

/// Candidates a search of the server's keeps: with 100 a recall of 0.99 is not always had.
const EF: usize = 200;

const NAME: &str = "wardrobe.name";
const DIMENSION: &str = "wardrobe.dimension";
const METRIC: &str = "wardrobe.metric";
const EMBEDDER: &str = "wardrobe.embedder";
const PRECISION: &str = "wardrobe.precision";
const VERSION: &str = "wardrobe.format";

/// Whether a collection of the server's is one of ours.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Chroma's name of a collection: what it doesn't take in one is written as `_` and two hexadecimal digits.
pub(super) fn name_of(name: &str) -> Result<String> {
    let escaped = name.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        byte => format!("_{byte:02x}"),
    });
    let escaped = format!("{PREFIX}{}{SUFFIX}", escaped.collect::<String>());
    if escaped.len() > LONGEST {
        return Err(IndexError::BadCollection {
            name: name.to_owned(),
            why: "its name is too long for Chroma".to_owned(),
        });
    }
    Ok(escaped)
}

/// What to make a collection with.
pub(super) fn described(spec: &CollectionSpec) -> (Option<Schema>, Columns) {
    let space = match spec.metric {
        Metric::Cosine => Space::Cosine,
        Metric::Dot => Space::Ip,
        Metric::Euclidean => Space::L2,
    };
    let index = VectorIndexConfig {
        space: Some(space),
        embedding_function: None,
        source_key: None,
        hnsw: Some(HnswIndexConfig {
            ef_construction: Some(EF),
            ef_search: Some(EF),
            ..HnswIndexConfig::default()
        }),
        spann: None,
    };
    // Setting the index of the vectors cannot fail: it is there from the start.
    let schema = Schema::default().create_index(None, index.into()).ok();
    let text = |text: &str| MetadataValue::Str(text.to_owned());
    let columns = [
        (NAME, text(&spec.name)),
        (DIMENSION, MetadataValue::Int(spec.dimension as i64)),
        (METRIC, text(spec.metric.as_str())),
        (EMBEDDER, text(spec.embedder.as_str())),
        (PRECISION, text(spec.precision.as_str())),
        (VERSION, MetadataValue::Int(FORMAT)),
    ];
    let columns = columns.map(|(name, value)| (name.to_owned(), value));
    (schema, Columns::from(columns))
}

/// The description of a collection of ours on the server at `url`.
///
/// # Errors
/// One that a newer program has made; one that is not described as ours are.
pub(super) fn spec_of(url: &str, collection: &ChromaCollection) -> Result<CollectionSpec> {
    let path = || Path::new(url).to_owned();
    let damaged = |what: &str| IndexError::Damaged {
        path: path(),
        what: format!("collection \"{}\" {what}", collection.name()),
        source: None,
    };
    let columns = collection.metadata().as_ref();
    let value = |name: &str| columns.and_then(|columns| columns.get(name));
    let text = |name: &str| match value(name) {
        Some(MetadataValue::Str(text)) => Ok(text.as_str()),
        _ => Err(damaged(&format!("has no {name}"))),
    };
    let number = |name: &str| match value(name) {
        Some(MetadataValue::Int(number)) => Ok(*number),
        _ => Err(damaged(&format!("has no {name}"))),
    };
    let found = number(VERSION)?;
    if found > FORMAT {
        return Err(IndexError::NewerFormat {
            path: path(),
            found,
            supported: FORMAT,
        });
    }
    let precision = text(PRECISION)?;
    let spec = CollectionSpec {
        name: text(NAME)?.to_owned(),
        dimension: usize::try_from(number(DIMENSION)?)
            .map_err(|_| damaged("has no valid dimension"))?,
        metric: text(METRIC)?.parse()?,
        embedder: EmbedderId::new(text(EMBEDDER)?),
        precision: Precision::ALL
            .into_iter()
            .find(|known| known.as_str() == precision)
            .ok_or_else(|| damaged("has no known precision"))?,
    };
    spec.check()?;
    Ok(spec)
}
