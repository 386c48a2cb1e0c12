//! One connection to write with, and others to read with meanwhile.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault::{fault, file_of};
use super::schema;
use crate::error::Result;

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Connections {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Those that nobody reads with now. `None` for a database in memory, which has one connection.
    readers: Option<Mutex<Vec<Connection>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave a connection half-written: an open transaction rolls back.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    pub(super) fn new(mut writer: Connection) -> Result<Self> {
        schema::prepare(&mut writer)?;
        let on_disk = writer.path().is_some_and(|path| !path.is_empty());
        Ok(Self {
            path: file_of(&writer),
            writer: Mutex::new(writer),
            readers: on_disk.then(Mutex::default),
        })
    }

    /// The database's file, where it has one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.readers.as_ref().map(|_| self.path.as_path())
    }

    /// Runs `work` in one read transaction, so that all it reads is of one instant. It waits for no
    /// writer.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let failed = |source| fault("read", &self.path, source);
        let Some(readers) = &self.readers else {
            let mut writer = lock(&self.writer);
            return work(&writer.transaction().map_err(failed)?);
        };
        let idle = lock(readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.reader().map_err(failed)?,
        };
        let value = work(&reader.transaction().map_err(failed)?);
        lock(readers).push(reader);
        value
    }

    /// Runs `work` in one write transaction, kept where it succeeds and undone where not.
    pub(super) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let failed = |source| fault("write", &self.path, source);
        // Immediate: it waits for other writers now, rather than fail on its first write.
        let transaction = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(failed)?;
        Ok(value)
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        // Read-write, for a reader may have to recover the log of a writer that crashed.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        schema::prepare_reader(&reader)?;
        Ok(reader)
    }
}
