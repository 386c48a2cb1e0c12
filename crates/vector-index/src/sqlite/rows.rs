//! Reading and writing records. Every function works inside the caller's transaction.

use half::f16;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::fault::{Doing, file_of};
use super::queue;
use super::schema::{self, Stored};
use crate::collection::Precision;
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::memory::Changes;
use crate::record::{MAX_NORM, Metadata, Record, Scope, check_record, norm, token};
use crate::store::{Cursor, Stats};

/// Writes records as one new revision of the collection.
///
/// # Errors
/// A record that cannot be stored; those before it are in the transaction then.
pub(super) fn upsert(
    connection: &Connection,
    collection: &Stored,
    records: &[Record],
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let number = collection.state.collection;
    let revision = schema::advance(connection, number)?;
    let failed = Doing::new("store the vectors", connection).failed();
    let held = "SELECT token FROM vectors_records WHERE collection = ?1 AND user = ?2 AND id = ?3";
    let mut held = connection.prepare_cached(held).map_err(failed)?;
    let sql = "INSERT INTO vectors_records
                   (collection, user, id, revision, norm, metadata, vector, token)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (collection, user, id) DO UPDATE SET
                   revision = ?4, norm = ?5, metadata = ?6, vector = ?7, token = ?8";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let seed = "SELECT random()";
    let seed: i64 = connection
        .query_row(seed, [], |row| row.get(0))
        .map_err(failed)?;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (i, record) in records.iter().enumerate() {
        let vector = check_record(record, &collection.spec)?;
        let metadata =
            serde_json::to_string(&record.metadata).map_err(|source| IndexError::MetadataJson {
                id: record.id.clone(),
                source,
            })?;
        let replaced: Option<i64> = held
            .query_row(params![number, record.user, record.id], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        removed.extend(replaced);
        added.push(token(seed, i));
        let values = params![
            number,
            record.user,
            record.id,
            revision,
            norm(&vector),
            metadata,
            to_blob(&vector, collection.spec.precision),
            added[i]
        ];
        statement.execute(values).map_err(failed)?;
    }
    schema::tally(connection, number, &added, &removed)?;
    let keys = records.iter().map(|r| (r.user.as_str(), r.id.as_str()));
    queue::note(connection, number, keys)?;
    remember_removed(connection, number, revision, &removed)
}

/// Removes records by user and id, as one new revision; returns how many there were.
pub(super) fn delete(
    connection: &Connection,
    collection: &Stored,
    scope: Scope<'_>,
    ids: &[&str],
) -> Result<usize> {
    let keys = ids.iter().map(|id| (user_of(scope), *id));
    delete_keys(connection, collection, keys)
}

/// The same for users and ids, `None` for all users.
pub(super) fn delete_keys<'a>(
    connection: &Connection,
    collection: &Stored,
    keys: impl Iterator<Item = (Option<&'a str>, &'a str)>,
) -> Result<usize> {
    let number = collection.state.collection;
    let failed = Doing::new("remove vectors", connection).failed();
    let sql = "DELETE FROM vectors_records WHERE collection = ?1 AND id = ?2 AND user = ?3
               RETURNING token, user";
    // No user is null, so that both take the same three values.
    let of_all = "DELETE FROM vectors_records
                  WHERE collection = ?1 AND id = ?2 AND user IS NOT ?3 RETURNING token, user";
    let (mut removed, mut gone) = (Vec::new(), Vec::<(String, &str)>::new());
    for (user, id) in keys {
        let sql = if user.is_some() { sql } else { of_all };
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(params![number, id, user], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        for row in rows.map_err(failed)? {
            let (token, user) = row.map_err(failed)?;
            removed.push(token);
            gone.push((user, id));
        }
    }
    if !removed.is_empty() {
        let keys = gone.iter().map(|(user, id)| (user.as_str(), *id));
        queue::note(connection, number, keys)?;
        let revision = schema::advance(connection, number)?;
        schema::tally(connection, number, &[], &removed)?;
        remember_removed(connection, number, revision, &removed)?;
    }
    Ok(removed.len())
}

/// Every so many revisions the list of removed records is cut ...
const CUT_EVERY: i64 = 1024;
/// ... to those of the last so many. Who has not looked for longer reads the collection anew.
const REMEMBERED: i64 = 16 * CUT_EVERY;

fn remember_removed(
    connection: &Connection,
    collection: i64,
    revision: i64,
    removed: &[i64],
) -> Result<()> {
    let failed = Doing::new("list what was removed", connection).failed();
    let sql =
        "INSERT OR IGNORE INTO vectors_removed (collection, revision, token) VALUES (?1, ?2, ?3)";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    for token in removed {
        statement
            .execute([collection, revision, *token])
            .map_err(failed)?;
    }
    if revision % CUT_EVERY == 0 {
        let sql = "DELETE FROM vectors_removed WHERE collection = ?1 AND revision < ?2";
        connection
            .execute(sql, [collection, revision - REMEMBERED])
            .map_err(failed)?;
    }
    Ok(())
}

/// The keys of the records in `scope` that match.
pub(super) fn matching(
    connection: &Connection,
    collection: &Stored,
    scope: Scope<'_>,
    filter: &Filter,
) -> Result<Vec<Cursor>> {
    let failed = Doing::new("filter the vectors", connection).failed();
    let sql = "SELECT user, id, metadata FROM vectors_records
               WHERE collection = ?1 AND (?2 IS NULL OR user = ?2)";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement
        .query(params![collection.state.collection, user_of(scope)])
        .map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (user, id) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        let text: String = row.get(2).map_err(failed)?;
        let key = Cursor { user, id };
        if filter.matches(&parse_metadata(connection, &key.id, &text)?) {
            found.push(key);
        }
    }
    Ok(found)
}

/// One record.
pub(super) fn get(
    connection: &Connection,
    collection: &Stored,
    user: &str,
    id: &str,
) -> Result<Option<Record>> {
    let sql = format!("{SELECT} WHERE collection = ?1 AND user = ?2 AND id = ?3");
    let failed = Doing::new("read the vectors", connection).failed();
    let row = connection.query_row(
        &sql,
        params![collection.state.collection, user, id],
        RawRecord::read,
    );
    let raw = row.optional().map_err(failed)?;
    raw.map(|raw| Ok(raw.check(connection, collection)?.0))
        .transpose()
}

/// At most `limit` records in `scope` after `after`, ordered by user and id.
pub(super) fn page(
    connection: &Connection,
    collection: &Stored,
    scope: Scope<'_>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Record>> {
    // Users and ids are not empty, so everything comes after ('', '').
    let (user, id) = after.map_or(("", ""), |after| (&after.user, &after.id));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<&dyn rusqlite::ToSql> =
        vec![&collection.state.collection, &user, &id, &limit];
    let mut sql = format!("{SELECT} WHERE collection = ?1 AND (user, id) > (?2, ?3)");
    let one;
    if let Scope::User(name) = scope {
        one = name;
        values.push(&one);
        sql.push_str(" AND user = ?5");
    }
    sql.push_str(" ORDER BY user, id LIMIT ?4");
    let failed = Doing::new("read the vectors", connection).failed();
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let rows = statement
        .query_map(params_from_iter(values), RawRecord::read)
        .map_err(failed)?;
    rows.map(|raw| Ok(raw.map_err(failed)?.check(connection, collection)?.0))
        .collect()
}

/// What happened to the collection after `revision`.
pub(super) fn changes(
    connection: &Connection,
    collection: &Stored,
    revision: i64,
) -> Result<Changes> {
    let failed = Doing::new("read the vectors", connection).failed();
    let number = collection.state.collection;
    let mut changes = Changes::default();
    let sql = "SELECT token FROM vectors_removed WHERE collection = ?1 AND revision > ?2";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let tokens = statement.query_map([number, revision], |row| row.get(0));
    for token in tokens.map_err(failed)? {
        changes.removed.insert(token.map_err(failed)?);
    }
    let sql = format!("{SELECT} WHERE collection = ?1 AND revision > ?2");
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let rows = statement.query_map([number, revision], |row| {
        Ok((RawRecord::read(row)?, row.get(5)?))
    });
    for raw in rows.map_err(failed)? {
        let (raw, token) = raw.map_err(failed)?;
        let (record, norm) = raw.check(connection, collection)?;
        changes.written.push((record, norm, token));
    }
    Ok(changes)
}

/// How many records are in `scope`.
pub(super) fn count(
    connection: &Connection,
    collection: &Stored,
    scope: Scope<'_>,
) -> Result<usize> {
    let sql = "SELECT count(*) FROM vectors_records
               WHERE collection = ?1 AND (?2 IS NULL OR user = ?2)";
    let failed = Doing::new("count the vectors", connection).failed();
    let values = params![collection.state.collection, user_of(scope)];
    let count: i64 = connection
        .query_row(sql, values, |row| row.get(0))
        .map_err(failed)?;
    Ok(count as usize)
}

pub(super) fn stats(connection: &Connection, collection: &Stored) -> Result<Stats> {
    let sql = "SELECT count(*), count(DISTINCT user) FROM vectors_records WHERE collection = ?1";
    let failed = Doing::new("count the vectors", connection).failed();
    let counts = |row: &Row<'_>| {
        Ok((
            row.get::<_, i64>(0)? as usize,
            row.get::<_, i64>(1)? as usize,
        ))
    };
    let (records, users) = connection
        .query_row(sql, [collection.state.collection], counts)
        .map_err(failed)?;
    let vector_bytes = records * collection.spec.dimension * collection.spec.precision.bytes();
    Ok(Stats {
        records,
        users,
        vector_bytes,
    })
}

/// Removes the collection and its records.
pub(super) fn drop_collection(connection: &Connection, collection: &Stored) -> Result<()> {
    let failed = Doing::new("remove the collection", connection).failed();
    queue::forget(connection, collection.state.collection)?;
    for sql in [
        "DELETE FROM vectors_records WHERE collection = ?1",
        "DELETE FROM vectors_removed WHERE collection = ?1",
        "DELETE FROM vectors_collections WHERE id = ?1",
    ] {
        connection
            .execute(sql, [collection.state.collection])
            .map_err(failed)?;
    }
    Ok(())
}

fn user_of<'a>(scope: Scope<'a>) -> Option<&'a str> {
    match scope {
        Scope::User(user) => Some(user),
        Scope::AllUsers => None,
    }
}

const SELECT: &str = "SELECT user, id, norm, metadata, vector, token FROM vectors_records";

/// A record's columns, not yet believed.
struct RawRecord {
    user: String,
    id: String,
    norm: f64,
    metadata: String,
    vector: Vec<u8>,
}

impl RawRecord {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            user: row.get(0)?,
            id: row.get(1)?,
            norm: row.get(2)?,
            metadata: row.get(3)?,
            vector: row.get(4)?,
        })
    }

    /// The record and its norm, if they are what [`upsert`] writes.
    fn check(self, connection: &Connection, collection: &Stored) -> Result<(Record, f64)> {
        let dimension = collection.spec.dimension;
        let damaged = |what: String| IndexError::Damaged {
            path: file_of(connection),
            what: format!(
                "record \"{}\" of \"{}\" {what}",
                self.id, collection.spec.name
            ),
            source: None,
        };
        let precision = collection.spec.precision;
        if self.vector.len() != dimension * precision.bytes() {
            let (got, each) = (self.vector.len(), precision.bytes());
            return Err(damaged(format!(
                "has a vector of {got} bytes, not {dimension} x {each}"
            )));
        }
        let vector = from_blob(&self.vector, precision);
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(damaged("has a vector that is not finite".to_owned()));
        }
        if !(self.norm > 0.0 && self.norm <= MAX_NORM) {
            return Err(damaged(format!("has the norm {}", self.norm)));
        }
        let metadata = parse_metadata(connection, &self.id, &self.metadata)?;
        Ok((
            Record {
                user: self.user,
                id: self.id,
                vector,
                metadata,
            },
            self.norm,
        ))
    }
}

fn parse_metadata(connection: &Connection, id: &str, text: &str) -> Result<Metadata> {
    serde_json::from_str(text).map_err(|error| IndexError::Damaged {
        path: file_of(connection),
        what: format!("the metadata of record \"{id}\" are not a JSON object"),
        source: Some(error.into()),
    })
}

/// Little-endian, on every machine. `vector` is rounded to the precision already.
fn to_blob(vector: &[f32], precision: Precision) -> Vec<u8> {
    let values = vector.iter();
    match precision {
        Precision::F32 => values.flat_map(|value| value.to_le_bytes()).collect(),
        Precision::F16 => values
            .flat_map(|value| f16::from_f32(*value).to_le_bytes())
            .collect(),
    }
}

fn from_blob(blob: &[u8], precision: Precision) -> Vec<f32> {
    match precision {
        Precision::F32 => blob
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
        Precision::F16 => {
            let values = blob.as_chunks().0.iter();
            values
                .map(|bytes| f16::from_le_bytes(*bytes).to_f32())
                .collect()
        }
    }
}
