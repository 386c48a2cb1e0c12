//! The garments' embeddings in the vector index, one collection an embedder, with what filters can look at.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rusqlite::{Connection, Transaction};
use serde_json::Value;
use wardrobe_types::{EmbedderId, Embedding, Garment, GarmentId};
use wardrobe_vector_index::{
    CollectionSpec, DEFAULT_USER, IndexError, Metadata, QueryOptions, Record, Scope, SqliteStore,
    VectorStore,
};

use crate::{Error, Result};

/// The vectors beside the wardrobe's tables, over a connection of their own to the same file.
#[derive(Debug)]
pub(crate) struct Vectors {
    store: SqliteStore,
    server: Option<Server>,
}

/// Another store that holds the same vectors, and is asked for the nearest.
struct Server {
    name: String,
    /// As whose this wardrobe's are kept there.
    user: String,
    store: Box<dyn VectorStore>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.name).finish()
    }
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
            server: None,
        })
    }

    /// Whether a server of this name is kept up to date already.
    pub(crate) fn is_mirrored_to(&self, name: &str) -> Result<bool> {
        Ok(self.store.mirrors()?.iter().any(|known| known == name))
    }

    /// Keeps a server up to date from now on, and asks it.
    pub(crate) fn mirror_to(&mut self, name: &str, store: Box<dyn VectorStore>) -> Result<()> {
        self.server = Some(Server {
            name: name.to_owned(),
            user: self.store.mirror_to(name)?,
            store,
        });
        Ok(())
    }

    /// Sends the server, where there is one, what waits for it.
    pub(crate) fn send(&self, sent: impl FnMut(usize)) -> Result<()> {
        match &self.server {
            None => Ok(()),
            Some(server) => self
                .store
                .send(&server.name, &*server.store, sent)
                .map_err(Error::Server),
        }
    }

    /// How many vectors wait for the server; `None` where there is none.
    pub(crate) fn waiting(&self) -> Result<Option<usize>> {
        let waiting = |server: &Server| self.store.waiting(&server.name);
        Ok(self.server.as_ref().map(waiting).transpose()?)
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
        Ok(self.some(embedder, std::iter::once(id))?.remove(id))
    }

    /// Some garments' embeddings, as far as there are any.
    pub(crate) fn some<'a>(
        &self,
        embedder: &EmbedderId,
        ids: impl Iterator<Item = &'a GarmentId>,
    ) -> Result<HashMap<GarmentId, Embedding>> {
        let Some(spec) = self.of(embedder)? else {
            return Ok(HashMap::new());
        };
        let ids: Vec<&str> = ids.map(GarmentId::as_str).collect();
        let found = self.store.get(&spec, DEFAULT_USER, &ids)?;
        let embeddings = found.into_iter().flatten().map(|record| {
            let embedding = Embedding::new(embedder.clone(), record.vector)?;
            Ok((GarmentId::new(record.id), embedding))
        });
        embeddings.collect()
    }

    /// The garments most alike, with their cosine similarity, best first.
    pub(crate) fn nearest(&self, to: &Embedding, k: usize) -> Result<Vec<(GarmentId, f32)>> {
        let Some(spec) = self.of(to.embedder())? else {
            return Ok(Vec::new());
        };
        let hits = match &self.server {
            None => self
                .store
                .query(&spec, to.values(), &QueryOptions::top(k))?,
            Some(server) => {
                self.send(|_| {})?;
                let theirs = QueryOptions::top(k).in_scope(Scope::User(&server.user));
                let ask = || server.store.query(&spec, to.values(), &theirs);
                match ask() {
                    // Somebody has emptied it.
                    Err(IndexError::UnknownCollection { .. }) => {
                        self.store.mirror_anew(&server.name)?;
                        self.send(|_| {})?;
                        ask()
                    }
                    answer => answer,
                }
                .map_err(Error::Server)?
            }
        };
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
pub(crate) fn upsert_in(
    tx: &Transaction<'_>,
    garment: &Garment,
    removed: bool,
    embedding: &Embedding,
) -> Result<()> {
    let record = Record {
        metadata: metadata(garment, removed),
        ..Record::new(garment.id.as_str(), embedding.values().to_vec())
    };
    let spec = spec(embedding.embedder(), embedding.dimension());
    Ok(SqliteStore::upsert_in(tx, &spec, &[record])?)
}

/// Notes what a garment has become in the caller's transaction.
pub(crate) fn describe_in(
    tx: &Transaction<'_>,
    garment: &Garment,
    removed: bool,
    collections: &[CollectionSpec],
) -> Result<()> {
    for spec in collections {
        let id = garment.id.as_str();
        SqliteStore::describe_in(tx, spec, DEFAULT_USER, id, metadata(garment, removed))?;
    }
    Ok(())
}

/// What filters can look at: the garment as its wearer has it, under the names it has in JSON.
fn metadata(garment: &Garment, removed: bool) -> Metadata {
    let texts = |texts: &mut dyn Iterator<Item = &str>| texts.collect::<Vec<_>>().into();
    let fields: [(&str, Option<Value>); 10] = [
        ("category", Some(garment.category.as_str().into())),
        (
            "slots",
            Some(texts(&mut garment.slots.iter().map(|s| s.as_str()))),
        ),
        (
            "colors",
            Some(texts(&mut garment.colors.iter().map(|c| c.name.as_str()))),
        ),
        ("pattern", garment.pattern.map(|p| p.as_str().into())),
        ("fit", garment.fit.map(|fit| fit.as_str().into())),
        ("formality", Some(garment.formality.into())),
        (
            "seasons",
            Some(texts(&mut garment.seasons.iter().map(|s| s.as_str()))),
        ),
        (
            "styles",
            Some(texts(&mut garment.styles.iter().map(|s| s.as_str()))),
        ),
        ("laundry", Some(garment.laundry.into())),
        ("removed", Some(removed.into())),
    ];
    let known = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}
