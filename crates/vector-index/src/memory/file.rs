//! A snapshot with its graph in a file: a cache beside the database, never the truth.
//!
//! ```text
//! "wardrobe" · format (u32) · CRC-32 of the head (u32) · the head's length (u64) · the head (JSON)
//! then the sections, whose lengths and CRC-32s the head lists:
//!   for each chunk its vectors as they are compared, then its rows (`encode_rows`);
//!   the live slots, a mask a chunk; the parts of the graph
//! ```
//!
//! Numbers are in the machine's byte order: on a machine of another, the format number is unknown.
//! The file is written aside, synced and moved into place, and read only if every checksum holds.
//! Whether it tells the truth, its [`State`] says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pulp::bytemuck;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chunk::Chunk;
use super::fields::{Column, Fields};
use super::{Snapshot, State, generation};
use crate::collection::CollectionSpec;
use crate::exact::Matrix;
use crate::hnsw::{self, Graph};
use crate::lines::{Lines, values};
use crate::mask::{CHUNK, Mask};

const MAGIC: &[u8; 8] = b"wardrobe";
/// Raised whenever the same bytes would mean something else. Other formats are not read.
const FORMAT: u32 = 1;
/// Bytes before the head.
const PREFIX: usize = 24;
/// Sections a graph takes.
const GRAPH: usize = 5;

#[derive(Serialize, Deserialize)]
struct Head {
    state: State,
    spec: CollectionSpec,
    users: Vec<String>,
    slots: usize,
    graph: Option<hnsw::Head>,
    sections: Vec<Section>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Section {
    bytes: usize,
    crc: u32,
}

impl Snapshot {
    /// Writes the file at `path`, whole or not at all.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let sections = self.sections();
        let checked = sections.par_iter().map(|section| Section {
            bytes: section.len(),
            crc: crc32fast::hash(section),
        });
        let head = Head {
            state: self.state,
            spec: self.spec.clone(),
            users: self.users.clone(),
            slots: self.slots(),
            graph: self.graph.as_ref().map(|graph| graph.parts().0),
            sections: checked.collect(),
        };
        let head = serde_json::to_vec(&head)?;
        let aside = Aside::create(path)?;
        let mut file = &aside.file;
        file.write_all(MAGIC)?;
        file.write_all(&FORMAT.to_ne_bytes())?;
        file.write_all(&crc32fast::hash(&head).to_ne_bytes())?;
        file.write_all(&(head.len() as u64).to_ne_bytes())?;
        file.write_all(&head)?;
        for section in &sections {
            file.write_all(section)?;
        }
        aside.move_to(path)
    }

    fn sections(&self) -> Vec<Cow<'_, [u8]>> {
        let mut sections = Vec::new();
        for chunk in &self.chunks {
            sections.push(Cow::Borrowed(chunk.matrix.bytes()));
            sections.push(Cow::Owned(encode_rows(chunk)));
        }
        let live: Vec<u64> = self
            .live
            .iter()
            .flat_map(|mask| mask.words())
            .copied()
            .collect();
        sections.push(Cow::Owned(bytemuck::cast_slice(&live).to_vec()));
        if let Some(graph) = &self.graph {
            sections.extend(graph.parts().1.map(Cow::Borrowed));
        }
        sections
    }

    /// Reads the file at `path`, if it is whole and of the collection `spec`, whose number in the
    /// database is `collection`.
    ///
    /// # Errors
    /// Why it is no such file.
    pub(crate) fn load(path: &Path, collection: i64, spec: &CollectionSpec) -> io::Result<Self> {
        let (head, first) = read_head(path)?;
        let state = head.state;
        let chunks = head.slots.div_ceil(CHUNK);
        let of_graph = if head.graph.is_some() { GRAPH } else { 0 };
        if state.collection != collection || head.spec != *spec {
            return Err(unfit("it is another collection's"));
        }
        if head.sections.len() != 2 * chunks + 1 + of_graph {
            return Err(unfit("sections are missing"));
        }
        let starts = head.sections.iter().scan(first, |at, section| {
            *at += section.bytes as u64;
            Some(*at - section.bytes as u64)
        });
        let places: Vec<(u64, Section)> = starts.zip(head.sections.iter().copied()).collect();
        let (of_chunks, rest) = places.split_at(2 * chunks);
        let chunks: io::Result<Vec<Arc<Chunk>>> = of_chunks
            .par_chunks(2)
            .enumerate()
            .map(|(i, places)| read_chunk(path, places, spec, (head.slots - i * CHUNK).min(CHUNK)))
            .collect();
        let live: Vec<u64> = values(&read_section(path, rest[0])?);
        let mut next = Self {
            state,
            users: head.users,
            chunks: chunks?,
            live: live
                .chunks(CHUNK / 64)
                .filter_map(Mask::from_words)
                .collect(),
            generation: generation(),
            ..Self::empty(collection, spec)
        };
        if let Some(graph) = &head.graph {
            let parts: io::Result<Vec<Vec<u8>>> = rest[1..]
                .iter()
                .map(|place| read_section(path, *place))
                .collect();
            let parts = parts?
                .try_into()
                .map_err(|_| unfit("parts of its graph are missing"))?;
            let graph = Graph::from_parts(graph, parts, |slot| next.vector(slot));
            next.graph = Some(Arc::new(
                graph.ok_or_else(|| unfit("its graph is impossible"))?,
            ));
        }
        next.is_consistent()
            .then_some(next)
            .ok_or_else(|| unfit("its records don't add up"))
    }

    /// Whether what a file said of the records is true of them.
    fn is_consistent(&self) -> bool {
        let live = || self.chunks.iter().zip(&self.live);
        let rows = live().map(|(chunk, live)| live.and(&Mask::of(chunk.len(), |_| true)).count());
        let tokens = live()
            .flat_map(|(chunk, live)| live.iter().filter_map(|row| chunk.tokens.get(row as usize)));
        let digest = tokens.fold(0i64, |sum, token| sum.wrapping_add(*token));
        let users = self.chunks.iter().flat_map(|chunk| &chunk.users);
        self.live.len() == self.chunks.len()
            && rows.sum::<usize>() as i64 == self.state.records
            && digest == self.state.digest
            && users
                .into_iter()
                .all(|user| (*user as usize) < self.users.len())
            && self
                .graph
                .as_ref()
                .is_none_or(|graph| graph.len() <= self.slots())
    }
}

fn unfit(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn read_head(path: &Path) -> io::Result<(Head, u64)> {
    let mut file = File::open(path)?;
    let mut prefix = [0; PREFIX];
    file.read_exact(&mut prefix)?;
    let word = |at: usize| [prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]];
    if &prefix[..8] != MAGIC || u32::from_ne_bytes(word(8)) != FORMAT {
        return Err(unfit("it is of another format"));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&prefix[16..]);
    let length = u64::from_ne_bytes(length);
    if length > file.metadata()?.len() {
        return Err(unfit("it is cut off"));
    }
    let mut head = vec![0; length as usize];
    file.read_exact(&mut head)?;
    if crc32fast::hash(&head) != u32::from_ne_bytes(word(12)) {
        return Err(unfit("its head is damaged"));
    }
    Ok((serde_json::from_slice(&head)?, PREFIX as u64 + length))
}

fn read_section(path: &Path, place: (u64, Section)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; place.1.bytes];
    read_into(path, place, &mut bytes).map(|()| bytes)
}

fn read_into(path: &Path, (start, section): (u64, Section), bytes: &mut [u8]) -> io::Result<()> {
    // A handle of its own, for threads read at once and a handle has one place to read at.
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(bytes)?;
    let whole = crc32fast::hash(bytes) == section.crc;
    if whole {
        Ok(())
    } else {
        Err(unfit("a section is damaged"))
    }
}

fn read_chunk(
    path: &Path,
    places: &[(u64, Section)],
    spec: &CollectionSpec,
    rows: usize,
) -> io::Result<Arc<Chunk>> {
    let mut vectors = Lines::zeroed(Matrix::lines(spec.dimension, rows));
    if vectors.bytes().len() != places[0].1.bytes {
        return Err(unfit("vectors are missing"));
    }
    read_into(path, places[0], vectors.bytes_mut())?;
    let matrix = Matrix::from_lines(spec.dimension, spec.metric, rows, vectors);
    let chunk = decode_rows(&read_section(path, places[1])?, matrix);
    chunk
        .map(Arc::new)
        .ok_or_else(|| unfit("its records are damaged"))
}

/// The part of a chunk's rows that is JSON.
#[derive(Serialize, Deserialize)]
struct Texts<'a> {
    #[serde(borrow)]
    ids: Vec<Cow<'a, str>>,
    /// The distinct values of each field.
    fields: BTreeMap<String, Vec<Value>>,
}

/// The texts' length and the texts; then the tokens, the users, and each field's codes.
fn encode_rows(chunk: &Chunk) -> Vec<u8> {
    let fields = &chunk.fields.columns;
    let texts = Texts {
        ids: chunk.ids.iter().map(|id| Cow::Borrowed(&**id)).collect(),
        fields: fields
            .iter()
            .map(|(name, column)| (name.clone(), column.values.clone()))
            .collect(),
    };
    // Text and finite numbers are always JSON.
    let texts = serde_json::to_vec(&texts).unwrap_or_default();
    let mut bytes = (texts.len() as u64).to_ne_bytes().to_vec();
    bytes.extend(texts);
    bytes.extend_from_slice(bytemuck::cast_slice(&chunk.tokens));
    bytes.extend_from_slice(bytemuck::cast_slice(&chunk.users));
    for column in fields.values() {
        let mut codes = column.codes.clone();
        codes.resize(chunk.len(), 0);
        bytes.extend_from_slice(bytemuck::cast_slice(&codes));
    }
    bytes
}

fn decode_rows(bytes: &[u8], matrix: Matrix) -> Option<Chunk> {
    let rows = matrix.len();
    let (length, bytes) = bytes.split_first_chunk::<8>()?;
    let (texts, bytes) = bytes.split_at_checked(u64::from_ne_bytes(*length) as usize)?;
    let texts: Texts<'_> = serde_json::from_slice(texts).ok()?;
    let (tokens, bytes) = bytes.split_at_checked(rows * size_of::<i64>())?;
    let (users, mut bytes) = bytes.split_at_checked(rows * size_of::<u32>())?;
    let mut columns = BTreeMap::new();
    for (name, distinct) in texts.fields {
        let (codes, rest) = bytes.split_at_checked(rows * size_of::<u16>())?;
        bytes = rest;
        let codes: Vec<u16> = values(codes);
        let known = codes
            .iter()
            .all(|code| usize::from(*code) <= distinct.len());
        columns.insert(name, known.then(|| Column::new(distinct, codes))?);
    }
    let ids: Vec<Arc<str>> = texts.ids.iter().map(|id| Arc::from(&**id)).collect();
    (ids.len() == rows && bytes.is_empty()).then(|| Chunk {
        matrix,
        tokens: values(tokens),
        users: values(users),
        ids,
        fields: Fields::new(columns, rows),
    })
}

/// A file beside its place, locked while it is written, so that those of killed processes can be
/// told from others and removed.
struct Aside {
    path: PathBuf,
    file: File,
}

impl Aside {
    fn create(place: &Path) -> io::Result<Self> {
        // One at a time in a process; other processes have other numbers.
        static NUMBER: Mutex<u64> = Mutex::new(0);
        let mut number = NUMBER
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *number += 1;
        let prefix = format!(
            "{}.new-",
            place.file_name().unwrap_or_default().to_string_lossy()
        );
        remove_abandoned(place, &prefix);
        let path = place.with_file_name(format!("{prefix}{}-{number}", std::process::id()));
        let file = File::create(&path)?;
        file.lock()?;
        Ok(Self { path, file })
    }

    fn move_to(self, place: &Path) -> io::Result<()> {
        // Else the name could reach the disk before the contents.
        self.file.sync_all()?;
        std::fs::rename(&self.path, place)
    }
}

impl Drop for Aside {
    /// Removes what was not moved.
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

fn remove_abandoned(place: &Path, prefix: &str) {
    let folder = place.parent().map(std::fs::read_dir);
    for entry in folder.into_iter().flatten().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if ours && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}
