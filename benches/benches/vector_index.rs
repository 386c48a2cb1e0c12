//! Exact search in the SQLite store.
//!
//! Corpus: 10,000 and 50,000 vectors of 512 values, uniform in -1..1, seed 2; queries from the same
//! distribution; cosine, k = 10. Recall is measured before the times, against the definition
//! summed in f64. "1 core" runs in a rayon pool of one thread.
//!
//! `cargo bench -p wardrobe-benches --bench vector_index`

#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints quality beside time"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::{ThreadPool, ThreadPoolBuilder};
use wardrobe_vector_index::{
    CollectionSpec, Filter, QueryOptions, Record, SqliteStore, VectorStore,
};

const DIMENSION: usize = 512;
const K: usize = 10;
const BATCH: usize = 64;

fn vectors(seed: u64, n: usize) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut vector = || {
        (0..DIMENSION)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect()
    };
    (0..n).map(|_| vector()).collect()
}

fn spec() -> CollectionSpec {
    CollectionSpec::cosine("bench", DIMENSION, "uniform")
}

/// Every twentieth record has the field `rare`: 5 % of them.
fn record(i: usize, vector: &[f32]) -> Record {
    Record::new(format!("{i:06}"), vector.to_vec()).with("rare", i.is_multiple_of(20))
}

/// The share of the true nearest `K` found, over all queries.
fn recall(store: &SqliteStore, corpus: &[Vec<f32>], queries: &[Vec<f32>]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let mut found = 0;
    for query in queries {
        let score = |row: &Vec<f32>| dot(query, row) / (dot(query, query) * dot(row, row)).sqrt();
        let mut scores: Vec<f64> = corpus.iter().map(score).collect();
        let hits = store
            .query(&spec(), query, &QueryOptions::top(K))
            .expect("a query");
        let of_hits: Vec<f64> = hits
            .iter()
            .map(|hit| scores[hit.id.parse::<usize>().expect("a number")])
            .collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        found += of_hits
            .iter()
            .filter(|score| **score >= scores[K - 1])
            .count();
    }
    found as f64 / (K * queries.len()) as f64
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool")
}

fn exact_search(criterion: &mut Criterion) {
    let queries = vectors(3, BATCH);
    let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
    let rare = Filter::eq("rare", true);
    let one = pool(1);
    let all = std::thread::available_parallelism().expect("a count").get();
    let many = pool(all);
    for n in [10_000, 50_000] {
        let corpus = vectors(2, n);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench.db");
        let store = SqliteStore::open(&path).expect("a store");
        store.create_collection(&spec()).expect("a collection");
        let records: Vec<Record> = corpus
            .iter()
            .enumerate()
            .map(|(i, v)| record(i, v))
            .collect();
        store.upsert(&spec(), &records).expect("room");
        let found = recall(&store, &corpus, &queries[..10]);
        println!("{n} x {DIMENSION}: recall@{K} {found} on 10 queries");
        assert_eq!(found, 1.0, "exact search must be exact");

        let top = QueryOptions::top(K);
        let mut group = criterion.benchmark_group(format!("exact search, {n} x {DIMENSION}"));
        let mut next = queries.iter().cycle();
        let mut query = |options: &QueryOptions<'_>| {
            let vector = next.next().expect("an endless cycle");
            black_box(store.query(&spec(), vector, options).expect("a query"))
        };
        group.bench_function("1 query, 1 core", |b| {
            one.install(|| b.iter(|| query(&top)))
        });
        let cores = format!("1 query, {all} cores");
        group.bench_function(cores, |b| many.install(|| b.iter(|| query(&top))));
        let filtered = top.matching(&rare);
        let name = "1 query, 5 % match, 1 core";
        group.bench_function(name, |b| one.install(|| b.iter(|| query(&filtered))));
        group
            .throughput(Throughput::Elements(BATCH as u64))
            .sample_size(20);
        group.bench_function(BenchmarkId::new("batch, 1 core", BATCH), |b| {
            let run = || store.query_batch(&spec(), &batch, &top).expect("a query");
            one.install(|| b.iter(|| black_box(run())));
        });
        group
            .throughput(Throughput::Elements(n as u64))
            .sample_size(10);
        group.bench_function("open and first query", |b| {
            b.iter(|| {
                let store = SqliteStore::open(&path).expect("a store");
                black_box(store.query(&spec(), &queries[0], &top).expect("a query"))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, exact_search);
criterion_main!(benches);
