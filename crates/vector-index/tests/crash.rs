//! A writer killed at any instant has lost nothing it acknowledged, and left no half of a call.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use wardrobe_vector_index::*;

const FILE: &str = "VECTOR_INDEX_CRASH_FILE";
const FIRST: &str = "VECTOR_INDEX_CRASH_FIRST";
/// Records a call.
const BATCH: usize = 7;

fn spec() -> CollectionSpec {
    CollectionSpec::cosine("crash", 64, "model-a")
}

/// What the writer's call number `call` stores; every third call also overwrites a record of the
/// call before.
fn batch(call: usize) -> Vec<Record> {
    let vector = |j: usize| {
        (0..64)
            .map(|d| ((call * 31 + j * 7 + d) as f32).sin())
            .collect()
    };
    let id = |j: usize| match (call % 3, j) {
        (2, 0) => format!("{:06}-1", call - 1),
        _ => format!("{call:06}-{j}"),
    };
    (0..BATCH)
        .map(|j| Record::new(id(j), vector(j)).with("call", call))
        .collect()
}

/// The writer: not a test of its own, but the process that the test below starts and kills.
#[test]
#[ignore = "started by killed_writers_lose_nothing_acknowledged"]
fn writer() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = SqliteStore::open(file).unwrap();
    store.create_collection(&spec()).unwrap();
    let mut out = std::io::stdout();
    for call in first.. {
        store.upsert(&spec(), &batch(call)).unwrap();
        writeln!(out, "stored {call}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts a writer, kills it after it acknowledged `calls` calls, and returns the last one it did.
fn kill_a_writer(file: &Path, first: usize, calls: usize) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The harness prints "test writer ... " in front of the first acknowledgement.
    let acknowledged = |line: std::io::Result<String>| -> Option<usize> {
        line.unwrap().rsplit_once("stored ")?.1.parse().ok()
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .filter_map(acknowledged);
    let last = lines
        .by_ref()
        .nth(calls - 1)
        .expect("the writer stopped by itself");
    child.kill().unwrap(); // SIGKILL
    let last = lines.last().unwrap_or(last);
    child.wait().unwrap();
    last
}

#[test]
fn killed_writers_lose_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wardrobe.db");
    let mut next = 0;
    for calls in [1, 40, 3, 17, 90] {
        let last = kill_a_writer(&file, next, calls);
        let store = SqliteStore::open(&file).unwrap();
        let stored: Vec<Record> = store
            .iterate(&spec(), Scope::AllUsers)
            .collect::<Result<_>>()
            .unwrap();
        // The call in flight is there whole or not at all.
        let newest = stored
            .iter()
            .map(|r| r.metadata["call"].as_u64().unwrap())
            .max()
            .unwrap();
        let newest = newest as usize;
        assert!(
            newest == last || newest == last + 1,
            "acknowledged {last}, stored {newest}"
        );
        let mut expected = std::collections::BTreeMap::new();
        for record in (0..=newest).flat_map(batch) {
            expected.insert(record.id.clone(), record);
        }
        assert_eq!(stored, expected.into_values().collect::<Vec<_>>());
        let connection = rusqlite::Connection::open(&file).unwrap();
        let check: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        next = newest + 1;
    }
}
