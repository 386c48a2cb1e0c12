//! What other stores have yet to learn: every write is queued for each of them in its own transaction, and leaves the
//! queue once the other store has acknowledged it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Doing;
use super::schema::{self, Stored};
use super::{SqliteStore, rows};
use crate::error::Result;
use crate::record::{Record, Scope};
use crate::store::VectorStore;

/// A record that is written again while it waits gets a new `number`, so that whoever sends the old one leaves the new
/// one waiting.
pub(super) const TABLES: &str = "
CREATE TABLE vectors_mirrors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
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

/// Records sent at once.
const BATCH: i64 = 1000;

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

/// Records of one collection that wait for the same store.
struct Batch {
    collection: Stored,
    numbers: Vec<i64>,
    written: Vec<Record>,
    /// Ids by user.
    removed: BTreeMap<String, Vec<String>>,
}

impl SqliteStore {
    /// From now on every write to any collection, by any process, waits to be sent to the store called `name`; so does
    /// all that is stored already. Does nothing where that is so. Dropping a collection is not passed on.
    ///
    /// The name stands for the other store, such as its address; what it holds of other users' stays as it is.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn mirror_to(&self, name: &str) -> Result<()> {
        self.connections.write(|transaction| {
            let failed = Doing::new("make the queue", transaction).failed();
            let sql = "INSERT OR IGNORE INTO vectors_mirrors (name) VALUES (?1)";
            if transaction.execute(sql, [name]).map_err(failed)? == 0 {
                return Ok(());
            }
            let sql = "INSERT INTO vectors_queue (mirror, collection, user, id)
                       SELECT ?1, collection, user, id FROM vectors_records";
            let mirror = transaction.last_insert_rowid();
            transaction.execute(sql, [mirror]).map_err(failed)?;
            Ok(())
        })
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
    /// each batch's writes.
    ///
    /// # Errors
    /// As `to`'s calls. What was not acknowledged goes on waiting.
    pub fn send(
        &self,
        name: &str,
        to: &dyn VectorStore,
        mut sent: impl FnMut(usize),
    ) -> Result<()> {
        while let Some(batch) = self.next_batch(name)? {
            let spec = &batch.collection.spec;
            to.create_collection(spec)?;
            to.upsert(spec, &batch.written)?;
            for (user, ids) in &batch.removed {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                to.delete(spec, Scope::User(user), &ids)?;
            }
            self.connections.write(|transaction| {
                let failed = Doing::new("shorten the queue", transaction).failed();
                let sql = "DELETE FROM vectors_queue WHERE number = ?1";
                let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
                for number in &batch.numbers {
                    statement.execute([number]).map_err(failed)?;
                }
                Ok(())
            })?;
            sent(batch.numbers.len());
        }
        Ok(())
    }

    fn next_batch(&self, name: &str) -> Result<Option<Batch>> {
        self.connections.read(|transaction| {
            let failed = Doing::new("read what waits", transaction).failed();
            let sql =
                "SELECT vectors_queue.mirror, vectors_queue.collection, vectors_collections.name
                       FROM vectors_queue JOIN vectors_collections
                           ON vectors_collections.id = vectors_queue.collection
                       WHERE mirror = (SELECT id FROM vectors_mirrors WHERE name = ?1)
                       ORDER BY number LIMIT 1";
            let first: Option<(i64, i64, String)> = transaction
                .query_row(sql, [name], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
                .map_err(failed)?;
            let Some((mirror, number, collection)) = first else {
                return Ok(None);
            };
            let Some(collection) = schema::by_name(transaction, &collection)? else {
                return Ok(None);
            };
            let mut batch = Batch {
                collection,
                numbers: Vec::new(),
                written: Vec::new(),
                removed: BTreeMap::new(),
            };
            let sql = "SELECT number, user, id FROM vectors_queue
                       WHERE mirror = ?1 AND collection = ?2 ORDER BY number LIMIT ?3";
            let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
            let mut queued = statement.query([mirror, number, BATCH]).map_err(failed)?;
            while let Some(row) = queued.next().map_err(failed)? {
                batch.numbers.push(row.get(0).map_err(failed)?);
                let user: String = row.get(1).map_err(failed)?;
                let id: String = row.get(2).map_err(failed)?;
                match rows::get(transaction, &batch.collection, &user, &id)? {
                    Some(record) => batch.written.push(record),
                    None => batch.removed.entry(user).or_default().push(id),
                }
            }
            Ok(Some(batch))
        })
    }
}
