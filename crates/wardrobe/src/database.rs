//! Opening `wardrobe.db`: its format version, its settings, and what its errors mean to a person.

use std::ffi::c_int;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::home::Home;
use crate::{Error, Result};

/// What makes each format of the one before it, from nothing on.
const STEPS: [&str; 3] = [
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
];

/// The format this version of the crate writes, and the newest it reads.
pub(crate) const FORMAT: i64 = STEPS.len() as i64;

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To change the wardrobe; the database is made where there is none.
    Write,
    /// To look at it; without a database, it is empty and not on disk.
    Read,
}

/// Opens the database of a wardrobe.
pub(crate) fn open(home: &Home, access: Access) -> Result<Connection> {
    let path = home.database();
    let there = path.try_exists().map_err(Error::file("look for", &path))?;
    if access == Access::Write || there {
        let create = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::empty(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let opened = Connection::open_with_flags(&path, flags);
        let prepared = opened
            .map_err(Error::database(&path))
            .and_then(|open| prepare(open, &path));
        return match prepared {
            Err(error) if access == Access::Read && is_unwritable(&error) => open_frozen(&path),
            prepared => prepared,
        };
    }
    let connection = Connection::open_in_memory().map_err(Error::database(&path))?;
    prepare(connection, &path)
}

/// Whether SQLite wanted to write beside the database, as its write-ahead log makes it, and may not.
fn is_unwritable(error: &Error) -> bool {
    let Error::Database { source, .. } = error else {
        return false;
    };
    let code = source.sqlite_error_code();
    matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Opens a database on a read-only disk or in a read-only folder, where nobody changes it. An older format is brought up
/// to date in a copy in memory.
pub(crate) fn open_frozen(path: &Path) -> Result<Connection> {
    let failed = |source| Error::database(path)(source);
    let encoded = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let opened = Connection::open_with_flags(format!("file:{encoded}?immutable=1"), flags);
    let frozen = check(opened.map_err(failed)?, path)?;
    if format_of(&frozen).map_err(failed)? == Some(FORMAT) {
        return Ok(frozen);
    }
    let mut copy = Connection::open_in_memory().map_err(failed)?;
    copy_all(&frozen, &mut copy).map_err(failed)?;
    prepare(copy, path)
}

/// Copies a whole database as it is at one instant, which others may go on changing.
pub(crate) fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    const ALL_PAGES: c_int = -1;
    const PAUSE: Duration = Duration::from_millis(20);
    let backup = Backup::new(from, to)?;
    let start = Instant::now();
    loop {
        match backup.step(ALL_PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if start.elapsed() > PATIENCE => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Sets the connection up and brings the tables up to date, or checks that this crate knows them.
fn prepare(connection: Connection, path: &Path) -> Result<Connection> {
    let mut connection = check(connection, path)?;
    bring_up_to_date(&mut connection).map_err(Error::database(path))?;
    Ok(connection)
}

/// Sets the connection up, and refuses what is no wardrobe or of a later version.
fn check(connection: Connection, path: &Path) -> Result<Connection> {
    let failed = |source| Error::database(path)(source);
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(failed)?;
    match format_of(&connection).map_err(failed)? {
        Some(1..=FORMAT) => Ok(connection),
        Some(found) if found > FORMAT => Err(Error::NewerFormat {
            path: path.to_path_buf(),
            found,
            known: FORMAT,
        }),
        None if is_empty(&connection).map_err(failed)? => Ok(connection),
        _ => Err(Error::NotAWardrobe {
            path: path.to_path_buf(),
        }),
    }
}

/// Takes the steps from the database's format to this version's, all or none, unless another process did so since we
/// looked.
fn bring_up_to_date(connection: &mut Connection) -> rusqlite::Result<()> {
    if format_of(connection)? == Some(FORMAT) {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = format_of(&transaction)?.unwrap_or_default();
    for step in STEPS.iter().skip(done as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.commit()
}

/// The format version the database says it has.
fn format_of(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let known = "SELECT 1 FROM sqlite_schema WHERE name = 'wardrobe_format'";
    if connection
        .query_row(known, [], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(None);
    }
    connection.query_row("SELECT max(version) FROM wardrobe_format", [], |row| {
        row.get(0)
    })
}

/// Whether the database has no tables at all, as a file that has just been made.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })
}
