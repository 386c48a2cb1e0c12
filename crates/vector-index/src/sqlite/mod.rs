//! The embedded store: SQLite holds the truth, memory holds a copy to search.

mod connections;
mod fault;
mod live;
mod migrate;
mod queue;
mod rows;
mod schema;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction};

use self::connections::Connections;
use self::fault::fault;
use self::live::Live;
use self::schema::Stored;
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::memory::Snapshot;
use crate::record::{Hit, Metadata, Record, Scope};
use crate::store::{Cursor, GraphStats, QueryOptions, Stats, VectorStore, check_queries};

/// A [`VectorStore`] in one SQLite file.
///
/// A write is synced to disk before the call returns, and a crash at any instant loses nothing a
/// call returned for. The first query of a collection reads it into memory (dimension x 4 bytes a
/// record, and the metadata); each later query first reads what any process has changed since.
/// Queries wait for no writer. Several stores, in one process or many, may share a file, and the
/// file may hold other tables: [`SqliteStore::upsert_in`] and [`SqliteStore::delete_in`] change
/// vectors in one transaction with them.
///
/// From [`IndexOptions::graph_from`] records on, queries walk a graph of near neighbours (HNSW)
/// instead of comparing with every record. It is built in the background once it pays, or at once by
/// [`SqliteStore::index`], and kept beside the database in `<file>-graph-<n>` with the vectors in
/// the shape they are searched in: a cache, that is read only if it is whole and tells the truth,
/// and may be deleted.
#[derive(Debug)]
pub struct SqliteStore {
    connections: Connections,
    options: IndexOptions,
    /// By the collection's number in the database.
    live: Mutex<HashMap<i64, Arc<Live>>>,
}

/// When a [`SqliteStore`] searches by a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexOptions {
    /// Collections, and selections by user and filter, of fewer records are scanned.
    pub graph_from: usize,
    /// Whether queries start work on a missing or outgrown graph, on other threads. Without, only
    /// [`SqliteStore::index`] does it.
    pub in_background: bool,
}

impl Default for IndexOptions {
    /// The crossover measured by `cargo bench --bench vector_index`: below, a scan takes so little
    /// that a graph isn't worth its building.
    fn default() -> Self {
        Self {
            graph_from: 10_000,
            in_background: true,
        }
    }
}

impl SqliteStore {
    /// Opens the store in the file at `path`, made where there is none. Its folder must exist.
    ///
    /// # Errors
    /// A folder, a file that is no database or of a newer format (left untouched), no permission,
    /// another process that keeps it locked.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, IndexOptions::default())
    }

    /// [`SqliteStore::open`] with other options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: IndexOptions) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() {
            return Err(IndexError::IsAFolder {
                path: path.to_owned(),
            });
        }
        let cannot_open = |source| IndexError::CannotOpen {
            path: path.to_owned(),
            source,
        };
        // Absolute, and without SQLITE_OPEN_URI: "", ":memory:" and "file:x" have meanings to SQLite.
        let file = std::path::absolute(path).map_err(|error| cannot_open(error.into()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(file, flags).map_err(|error| cannot_open(error.into()))?;
        let mut store = Self::from_connection(connection)?;
        store.options = options;
        Ok(store)
    }

    /// A store of its own in memory, gone when dropped.
    pub fn in_memory() -> Result<Self> {
        let opened = Connection::open_in_memory();
        let path = Path::new("the in-memory database");
        Self::from_connection(opened.map_err(|source| fault("open", path, source))?)
    }

    /// Uses an open connection; its database gets the vector tables where it has none.
    ///
    /// The connection is set to write-ahead logging, full syncing and a busy timeout of 10 s.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn from_connection(connection: Connection) -> Result<Self> {
        Ok(Self {
            connections: Connections::new(connection)?,
            options: IndexOptions::default(),
            live: Mutex::default(),
        })
    }

    /// Builds or grows the collection's graph now, on all of rayon's threads, and saves it beside
    /// the database; returns what there is then. Nothing to do is no error, and `None` where the
    /// collection is below [`IndexOptions::graph_from`] or compares by dot products.
    ///
    /// # Errors
    /// As a query's.
    pub fn index(&self, spec: &CollectionSpec) -> Result<Option<GraphStats>> {
        self.fresh(spec)?.0.index_now(self.options.graph_from);
        self.graph_stats(spec)
    }

    /// The collection's graph, if it has one.
    ///
    /// # Errors
    /// As a query's.
    pub fn graph_stats(&self, spec: &CollectionSpec) -> Result<Option<GraphStats>> {
        Ok(self.fresh(spec)?.1.graph_stats())
    }

    /// [`VectorStore::upsert`] inside the caller's transaction, on the caller's connection to the
    /// file: stored when, and only when, the caller commits.
    ///
    /// # Errors
    /// As `upsert`; the file must have been opened as a store once. On an error the caller must
    /// roll back, for part of the records may be in the transaction.
    pub fn upsert_in(
        transaction: &Transaction<'_>,
        spec: &CollectionSpec,
        records: &[Record],
    ) -> Result<()> {
        rows::upsert(transaction, &schema::find(transaction, spec)?, records)
    }

    /// [`VectorStore::delete`] inside the caller's transaction, as [`SqliteStore::upsert_in`].
    pub fn delete_in(
        transaction: &Transaction<'_>,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        ids: &[&str],
    ) -> Result<usize> {
        rows::delete(transaction, &schema::find(transaction, spec)?, scope, ids)
    }

    /// Gives a record other metadata inside the caller's transaction, as [`SqliteStore::upsert_in`]; its vector stays.
    /// Returns whether there is such a record.
    pub fn describe_in(
        transaction: &Transaction<'_>,
        spec: &CollectionSpec,
        user: &str,
        id: &str,
        metadata: Metadata,
    ) -> Result<bool> {
        let stored = schema::find(transaction, spec)?;
        let Some(held) = rows::get(transaction, &stored, user, id)? else {
            return Ok(false);
        };
        if held.metadata != metadata {
            rows::upsert(transaction, &stored, &[Record { metadata, ..held }])?;
        }
        Ok(true)
    }

    fn lives(&self) -> MutexGuard<'_, HashMap<i64, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The collection in memory, as of now or later.
    fn fresh(&self, spec: &CollectionSpec) -> Result<(Arc<Live>, Arc<Snapshot>)> {
        self.connections.read(|transaction| {
            let stored = schema::find(transaction, spec)?;
            let live = self.live(&stored);
            let snapshot = live.at(transaction, &stored)?;
            Ok((live, snapshot))
        })
    }

    fn live(&self, stored: &Stored) -> Arc<Live> {
        let number = stored.state.collection;
        let new = || {
            let beside = |file: &Path| {
                let mut name = file.as_os_str().to_owned();
                name.push(format!("-graph-{number}"));
                PathBuf::from(name)
            };
            Arc::new(Live::new(stored, self.connections.file().map(beside)))
        };
        self.lives().entry(number).or_insert_with(new).clone()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.lives().values().for_each(|live| live.stop());
    }
}

impl VectorStore for SqliteStore {
    fn create_collection(&self, spec: &CollectionSpec) -> Result<()> {
        spec.check()?;
        let existing = self
            .connections
            .read(|transaction| schema::by_name(transaction, &spec.name))?;
        if let Some(stored) = existing {
            return spec.check_same(&stored.spec); // also on a read-only file
        }
        self.connections.write(
            |transaction| match schema::by_name(transaction, &spec.name)? {
                Some(stored) => spec.check_same(&stored.spec),
                None => schema::insert(transaction, spec),
            },
        )
    }

    fn collections(&self) -> Result<Vec<CollectionSpec>> {
        self.connections
            .read(|transaction| schema::all(transaction))
    }

    fn drop_collection(&self, name: &str) -> Result<bool> {
        let dropped = self.connections.write(|transaction| {
            let stored = schema::by_name(transaction, name)?;
            if let Some(stored) = &stored {
                rows::drop_collection(transaction, stored)?;
            }
            Ok(stored)
        })?;
        if let Some(stored) = &dropped {
            let live = self.live(stored);
            live.stop();
            live.remove_file();
            self.lives().remove(&stored.state.collection);
        }
        Ok(dropped.is_some())
    }

    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        self.connections
            .write(|transaction| Self::upsert_in(transaction, spec, records))
    }

    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        self.connections.read(|transaction| {
            let stored = schema::find(transaction, spec)?;
            ids.iter()
                .map(|id| rows::get(transaction, &stored, user, id))
                .collect()
        })
    }

    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize> {
        self.connections
            .write(|transaction| Self::delete_in(transaction, spec, scope, ids))
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize> {
        filter.check()?;
        self.connections.write(|transaction| {
            let stored = schema::find(transaction, spec)?;
            let found = rows::matching(transaction, &stored, scope, filter)?;
            let keys = found
                .iter()
                .map(|key| (Some(key.user.as_str()), key.id.as_str()));
            rows::delete_keys(transaction, &stored, keys)
        })
    }

    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        check_queries(spec, vectors, options)?;
        let (live, snapshot) = self.fresh(spec)?;
        if self.options.in_background {
            live.tend(vectors.len(), self.options.graph_from);
        }
        Ok(snapshot.query(vectors, options, self.options.graph_from))
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize> {
        filter.map_or(Ok(()), Filter::check)?;
        self.connections.read(|transaction| {
            let stored = schema::find(transaction, spec)?;
            match filter {
                None => rows::count(transaction, &stored, scope),
                Some(filter) => Ok(rows::matching(transaction, &stored, scope, filter)?.len()),
            }
        })
    }

    fn page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.connections.read(|transaction| {
            rows::page(
                transaction,
                &schema::find(transaction, spec)?,
                scope,
                after,
                limit,
            )
        })
    }

    fn stats(&self, spec: &CollectionSpec) -> Result<Stats> {
        self.connections
            .read(|transaction| rows::stats(transaction, &schema::find(transaction, spec)?))
    }
}
