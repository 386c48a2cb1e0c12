//! What the wearer set once for the whole wardrobe.

use jiff::civil::Date;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use wardrobe_types::{Hemisphere, Season};

use crate::record::json;
use crate::store::to_json;
use crate::{Result, Wardrobe};

/// What the wearer set once for the whole wardrobe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the wearer lives, which tells the season of a day.
    pub hemisphere: Hemisphere,
}

impl Default for Settings {
    /// The north, where nine in ten people live.
    fn default() -> Self {
        Self {
            hemisphere: Hemisphere::North,
        }
    }
}

impl Settings {
    /// The season a day is in; `None` at the equator.
    pub fn season(&self, day: Date) -> Option<Season> {
        self.hemisphere.season(day.month().unsigned_abs())
    }
}

/// The name of the row that holds them all.
const NAME: &str = "wearer";

impl Wardrobe {
    /// What was set, or the defaults.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn settings(&self) -> Result<Settings> {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        let found = self.store.with(|connection| {
            let mut statement = connection.prepare(sql)?;
            statement.query_row([NAME], |row| json(row, 0)).optional()
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Sets them all.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn set(&mut self, settings: &Settings) -> Result<()> {
        let sql = "INSERT INTO settings (name, value) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.store.with(|connection| {
            connection.execute(sql, [NAME, &to_json(settings)?])?;
            Ok(())
        })
    }

    /// Today, by the clock and the time zone of this machine.
    pub fn today() -> Date {
        jiff::Zoned::now().date()
    }
}
