//! Writing in batches that a server takes.

use std::collections::{BTreeMap, HashMap};

use chroma::types::{Include, Metadata as Columns, UpdateMetadata, UpdateMetadataValue};

use super::{ChromaStore, lock, record};
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};
use crate::record::{Record, check_record};

/// Bytes sent at once, about: a server takes 40 MB.
const BYTES: usize = 8 << 20;

impl ChromaStore {
    /// Stores checked records, batch by batch.
    pub(super) fn write(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        // Of two in one call the later stays: a server refuses both.
        let mut outgoing: BTreeMap<String, Outgoing<'_>> = BTreeMap::new();
        for record in records {
            let vector = check_record(record, spec)?;
            let columns = record::columns(record, &vector);
            let columns = columns.map_err(|source| IndexError::MetadataJson {
                id: record.id.clone(),
                source,
            })?;
            let key = record::key(&record.user, &record.id);
            let out = Outgoing {
                key: key.clone(),
                vector,
                columns,
                record,
            };
            outgoing.insert(key, out);
        }
        if outgoing.is_empty() {
            return Ok(());
        }
        *lock(&self.listing) = None;
        let most = self.client.most_records()?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for record in outgoing.into_values() {
            bytes += record.bytes();
            batch.push(record);
            if batch.len() == most || bytes >= BYTES {
                self.send(spec, &batch)?;
                (batch, bytes) = (Vec::new(), 0);
            }
        }
        if batch.is_empty() {
            Ok(())
        } else {
            self.send(spec, &batch)
        }
    }

    /// Sends one batch.
    ///
    /// A record whose vector changes is removed first. Chroma would move it within its graph (hnswlib's `updatePoint`), which
    /// cuts other records off there for good. One whose vector stays keeps its place, and loses the columns it had before:
    /// Chroma itself would keep those that are not given.
    fn send(&self, spec: &CollectionSpec, batch: &[Outgoing<'_>]) -> Result<()> {
        let keys: Vec<String> = batch.iter().map(|record| record.key.clone()).collect();
        let held = self.get_some(spec, &keys, &[Include::Metadata])?;
        let held = (held.ids.into_iter()).zip(held.metadatas.unwrap_or_default());
        let mut held: HashMap<String, Columns> = held
            .map(|(key, columns)| (key, columns.unwrap_or_default()))
            .collect();
        let (mut placed, mut described) = (Changes::default(), Changes::default());
        for record in batch {
            let (key, mut columns) = (record.key.clone(), record.columns.clone());
            let stays = held
                .get(&key)
                .is_some_and(|held| record::have_same_vector(&columns, held));
            if stays {
                for name in held.remove(&key).unwrap_or_default().into_keys() {
                    columns.entry(name).or_insert(UpdateMetadataValue::None);
                }
                described.keys.push(key);
                described.columns.push(Some(columns));
            } else {
                let vector = record::compared(spec.metric, &record.vector);
                placed.keys.push(key);
                placed.columns.push(Some(columns));
                placed.vectors.push(vector);
            }
        }
        self.remove(spec, held.into_keys().collect())?;
        if !placed.keys.is_empty() {
            self.on(spec, "store vectors", |collection| {
                let Changes {
                    keys,
                    columns,
                    vectors,
                } = placed.clone();
                async move {
                    let columns = Some(columns);
                    collection.upsert(keys, vectors, None, None, columns).await
                }
            })?;
        }
        if !described.keys.is_empty() {
            self.on(spec, "store what vectors are of", |collection| {
                let Changes { keys, columns, .. } = described.clone();
                async move {
                    let columns = Some(columns);
                    collection.update(keys, None, None, None, columns).await
                }
            })?;
        }
        Ok(())
    }

    /// Removes those of `keys` that there are; returns how many keys there were.
    pub(super) fn remove(&self, spec: &CollectionSpec, keys: Vec<String>) -> Result<usize> {
        *lock(&self.listing) = None;
        let most = self.client.most_records()?;
        for batch in keys.chunks(most) {
            self.on(spec, "remove vectors", |collection| {
                let keys = batch.to_vec();
                async move { collection.delete(Some(keys), None, None).await }
            })?;
        }
        Ok(keys.len())
    }
}

/// Records to write with one request.
#[derive(Clone, Default)]
struct Changes {
    keys: Vec<String>,
    columns: Vec<Option<UpdateMetadata>>,
    vectors: Vec<Vec<f32>>,
}

/// A checked record on its way.
struct Outgoing<'a> {
    key: String,
    vector: Vec<f32>,
    columns: UpdateMetadata,
    record: &'a Record,
}

impl Outgoing<'_> {
    /// Bytes in a request, about: a value of a vector takes up to 12 as JSON and 6 as base64.
    fn bytes(&self) -> usize {
        18 * self.vector.len() + 2 * self.record.metadata.len() * 64 + 256
    }
}
