//! A process killed at any instant has lost nothing it acknowledged, left no half of a call, and no
//! cache that answers wrongly.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_vector_index::*;

const FILE: &str = "VECTOR_INDEX_CRASH_FILE";
const FIRST: &str = "VECTOR_INDEX_CRASH_FIRST";
const DIMENSION: usize = 32;
/// Ids there are, so that records are replaced and removed as often as added.
const IDS: usize = 160;
/// How often a process is killed.
const ROUNDS: usize = 220;

fn spec() -> CollectionSpec {
    CollectionSpec::cosine("crash", DIMENSION, "model-a")
}

fn open(file: &Path) -> SqliteStore {
    let options = IndexOptions {
        graph_from: 1,
        in_background: false,
    };
    SqliteStore::open_with(file, options).unwrap()
}

/// What the writer's call of some number does: the same in the writer and in the model.
#[derive(Debug)]
enum Call {
    Upsert(Vec<Record>),
    Delete(Vec<String>),
    DeleteWhere(Filter),
    /// Grows or rebuilds the graph and writes the cache; nothing acknowledged depends on it.
    Index,
}

fn call(number: usize) -> Call {
    let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
    let id = |rng: &mut ChaCha8Rng| format!("{:03}", rng.random_range(0..IDS));
    match rng.random_range(0..10) {
        0..5 => {
            let records = 1..rng.random_range(2..30);
            let record = |_| {
                let vector = (0..DIMENSION)
                    .map(|_| rng.random_range(-1.0..1.0))
                    .collect();
                Record::new(id(&mut rng), vector).with("call", number)
            };
            Call::Upsert(records.map(record).collect())
        }
        5 | 6 => Call::Delete((0..rng.random_range(1..12)).map(|_| id(&mut rng)).collect()),
        7 => {
            let from = number.saturating_sub(rng.random_range(1..12));
            Call::DeleteWhere(Filter::range("call", from..from + 3))
        }
        _ => Call::Index,
    }
}

type Model = BTreeMap<String, Record>;

fn apply(model: &mut Model, call: Call) {
    match call {
        Call::Upsert(records) => model.extend(records.into_iter().map(|r| (r.id.clone(), r))),
        Call::Delete(ids) => ids.iter().for_each(|id| {
            model.remove(id);
        }),
        Call::DeleteWhere(filter) => model.retain(|_, record| !filter.matches(&record.metadata)),
        Call::Index => {}
    }
}

/// The writer: not a test of its own, but the process that the test below starts and kills.
#[test]
#[ignore = "started by killed_processes_lose_nothing_acknowledged"]
fn writer() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = open(Path::new(&file));
    store.create_collection(&spec()).unwrap();
    let mut out = std::io::stdout();
    for number in first.. {
        match call(number) {
            Call::Upsert(records) => store.upsert(&spec(), &records).unwrap(),
            Call::Delete(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                store.delete(&spec(), Scope::default(), &ids).unwrap();
            }
            Call::DeleteWhere(filter) => {
                store
                    .delete_where(&spec(), Scope::default(), &filter)
                    .unwrap();
            }
            Call::Index => {
                store.index(&spec()).unwrap();
            }
        }
        writeln!(out, "done {number}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts a writer, kills it a moment after its first acknowledgement, and returns its last one.
fn kill_a_writer(file: &Path, first: usize, moment: Duration) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The harness prints "test writer ... " in front of the first acknowledgement.
    let acknowledged = |line: std::io::Result<String>| -> Option<usize> {
        line.ok()?.rsplit_once("done ")?.1.parse().ok()
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .filter_map(acknowledged);
    let last = lines.next().expect("the writer stopped by itself");
    std::thread::sleep(moment);
    child.kill().unwrap(); // SIGKILL
    let last = lines.last().unwrap_or(last);
    child.wait().unwrap();
    last
}

/// The ids of the five records most like `query`.
fn nearest(model: &Model, query: &[f32]) -> Vec<String> {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum::<f64>()
    };
    let mut scores: Vec<(f64, &String)> = model
        .iter()
        .map(|(id, record)| {
            (
                -dot(query, &record.vector) / dot(&record.vector, &record.vector).sqrt(),
                id,
            )
        })
        .collect();
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    scores
        .into_iter()
        .take(5)
        .map(|(_, id)| id.clone())
        .collect()
}

/// Holds a store just opened, and so its cache, to the model.
fn check_answers(store: &SqliteStore, model: &Model, rng: &mut impl Rng) {
    // Most of what is stored: the graph is walked where there is one.
    let queries: Vec<Vec<f32>> = (0..8)
        .map(|_| {
            (0..DIMENSION)
                .map(|_| rng.random_range(-1.0..1.0))
                .collect()
        })
        .collect();
    let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
    let answers = store
        .query_batch(&spec(), &batch, &QueryOptions::top(5))
        .unwrap();
    let mut right = 0;
    for (query, hits) in queries.iter().zip(answers) {
        assert_eq!(hits.len(), 5.min(model.len()));
        for hit in &hits {
            assert_eq!(
                hit.metadata, model[&hit.id].metadata,
                "a hit is of what is stored"
            );
        }
        right += nearest(model, query)
            .iter()
            .filter(|id| hits.iter().any(|hit| hit.id == **id))
            .count();
    }
    assert!(
        right >= 38.min(8 * model.len()),
        "{right} of 40 neighbours found"
    );
}

#[test]
fn killed_processes_lose_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wardrobe.db");
    let (mut next, mut model) = (0, Model::new());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut in_flight, mut by_graph) = (0, 0);
    for round in 0..ROUNDS {
        let moment = Duration::from_micros(rng.random_range(0..25_000));
        let last = kill_a_writer(&file, next, moment);
        (next..=last).for_each(|number| apply(&mut model, call(number)));
        next = last + 1;
        let store = open(&file);
        let stored: Vec<Record> = store
            .iterate(&spec(), Scope::AllUsers)
            .collect::<Result<_>>()
            .unwrap();
        // The call in flight is there whole or not at all.
        if stored != model.values().cloned().collect::<Vec<_>>() {
            apply(&mut model, call(next));
            next += 1;
            in_flight += 1;
            assert_eq!(
                stored,
                model.values().cloned().collect::<Vec<_>>(),
                "round {round}"
            );
        }
        by_graph += usize::from(store.graph_stats(&spec()).unwrap().is_some());
        check_answers(&store, &model, &mut rng);
        if round % 20 == 0 {
            let connection = rusqlite::Connection::open(&file).unwrap();
            let check: String = connection
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok");
        }
    }
    assert!(
        in_flight > 0 && by_graph > ROUNDS / 4,
        "{in_flight} in flight, {by_graph} caches"
    );
}
