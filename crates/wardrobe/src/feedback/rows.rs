//! What is read from and written to the tables of outfits and feedback.

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use wardrobe_personalize::Feedback;
use wardrobe_recommend::{Item, ScoredOutfit};
use wardrobe_types::{GarmentId, OutfitId, Signal};

use super::Said;
use crate::record::{json, name};
use crate::store::{NOW, Store, to_json};
use crate::{Error, Result};

/// A row of feedback: what was said, and the garments as they were then.
pub(crate) struct FeedbackRow {
    pub(crate) said: Said,
    pub(crate) feedback: Feedback,
}

const FEEDBACK: &str =
    "SELECT number, outfit, signal, items, instead, said_at, unixepoch(said_at) / 86400
                        FROM feedback WHERE undone_at IS NULL ORDER BY number";

impl Store {
    /// Today, in days since 1970-01-01 (UTC), by the clock that dates feedback.
    pub(super) fn today(&self) -> Result<i64> {
        let days = self.read("SELECT unixepoch('now') / 86400", [], |row| row.get(0))?;
        Ok(days.into_iter().next().unwrap_or_default())
    }

    /// All feedback that counts, in the order it was given.
    pub(crate) fn feedback(&self) -> Result<Vec<FeedbackRow>> {
        self.read(FEEDBACK, [], FeedbackRow::read)
    }

    /// The garments of outfits shown whose id is, or begins with, `id`; at most four.
    pub(super) fn outfits(&self, id: &str) -> Result<Vec<(OutfitId, Vec<GarmentId>)>> {
        let sql = "SELECT id, garments FROM outfits WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 4";
        self.read(sql, [id], |row| {
            Ok((row.get::<_, String>(0)?.into(), json(row, 1)?))
        })
    }

    /// Remembers outfits that are shown. Where nothing can be written, nothing is: there, no feedback can be given either.
    pub(crate) fn remember(&self, shown: &[ScoredOutfit]) -> Result<()> {
        let mut new = Vec::new();
        for outfit in shown {
            let known = "SELECT 1 FROM outfits WHERE id = ?1";
            if self
                .read(known, [outfit.id.as_str()], |_| Ok(()))?
                .is_empty()
            {
                new.push(outfit);
            }
        }
        // Looking again at what was shown before writes nothing.
        if new.is_empty() {
            return Ok(());
        }
        match self.with(|connection| insert_outfits(connection, &new)) {
            Err(error) if error.is_read_only() => Ok(()),
            done => done,
        }
    }
}

fn insert_outfits(connection: &Connection, outfits: &[&ScoredOutfit]) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let sql = format!(
        "INSERT INTO outfits (id, garments, shown_at) VALUES (?1, ?2, {NOW}) ON CONFLICT (id) DO NOTHING"
    );
    for outfit in outfits {
        transaction.execute(
            &sql,
            params![outfit.id.as_str(), to_json(&outfit.garments)?],
        )?;
    }
    transaction.commit()
}

/// Adds a feedback, dated now, and gives its number.
pub(super) fn insert_feedback(
    tx: &Transaction<'_>,
    outfit: &OutfitId,
    signal: Signal,
    items: &[Item],
    instead: Option<&Item>,
) -> rusqlite::Result<i64> {
    let sql = format!(
        "INSERT INTO feedback (outfit, signal, items, instead, said_at) VALUES (?1, ?2, ?3, ?4, {NOW})"
    );
    let instead = instead.map(to_json).transpose()?;
    tx.execute(
        &sql,
        params![outfit.as_str(), signal.as_str(), to_json(&items)?, instead],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Takes a feedback back, or all; it stays on record.
pub(super) fn undo(tx: &Transaction<'_>, number: Option<i64>) -> rusqlite::Result<usize> {
    let sql = format!(
        "UPDATE feedback SET undone_at = {NOW} WHERE undone_at IS NULL AND (?1 IS NULL OR number = ?1)"
    );
    tx.execute(&sql, [number])
}

impl FeedbackRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let items: Vec<Item> = json(row, 3)?;
        let instead: Option<Item> = optional_json(row, 4)?;
        let said = Said {
            number: row.get(0)?,
            outfit: row.get::<_, String>(1)?.into(),
            signal: name(row, 2)?,
            garments: items.iter().map(|item| item.id.clone()).collect(),
            instead: instead.as_ref().map(|item| item.id.clone()),
            said_at: row.get(5)?,
        };
        let feedback = Feedback {
            number: said.number,
            day: row.get(6)?,
            signal: said.signal,
            items,
            instead,
        };
        Ok(Self { said, feedback })
    }
}

fn optional_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => json(row, column).map(Some),
    }
}

impl Error {
    /// Whether the database is on a read-only disk, or may only be read.
    fn is_read_only(&self) -> bool {
        let Self::Database { source, .. } = self else {
            return false;
        };
        matches!(
            source.sqlite_error_code(),
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen)
        )
    }
}
