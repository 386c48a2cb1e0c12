//! The tables of each format, and the way from one to the next.

use rusqlite::{Connection, params};

use super::fault::Doing;
use super::queue;
use crate::error::Result;
use crate::record::token;

/// The format this program writes.
pub(super) const FORMAT: i64 = 3;

/// `revision` counts a collection's changes; each record bears the revision that wrote it, so that
/// another process can read what is new. A `token` is random, one for each writing of a record;
/// `vectors_removed` has those of records removed or replaced lately, and `digest` is the wrapping
/// sum of all that are stored: whoever comes to another sum has not read the same history.
const TABLES: &str = "
CREATE TABLE vectors_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE vectors_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    metric TEXT NOT NULL,
    embedder TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    precision TEXT NOT NULL DEFAULT 'f32',
    records INTEGER NOT NULL DEFAULT 0,
    digest INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE vectors_records (
    collection INTEGER NOT NULL REFERENCES vectors_collections (id),
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    norm REAL NOT NULL,
    metadata TEXT NOT NULL,
    vector BLOB NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (collection, user, id)
) STRICT;
CREATE INDEX vectors_records_by_revision ON vectors_records (collection, revision);
CREATE TABLE vectors_removed (
    collection INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    token INTEGER NOT NULL,
    PRIMARY KEY (collection, revision, token)
) STRICT, WITHOUT ROWID;
";

/// What format 2 added, beside the queue.
const FROM_1: &str = "
ALTER TABLE vectors_collections ADD COLUMN precision TEXT NOT NULL DEFAULT 'f32';
ALTER TABLE vectors_collections ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vectors_collections ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vectors_records ADD COLUMN token INTEGER NOT NULL DEFAULT 0;
CREATE TABLE vectors_removed (
    collection INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    token INTEGER NOT NULL,
    PRIMARY KEY (collection, revision, token)
) STRICT, WITHOUT ROWID;
";

/// What format 3 added. Until then the default user was so called in every store.
const FROM_2: &str = "
ALTER TABLE vectors_mirrors ADD COLUMN default_user TEXT NOT NULL DEFAULT 'default';
";

/// Makes the tables, in a transaction of the caller's.
pub(super) fn create(connection: &Connection) -> Result<()> {
    let failed = Doing::new("create the vector tables", connection).failed();
    connection.execute_batch(TABLES).map_err(failed)?;
    connection.execute_batch(queue::TABLES).map_err(failed)?;
    let insert = "INSERT INTO vectors_format (version) VALUES (?1)";
    connection.execute(insert, [FORMAT]).map_err(failed)?;
    Ok(())
}

const DOING: &str = "bring the vector tables to the present format";

/// Brings tables of format 2 to the present one, in a transaction of the caller's.
pub(super) fn from_2(connection: &Connection) -> Result<()> {
    let failed = Doing::new(DOING, connection).failed();
    connection.execute_batch(FROM_2).map_err(failed)?;
    now_present(connection)
}

fn now_present(connection: &Connection) -> Result<()> {
    let failed = Doing::new(DOING, connection).failed();
    let sql = "UPDATE vectors_format SET version = ?1";
    connection
        .execute(sql, [FORMAT])
        .map(|_| ())
        .map_err(failed)
}

/// Brings tables of format 1 to the present one, in a transaction of the caller's.
pub(super) fn from_1(connection: &Connection) -> Result<()> {
    let failed = Doing::new(DOING, connection).failed();
    connection.execute_batch(FROM_1).map_err(failed)?;
    connection.execute_batch(queue::TABLES).map_err(failed)?;
    let seed: i64 = connection
        .query_row("SELECT random()", [], |row| row.get(0))
        .map_err(failed)?;
    let records: Vec<(i64, i64)> = connection
        .prepare("SELECT rowid, collection FROM vectors_records")
        .and_then(|mut records| {
            records
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(failed)?;
    let set = "UPDATE vectors_records SET token = ?2 WHERE rowid = ?1";
    let mut set = connection.prepare(set).map_err(failed)?;
    let mut digests = std::collections::BTreeMap::<i64, (i64, i64)>::new();
    for (i, (record, collection)) in records.into_iter().enumerate() {
        let token = token(seed, i);
        set.execute([record, token]).map_err(failed)?;
        let (count, digest) = digests.entry(collection).or_default();
        *count += 1;
        *digest = digest.wrapping_add(token);
    }
    for (collection, (count, digest)) in digests {
        let sql = "UPDATE vectors_collections SET records = ?2, digest = ?3 WHERE id = ?1";
        connection
            .execute(sql, params![collection, count, digest])
            .map_err(failed)?;
    }
    now_present(connection)
}
