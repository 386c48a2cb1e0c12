//! The tables, their format version, and the collections' descriptions.
//!
//! All tables start with `vectors_`, so that the file can hold other crates' tables; for the same
//! reason the format version is in a table and SQLite's `user_version` is left alone.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use wardrobe_types::EmbedderId;

use super::fault::{Doing, file_of};
use super::migrate::{self, FORMAT};
use crate::collection::{CollectionSpec, Precision};
use crate::error::{IndexError, Result};
use crate::memory::State;

/// How long a call waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes a page of a new file has: a row with 512 values wastes half of SQLite's own 4096.
const PAGE_SIZE: i64 = 16_384;

/// Makes the connection durable and patient, and the tables present and of a known format.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    let doing = "open the vector tables";
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(Doing::new(doing, connection).failed())?;
    // Before anything is changed, so that a newer file stays as it is.
    let found = format(connection)?;
    let failed = Doing::new(doing, connection).failed();
    // Without effect on a file that has pages already.
    connection
        .pragma_update(None, "page_size", PAGE_SIZE)
        .map_err(failed)?;
    write_ahead(connection).map_err(failed)?;
    // In WAL mode only FULL syncs each commit.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    if found == Some(FORMAT) {
        Ok(())
    } else {
        bring_up(connection)
    }
}

/// Sets write-ahead logging. Where a file system can't do it, SQLite keeps its rollback journal, which is as safe.
///
/// While another connection does the same with a new file, SQLite says "busy" at once, whatever the timeout: it would
/// otherwise wait for a lock that the other waits for, too.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let start = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(PAUSE);
            }
            set => return set,
        }
    }
}

/// Makes a connection that only reads, beside one that [`prepare`] has made.
pub(super) fn prepare_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)
}

/// Makes the tables, or brings older ones to the present format.
fn bring_up(connection: &mut Connection) -> Result<()> {
    let path = file_of(connection);
    let failed = |source| super::fault::fault("create the vector tables", &path, source);
    // Immediate: of two processes that find a new file, one makes the tables and one then sees them.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match format(&transaction)? {
        None => migrate::create(&transaction)?,
        Some(1) => migrate::from_1(&transaction)?,
        Some(2) => migrate::from_2(&transaction)?,
        Some(_) => {}
    }
    transaction.commit().map_err(failed)
}

/// The format of the tables, one that this program knows; `None` where there are none.
fn format(connection: &Connection) -> Result<Option<i64>> {
    let failed = Doing::new("read the format of the vector tables", connection).failed();
    let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'vectors_format'";
    let exists = connection
        .query_row(exists, [], |_| Ok(()))
        .optional()
        .map_err(failed)?;
    if exists.is_none() {
        return Ok(None);
    }
    let version = "SELECT max(version) FROM vectors_format";
    let found: Option<i64> = connection
        .query_row(version, [], |row| row.get(0))
        .map_err(failed)?;
    let path = file_of(connection);
    match found {
        Some(1..=FORMAT) => Ok(found),
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
    /// Its collection's number is never used twice, even where one is dropped and made anew.
    pub(super) state: State,
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
    let row = connection.prepare_cached(&sql);
    let row = row.and_then(|mut row| row.query_row([name], columns).optional());
    match row {
        Ok(row) => row.map(|row| stored(connection, row)).transpose(),
        Err(_) if format(connection)?.is_none() => Err(IndexError::NoTables {
            path: file_of(connection),
        }),
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn insert(connection: &Connection, spec: &CollectionSpec) -> Result<()> {
    let sql = "INSERT INTO vectors_collections (name, dimension, metric, embedder, precision)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        spec.name,
        spec.dimension as i64,
        spec.metric.as_str(),
        spec.embedder.as_str(),
        spec.precision.as_str()
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

/// Counts the records that a change has added and removed, by their tokens.
pub(super) fn tally(
    connection: &Connection,
    collection: i64,
    added: &[i64],
    removed: &[i64],
) -> Result<()> {
    let failed = Doing::new("write to the collection", connection).failed();
    let sql = "SELECT digest FROM vectors_collections WHERE id = ?1";
    let digest: i64 = connection
        .query_row(sql, [collection], |row| row.get(0))
        .map_err(failed)?;
    // SQLite's own sum fails where it overflows.
    let digest = added
        .iter()
        .fold(digest, |sum, token| sum.wrapping_add(*token));
    let digest = removed
        .iter()
        .fold(digest, |sum, token| sum.wrapping_sub(*token));
    let sql = "UPDATE vectors_collections SET digest = ?2, records = records + ?3 WHERE id = ?1";
    let more = added.len() as i64 - removed.len() as i64;
    connection
        .execute(sql, params![collection, digest, more])
        .map(|_| ())
        .map_err(failed)
}

const COLUMNS: &str = "id, revision, records, digest, name, dimension, metric, embedder, precision";

type Columns = (State, String, i64, String, String, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    let state = State {
        collection: row.get(0)?,
        revision: row.get(1)?,
        records: row.get(2)?,
        digest: row.get(3)?,
    };
    Ok((
        state,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
    ))
}

fn stored(connection: &Connection, columns: Columns) -> Result<Stored> {
    let (state, name, dimension, metric, embedder, precision) = columns;
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
        precision: Precision::ALL
            .into_iter()
            .find(|known| known.as_str() == precision)
            .ok_or_else(|| damaged(format!("the precision \"{precision}\""), None))?,
        name: name.clone(),
    };
    spec.check()
        .map_err(|error| damaged("no valid description".into(), Some(error.into())))?;
    Ok(Stored { state, spec })
}
