//! A collection that queries are asked of: its newest snapshot, and the work on its graph.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::rows;
use super::schema::Stored;
use crate::error::Result;
use crate::memory::Snapshot;

/// A graph is built by itself once this many queries were answered without: whoever asks less often
/// is done sooner with a scan.
const QUERIES_BEFORE_BUILD: usize = 100;

/// The file is written anew once it lacks this part of the slots it has; those are linked again when
/// it is read.
const UNSAVED: usize = 10;

#[derive(Debug)]
pub(super) struct Live {
    current: RwLock<Arc<Snapshot>>,
    /// Held while a new snapshot is made and put in place; queries don't wait for it.
    updating: Mutex<()>,
    /// The file beside the database; none for a database in memory.
    file: Option<PathBuf>,
    /// The slots in the file.
    saved: AtomicUsize,
    queries: AtomicUsize,
    job: Mutex<Option<JoinHandle<()>>>,
    cancel: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What they guard is replaced as a whole, so that a panic leaves nothing half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    pub(super) fn new(stored: &Stored, file: Option<PathBuf>) -> Self {
        let empty = Snapshot::empty(stored.state.collection, &stored.spec);
        Self {
            current: RwLock::new(Arc::new(empty)),
            updating: Mutex::new(()),
            file,
            saved: AtomicUsize::new(0),
            queries: AtomicUsize::new(0),
            job: Mutex::new(None),
            cancel: AtomicBool::new(false),
        }
    }

    pub(super) fn current(&self) -> Arc<Snapshot> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn publish(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = snapshot.clone();
        snapshot
    }

    /// The collection as of `stored`, read in the transaction that `connection` is in.
    pub(super) fn at(&self, connection: &Connection, stored: &Stored) -> Result<Arc<Snapshot>> {
        let current = self.current();
        if current.state == stored.state {
            return Ok(current);
        }
        let _updating = lock(&self.updating);
        let mut from = self.current();
        if from.state.revision < 0 {
            // A file that is missing, damaged or another's is as good as none.
            let file = self.file.as_ref();
            let read =
                |file: &PathBuf| Snapshot::load(file, stored.state.collection, &stored.spec).ok();
            if let Some(read) = file.and_then(read) {
                self.saved.store(read.slots(), Ordering::Relaxed);
                from = Arc::new(read);
            }
        }
        if from.state == stored.state {
            return Ok(self.publish(from.share()));
        }
        if (0..stored.state.revision).contains(&from.state.revision) {
            let changes = rows::changes(connection, stored, from.state.revision)?;
            let next = from.after(changes, stored.state.revision);
            if next.state == stored.state {
                return Ok(self.publish(next));
            }
        }
        // Nothing is known, or it is of a history that is not this file's.
        let mut next = Snapshot::empty(stored.state.collection, &stored.spec).after(
            rows::changes(connection, stored, -1)?,
            stored.state.revision,
        );
        // Rows changed by hand don't add up; they are the truth all the same.
        next.state = stored.state;
        Ok(self.publish(next))
    }

    /// Builds or grows the graph in the background, where it is time.
    pub(super) fn tend(self: &Arc<Self>, queries: usize, from: usize) {
        let asked = self.queries.fetch_add(queries, Ordering::Relaxed) + queries;
        let snapshot = self.current();
        if !snapshot.wants_index(from) || !(snapshot.has_graph() || asked >= QUERIES_BEFORE_BUILD) {
            return;
        }
        let mut job = lock(&self.job);
        if job.as_ref().is_some_and(|job| !job.is_finished()) {
            return;
        }
        let live = self.clone();
        let name = "vector-index".to_owned();
        // Where no thread is to be had, scans go on answering.
        *job = std::thread::Builder::new()
            .name(name)
            .spawn(move || live.index_aside(from))
            .ok();
    }

    /// On threads of its own and all but one of the cores, so that queries find one free.
    fn index_aside(&self, from: usize) {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads((cores - 1).max(1))
            .build();
        if let Ok(pool) = pool {
            pool.install(|| self.index(from));
        }
    }

    /// Builds or grows the graph now, if it is wanted, and saves it where there is a file for it.
    pub(super) fn index(&self, from: usize) {
        let before = self.current();
        if !before.wants_index(from) {
            return;
        }
        let Some(indexed) = before.indexed(&self.cancel) else {
            return;
        };
        let indexed = {
            let _updating = lock(&self.updating);
            let current = self.current();
            if !current.is_akin(&before) {
                return; // read anew meanwhile, with other slots
            }
            // With other slots of its own, it is a step back in time, which the next query mends.
            let next = if indexed.is_akin(&current) {
                current.with_graph_of(&indexed)
            } else {
                indexed
            };
            self.publish(next)
        };
        self.save(&indexed);
    }

    /// Writes the file, where it lacks a good part of the slots.
    fn save(&self, snapshot: &Snapshot) {
        let (saved, slots) = (self.saved.load(Ordering::Relaxed), snapshot.slots());
        let lacks = slots < saved || slots > saved + saved / UNSAVED;
        if let Some(file) = self.file.as_ref().filter(|_| lacks) {
            // On a full or read-only disk the next process builds the graph again.
            if snapshot.save(file).is_ok() {
                self.saved.store(slots, Ordering::Relaxed);
            }
        }
    }

    /// Builds what is wanted, after the job that may be at it.
    pub(super) fn index_now(&self, from: usize) {
        self.wait();
        self.index(from);
    }

    fn wait(&self) {
        let job = lock(&self.job).take();
        if let Some(job) = job {
            job.join().ok();
        }
    }

    /// Stops the work on the graph.
    pub(super) fn stop(&self) {
        self.cancel.store(true, Ordering::Relaxed);
        self.wait();
    }

    /// Removes the file beside the database.
    pub(super) fn remove_file(&self) {
        if let Some(file) = &self.file {
            std::fs::remove_file(file).ok();
        }
    }
}
