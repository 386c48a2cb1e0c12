//! What is read from and written to the tables of photos, garments and corrections.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use wardrobe_ingest::PerceptualHash;
use wardrobe_types::{EmbedderId, Garment, GarmentId};

use crate::record::{GARMENTS, GarmentRow, SHOWN, Seen, json};
use crate::{Edit, Error, Result};

/// A photo's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PhotoRow {
    /// SHA-256 of the file's bytes, in lower-case hexadecimal.
    pub(crate) sha256: String,
    /// For near-duplicates.
    pub(crate) phash: PerceptualHash,
    /// What the file was called when it came in.
    pub(crate) name: String,
    /// Where it is, relative to the wardrobe's folder.
    pub(crate) file: String,
}

/// The tables, over one connection.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// The tables behind a prepared connection; `path` names the database in errors.
    pub(crate) fn new(connection: Connection, path: PathBuf) -> Self {
        Self { connection, path }
    }

    /// Runs `work` in one transaction: all of it is stored, or nothing.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let path = self.path.clone();
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(Error::database(&path))?;
        let done = work(&transaction)?;
        transaction.commit().map_err(Error::database(&path))?;
        Ok(done)
    }

    /// Every photo's row, in the order they came in.
    pub(crate) fn photos(&self) -> Result<Vec<PhotoRow>> {
        self.read(
            "SELECT sha256, phash, name, file FROM photos ORDER BY rowid",
            [],
            photo_row,
        )
    }

    /// The SHA-256 of the photos with a garment that another embedder than this has embedded.
    pub(crate) fn photos_not_by(&self, embedder: &EmbedderId) -> Result<HashSet<String>> {
        let sql = "SELECT photo FROM garments WHERE embedder <> ?1";
        Ok(self
            .read(sql, [embedder.as_str()], |row| row.get(0))?
            .into_iter()
            .collect())
    }

    /// The SHA-256 of the photos with a garment that is not among these.
    pub(crate) fn photos_beyond(&self, ids: &HashSet<GarmentId>) -> Result<HashSet<String>> {
        let rows = self.read("SELECT id, photo FROM garments", [], |row| {
            Ok((GarmentId::new(row.get::<_, String>(0)?), row.get(1)?))
        })?;
        let beyond = rows.into_iter().filter(|(id, _)| !ids.contains(id));
        Ok(beyond.map(|(_, photo)| photo).collect())
    }

    /// Every garment, in the order they came in.
    pub(crate) fn garments(&self) -> Result<Vec<Garment>> {
        self.select(&format!("{GARMENTS} WHERE {SHOWN} ORDER BY g.rowid"), [])
    }

    /// The garments of one photo; for a further photo of a garment, that garment.
    pub(crate) fn garments_of(&self, sha256: &str) -> Result<Vec<Garment>> {
        let sql = format!(
            "{GARMENTS} WHERE {SHOWN} AND g.id IN (SELECT coalesce(view_of, id) FROM garments
                                                  WHERE photo = ?1 AND removed_at IS NULL) ORDER BY g.rowid"
        );
        self.select(&sql, [sha256])
    }

    /// Every garment that was seen in one photo, those not shown among them.
    pub(crate) fn seen_in(&self, sha256: &str) -> Result<Vec<Garment>> {
        let sql = format!("{GARMENTS} WHERE g.photo = ?1 ORDER BY g.rowid");
        self.select(&sql, [sha256])
    }

    /// The further photos of a garment, in the order they came in.
    pub(crate) fn views_of(&self, id: &GarmentId) -> Result<Vec<Garment>> {
        let sql =
            format!("{GARMENTS} WHERE g.view_of = ?1 AND g.removed_at IS NULL ORDER BY g.rowid");
        self.select(&sql, [id.as_str()])
    }

    /// The same, the removed ones among them.
    pub(crate) fn all_views_of(&self, id: &GarmentId) -> Result<Vec<Garment>> {
        self.select(&format!("{GARMENTS} WHERE g.view_of = ?1"), [id.as_str()])
    }

    /// The garments that were removed and can come back, the last one removed first.
    pub(crate) fn removed(&self) -> Result<Vec<Garment>> {
        let sql = format!(
            "{GARMENTS} WHERE g.removed_at IS NOT NULL ORDER BY g.removed_at DESC, g.rowid"
        );
        self.select(&sql, [])
    }

    /// A removed garment of one photo, or the one that a further photo is of; the first of them.
    pub(crate) fn removed_in(&self, sha256: &str) -> Result<Option<GarmentId>> {
        let sql = "SELECT coalesce(m.id, g.id) FROM garments g
                   LEFT JOIN garments m ON m.id = g.view_of AND m.removed_at IS NOT NULL
                   WHERE g.photo = ?1 ORDER BY g.rowid";
        let ids = self.read(sql, [sha256], |row| row.get::<_, String>(0))?;
        Ok(ids.into_iter().next().map(GarmentId::new))
    }

    /// The garments that are not shown, each with the garment it is a further photo of, where that is shown.
    pub(crate) fn hidden(&self) -> Result<HashMap<GarmentId, Option<GarmentId>>> {
        let sql = "SELECT g.id, CASE WHEN g.removed_at IS NULL AND m.removed_at IS NULL THEN g.view_of END
                   FROM garments g LEFT JOIN garments m ON m.id = g.view_of
                   WHERE g.removed_at IS NOT NULL OR g.view_of IS NOT NULL";
        let rows = self.read(sql, [], |row| {
            let shown: Option<String> = row.get(1)?;
            Ok((
                GarmentId::new(row.get::<_, String>(0)?),
                shown.map(GarmentId::new),
            ))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// What the wearer said of a garment.
    pub(crate) fn edit_of(&self, id: &GarmentId) -> Result<Edit> {
        let sql = "SELECT json_group_object(field, json(value)) FROM edits WHERE garment = ?1";
        let mut edits = self.read(sql, [id.as_str()], |row| json(row, 0))?;
        Ok(edits.pop().unwrap_or_default())
    }

    fn select(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Garment>> {
        let rows = self.read(sql, params, GarmentRow::read)?;
        Ok(rows.into_iter().map(GarmentRow::garment).collect())
    }

    /// Whether no garment of one photo is shown.
    pub(crate) fn all_hidden_in(&self, sha256: &str) -> Result<bool> {
        let sql = format!("SELECT 1 FROM garments g WHERE photo = ?1 AND {SHOWN}");
        Ok(self.read(&sql, [sha256], |_| Ok(()))?.is_empty())
    }

    /// The garments of one photo that are known to the wearer beyond what models saw: corrected, removed, a further photo of
    /// another or with further photos.
    pub(crate) fn touched_in(&self, sha256: &str) -> Result<HashSet<GarmentId>> {
        let sql = "SELECT id FROM garments g WHERE photo = ?1 AND (
                       removed_at IS NOT NULL OR view_of IS NOT NULL
                       OR EXISTS (SELECT 1 FROM edits WHERE garment = g.id)
                       OR EXISTS (SELECT 1 FROM garments WHERE view_of = g.id))";
        let ids = self.read(sql, [sha256], |row| row.get::<_, String>(0))?;
        Ok(ids.into_iter().map(GarmentId::new).collect())
    }

    /// The SHA-256 of the photos whose garments are all removed.
    pub(crate) fn photos_removed(&self) -> Result<HashSet<String>> {
        let sql = "SELECT sha256 FROM photos
                   WHERE sha256 NOT IN (SELECT photo FROM garments WHERE removed_at IS NULL)";
        Ok(self.read(sql, [], |row| row.get(0))?.into_iter().collect())
    }

    /// The one garment whose id is, or begins with, `id`.
    pub(crate) fn find(&self, id: &str) -> Result<Garment> {
        self.find_among(SHOWN, id)
    }

    /// The one garment among those of a condition whose id is, or begins with, `id`.
    pub(crate) fn find_among(&self, condition: &str, id: &str) -> Result<Garment> {
        // `substr` and not LIKE, in which a % or _ of a mistyped id would match anything.
        let sql = format!(
            "{GARMENTS} WHERE {condition} AND substr(g.id, 1, length(?1)) = ?1 ORDER BY g.id LIMIT 5"
        );
        let mut found = self.select(&sql, [id])?;
        let exact = found.iter().position(|garment| garment.id.as_str() == id);
        match (exact, found.len()) {
            _ if id.is_empty() => Err(Error::UnknownGarment { id: id.into() }),
            (Some(index), _) => Ok(found.swap_remove(index)),
            (None, 1) => Ok(found.swap_remove(0)),
            (None, 0) => Err(Error::UnknownGarment { id: id.into() }),
            (None, _) => {
                let matches = found
                    .iter()
                    .take(4)
                    .map(|garment| garment.id.to_string())
                    .collect();
                Err(Error::AmbiguousGarment {
                    id: id.into(),
                    matches,
                })
            }
        }
    }

    /// The photo a garment is on.
    pub(crate) fn photo_of(&self, id: &GarmentId) -> Result<PhotoRow> {
        let sql = "SELECT p.sha256, p.phash, p.name, p.file
                   FROM photos p JOIN garments g ON g.photo = p.sha256 WHERE g.id = ?1";
        let found = self
            .connection
            .query_row(sql, [id.as_str()], photo_row)
            .optional();
        found
            .map_err(Error::database(&self.path))?
            .ok_or_else(|| Error::UnknownGarment { id: id.to_string() })
    }

    /// Lets the database grow no further, as on a full disk.
    #[cfg(test)]
    pub(crate) fn limit_to_its_size(&self) {
        let pages: i64 = self
            .connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        self.connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    }

    /// Runs `work` on the connection.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        work(&self.connection).map_err(Error::database(&self.path))
    }

    /// The rows of a query.
    pub(crate) fn read<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.with(|connection| connection.prepare(sql)?.query_map(params, row)?.collect())
    }

    /// For `map_err` inside [`Store::transaction`].
    pub(crate) fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::database(&path)(source)
    }
}

fn photo_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<PhotoRow> {
    Ok(PhotoRow {
        sha256: row.get(0)?,
        phash: PerceptualHash(row.get::<_, i64>(1)?.cast_unsigned()),
        name: row.get(2)?,
        file: row.get(3)?,
    })
}

/// SQLite's clock as RFC 3339, in UTC, to the millisecond.
pub(crate) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// Adds a photo, or does nothing where it is there already.
pub(crate) fn insert_photo(tx: &Transaction<'_>, photo: &PhotoRow) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO photos (sha256, phash, name, file, added_at) VALUES (?1, ?2, ?3, ?4, {NOW})
         ON CONFLICT (sha256) DO NOTHING"
    );
    let phash = photo.phash.0.cast_signed();
    tx.prepare(&sql)?
        .execute(params![photo.sha256, phash, photo.name, photo.file])?;
    Ok(())
}

/// Adds a garment, or renews what the models saw of it; its age and its corrections stay.
pub(crate) fn upsert_garment(
    tx: &Transaction<'_>,
    sha256: &str,
    seen: &Seen,
) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO garments (id, photo, crop, bbox, category, category_confidence, colors,
                               embedder, tags, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {NOW})
         ON CONFLICT (id) DO UPDATE SET
             crop = excluded.crop, bbox = excluded.bbox, category = excluded.category,
             category_confidence = excluded.category_confidence, colors = excluded.colors,
             embedder = excluded.embedder, tags = excluded.tags"
    );
    tx.prepare(&sql)?.execute(params![
        seen.id.as_str(),
        sha256,
        seen.crop,
        to_json(&seen.bbox)?,
        seen.category.as_str(),
        seen.category_confidence,
        to_json(&seen.colors)?,
        seen.embedder.as_str(),
        to_json(&seen.tags)?,
    ])?;
    Ok(())
}

/// A garment as the transaction has it.
pub(crate) fn garment_in(tx: &Transaction<'_>, id: &GarmentId) -> rusqlite::Result<Garment> {
    let sql = format!("{GARMENTS} WHERE g.id = ?1");
    tx.query_row(&sql, [id.as_str()], |row| {
        Ok(GarmentRow::read(row)?.garment())
    })
}

/// Whether a garment was removed, and could come back.
pub(crate) fn is_removed(tx: &Transaction<'_>, id: &GarmentId) -> rusqlite::Result<bool> {
    let sql = "SELECT removed_at IS NOT NULL FROM garments WHERE id = ?1";
    tx.query_row(sql, [id.as_str()], |row| row.get(0))
}

/// Makes a garment a further photo of another.
pub(crate) fn set_view_of(
    tx: &Transaction<'_>,
    id: &GarmentId,
    garment: &GarmentId,
) -> rusqlite::Result<()> {
    let sql = "UPDATE garments SET view_of = ?2 WHERE id = ?1";
    tx.execute(sql, [id.as_str(), garment.as_str()])?;
    Ok(())
}

/// Lays corrections over a garment; fields the edit leaves open keep what they had.
pub(crate) fn insert_edit(
    tx: &Transaction<'_>,
    id: &GarmentId,
    edit: &Edit,
) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO edits (garment, field, value, edited_at) VALUES (?1, ?2, ?3, {NOW})
         ON CONFLICT (garment, field) DO UPDATE SET value = excluded.value, edited_at = excluded.edited_at"
    );
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&to_json(edit)?).map_err(not_json)?;
    let mut insert = tx.prepare(&sql)?;
    for (field, value) in fields {
        insert.execute(params![id.as_str(), field, value.to_string()])?;
    }
    Ok(())
}

/// Takes back every correction of a garment, so that it is again what the models saw. Its price is no correction.
pub(crate) fn delete_edits(tx: &Transaction<'_>, id: &GarmentId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM edits WHERE garment = ?1 AND field <> 'price'";
    tx.execute(sql, [id.as_str()])?;
    Ok(())
}

/// Forgets a garment, its corrections with it. Returns whether its photo has none left.
pub(crate) fn delete_garment(
    tx: &Transaction<'_>,
    id: &GarmentId,
    sha256: &str,
) -> rusqlite::Result<bool> {
    tx.execute("DELETE FROM garments WHERE id = ?1", [id.as_str()])?;
    let photos = tx.execute(
        "DELETE FROM photos WHERE sha256 = ?1 AND sha256 NOT IN (SELECT photo FROM garments)",
        [sha256],
    )?;
    Ok(photos > 0)
}

/// A value as JSON text for a column.
pub(crate) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
