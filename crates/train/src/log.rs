//! A run's log: a CSV file, a row an epoch.

use crate::error::{AtPath, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

pub(crate) fn write_log<R: Serialize>(rows: &[R], path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::File {
        path: path.to_path_buf(),
        source: std::io::Error::other(e),
    };
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    rows.iter()
        .try_for_each(|row| writer.serialize(row))
        .map_err(failed)?;
    writer.flush().at(path)
}

/// The rows of the run that is resumed.
pub(crate) fn read_log<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>> {
    let invalid = |e: csv::Error| Error::Checkpoint {
        path: path.to_path_buf(),
        problem: e.to_string(),
    };
    csv::Reader::from_path(path)
        .map_err(invalid)?
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(invalid)
}
