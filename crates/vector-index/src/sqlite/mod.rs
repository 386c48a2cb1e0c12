//! The embedded store: SQLite holds the truth, memory holds a copy to search.

mod cache;
mod fault;
mod rows;
mod schema;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use self::cache::Cache;
use self::fault::{fault, file_of};
use self::schema::Stored;
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::record::{Hit, Record, Scope, check_vector};
use crate::store::{Cursor, QueryOptions, Stats, VectorStore};

/// A [`VectorStore`] in one SQLite file.
///
/// A write is synced to disk before the call returns, and a crash at any instant loses nothing a
/// call returned for. The first query of a collection reads it into memory (dimension x 4 bytes a
/// record and the metadata); each later query first reads what any process has changed since.
/// Several stores, in one process or many, may share a file, and the file may hold other tables:
/// [`SqliteStore::upsert_in`] and [`SqliteStore::delete_in`] change vectors in one transaction with
/// them.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// By collection name. Taken after `connection`, never before; a cache's own lock likewise.
    caches: Mutex<HashMap<String, Arc<RwLock<Cache>>>>,
}

impl SqliteStore {
    /// Opens the store in the file at `path`, made where there is none. Its folder must exist.
    ///
    /// # Errors
    /// A folder, a file that is no database or of a newer format (left untouched), no permission,
    /// another process that keeps it locked.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
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
        Self::from_connection(connection)
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
    pub fn from_connection(mut connection: Connection) -> Result<Self> {
        schema::prepare(&mut connection)?;
        let (path, caches) = (file_of(&connection), Mutex::new(HashMap::new()));
        Ok(Self {
            path,
            connection: Mutex::new(connection),
            caches,
        })
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
        let stored = schema::find(transaction, spec)?;
        records
            .iter()
            .try_for_each(|record| record.check(spec.dimension))?;
        rows::upsert(transaction, &stored, records)
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

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic cannot leave the connection half-written: an open transaction rolls back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one read transaction, so that all it reads is of one instant.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.connection();
        let failed = |source| fault("read", &self.path, source);
        let transaction = connection.transaction().map_err(failed)?;
        work(&transaction)
    }

    /// Runs `work` in one write transaction, kept where it succeeds and undone where not.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.connection();
        let failed = |source| fault("write", &self.path, source);
        // Immediate: it waits for other writers now, rather than fail on its first write.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(failed)?;
        Ok(value)
    }

    /// The collection in memory, as of now or later.
    fn fresh(&self, spec: &CollectionSpec) -> Result<Arc<RwLock<Cache>>> {
        self.read(|transaction| {
            let stored = schema::find(transaction, spec)?;
            let shared = self.cache_of(&stored);
            let stale = match shared.read() {
                Ok(cache) => !cache.is_at(&stored),
                Err(_) => true,
            };
            if stale {
                let mut cache = shared.write().unwrap_or_else(|poisoned| {
                    let mut cache = poisoned.into_inner();
                    *cache = Cache::new(&stored);
                    shared.clear_poison();
                    cache
                });
                cache.catch_up(transaction, &stored)?;
            }
            Ok(shared)
        })
    }

    fn cache_of(&self, stored: &Stored) -> Arc<RwLock<Cache>> {
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(RwLock::new(Cache::new(stored)));
        caches
            .entry(stored.spec.name.clone())
            .or_insert_with(new)
            .clone()
    }
}

impl VectorStore for SqliteStore {
    fn create_collection(&self, spec: &CollectionSpec) -> Result<()> {
        spec.check()?;
        let existing = self.read(|transaction| schema::by_name(transaction, &spec.name))?;
        if let Some(stored) = existing {
            return spec.check_same(&stored.spec); // also on a read-only file
        }
        self.write(
            |transaction| match schema::by_name(transaction, &spec.name)? {
                Some(stored) => spec.check_same(&stored.spec),
                None => schema::insert(transaction, spec),
            },
        )
    }

    fn collections(&self) -> Result<Vec<CollectionSpec>> {
        self.read(|transaction| schema::all(transaction))
    }

    fn drop_collection(&self, name: &str) -> Result<bool> {
        let dropped = self.write(|transaction| match schema::by_name(transaction, name)? {
            Some(stored) => rows::drop_collection(transaction, &stored).map(|()| true),
            None => Ok(false),
        })?;
        self.caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        Ok(dropped)
    }

    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        self.write(|transaction| Self::upsert_in(transaction, spec, records))
    }

    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        self.read(|transaction| {
            let stored = schema::find(transaction, spec)?;
            ids.iter()
                .map(|id| rows::get(transaction, &stored, user, id))
                .collect()
        })
    }

    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize> {
        self.write(|transaction| Self::delete_in(transaction, spec, scope, ids))
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize> {
        filter.check()?;
        self.write(|transaction| {
            let stored = schema::find(transaction, spec)?;
            let found = rows::matching(transaction, &stored, scope, filter)?;
            let mut removed = 0;
            for key in found.chunk_by(|a, b| a.user == b.user) {
                let ids: Vec<&str> = key.iter().map(|key| key.id.as_str()).collect();
                let user = Scope::User(&key[0].user);
                removed += rows::delete(transaction, &stored, user, &ids)?;
            }
            Ok(removed)
        })
    }

    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        for (i, vector) in vectors.iter().enumerate() {
            check_vector(&format!("query {i}"), vector, spec.dimension)?;
        }
        options.filter.map_or(Ok(()), Filter::check)?;
        let shared = self.fresh(spec)?;
        // Only `fresh` writes, and it mends what a panic in it has left.
        let cache = shared.read().unwrap_or_else(PoisonError::into_inner);
        Ok(cache.query(vectors, options))
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize> {
        filter.map_or(Ok(()), Filter::check)?;
        self.read(|transaction| {
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
        self.read(|transaction| {
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
        self.read(|transaction| rows::stats(transaction, &schema::find(transaction, spec)?))
    }
}
