//! Search in the SQLite store: exact, by the graph, filtered; building, memory, files, opening.
//!
//! Corpora of 512 values, seed 2, queries of the same distribution, cosine, k = 10, 2,000 queries:
//!
//! - `clustered`: 1,000 unit centres, each vector one of them plus isotropic noise of norm 1. Easy.
//! - `embeddings`: as image embeddings lie: 300 kinds of falling frequency around a common direction,
//!   64 directions of falling weight within a kind, and noise. Harder.
//!
//! Rates are queries a second: of a thread's own time where one thread works (other programs then
//! count nothing), of the clock where several do. Recall is against exact search, and exact search
//! is held to the definition first.
//!
//! `cargo bench -p wardrobe-benches --bench vector_index` measures 10,000 vectors of each;
//! `... -- 100000` other numbers, `... -- crossover` where the graph begins to pay.
//! `benches/peers/vector_index.sh` does the same beside hnswlib and faiss: where `VECTOR_INDEX_FOLDER`
//! is set, the vectors are written there for them, and one line is printed a figure.

#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints quality beside time"
)]

#[path = "vector_index/corpus.rs"]
mod corpus;
#[path = "vector_index/timing.rs"]
mod timing;

use std::collections::HashSet;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use corpus::{Corpus, DIMENSION};
use timing::{pool, rate_of_clock, rate_of_thread};
use wardrobe_vector_index::{
    CollectionSpec, Filter, Hit, IndexOptions, QueryOptions, Record, SqliteStore, VectorStore,
};

const K: usize = 10;
/// Records a call of `upsert`.
const BATCH: usize = 1000;

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    if asked.iter().any(|arg| arg == "crossover") {
        return crossover();
    }
    let mut sizes: Vec<usize> = asked.iter().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.push(10_000);
    }
    for n in sizes {
        for make in [Corpus::clustered, Corpus::embeddings] {
            measure(&make(n));
        }
    }
}

fn spec() -> CollectionSpec {
    CollectionSpec::cosine("bench", DIMENSION, "synthetic")
}

/// `half`, `twentieth` and `rare` hold for 50, 5 and 0.5 % of the records.
fn record(i: usize, vector: &[f32]) -> Record {
    Record::new(format!("{i:07}"), vector.to_vec())
        .with("half", i.is_multiple_of(2))
        .with("twentieth", i.is_multiple_of(20))
        .with("rare", i.is_multiple_of(200))
}

fn by_graph() -> IndexOptions {
    IndexOptions {
        graph_from: 1,
        in_background: false,
    }
}

fn by_scan() -> IndexOptions {
    IndexOptions {
        graph_from: usize::MAX,
        in_background: false,
    }
}

fn open(path: &Path, options: IndexOptions) -> SqliteStore {
    SqliteStore::open_with(path, options).expect("a store")
}

fn fill(path: &Path, corpus: &Corpus) -> f64 {
    let store = open(path, by_scan());
    store.create_collection(&spec()).expect("a collection");
    let start = Instant::now();
    let rows: Vec<&[f32]> = corpus.vectors.chunks(DIMENSION).collect();
    for (batch, rows) in rows.chunks(BATCH).enumerate() {
        let records = rows
            .iter()
            .enumerate()
            .map(|(i, row)| record(batch * BATCH + i, row));
        store
            .upsert(&spec(), &records.collect::<Vec<_>>())
            .expect("room");
    }
    start.elapsed().as_secs_f64()
}

fn measure(corpus: &Corpus) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bench.db");
    let queries: Vec<&[f32]> = corpus.queries.chunks(DIMENSION).collect();
    let all = QueryOptions::top(K);
    corpus.hand_over();
    let show = |what: &str, figure: f64, more: String| {
        println!("wardrobe\t{}\t{what}\t{figure:.1}\t{more}", corpus.name);
    };
    let seconds = fill(&path, corpus);
    show(
        "stored, records/s",
        corpus.len() as f64 / seconds,
        "each thousand synced".into(),
    );

    let exact = open(&path, by_scan());
    let truth = exact.query_batch(&spec(), &queries, &all).expect("answers");
    corpus.check(&truth);
    let few = &queries[..200];
    let (one, both) = (pool(1), pool(2));
    let batch = |store: &SqliteStore, queries: &[&[f32]], options: &QueryOptions<'_>| {
        store
            .query_batch(&spec(), queries, options)
            .expect("answers")
    };
    let single = |store: &SqliteStore, queries: &[&[f32]], options: &QueryOptions<'_>| {
        queries.iter().for_each(|query| {
            black_box(store.query(&spec(), query, options).expect("answers"));
        });
    };
    let rate = one.install(|| rate_of_thread(few.len(), || single(&exact, few, &all)));
    show("exact, one by one, 1 thread", rate, String::new());
    let rate =
        one.install(|| rate_of_thread(queries.len(), || drop(batch(&exact, &queries, &all))));
    show("exact, batch, 1 thread", rate, String::new());
    let rate =
        both.install(|| rate_of_clock(queries.len(), || drop(batch(&exact, &queries, &all))));
    show("exact, batch, 2 threads", rate, String::new());

    let graph = open(&path, by_graph());
    let memory = timing::memory();
    let start = Instant::now();
    let stats = both
        .install(|| graph.index(&spec()))
        .expect("a graph")
        .expect("a graph");
    show(
        "build, s",
        start.elapsed().as_secs_f64(),
        "2 threads, loading, measuring and saving included".into(),
    );
    show(
        "graph in memory, MB",
        stats.bytes as f64 / 1e6,
        format!(
            "process + {:.0} MB, vectors and graph",
            (timing::memory() - memory) / 1e6
        ),
    );
    let size = |name: &str| {
        std::fs::metadata(folder.path().join(name)).map_or(0.0, |file| file.len() as f64 / 1e6)
    };
    show(
        "database, MB",
        size("bench.db"),
        format!("cache beside it {:.0} MB", size("bench.db-graph-1")),
    );

    let quality = |found: &[Vec<Hit>], truth: &[Vec<Hit>]| {
        format!(
            "recall={:.4} ef={:?} estimated={:.4}",
            recall(found, truth),
            stats.ef,
            stats.recall_at_10
        )
    };
    let found = batch(&graph, &queries, &all);
    let rate = one.install(|| rate_of_thread(queries.len(), || single(&graph, &queries, &all)));
    show("graph, one by one, 1 thread", rate, quality(&found, &truth));
    let rate =
        one.install(|| rate_of_thread(queries.len(), || drop(batch(&graph, &queries, &all))));
    show("graph, batch, 1 thread", rate, quality(&found, &truth));
    let rate =
        both.install(|| rate_of_clock(queries.len(), || drop(batch(&graph, &queries, &all))));
    show("graph, batch, 2 threads", rate, quality(&found, &truth));
    for (field, share) in [("half", "50 %"), ("twentieth", "5 %"), ("rare", "0.5 %")] {
        let filter = Filter::eq(field, true);
        let options = all.matching(&filter);
        let truth = batch(&exact, few, &options);
        let found = batch(&graph, few, &options);
        let rate = one.install(|| rate_of_thread(few.len(), || single(&graph, few, &options)));
        show(
            &format!("{share} match, one by one, 1 thread"),
            rate,
            quality(&found, &truth),
        );
    }
    drop((exact, graph));
    let opened: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let store = open(&path, by_graph());
            black_box(store.query(&spec(), queries[0], &all).expect("answers"));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    show(
        "open and first query, ms",
        opened.iter().copied().fold(f64::INFINITY, f64::min),
        format!("least of {opened:.0?}"),
    );
}

/// The share of the true hits that were found.
fn recall(found: &[Vec<Hit>], truth: &[Vec<Hit>]) -> f64 {
    let ids = |hits: &[Hit]| -> HashSet<String> { hits.iter().map(|hit| hit.id.clone()).collect() };
    let hits: usize = found
        .iter()
        .zip(truth)
        .map(|(a, b)| ids(a).intersection(&ids(b)).count())
        .sum();
    hits as f64 / truth.iter().map(Vec::len).sum::<usize>() as f64
}

/// Scan and graph at growing sizes, one query at a time on one thread.
fn crossover() {
    println!("records\tscan, ms\tgraph, ms\tbuild, s of one thread\tqueries that repay it");
    let one = pool(1);
    for n in [1000, 2000, 5000, 10_000, 20_000, 40_000] {
        let corpus = Corpus::embeddings(n);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench.db");
        fill(&path, &corpus);
        let queries: Vec<&[f32]> = corpus.queries.chunks(DIMENSION).take(300).collect();
        let mut times = Vec::new();
        let mut build = 0.0;
        for options in [by_scan(), by_graph()] {
            let store = open(&path, options);
            let start = timing::thread_seconds();
            one.install(|| {
                let start = timing::thread_seconds();
                store.index(&spec()).expect("a graph");
                build = timing::thread_seconds() - start;
            });
            let _ = start;
            let rate = one.install(|| {
                rate_of_thread(queries.len(), || {
                    for query in &queries {
                        black_box(
                            store
                                .query(&spec(), query, &QueryOptions::top(K))
                                .expect("answers"),
                        );
                    }
                })
            });
            times.push(1e3 / rate);
        }
        let repaid = build * 1e3 / (times[0] - times[1]);
        println!(
            "{n}\t{:.3}\t{:.3}\t{build:.2}\t{repaid:.0}",
            times[0], times[1]
        );
    }
}
