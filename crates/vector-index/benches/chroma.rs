//! Recall and speed of a Chroma server, by `ChromaStore`.
//!
//! Vectors as those of `benches/benches/vector_index.rs`, called `clustered` there: 512 values, 1,000 unit centres and noise
//! of norm 1, queries of the same distribution, cosine, k = 10. Recall is against exact search, and times are of one query
//! after the other, over the loopback interface, the answers' metadata included. "After changes": every fourth record was
//! removed, and every tenth of the others has another vector.
//!
//! `WARDROBE_CHROMA_URL=http://localhost:8000 cargo bench -p wardrobe-vector-index --features chroma --bench chroma`
//! measures 10,000 vectors; `... -- 50000` another number. It needs `protoc`; `.ci/chroma.sh bench` brings it and a server.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench prints quality beside time"
)]

#[path = "../../../benches/benches/vector_index/corpus.rs"]
#[allow(dead_code, reason = "shared with a bench that uses more of it")]
mod corpus;

use std::time::Instant;

use corpus::{Corpus, DIMENSION};
use wardrobe_vector_index::*;

const K: usize = 10;
const QUERIES: usize = 500;
/// Records a call of `upsert`.
const BATCH: usize = 1000;

fn main() {
    let url = std::env::var("WARDROBE_CHROMA_URL").unwrap_or("http://localhost:8000".to_owned());
    let sizes = std::env::args().filter_map(|arg| arg.parse().ok());
    let mut sizes: Vec<usize> = sizes.collect();
    if sizes.is_empty() {
        sizes.push(10_000);
    }
    for n in sizes {
        measure(&ChromaStore::new(ChromaOptions::at(&url)).unwrap(), n);
    }
}

fn measure(server: &ChromaStore, n: usize) {
    let corpus = Corpus::clustered(n);
    let spec = CollectionSpec::cosine(format!("bench {n}"), DIMENSION, "synthetic");
    let here = SqliteStore::in_memory().unwrap();
    let stores: [&dyn VectorStore; 2] = [&here, server];
    for store in stores {
        store.drop_collection(&spec.name).unwrap();
        store.create_collection(&spec).unwrap();
    }
    let rows = || corpus.vectors.chunks(DIMENSION).enumerate();
    let records: Vec<Record> = rows().map(|(i, row)| record(i, row)).collect();
    upsert(&here, &spec, &records);
    let start = Instant::now();
    upsert(server, &spec, &records);
    let rate = n as f64 / start.elapsed().as_secs_f64();
    println!("{n} records stored: {rate:.0} a second");
    compare(server, &here, &spec, &corpus, "new");

    // The vector of one becomes that of another, a little off.
    let moved = |(i, row): (usize, &[f32])| {
        let other = &corpus.vectors[(i * 7919 + 1) % n * DIMENSION..];
        let vector = row.iter().zip(other).map(|(a, b)| 0.2 * a + b);
        record(i, &vector.collect::<Vec<_>>())
    };
    let changed = rows()
        .filter(|(i, _)| i % 10 == 3 && !i.is_multiple_of(4))
        .map(moved);
    let changed: Vec<Record> = changed.collect();
    for store in stores {
        store
            .delete_where(&spec, Scope::default(), &Filter::eq("fourth", 0))
            .unwrap();
        upsert(store, &spec, &changed);
    }
    compare(server, &here, &spec, &corpus, "after changes");
    server.drop_collection(&spec.name).unwrap();
}

/// `half` holds for 50 % of the records, `rare` for 0.5 %.
fn record(i: usize, vector: &[f32]) -> Record {
    Record::new(format!("{i:07}"), vector.to_vec())
        .with("fourth", i % 4)
        .with("half", i % 2 == 1)
        .with("rare", i % 200 == 1)
}

fn upsert(store: &dyn VectorStore, spec: &CollectionSpec, records: &[Record]) {
    for batch in records.chunks(BATCH) {
        store.upsert(spec, batch).unwrap();
    }
}

fn compare(
    server: &dyn VectorStore,
    here: &dyn VectorStore,
    spec: &CollectionSpec,
    corpus: &Corpus,
    when: &str,
) {
    let queries: Vec<&[f32]> = corpus.queries.chunks(DIMENSION).take(QUERIES).collect();
    let (half, rare) = (Filter::eq("half", true), Filter::eq("rare", true));
    for (what, filter) in [
        ("all", None),
        ("1 in 2", Some(&half)),
        ("1 in 200", Some(&rare)),
    ] {
        let options = QueryOptions {
            filter,
            ..QueryOptions::top(K)
        };
        let truth = here.query_batch(spec, &queries, &options).unwrap();
        let (mut right, mut all, mut times) = (0, 0, Vec::new());
        for (query, truth) in queries.iter().zip(&truth) {
            let start = Instant::now();
            let found = server.query(spec, query, &options).unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            let there = |hit: &&Hit| found.iter().any(|other| other.id == hit.id);
            right += truth.iter().filter(there).count();
            all += truth.len();
        }
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{} records, {when}, {what}: recall@{K} {:.4}, {:.1} ms a query (5 %: {:.1}, 95 %: {:.1}; n {})",
            here.count(spec, Scope::default(), None).unwrap(),
            right as f64 / all as f64,
            at(50),
            at(5),
            at(95),
            times.len(),
        );
    }
}
