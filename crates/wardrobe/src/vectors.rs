//! The garments' embeddings in the vector index, one collection an embedder.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Transaction};
use wardrobe_types::{EmbedderId, Embedding, GarmentId};
use wardrobe_vector_index::{
    CollectionSpec, DEFAULT_USER, QueryOptions, Record, Scope, SqliteStore, VectorStore,
};

use crate::Result;

/// The vectors beside the wardrobe's tables, over a connection of their own to the same file.
#[derive(Debug)]
pub(crate) struct Vectors {
    store: SqliteStore,
}

/// The collection of an embedder's vectors. A new embedder starts a new one, and garments move
/// over as their photos are ingested again.
fn spec(embedder: &EmbedderId, dimension: usize) -> CollectionSpec {
    CollectionSpec::cosine(
        format!("garments by {embedder}"),
        dimension,
        embedder.clone(),
    )
}

impl Vectors {
    /// The vectors of the database behind `connection`, whose tables are made where missing.
    pub(crate) fn new(connection: Connection) -> Result<Self> {
        Ok(Self {
            store: SqliteStore::from_connection(connection)?,
        })
    }

    /// Makes the collection an embedding belongs in, unless it is there.
    pub(crate) fn make_room(&self, embedding: &Embedding) -> Result<()> {
        Ok(self
            .store
            .create_collection(&spec(embedding.embedder(), embedding.dimension()))?)
    }

    /// The vectors of all garments an embedder has embedded.
    pub(crate) fn all(&self, embedder: &EmbedderId) -> Result<HashMap<GarmentId, Vec<f32>>> {
        let Some(spec) = self.of(embedder)? else {
            return Ok(HashMap::new());
        };
        let records = self.store.iterate(&spec, Scope::default());
        let vectors = records.map(|record| record.map(|r| (GarmentId::new(r.id), r.vector)));
        Ok(vectors.collect::<wardrobe_vector_index::Result<_>>()?)
    }

    /// The garments an embedder has embedded.
    pub(crate) fn ids(&self, embedder: &EmbedderId) -> Result<HashSet<GarmentId>> {
        let Some(spec) = self.of(embedder)? else {
            return Ok(HashSet::new());
        };
        let records = self.store.iterate(&spec, Scope::default());
        let ids = records.map(|record| record.map(|r| GarmentId::new(r.id)));
        Ok(ids.collect::<wardrobe_vector_index::Result<_>>()?)
    }

    /// One garment's embedding.
    pub(crate) fn get(&self, embedder: &EmbedderId, id: &GarmentId) -> Result<Option<Embedding>> {
        let Some(spec) = self.of(embedder)? else {
            return Ok(None);
        };
        let found = self
            .store
            .get(&spec, DEFAULT_USER, &[id.as_str()])?
            .pop()
            .flatten();
        let embedding = found.map(|record| Embedding::new(embedder.clone(), record.vector));
        Ok(embedding.transpose()?)
    }

    /// The garments most alike, with their cosine similarity, best first.
    pub(crate) fn nearest(&self, to: &Embedding, k: usize) -> Result<Vec<(GarmentId, f32)>> {
        let Some(spec) = self.of(to.embedder())? else {
            return Ok(Vec::new());
        };
        let hits = self
            .store
            .query(&spec, to.values(), &QueryOptions::top(k))?;
        Ok(hits
            .into_iter()
            .map(|hit| (GarmentId::new(hit.id), hit.score))
            .collect())
    }

    /// An embedder's collection, or none where it has embedded nothing here yet.
    fn of(&self, embedder: &EmbedderId) -> Result<Option<CollectionSpec>> {
        let mut collections = self.store.collections()?.into_iter();
        Ok(collections.find(|spec| spec.embedder == *embedder))
    }

    /// Every collection; garments of an older embedder are in an older one.
    pub(crate) fn collections(&self) -> Result<Vec<CollectionSpec>> {
        Ok(self.store.collections()?)
    }
}

/// Forgets a garment's vectors in the caller's transaction.
pub(crate) fn delete_in(
    tx: &Transaction<'_>,
    id: &GarmentId,
    collections: &[CollectionSpec],
) -> Result<()> {
    for spec in collections {
        SqliteStore::delete_in(tx, spec, Scope::default(), &[id.as_str()])?;
    }
    Ok(())
}

/// Stores a garment's embedding in the caller's transaction.
pub(crate) fn upsert_in(tx: &Transaction<'_>, id: &GarmentId, embedding: &Embedding) -> Result<()> {
    let record = Record::new(id.as_str(), embedding.values().to_vec());
    let spec = spec(embedding.embedder(), embedding.dimension());
    Ok(SqliteStore::upsert_in(tx, &spec, &[record])?)
}
