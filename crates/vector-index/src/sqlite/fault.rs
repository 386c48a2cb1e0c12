//! SQLite's errors in this crate's words.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use crate::error::IndexError;

/// What was being done in which file, for the error if it fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing<'a> {
    operation: &'static str,
    connection: &'a Connection,
}

/// The file of a connection, for messages.
pub(super) fn file_of(connection: &Connection) -> PathBuf {
    match connection.path() {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from("the in-memory database"),
    }
}

impl<'a> Doing<'a> {
    pub(super) fn new(operation: &'static str, connection: &'a Connection) -> Self {
        Self {
            operation,
            connection,
        }
    }

    /// For `map_err`.
    pub(super) fn failed(self) -> impl Fn(rusqlite::Error) -> IndexError + Copy + 'a {
        move |source| fault(self.operation, &file_of(self.connection), source)
    }
}

/// The variant that says what SQLite's error means for the caller.
pub(super) fn fault(operation: &'static str, path: &Path, source: rusqlite::Error) -> IndexError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => IndexError::Busy {
            operation,
            path,
            source,
        },
        Some(ErrorCode::DiskFull) => IndexError::DiskFull {
            operation,
            path,
            source,
        },
        Some(ErrorCode::ReadOnly) => IndexError::ReadOnly {
            operation,
            path,
            source,
        },
        Some(ErrorCode::NotADatabase) => IndexError::NotADatabase { path, source },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => IndexError::CannotOpen {
            path,
            source: source.into(),
        },
        Some(ErrorCode::DatabaseCorrupt) => {
            let what = source.to_string();
            IndexError::Damaged {
                path,
                what,
                source: Some(source.into()),
            }
        }
        _ => IndexError::Sqlite {
            operation,
            path,
            source,
        },
    }
}
