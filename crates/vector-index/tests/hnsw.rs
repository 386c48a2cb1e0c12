//! The SQLite store searching by its graph: the contract, recall, and a cache that is never trusted
//! blindly.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod contract;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use wardrobe_vector_index::*;

/// A graph for every collection, however small, but only when told.
const ALWAYS: IndexOptions = IndexOptions {
    graph_from: 1,
    in_background: false,
};

/// The SQLite store with its graph brought up to date before each query.
struct ByGraph(SqliteStore);

impl VectorStore for ByGraph {
    fn create_collection(&self, spec: &CollectionSpec) -> Result<()> {
        self.0.create_collection(spec)
    }

    fn collections(&self) -> Result<Vec<CollectionSpec>> {
        self.0.collections()
    }

    fn drop_collection(&self, name: &str) -> Result<bool> {
        self.0.drop_collection(name)
    }

    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        self.0.upsert(spec, records)
    }

    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        self.0.get(spec, user, ids)
    }

    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize> {
        self.0.delete(spec, scope, ids)
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize> {
        self.0.delete_where(spec, scope, filter)
    }

    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        self.0.index(spec)?;
        self.0.query_batch(spec, vectors, options)
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize> {
        self.0.count(spec, scope, filter)
    }

    fn page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.0.page(spec, scope, after, limit)
    }

    fn stats(&self, spec: &CollectionSpec) -> Result<Stats> {
        self.0.stats(spec)
    }
}

fn make() -> (ByGraph, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (ByGraph(open(&folder.path().join("wardrobe.db"))), folder)
}

contract_tests!(make);

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open_with(path, ALWAYS).unwrap()
}

const DIMENSION: usize = 24;

fn looks() -> CollectionSpec {
    CollectionSpec::cosine("looks", DIMENSION, "model-a")
}

/// Vectors around 40 centres.
fn clustered(seed: u64, n: usize) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let normal = |rng: &mut ChaCha8Rng| (0..6).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>();
    let centres: Vec<Vec<f32>> = (0..40)
        .map(|_| (0..DIMENSION).map(|_| normal(&mut rng)).collect())
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut near = |_| {
        let centre = &centres[rng.random_range(0..centres.len())];
        centre
            .iter()
            .map(|value| value + 0.5 * normal(&mut rng))
            .collect()
    };
    (0..n).map(&mut near).collect()
}

/// Half of user anna's, half of ben's; `tenth` is 0 to 9.
fn record(i: usize, vector: &[f32]) -> Record {
    let user = if i.is_multiple_of(2) { "anna" } else { "ben" };
    Record::new(format!("{i:05}"), vector.to_vec())
        .of_user(user)
        .with("tenth", i / 2 % 10)
}

fn records(seed: u64, n: usize) -> Vec<Record> {
    clustered(seed, n)
        .iter()
        .enumerate()
        .map(|(i, vector)| record(i, vector))
        .collect()
}

fn filled(n: usize) -> (SqliteStore, PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardrobe.db");
    let store = open(&path);
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(2, n)).unwrap();
    (store, path, folder)
}

/// The share of the true ten nearest that `store` finds, `exact` knowing them.
fn recall(store: &SqliteStore, exact: &SqliteStore, options: &QueryOptions<'_>) -> f64 {
    let queries = clustered(3, 200);
    let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
    let found = store.query_batch(&looks(), &batch, options).unwrap();
    let truth = exact.query_batch(&looks(), &batch, options).unwrap();
    let keys = |hits: &[Hit]| -> HashSet<(String, String)> {
        hits.iter()
            .map(|hit| (hit.user.clone(), hit.id.clone()))
            .collect()
    };
    let hits: usize = found
        .iter()
        .zip(&truth)
        .map(|(a, b)| keys(a).intersection(&keys(b)).count())
        .sum();
    hits as f64 / truth.iter().map(Vec::len).sum::<usize>() as f64
}

/// Another store on the same file that never has a graph.
fn exact(path: &Path) -> SqliteStore {
    SqliteStore::open_with(
        path,
        IndexOptions {
            graph_from: usize::MAX,
            in_background: false,
        },
    )
    .unwrap()
}

#[test]
fn recall_with_and_without_filters() {
    let (store, path, _folder) = filled(6000);
    let stats = store.index(&looks()).unwrap().unwrap();
    assert_eq!((stats.nodes, stats.dead, stats.behind), (6000, 0, 0));
    assert!(
        stats.recall_at_10 >= 0.99 && stats.ef.is_some(),
        "{stats:?}"
    );
    let exact = exact(&path);
    let (some, most) = (Filter::eq("tenth", 3), Filter::ne("tenth", 3));
    let all = QueryOptions::top(10).in_scope(Scope::AllUsers);
    let anna = QueryOptions::top(10).in_scope(Scope::User("anna"));
    for options in [
        all,
        anna,
        all.matching(&some),
        anna.matching(&most),
        QueryOptions { k: 100, ..all },
    ] {
        let found = recall(&store, &exact, &options);
        assert!(found >= 0.98, "{found} with {options:?}");
    }
}

#[test]
fn removed_and_replaced_records_are_gone_and_a_fifth_dead_makes_a_new_graph() {
    let (store, path, _folder) = filled(4000);
    store.index(&looks()).unwrap();
    let all = QueryOptions::top(10).in_scope(Scope::AllUsers);
    // 200 removed, 400 replaced by other vectors: 600 of 4,400 slots are dead.
    let gone = Filter::and([Filter::eq("tenth", 7), Filter::ne("colour", "red")]);
    assert_eq!(
        store
            .delete_where(&looks(), Scope::User("anna"), &gone)
            .unwrap(),
        200
    );
    store.upsert(&looks(), &records(5, 400)).unwrap();
    let stats = store.index(&looks()).unwrap().unwrap();
    // Of the 400, 20 were removed before.
    assert_eq!((stats.nodes, stats.dead, stats.behind), (4400, 580, 0));
    assert!(recall(&store, &exact(&path), &all) >= 0.98);
    let hits = store
        .query(
            &looks(),
            &clustered(3, 1)[0],
            &QueryOptions { k: 4000, ..all },
        )
        .unwrap();
    assert_eq!(hits.len(), 3820);
    store.upsert(&looks(), &records(6, 1200)).unwrap();
    let stats = store.index(&looks()).unwrap().unwrap();
    assert_eq!((stats.dead, stats.behind), (0, 0), "{stats:?}");
    assert_eq!(stats.nodes, store.stats(&looks()).unwrap().records);
    assert!(recall(&store, &exact(&path), &all) >= 0.98);
}

#[test]
fn many_copies_of_one_vector_are_all_found() {
    let (store, _, _folder) = filled(1000);
    let copies: Vec<Record> = (0..300)
        .map(|i| Record::new(format!("copy-{i:03}"), clustered(9, 1).remove(0)))
        .collect();
    store.upsert(&looks(), &copies).unwrap();
    store.index(&looks()).unwrap();
    let hits = store
        .query(&looks(), &copies[0].vector, &QueryOptions::top(300))
        .unwrap();
    assert!(hits.iter().all(|hit| hit.id.starts_with("copy")) && hits.len() == 300);
}

#[test]
fn vectors_without_structure_are_found_all_the_same() {
    // In 300 dimensions uniform vectors are all about equally far: a graph must be walked widely to
    // find the nearest, or not be used.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardrobe.db");
    let (store, exact) = (open(&path), exact(&path));
    let noise = CollectionSpec::cosine("noise", 300, "model-a");
    store.create_collection(&noise).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut vector = || -> Vec<f32> { (0..300).map(|_| rng.random_range(-1.0..1.0)).collect() };
    let records: Vec<Record> = (0..3000)
        .map(|i| Record::new(format!("{i:05}"), vector()))
        .collect();
    store.upsert(&noise, &records).unwrap();
    let stats = store.index(&noise).unwrap().unwrap();
    let mut right = 0;
    for _ in 0..50 {
        let query = vector();
        let ids = |store: &SqliteStore| -> HashSet<String> {
            let hits = store.query(&noise, &query, &QueryOptions::top(10)).unwrap();
            hits.into_iter().map(|hit| hit.id).collect()
        };
        right += ids(&store).intersection(&ids(&exact)).count();
    }
    assert!(right >= 485, "{right} of 500 with {stats:?}");
}

fn cache_of(path: &Path) -> PathBuf {
    path.with_file_name("wardrobe.db-graph-1")
}

/// The ten nearest to a few vectors.
fn answers(store: &SqliteStore) -> Vec<Vec<Hit>> {
    let queries = clustered(8, 20);
    let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
    let options = QueryOptions::top(10).in_scope(Scope::AllUsers);
    store.query_batch(&looks(), &batch, &options).unwrap()
}

#[test]
fn the_cache_spares_building_and_is_brought_up_to_date() {
    let (store, path, _folder) = filled(3000);
    let built = store.index(&looks()).unwrap().unwrap();
    let before = answers(&store);
    drop(store);
    let store = open(&path);
    assert_eq!(
        store.graph_stats(&looks()).unwrap(),
        Some(built),
        "read, not built"
    );
    assert_eq!(answers(&store), before);
    // Writes by a process that never looks at the cache.
    let exact = exact(&path);
    let mut newer = records(6, 40);
    newer.iter_mut().for_each(|record| record.metadata.clear());
    exact.upsert(&looks(), &newer).unwrap();
    exact
        .delete(&looks(), Scope::AllUsers, &["00100", "00101"])
        .unwrap();
    drop(store);
    let store = open(&path);
    let stats = store.graph_stats(&looks()).unwrap().unwrap();
    assert_eq!((stats.nodes, stats.dead, stats.behind), (3000, 42, 40));
    assert_eq!(answers(&store), answers(&exact));
}

#[test]
fn a_damaged_cache_is_never_trusted() {
    let (store, path, _folder) = filled(1500);
    store.index(&looks()).unwrap();
    let before = answers(&exact(&path));
    drop(store);
    let cache = cache_of(&path);
    let whole = std::fs::read(&cache).unwrap();
    let check = |bytes: &[u8], what: &str| {
        std::fs::write(&cache, bytes).unwrap();
        let store = open(&path);
        assert_eq!(store.graph_stats(&looks()).unwrap(), None, "{what}");
        assert_eq!(answers(&store), before, "{what}");
    };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..60 {
        let at = rng.random_range(0..whole.len());
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << rng.random_range(0..8);
        check(&bytes, &format!("bit flipped at {at}"));
        check(&whole[..at], &format!("cut at {at}"));
    }
    let mut zeros = whole.clone();
    zeros[whole.len() / 2..].fill(0);
    check(&zeros, "the second half zeros");
    check(b"", "empty");
    // And it is mended.
    let store = open(&path);
    store.index(&looks()).unwrap();
    assert_eq!(
        std::fs::read(&cache).unwrap(),
        whole,
        "built alike every time"
    );
}

#[test]
fn a_cache_of_another_history_is_never_trusted() {
    let (store, path, folder) = filled(800);
    let backup = folder.path().join("backup.db");
    let copy = |from: &Path, to: &Path| {
        let connection = rusqlite::Connection::open(from).unwrap();
        connection
            .execute("VACUUM INTO ?1", [to.to_str().unwrap()])
            .unwrap();
    };
    copy(&path, &backup);
    // The cache sees changes that the restored backup never had, at the same revisions as others.
    let changed = |seed| records(seed, 30);
    store.upsert(&looks(), &changed(11)).unwrap();
    store.index(&looks()).unwrap();
    drop(store);
    assert!(cache_of(&path).exists());
    for file in ["wardrobe.db", "wardrobe.db-wal", "wardrobe.db-shm"] {
        std::fs::remove_file(folder.path().join(file)).ok();
    }
    std::fs::rename(&backup, &path).unwrap();
    let exact = exact(&path);
    for round in 0..3 {
        let store = open(&path);
        assert_eq!(answers(&store), answers(&exact), "after {round} changes");
        assert_eq!(store.graph_stats(&looks()).unwrap(), None);
        exact.upsert(&looks(), &changed(12 + round)).unwrap();
    }
}

#[test]
fn dropping_a_collection_removes_its_cache_and_abandoned_files_go() {
    let (store, path, folder) = filled(200);
    let abandoned = folder.path().join("wardrobe.db-graph-1.new-99999999-1");
    std::fs::write(&abandoned, "of a process that was killed").unwrap();
    store.index(&looks()).unwrap();
    assert!(cache_of(&path).exists() && !abandoned.exists());
    assert!(store.drop_collection("looks").unwrap());
    assert!(!cache_of(&path).exists());
}

#[test]
fn queries_go_on_while_others_write_and_the_graph_grows() {
    let (store, path, _folder) = filled(2000);
    let options = IndexOptions {
        graph_from: 1,
        in_background: true,
    };
    let asking = SqliteStore::open_with(&path, options).unwrap();
    let (done, query) = (
        std::sync::atomic::AtomicBool::new(false),
        clustered(3, 1).remove(0),
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for batch in records(13, 3000).chunks(150).skip(13) {
                store.upsert(&looks(), batch).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let all = QueryOptions::top(5).in_scope(Scope::AllUsers);
                    assert_eq!(asking.query(&looks(), &query, &all).unwrap().len(), 5);
                    let now = asking.stats(&looks()).unwrap().records;
                    assert!(now >= last);
                    last = now;
                }
            });
        }
    });
    // In the end the background has linked nearly all.
    let wait = std::time::Instant::now();
    loop {
        asking
            .query_batch(&looks(), &[query.as_slice(); 200], &QueryOptions::top(5))
            .unwrap();
        match asking.graph_stats(&looks()).unwrap() {
            Some(stats) if stats.behind < 256 => break,
            stats => assert!(wait.elapsed().as_secs() < 60, "{stats:?}"),
        }
    }
    let all = QueryOptions::top(10).in_scope(Scope::AllUsers);
    assert!(recall(&asking, &exact(&path), &all) >= 0.98);
}

#[test]
fn half_precision_reads_back_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("wardrobe.db"));
    let half = looks().half_precision();
    store.create_collection(&half).unwrap();
    let records = records(2, 2000);
    store.upsert(&half, &records).unwrap();
    assert_eq!(
        store.stats(&half).unwrap().vector_bytes,
        2000 * DIMENSION * 2
    );
    let read = store
        .get(&half, "anna", &["00000"])
        .unwrap()
        .remove(0)
        .unwrap();
    for (read, given) in read.vector.iter().zip(&records[0].vector) {
        assert!(
            (read - given).abs() <= given.abs() / 2048.0 + 1e-7,
            "{read} for {given}"
        );
    }
    store.index(&half).unwrap();
    let hits = store
        .query(
            &half,
            &read.vector,
            &QueryOptions::top(1).in_scope(Scope::AllUsers),
        )
        .unwrap();
    assert!(hits[0].id == "00000" && hits[0].score > 0.999_999);
    let big = Record::new("big", vec![1e6; DIMENSION]);
    assert!(matches!(
        store.upsert(&half, &[big]),
        Err(IndexError::OutOfRange { position: 0, .. })
    ));
    let tiny = Record::new("tiny", vec![1e-12; DIMENSION]);
    assert!(matches!(
        store.upsert(&half, &[tiny]),
        Err(IndexError::ZeroVector { .. })
    ));
    let full = store
        .query(&looks(), &[1.0; DIMENSION], &QueryOptions::top(1))
        .unwrap_err();
    assert!(matches!(
        full,
        IndexError::CollectionMismatch {
            field: "precision",
            ..
        }
    ));
}
