//! A collection in memory: the copy that queries search.
//!
//! A [`Snapshot`] never changes. What is written makes a new one that shares all full chunks and the
//! graph with the one before, so that queries go on with the one they hold. Records keep their
//! slots: a new or changed record takes the next one, and a removed one leaves its slot dead until
//! [`Snapshot::compacted`].

mod chunk;
mod fields;
mod file;
mod index;
mod query;
mod selection;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use self::chunk::Chunk;
use self::selection::Selections;
use crate::collection::CollectionSpec;
use crate::hnsw::Graph;
use crate::mask::{CHUNK, Mask};
use crate::record::Record;

/// One collection's records as of one revision.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Which state of which collection this is.
    pub(crate) state: State,
    spec: CollectionSpec,
    /// Names; a record holds a place in the list.
    users: Vec<String>,
    chunks: Vec<Arc<Chunk>>,
    /// The slots of each chunk that hold a record still stored.
    live: Vec<Mask>,
    /// The graph over the first of the slots.
    graph: Option<Arc<Graph>>,
    /// Two snapshots of one generation number their slots alike, as far as both have them.
    generation: u64,
    selections: Mutex<Selections>,
}

/// A number of its own.
fn generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// A state of a stored collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct State {
    /// The collection's number in the database.
    pub(crate) collection: i64,
    /// How many changes it has seen.
    pub(crate) revision: i64,
    /// How many records it has.
    pub(crate) records: i64,
    /// The wrapping sum of the records' tokens: of two histories that went apart after a copy of
    /// the file, no two states have the same.
    pub(crate) digest: i64,
}

/// What happened to a collection after some revision.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The tokens of records removed or replaced.
    pub(crate) removed: HashSet<i64>,
    /// Records written and still stored, with norm and token.
    pub(crate) written: Vec<(Record, f64, i64)>,
}

impl Snapshot {
    /// Before the first revision, empty.
    pub(crate) fn empty(collection: i64, spec: &CollectionSpec) -> Self {
        let state = State {
            collection,
            revision: -1,
            records: 0,
            digest: 0,
        };
        Self {
            state,
            spec: spec.clone(),
            users: Vec::new(),
            chunks: Vec::new(),
            live: Vec::new(),
            graph: None,
            generation: generation(),
            selections: Mutex::default(),
        }
    }

    /// The collection after `changes`, as of `revision`.
    pub(crate) fn after(&self, changes: Changes, revision: i64) -> Self {
        let mut next = self.share();
        next.state.revision = revision;
        if !changes.removed.is_empty() {
            next.remove(&changes.removed);
        }
        for (record, norm, token) in changes.written {
            next.push(record, norm, token);
        }
        // With a graph, this waits for the next one.
        if next.graph.is_none() && next.wants_compaction() {
            next.compacted()
        } else {
            next
        }
    }

    /// Whether a graph over the one's slots serves the other.
    pub(crate) fn is_akin(&self, other: &Self) -> bool {
        self.generation == other.generation
    }

    /// The same, to be changed.
    pub(crate) fn share(&self) -> Self {
        Self {
            state: self.state,
            spec: self.spec.clone(),
            users: self.users.clone(),
            chunks: self.chunks.clone(),
            live: self.live.clone(),
            graph: self.graph.clone(),
            generation: self.generation,
            selections: Mutex::default(),
        }
    }

    /// How many slots there are, dead ones included.
    pub(crate) fn slots(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * CHUNK + last.len(),
            None => 0,
        }
    }

    /// How many slots are dead.
    fn dead(&self) -> usize {
        self.slots() - self.state.records as usize
    }

    fn remove(&mut self, tokens: &HashSet<i64>) {
        for (chunk, live) in self.chunks.iter().zip(&mut self.live) {
            for (row, token) in chunk.tokens.iter().enumerate() {
                if tokens.contains(token) && live.contains(row) {
                    live.remove(row);
                    self.state.records -= 1;
                    self.state.digest = self.state.digest.wrapping_sub(*token);
                }
            }
        }
    }

    fn push(&mut self, record: Record, norm: f64, token: i64) {
        let user = self.user(&record.user);
        let chunk = self.chunk_with_room();
        chunk.push(record, norm, token, user);
        self.enter(token);
    }

    /// The last chunk, copied where a query may read it, or a new one.
    fn chunk_with_room(&mut self) -> &mut Chunk {
        if self.chunks.last().is_none_or(|last| last.is_full()) {
            self.chunks.push(Arc::new(Chunk::new(&self.spec)));
            self.live.push(Mask::NONE);
        }
        let last = self.chunks.len() - 1;
        Arc::make_mut(&mut self.chunks[last])
    }

    /// Counts the record just pushed.
    fn enter(&mut self, token: i64) {
        let last = self.chunks.len() - 1;
        self.live[last].insert(self.chunks[last].len() - 1);
        self.state.records += 1;
        self.state.digest = self.state.digest.wrapping_add(token);
    }

    /// The user's place in the list, at its end where it is new.
    fn user(&mut self, name: &str) -> u32 {
        let known = self.users.iter().position(|user| user == name);
        known.unwrap_or_else(|| {
            self.users.push(name.to_owned());
            self.users.len() - 1
        }) as u32
    }

    /// The chunk of a slot, and its row there.
    fn at(&self, slot: u32) -> (&Chunk, usize) {
        (&self.chunks[slot as usize / CHUNK], slot as usize % CHUNK)
    }

    /// A slot's user and id.
    fn key(&self, slot: u32) -> (&str, &str) {
        let (chunk, row) = self.at(slot);
        (&self.users[chunk.users[row] as usize], &chunk.ids[row])
    }

    /// A slot's vector, as it is compared.
    fn vector(&self, slot: usize) -> &[f32] {
        let (chunk, row) = self.at(slot as u32);
        chunk.matrix.row(row)
    }
}
