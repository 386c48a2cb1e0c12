//! Reading and writing records. Every function works inside the caller's transaction.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::fault::{Doing, file_of};
use super::schema::{self, Stored};
use crate::error::{IndexError, Result};
use crate::filter::Filter;
use crate::record::{MAX_NORM, Metadata, Record, Scope, norm};
use crate::store::{Cursor, Stats};

/// Writes checked records as one new revision of the collection.
pub(super) fn upsert(
    connection: &Connection,
    collection: &Stored,
    records: &[Record],
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let revision = schema::advance(connection, collection.id)?;
    let failed = Doing::new("store the vectors", connection).failed();
    let sql = "INSERT INTO vectors_records
                   (collection, user, id, revision, norm, metadata, vector)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (collection, user, id) DO UPDATE SET
                   revision = ?4, norm = ?5, metadata = ?6, vector = ?7";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    for record in records {
        let metadata =
            serde_json::to_string(&record.metadata).map_err(|source| IndexError::MetadataJson {
                id: record.id.clone(),
                source,
            })?;
        let values = params![
            collection.id,
            record.user,
            record.id,
            revision,
            norm(&record.vector),
            metadata,
            to_blob(&record.vector)
        ];
        statement.execute(values).map_err(failed)?;
    }
    Ok(())
}

/// Removes records by user and id, as one new revision; returns how many there were.
pub(super) fn delete(
    connection: &Connection,
    collection: &Stored,
    scope: Scope<'_>,
    ids: &[&str],
) -> Result<usize> {
    let failed = Doing::new("remove vectors", connection).failed();
    let by_user = "DELETE FROM vectors_records WHERE collection = ?1 AND id = ?2 AND user = ?3";
    // No user is null, so that both take the same three values.
    let of_all = "DELETE FROM vectors_records
                  WHERE collection = ?1 AND id = ?2 AND user IS NOT ?3";
    let (sql, user) = match scope {
        Scope::User(user) => (by_user, Some(user)),
        Scope::AllUsers => (of_all, None),
    };
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut removed = 0;
    for id in ids {
        removed += statement
            .execute(params![collection.id, id, user])
            .map_err(failed)?;
    }
    if removed > 0 {
        schema::advance(connection, collection.id)?;
    }
    Ok(removed)
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
        .query(params![collection.id, user_of(scope)])
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
    let row = connection.query_row(&sql, params![collection.id, user, id], RawRecord::read);
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
    let mut values: Vec<&dyn rusqlite::ToSql> = vec![&collection.id, &user, &id, &limit];
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

/// Calls `visit` with each record written after `revision`, and its norm.
pub(super) fn written_after(
    connection: &Connection,
    collection: &Stored,
    revision: i64,
    mut visit: impl FnMut(Record, f64),
) -> Result<()> {
    let failed = Doing::new("read the vectors", connection).failed();
    let sql = format!("{SELECT} WHERE collection = ?1 AND revision > ?2");
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let rows = statement
        .query_map([collection.id, revision], RawRecord::read)
        .map_err(failed)?;
    for raw in rows {
        let (record, norm) = raw.map_err(failed)?.check(connection, collection)?;
        visit(record, norm);
    }
    Ok(())
}

/// Calls `visit` with each record's user and id.
pub(super) fn keys(
    connection: &Connection,
    collection: &Stored,
    mut visit: impl FnMut(&str, &str),
) -> Result<()> {
    let failed = Doing::new("list the vectors", connection).failed();
    let sql = "SELECT user, id FROM vectors_records WHERE collection = ?1";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([collection.id]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let text = |column| {
            row.get_ref(column)
                .map_err(failed)?
                .as_str()
                .map_err(|error| failed(error.into()))
        };
        visit(text(0)?, text(1)?);
    }
    Ok(())
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
    let values = params![collection.id, user_of(scope)];
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
        .query_row(sql, [collection.id], counts)
        .map_err(failed)?;
    let vector_bytes = records * collection.spec.dimension * size_of::<f32>();
    Ok(Stats {
        records,
        users,
        vector_bytes,
    })
}

/// Removes the collection and its records.
pub(super) fn drop_collection(connection: &Connection, collection: &Stored) -> Result<()> {
    let failed = Doing::new("remove the collection", connection).failed();
    for sql in [
        "DELETE FROM vectors_records WHERE collection = ?1",
        "DELETE FROM vectors_collections WHERE id = ?1",
    ] {
        connection.execute(sql, [collection.id]).map_err(failed)?;
    }
    Ok(())
}

fn user_of<'a>(scope: Scope<'a>) -> Option<&'a str> {
    match scope {
        Scope::User(user) => Some(user),
        Scope::AllUsers => None,
    }
}

const SELECT: &str = "SELECT user, id, norm, metadata, vector FROM vectors_records";

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
        if self.vector.len() != dimension * size_of::<f32>() {
            let got = self.vector.len();
            return Err(damaged(format!(
                "has a vector of {got} bytes, not {dimension} x 4"
            )));
        }
        let vector = from_blob(&self.vector);
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

/// f32, little-endian, on every machine.
fn to_blob(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn from_blob(blob: &[u8]) -> Vec<f32> {
    let (values, _) = blob.as_chunks::<4>();
    values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}
