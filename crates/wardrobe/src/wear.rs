//! The wear log: what was worn on which day.
//!
//! It is made of two records: what [`Wardrobe::wear`] was told, and every [`Signal::Wear`] among the feedback, which
//! teaches taste as well. Each can be taken back where it was said.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};
use serde::Serialize;
use wardrobe_recommend::share_a_place;
use wardrobe_types::{GarmentId, Signal};

use crate::feedback::FeedbackRow;
use crate::record::json;
use crate::store::{NOW, to_json};
use crate::{Error, Result, Wardrobe};

/// Garments worn on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wear {
    /// Its number in the log; `None` where feedback said so.
    pub number: Option<i64>,
    /// The number of the feedback that said so.
    pub feedback: Option<i64>,
    /// The day, by the wearer's own calendar.
    pub day: Date,
    /// What was worn.
    pub garments: Vec<GarmentId>,
}

/// How much a garment was worn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// On how many days.
    pub times: usize,
    /// The last of them.
    pub last: Option<Date>,
}

impl Wardrobe {
    /// Notes that garments were worn on a day: by their ids or the beginnings of them, or all of an outfit's by its id.
    /// It teaches no taste; [`Wardrobe::feedback`] does.
    ///
    /// ```no_run
    /// # let mut wardrobe = wardrobe::Wardrobe::open("my-wardrobe", Default::default())?;
    /// wardrobe.wear(&["3fa9c1", "77b0d2"], wardrobe::Wardrobe::today())?;
    /// # Ok::<(), wardrobe::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NothingToWear`] for a name that is neither, [`Error::NotYet`] for a day to come; a database that cannot
    /// be written.
    pub fn wear(&mut self, names: &[impl AsRef<str>], day: Date) -> Result<Wear> {
        if day > Self::today() {
            return Err(Error::NotYet { day });
        }
        let mut garments = BTreeSet::new();
        for name in names.iter().flat_map(|name| name.as_ref().split(',')) {
            garments.extend(self.named(name.trim())?);
        }
        let garments: Vec<GarmentId> = garments.into_iter().collect();
        let number = self
            .store
            .with(|connection| insert_wear(connection, day, &garments))?;
        Ok(Wear {
            number: Some(number),
            feedback: None,
            day,
            garments,
        })
    }

    /// A garment, or the garments of an outfit that was shown.
    fn named(&self, name: &str) -> Result<Vec<GarmentId>> {
        match self.garment(name) {
            Ok(garment) => return Ok(vec![garment.id]),
            Err(Error::UnknownGarment { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.outfit(name) {
            Ok((_, garments)) => Ok(garments),
            Err(Error::UnknownOutfit { .. }) => Err(Error::NothingToWear { id: name.into() }),
            Err(error) => Err(error),
        }
    }

    /// Takes an entry of the log back, the latest where no number is given. It stays on record and counts no more.
    ///
    /// # Errors
    /// [`Error::NoWear`]; a database that cannot be written.
    pub fn undo_wear(&mut self, number: Option<i64>) -> Result<Wear> {
        let said = self.said_worn()?;
        let found = match number {
            Some(_) => said.into_iter().find(|wear| wear.number == number),
            None => said.into_iter().max_by_key(|wear| wear.number),
        };
        let wear = found.ok_or(Error::NoWear { number })?;
        let sql = format!("UPDATE wears SET undone_at = {NOW} WHERE number = ?1");
        self.store
            .with(|connection| connection.execute(&sql, [wear.number]))?;
        Ok(wear)
    }

    /// The whole log, the latest day first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn wears(&self) -> Result<Vec<Wear>> {
        let mut wears = self.said_worn()?;
        let feedback = self.store.feedback()?;
        let worn = feedback
            .iter()
            .filter(|row| row.said.signal == Signal::Wear);
        wears.extend(worn.map(Wear::of));
        wears.sort_by_key(|wear| std::cmp::Reverse((wear.day, wear.number, wear.feedback)));
        Ok(wears)
    }

    /// What [`Wardrobe::wear`] was told and was not taken back.
    fn said_worn(&self) -> Result<Vec<Wear>> {
        let sql = "SELECT number, day, garments FROM wears WHERE undone_at IS NULL ORDER BY number";
        self.store.read(sql, [], |row| {
            let day: String = row.get(1)?;
            Ok(Wear {
                number: row.get(0)?,
                feedback: None,
                day: day.parse().map_err(|error| unreadable(1, error))?,
                garments: json(row, 2)?,
            })
        })
    }

    /// How much each garment was worn; those that never were are not in it. A day counts once, and wear of a further
    /// photo's garment is that of the garment it shows.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn usage(&self) -> Result<HashMap<GarmentId, Usage>> {
        let days = self.days_worn()?.into_iter();
        let usage = days.map(|(id, days)| {
            let usage = Usage {
                times: days.len(),
                last: days.last().copied(),
            };
            (id, usage)
        });
        Ok(usage.collect())
    }

    /// The days each garment was worn on.
    pub(crate) fn days_worn(&self) -> Result<HashMap<GarmentId, BTreeSet<Date>>> {
        let hidden = self.store.hidden()?;
        let mut days: HashMap<GarmentId, BTreeSet<Date>> = HashMap::new();
        for wear in self.wears()? {
            for id in wear.garments {
                let shown = hidden.get(&id).and_then(Option::clone).unwrap_or(id);
                days.entry(shown).or_default().insert(wear.day);
            }
        }
        Ok(days)
    }
}

/// Adds an entry to the log and gives its number.
pub(crate) fn insert_wear(
    connection: &Connection,
    day: Date,
    garments: &[GarmentId],
) -> rusqlite::Result<i64> {
    let sql = format!("INSERT INTO wears (day, garments, said_at) VALUES (?1, ?2, {NOW})");
    connection.execute(&sql, params![day.to_string(), to_json(&garments)?])?;
    Ok(connection.last_insert_rowid())
}

impl Wear {
    /// What a feedback says was worn: the outfit, but for what another garment was taken instead of.
    fn of(row: &FeedbackRow) -> Self {
        let (items, instead) = (&row.feedback.items, &row.feedback.instead);
        let stayed_home = |item| {
            instead
                .as_ref()
                .is_some_and(|taken| share_a_place(item, taken))
        };
        let worn = items
            .iter()
            .filter(|item| !stayed_home(item))
            .chain(instead);
        let said_at = row.said.said_at.parse::<Timestamp>();
        Self {
            number: None,
            feedback: Some(row.said.number),
            day: said_at
                .unwrap_or(Timestamp::UNIX_EPOCH)
                .to_zoned(TimeZone::system())
                .date(),
            garments: worn.map(|item| item.id.clone()).collect(),
        }
    }
}

fn unreadable(column: usize, error: jiff::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
