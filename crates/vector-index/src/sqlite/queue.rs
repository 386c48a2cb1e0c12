//! What other stores have yet to learn: every write is queued for each of them in its own transaction, and leaves the
//! queue once the other store has acknowledged it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::Doing;
use super::schema::{self, Stored};
use super::{SqliteStore, rows};
use crate::collection::CollectionSpec;
use crate::error::Result;
use crate::record::{DEFAULT_USER, Record, Scope};
use crate::store::VectorStore;

/// A record that is written again while it waits gets a new `number`, so that whoever sends the old one leaves the new
/// one waiting.
pub(super) const TABLES: &str = "
CREATE TABLE vectors_mirrors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    default_user TEXT NOT NULL
) STRICT;
CREATE TABLE vectors_queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    mirror INTEGER NOT NULL REFERENCES vectors_mirrors (id),
    collection INTEGER NOT NULL,
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE (mirror, collection, user, id) ON CONFLICT REPLACE
) STRICT;
";

/// Records sent at once: few enough that a busy server has taken them before a request's time is up.
const BATCH: i64 = 250;

/// Notes in the caller's transaction that records were written or removed.
pub(super) fn note<'a>(
    connection: &Connection,
    collection: i64,
    keys: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    let failed = Doing::new("queue what other stores lack", connection).failed();
    let sql = "INSERT INTO vectors_queue (mirror, collection, user, id)
               SELECT id, ?1, ?2, ?3 FROM vectors_mirrors";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    for (user, id) in keys {
        statement
            .execute(params![collection, user, id])
            .map_err(failed)?;
    }
    Ok(())
}

/// Forgets what waits of a collection that is removed.
pub(super) fn forget(connection: &Connection, collection: i64) -> Result<()> {
    let failed = Doing::new("empty the queue", connection).failed();
    let sql = "DELETE FROM vectors_queue WHERE collection = ?1";
    connection
        .execute(sql, [collection])
        .map(|_| ())
        .map_err(failed)
}

/// Queues every record of a collection, or of all, for one store.
fn queue_all(connection: &Connection, mirror: i64, collection: Option<i64>) -> Result<()> {
    let failed = Doing::new("queue what other stores lack", connection).failed();
    let sql = "INSERT INTO vectors_queue (mirror, collection, user, id)
               SELECT ?1, collection, user, id FROM vectors_records
               WHERE ?2 IS NULL OR collection = ?2";
    connection
        .execute(sql, params![mirror, collection])
        .map(|_| ())
        .map_err(failed)
}

/// Another store that is to hold the same.
struct Mirror {
    id: i64,
    default_user: String,
}

impl Mirror {
    fn find(connection: &Connection, name: &str) -> Result<Option<Self>> {
        let failed = Doing::new("look up the other store", connection).failed();
        let sql = "SELECT id, default_user FROM vectors_mirrors WHERE name = ?1";
        let read = |row: &Row<'_>| {
            Ok(Self {
                id: row.get(0)?,
                default_user: row.get(1)?,
            })
        };
        connection
            .query_row(sql, [name], read)
            .optional()
            .map_err(failed)
    }

    /// What a user is called there.
    fn user<'a>(&'a self, user: &'a str) -> &'a str {
        match user {
            DEFAULT_USER => &self.default_user,
            user => user,
        }
    }
}

/// Records of one collection that wait for the same store.
struct Batch {
    mirror: Mirror,
    collection: Stored,
    entries: Vec<Entry>,
}

/// A record in the queue.
struct Entry {
    number: i64,
    user: String,
    id: String,
    /// What is stored of it; `None` where it was removed.
    record: Option<Record>,
}

impl Batch {
    fn send(&self, to: &dyn VectorStore) -> Result<()> {
        let spec = &self.collection.spec;
        let user = |entry: &Entry| self.mirror.user(&entry.user).to_owned();
        let (mut written, mut removed) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
        for entry in &self.entries {
            match &entry.record {
                Some(record) => written.push(record.clone().of_user(user(entry))),
                None => removed.entry(user(entry)).or_default().push(&entry.id),
            }
        }
        to.upsert(spec, &written)?;
        for (user, ids) in removed {
            to.delete(spec, Scope::User(&user), &ids)?;
        }
        Ok(())
    }

    /// Takes what was sent off the queue. Where it has been written and sent anew meanwhile, by another process, it is
    /// not known which arrived last: it is queued once more.
    fn acknowledge(&self, connection: &Connection) -> Result<()> {
        let failed = Doing::new("shorten the queue", connection).failed();
        let sql = "DELETE FROM vectors_queue WHERE number = ?1";
        let mut shorten = connection.prepare_cached(sql).map_err(failed)?;
        for entry in &self.entries {
            if shorten.execute([entry.number]).map_err(failed)? > 0 {
                continue;
            }
            let (user, id) = (entry.user.as_str(), entry.id.as_str());
            if rows::get(connection, &self.collection, user, id)? != entry.record {
                let collection = self.collection.state.collection;
                note(connection, collection, std::iter::once((user, id)))?;
            }
        }
        Ok(())
    }
}

impl SqliteStore {
    /// From now on every write to any collection, by any process, waits to be sent to the store called `name`; so does
    /// all that is stored already. Does nothing where that is so. Dropping a collection is not passed on.
    ///
    /// The name stands for the other store, such as its address; what it holds of other users' stays as it is. Returns
    /// the user as whose the records of [`DEFAULT_USER`] are kept there: other databases have a default user too, so it
    /// is a random name, drawn once.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn mirror_to(&self, name: &str) -> Result<String> {
        if let Some(mirror) = self.connections.read(|tx| Mirror::find(tx, name))? {
            return Ok(mirror.default_user); // also on a read-only file
        }
        self.connections.write(|transaction| {
            let failed = Doing::new("make the queue", transaction).failed();
            let sql = "INSERT OR IGNORE INTO vectors_mirrors (name, default_user)
                       VALUES (?1, lower(hex(randomblob(8))))";
            let new = transaction.execute(sql, [name]).map_err(failed)? > 0;
            let mirror = Mirror::find(transaction, name)?;
            let mirror = mirror.ok_or_else(|| failed(rusqlite::Error::QueryReturnedNoRows))?;
            if new {
                queue_all(transaction, mirror.id, None)?;
            }
            Ok(mirror.default_user)
        })
    }

    /// The stores that this one is mirrored to.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn mirrors(&self) -> Result<Vec<String>> {
        self.connections.read(|transaction| {
            let failed = Doing::new("list the other stores", transaction).failed();
            let mut names = transaction
                .prepare("SELECT name FROM vectors_mirrors ORDER BY id")
                .map_err(failed)?;
            let names = names.query_map([], |row| row.get(0)).map_err(failed)?;
            names.collect::<rusqlite::Result<_>>().map_err(failed)
        })
    }

    /// Lets all that is stored wait for the store called `name` once more, as where it has lost what it held.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn mirror_anew(&self, name: &str) -> Result<()> {
        self.connections
            .write(|transaction| match Mirror::find(transaction, name)? {
                Some(mirror) => queue_all(transaction, mirror.id, None),
                None => Ok(()),
            })
    }

    /// Forgets the stores that the database behind `connection` is mirrored to, with what waits for them; returns whether
    /// there were any. For a copy of a database: mirrored anew it is another user there, so that it and the original do not
    /// change each other's records.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn forget_mirrors(connection: &Connection) -> Result<bool> {
        let failed = Doing::new("forget the other stores", connection).failed();
        let tables = connection
            .table_exists(None, "vectors_mirrors")
            .map_err(failed)?;
        let mirrored = "SELECT EXISTS (SELECT 1 FROM vectors_mirrors)";
        let is_mirrored = |row: &Row<'_>| row.get(0);
        if !tables
            || !connection
                .query_row(mirrored, [], is_mirrored)
                .map_err(failed)?
        {
            return Ok(false);
        }
        let sql = "BEGIN IMMEDIATE; DELETE FROM vectors_queue; DELETE FROM vectors_mirrors; COMMIT";
        connection.execute_batch(sql).map_err(failed)?;
        Ok(true)
    }

    /// How many writes wait to be sent to the store called `name`.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn waiting(&self, name: &str) -> Result<usize> {
        self.connections.read(|transaction| {
            let failed = Doing::new("count what waits", transaction).failed();
            let sql = "SELECT count(*) FROM vectors_queue
                       WHERE mirror = (SELECT id FROM vectors_mirrors WHERE name = ?1)";
            let count: i64 = transaction
                .query_row(sql, [name], |row| row.get(0))
                .map_err(failed)?;
            Ok(count as usize)
        })
    }

    /// Sends what waits for the store called `name`, which is `to`, batch by batch; calls `sent` with the number of
    /// each batch's writes. A collection that `to` lacks is made, and sent whole.
    ///
    /// # Errors
    /// As `to`'s calls. What was not acknowledged goes on waiting.
    pub fn send(
        &self,
        name: &str,
        to: &dyn VectorStore,
        mut sent: impl FnMut(usize),
    ) -> Result<()> {
        let mut there: Option<Vec<CollectionSpec>> = None;
        while let Some(batch) = self.next_batch(name)? {
            let spec = &batch.collection.spec;
            let known = match &mut there {
                Some(known) => known,
                unknown => unknown.insert(to.collections()?),
            };
            if !known.contains(spec) {
                let number = batch.collection.state.collection;
                // Before the collection is made: a crash in between queues once too often, never too little.
                self.connections
                    .write(|transaction| queue_all(transaction, batch.mirror.id, Some(number)))?;
                to.create_collection(spec)?;
                known.push(spec.clone());
                continue;
            }
            batch.send(to)?;
            self.connections
                .write(|transaction| batch.acknowledge(transaction))?;
            sent(batch.entries.len());
        }
        Ok(())
    }

    fn next_batch(&self, name: &str) -> Result<Option<Batch>> {
        self.connections.read(|transaction| {
            let failed = Doing::new("read what waits", transaction).failed();
            let Some(mirror) = Mirror::find(transaction, name)? else {
                return Ok(None);
            };
            let sql = "SELECT vectors_queue.collection, vectors_collections.name
                       FROM vectors_queue JOIN vectors_collections
                           ON vectors_collections.id = vectors_queue.collection
                       WHERE mirror = ?1 ORDER BY number LIMIT 1";
            let first: Option<(i64, String)> = transaction
                .query_row(sql, [mirror.id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
                .map_err(failed)?;
            let Some((number, collection)) = first else {
                return Ok(None);
            };
            let Some(collection) = schema::by_name(transaction, &collection)? else {
                return Ok(None);
            };
            let mut batch = Batch {
                mirror,
                collection,
                entries: Vec::new(),
            };
            let sql = "SELECT number, user, id FROM vectors_queue
                       WHERE mirror = ?1 AND collection = ?2 ORDER BY number LIMIT ?3";
            let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
            let mut queued = statement
                .query([batch.mirror.id, number, BATCH])
                .map_err(failed)?;
            while let Some(row) = queued.next().map_err(failed)? {
                let number = row.get(0).map_err(failed)?;
                let user: String = row.get(1).map_err(failed)?;
                let id: String = row.get(2).map_err(failed)?;
                let record = rows::get(transaction, &batch.collection, &user, &id)?;
                batch.entries.push(Entry {
                    number,
                    user,
                    id,
                    record,
                });
            }
            Ok(Some(batch))
        })
    }
}
