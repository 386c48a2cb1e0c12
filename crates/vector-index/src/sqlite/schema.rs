//! The tables, their format version, and the collections' descriptions.
//!
//! All tables start with `vectors_`, so that the file can hold other crates' tables; for the same
//! reason the format version is in a table and SQLite's `user_version` is left alone.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use wardrobe_types::EmbedderId;

use super::fault::{Doing, file_of};
use crate::collection::CollectionSpec;
use crate::error::{IndexError, Result};

/// The format this program writes.
pub(super) const FORMAT: i64 = 1;

/// How long a call waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// `revision` counts a collection's changes; each record bears the revision that wrote it, so that
/// another process can read what is new.
const TABLES: &str = "
CREATE TABLE vectors_format (version INTEGER NOT NULL) STRICT;
CREATE TABLE vectors_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    metric TEXT NOT NULL,
    embedder TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE vectors_records (
    collection INTEGER NOT NULL REFERENCES vectors_collections (id),
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    norm REAL NOT NULL,
    metadata TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (collection, user, id)
) STRICT;
CREATE INDEX vectors_records_by_revision ON vectors_records (collection, revision);
";

/// Makes the connection durable and patient, and the tables present and of a known format.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    let doing = "open the vector tables";
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(Doing::new(doing, connection).failed())?;
    // Before anything is changed, so that a newer file stays as it is.
    let known = check_format(connection)?;
    let failed = Doing::new(doing, connection).failed();
    // Where a file system can't do WAL, SQLite keeps its rollback journal, which is as safe.
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(failed)?;
    // In WAL mode only FULL syncs each commit.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    if known { Ok(()) } else { create(connection) }
}

fn create(connection: &mut Connection) -> Result<()> {
    let path = file_of(connection);
    let failed = |source| super::fault::fault("create the vector tables", &path, source);
    // Immediate: of two processes that find a new file, one makes the tables and one then sees them.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    if !check_format(&transaction)? {
        transaction.execute_batch(TABLES).map_err(failed)?;
        let insert = "INSERT INTO vectors_format (version) VALUES (?1)";
        transaction.execute(insert, [FORMAT]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Whether the tables are there, in a format this program knows.
fn check_format(connection: &Connection) -> Result<bool> {
    let failed = Doing::new("read the format of the vector tables", connection).failed();
    let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'vectors_format'";
    let exists = connection
        .query_row(exists, [], |_| Ok(()))
        .optional()
        .map_err(failed)?;
    if exists.is_none() {
        return Ok(false);
    }
    let version = "SELECT max(version) FROM vectors_format";
    let found: Option<i64> = connection
        .query_row(version, [], |row| row.get(0))
        .map_err(failed)?;
    let path = file_of(connection);
    match found {
        Some(FORMAT) => Ok(true),
        Some(found) if found > FORMAT => Err(IndexError::NewerFormat {
            path,
            found,
            supported: FORMAT,
        }),
        found => {
            let what = format!("its vector tables' format version is {found:?}");
            Err(IndexError::Damaged {
                path,
                what,
                source: None,
            })
        }
    }
}

/// A collection as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// Never used twice, even where a collection is dropped and made anew.
    pub(super) id: i64,
    pub(super) revision: i64,
    pub(super) spec: CollectionSpec,
}

/// The collection `spec` describes.
///
/// # Errors
/// No collection of the name; one that differs; no tables.
pub(super) fn find(connection: &Connection, spec: &CollectionSpec) -> Result<Stored> {
    match by_name(connection, &spec.name)? {
        Some(stored) => spec.check_same(&stored.spec).map(|()| stored),
        None => {
            let known = all(connection)?.into_iter().map(|spec| spec.name).collect();
            Err(IndexError::UnknownCollection {
                name: spec.name.clone(),
                known,
            })
        }
    }
}

/// All collections, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<CollectionSpec>> {
    let failed = Doing::new("list the collections", connection).failed();
    let sql = format!("SELECT {COLUMNS} FROM vectors_collections ORDER BY name");
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let rows = statement.query_map([], columns).map_err(failed)?;
    rows.map(|row| Ok(stored(connection, row.map_err(failed)?)?.spec))
        .collect()
}

pub(super) fn by_name(connection: &Connection, name: &str) -> Result<Option<Stored>> {
    let failed = Doing::new("look up the collection", connection).failed();
    let sql = format!("SELECT {COLUMNS} FROM vectors_collections WHERE name = ?1");
    let row = connection.query_row(&sql, [name], columns).optional();
    match row {
        Ok(row) => row.map(|row| stored(connection, row)).transpose(),
        Err(_) if !check_format(connection)? => Err(IndexError::NoTables {
            path: file_of(connection),
        }),
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn insert(connection: &Connection, spec: &CollectionSpec) -> Result<()> {
    let sql = "INSERT INTO vectors_collections (name, dimension, metric, embedder)
               VALUES (?1, ?2, ?3, ?4)";
    let values = params![
        spec.name,
        spec.dimension as i64,
        spec.metric.as_str(),
        spec.embedder.as_str()
    ];
    let failed = Doing::new("create the collection", connection).failed();
    connection.execute(sql, values).map(|_| ()).map_err(failed)
}

/// Counts a change of the collection and returns the new revision.
pub(super) fn advance(connection: &Connection, collection: i64) -> Result<i64> {
    let sql = "UPDATE vectors_collections SET revision = revision + 1 WHERE id = ?1
               RETURNING revision";
    let failed = Doing::new("write to the collection", connection).failed();
    connection
        .query_row(sql, [collection], |row| row.get(0))
        .map_err(failed)
}

const COLUMNS: &str = "id, revision, name, dimension, metric, embedder";

type Columns = (i64, i64, String, i64, String, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
    ))
}

fn stored(connection: &Connection, columns: Columns) -> Result<Stored> {
    let (id, revision, name, dimension, metric, embedder) = columns;
    let damaged = |what: String, source| {
        let what = format!("collection \"{name}\" has {what}");
        IndexError::Damaged {
            path: file_of(connection),
            what,
            source,
        }
    };
    let spec = CollectionSpec {
        dimension: usize::try_from(dimension)
            .map_err(|error| damaged(format!("dimension {dimension}"), Some(error.into())))?,
        metric: metric
            .parse()
            .map_err(|error: IndexError| damaged("no known metric".into(), Some(error.into())))?,
        embedder: EmbedderId::new(embedder),
        name: name.clone(),
    };
    spec.check()
        .map_err(|error| damaged("no valid description".into(), Some(error.into())))?;
    Ok(Stored { id, revision, spec })
}
