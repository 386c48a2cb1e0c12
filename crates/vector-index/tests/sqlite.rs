//! The SQLite store: the contract, and what is its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod contract;

use std::path::Path;

use contract::cases::{ids, spec};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tempfile::TempDir;
use wardrobe_vector_index::*;

fn make() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (
        SqliteStore::open(folder.path().join("wardrobe.db")).unwrap(),
        folder,
    )
}

contract_tests!(make);

fn nearest(store: &SqliteStore, spec: &CollectionSpec) -> Vec<String> {
    let hits = store
        .query(spec, &[1.0, 0.0], &QueryOptions::top(9))
        .unwrap();
    ids(&hits).into_iter().map(str::to_owned).collect()
}

/// The nearer to 1, the nearer to the query of [`nearest`].
fn at(id: &str, x: f32) -> Record {
    Record::new(id, vec![x, 1.0])
}

#[test]
fn two_stores_on_one_file_see_each_others_writes() {
    let (one, folder) = make();
    let two = SqliteStore::open(folder.path().join("wardrobe.db")).unwrap();
    let looks = spec("looks", 2);
    one.create_collection(&looks).unwrap();
    one.upsert(&looks, &[at("a", 3.0), at("b", 2.0)]).unwrap();
    assert_eq!(nearest(&two, &looks), ["a", "b"]);
    two.upsert(&looks, &[at("c", 4.0), at("b", 5.0)]).unwrap();
    assert_eq!(nearest(&one, &looks), ["b", "c", "a"]);
    one.delete(&looks, Scope::default(), &["a", "b"]).unwrap();
    assert_eq!(nearest(&two, &looks), ["c"]);
    // Deleted by one and put back by the other before either looks.
    two.delete(&looks, Scope::default(), &["c"]).unwrap();
    one.upsert(&looks, &[at("c", -1.0), at("d", 1.0)]).unwrap();
    assert_eq!(nearest(&two, &looks), ["d", "c"]);
    assert_eq!(nearest(&one, &looks), ["d", "c"]);
    // Dropped by one and made anew, under the same revision numbers.
    one.drop_collection("looks").unwrap();
    let anew = CollectionSpec::cosine("looks", 2, "model-b");
    one.create_collection(&anew).unwrap();
    for id in ["x", "y", "z"] {
        one.upsert(&anew, &[at(id, 1.0)]).unwrap();
    }
    assert_eq!(nearest(&two, &anew), ["x", "y", "z"]);
    let top = QueryOptions::top(1);
    assert!(matches!(
        two.query(&looks, &[1.0, 0.0], &top),
        Err(IndexError::EmbedderMismatch { .. })
    ));
}

#[test]
fn threads_and_stores_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardrobe.db");
    let looks = spec("looks", 2);
    let write = |writer: usize| {
        // Every thread opens the new file at once.
        let store = SqliteStore::open(&path).unwrap();
        store.create_collection(&looks).unwrap();
        for i in 0..10 {
            store
                .upsert(&looks, &[at(&format!("{writer}-{i}"), i as f32)])
                .unwrap();
            let stored = store.count(&looks, Scope::default(), None).unwrap();
            assert!(stored > i);
            let hits = store
                .query(&looks, &[1.0, 0.0], &QueryOptions::top(99))
                .unwrap();
            assert!(hits.len() >= stored);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.count(&looks, Scope::default(), None).unwrap(), 60);
}

#[test]
fn reopening_finds_everything() {
    let (store, folder) = make();
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    let odd = at("a", f32::MIN_POSITIVE)
        .with("season", vec!["été"])
        .of_user("anna");
    store.upsert(&looks, std::slice::from_ref(&odd)).unwrap();
    drop(store);
    let store = SqliteStore::open(folder.path().join("wardrobe.db")).unwrap();
    assert_eq!(store.collections().unwrap(), std::slice::from_ref(&looks));
    assert_eq!(store.get(&looks, "anna", &["a"]).unwrap(), [Some(odd)]);
}

#[test]
fn a_callers_transaction_holds_vectors_and_its_own_rows() {
    let (store, folder) = make();
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    store.upsert(&looks, &[at("old", 1.0)]).unwrap();
    assert_eq!(nearest(&store, &looks), ["old"]);
    let mut connection = Connection::open(folder.path().join("wardrobe.db")).unwrap();
    connection
        .execute_batch("CREATE TABLE garments (id TEXT); PRAGMA user_version = 41")
        .unwrap();
    let mut write = |commit: bool| {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        transaction
            .execute("INSERT INTO garments VALUES ('new')", [])
            .unwrap();
        SqliteStore::upsert_in(&transaction, &looks, &[at("new", 2.0)]).unwrap();
        SqliteStore::delete_in(&transaction, &looks, Scope::default(), &["old"]).unwrap();
        assert_eq!(nearest(&store, &looks), ["old"], "not committed yet");
        if commit {
            transaction.commit().unwrap();
        }
    };
    write(false);
    assert_eq!(nearest(&store, &looks), ["old"]);
    write(true);
    assert_eq!(nearest(&store, &looks), ["new"]);
    let transaction = connection.transaction().unwrap();
    let bad = SqliteStore::upsert_in(&transaction, &spec("looks", 3), &[at("x", 1.0)]);
    assert!(matches!(bad, Err(IndexError::CollectionMismatch { .. })));
    drop(transaction);
    let count = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM garments"), 1);
    drop(SqliteStore::open(folder.path().join("wardrobe.db")).unwrap());
    assert_eq!(
        count("PRAGMA user_version"),
        41,
        "the number is the file's owner's"
    );
}

#[test]
fn a_transaction_on_a_file_without_tables_says_so() {
    let mut connection = Connection::open_in_memory().unwrap();
    let transaction = connection.transaction().unwrap();
    let refused = SqliteStore::upsert_in(&transaction, &spec("looks", 2), &[at("x", 1.0)]);
    assert!(
        matches!(refused, Err(IndexError::NoTables { .. })),
        "{refused:?}"
    );
}

fn refused(path: &Path) -> IndexError {
    let error = SqliteStore::open(path).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(path.to_str().unwrap()) && !text.contains('\n'),
        "{text}"
    );
    error
}

#[test]
fn paths_that_are_no_store() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        refused(folder.path()),
        IndexError::IsAFolder { .. }
    ));
    let text = folder.path().join("notes.db");
    let words = "not a database, just words. ".repeat(200);
    std::fs::write(&text, &words).unwrap();
    assert!(matches!(refused(&text), IndexError::NotADatabase { .. }));
    assert_eq!(std::fs::read_to_string(&text).unwrap(), words);
    let orphan = folder.path().join("missing/wardrobe.db");
    assert!(matches!(refused(&orphan), IndexError::CannotOpen { .. }));
    assert!(matches!(
        refused(&text.join("wardrobe.db")),
        IndexError::CannotOpen { .. }
    ));
    assert!(matches!(
        SqliteStore::open(""),
        Err(IndexError::CannotOpen { .. })
    ));
    // An empty file is a database without tables to SQLite.
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    assert_eq!(
        SqliteStore::open(&empty).unwrap().collections().unwrap(),
        []
    );
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (store, folder) = make();
    drop(store);
    let path = folder.path().join("wardrobe.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE vectors_format SET version = 4")
        .unwrap();
    connection.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(
        error,
        IndexError::NewerFormat {
            found: 4,
            supported: 3,
            ..
        }
    ));
    assert!(
        error.to_string().ends_with("use a newer wardrobe"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// Files as the first releases wrote them, and that they can be written to.
#[test]
fn older_formats_open() {
    for format in [
        include_str!("formats/v1.sql"),
        include_str!("formats/v2.sql"),
        include_str!("formats/v3.sql"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wardrobe.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(format).unwrap();
        drop(connection);
        let looks = CollectionSpec::cosine("looks", 2, "starter-v1");
        let store = SqliteStore::open(&path).unwrap();
        let hits = store
            .query(&looks, &[1.0, 0.0], &QueryOptions::top(2))
            .unwrap();
        assert_eq!(ids(&hits), ["jeans", "shirt"]);
        assert!((hits[1].score - 0.6).abs() < 1e-6, "{hits:?}");
        assert_eq!(hits[1].metadata["slots"], serde_json::json!(["top"]));
        store.upsert(&looks, &[at("shirt", 9.0)]).unwrap();
        store.delete(&looks, Scope::default(), &["jeans"]).unwrap();
        assert_eq!(nearest(&store, &looks), ["shirt"]);
        assert_eq!(store.stats(&looks).unwrap().records, 1);
        assert_eq!(
            nearest(&SqliteStore::open(&path).unwrap(), &looks),
            ["shirt"]
        );
        let half = CollectionSpec::cosine("half", 2, "starter-v1").half_precision();
        if store.collections().unwrap().contains(&half) {
            let jeans = store
                .get(&half, DEFAULT_USER, &["jeans"])
                .unwrap()
                .remove(0);
            assert_eq!(jeans.unwrap().vector, [2.0, 0.0]);
        }
        let connection = Connection::open(&path).unwrap();
        let sql = "SELECT sum(version), (SELECT records FROM vectors_collections WHERE id = 1)
                   FROM vectors_format";
        let versions = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(versions.unwrap(), (3, 1));
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let connection = Connection::open_in_memory().unwrap();
    // SQLite's own limit on the file's size fails like a full disk does.
    connection
        .execute_batch("PRAGMA max_page_count = 40")
        .unwrap();
    let store = SqliteStore::from_connection(connection).unwrap();
    let wide = spec("wide", 512);
    store.create_collection(&wide).unwrap();
    let batch = |i: usize| -> Vec<Record> {
        (0..4)
            .map(|j| Record::new(format!("{i}-{j}"), vec![1.0 + j as f32; 512]))
            .collect()
    };
    let full = (0..100).find_map(|i| store.upsert(&wide, &batch(i)).err().map(|error| (i, error)));
    let (stored, error) = full.unwrap();
    assert!(
        matches!(error, IndexError::DiskFull { .. }) && stored > 0,
        "{stored}: {error}"
    );
    assert!(error.to_string().contains("free some room"));
    let whole: Vec<Record> = store
        .iterate(&wide, Scope::default())
        .map(Result::unwrap)
        .collect();
    let mut expected: Vec<Record> = (0..stored).flat_map(batch).collect();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(whole, expected);
    // With room again, it goes on.
    let freed: Vec<String> = (0..stored / 2)
        .flat_map(|i| batch(i).into_iter().map(|record| record.id))
        .collect();
    let freed: Vec<&str> = freed.iter().map(String::as_str).collect();
    store.delete(&wide, Scope::default(), &freed).unwrap();
    store.upsert(&wide, &batch(stored)).unwrap();
}

#[test]
fn a_read_only_file_answers_and_refuses_writes() {
    let (store, folder) = make();
    let looks = spec("looks", 2);
    store.create_collection(&looks).unwrap();
    store.upsert(&looks, &[at("a", 1.0)]).unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let path = folder.path().join("wardrobe.db");
    let reader =
        SqliteStore::from_connection(Connection::open_with_flags(path, flags).unwrap()).unwrap();
    reader.create_collection(&looks).unwrap();
    assert_eq!(nearest(&reader, &looks), ["a"]);
    let error = reader.upsert(&looks, &[at("b", 1.0)]).unwrap_err();
    assert!(matches!(error, IndexError::ReadOnly { .. }), "{error}");
    assert_eq!(nearest(&reader, &looks), ["a"]);
}

#[test]
fn a_damaged_record_is_named() {
    for (damage, word) in [
        ("vector = x'0000'", "2 bytes"),
        ("vector = x'0000c07f0000803f'", "not finite"),
        ("norm = 0", "norm 0"),
        ("metadata = '[1]'", "not a JSON object"),
    ] {
        let (store, folder) = make();
        let looks = spec("looks", 2);
        store.create_collection(&looks).unwrap();
        store.upsert(&looks, &[at("a", 1.0), at("b", 1.0)]).unwrap();
        let connection = Connection::open(folder.path().join("wardrobe.db")).unwrap();
        let sql = format!("UPDATE vectors_records SET {damage} WHERE id = 'b'");
        connection.execute_batch(&sql).unwrap();
        let error = store
            .query(&looks, &[1.0, 0.0], &QueryOptions::top(1))
            .unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, IndexError::Damaged { .. }), "{text}");
        assert!(
            text.contains(word) && text.contains("record \"b\""),
            "{text}"
        );
        // The rest can still be read, and the record replaced.
        assert!(store.get(&looks, DEFAULT_USER, &["a"]).unwrap()[0].is_some());
        store.upsert(&looks, &[at("b", 2.0)]).unwrap();
        assert_eq!(nearest(&store, &looks), ["b", "a"]);
    }
}

/// Enough records for several chunks and threads: the same answer on any number of threads, and the
/// one a full sort gives.
#[test]
fn many_records_on_many_threads() {
    let (store, _folder) = make();
    let many = spec("many", 5);
    store.create_collection(&many).unwrap();
    // A period of 31 makes many exact ties.
    let vector = |i: usize| {
        (0..5)
            .map(|j| ((i % 31 * 7 + j * 13) as f32).sin())
            .collect()
    };
    let records: Vec<Record> = (0..20_000)
        .map(|i| Record::new(format!("{:05}", i * 7919 % 20_000), vector(i)))
        .collect();
    store.upsert(&many, &records).unwrap();
    let query: Vec<f32> = vector(3);
    let mut all = store
        .query(&many, &query, &QueryOptions::top(20_000))
        .unwrap();
    assert_eq!(all.len(), 20_000);
    let order = |a: &Hit, b: &Hit| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id));
    assert!(all.is_sorted_by(|a, b| order(a, b).is_lt()));
    assert!((all[0].score - 1.0).abs() < 1e-6);
    all.truncate(700);
    for threads in [1, 2, 5] {
        let pool = pool(threads);
        let top = QueryOptions::top(700);
        assert_eq!(
            pool.install(|| store.query(&many, &query, &top)).unwrap(),
            all,
            "{threads}"
        );
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new();
    builder.num_threads(threads).build().unwrap()
}

/// Enough queries and records that a batch is a product of matrices, over whole and partly full
/// chunks, with users and filters that leave most rows or few; two threads share the queries, five the rows.
#[test]
fn a_large_batch_answers_as_its_queries_alone() {
    let (store, _folder) = make();
    let value = |i: usize, j: usize| ((i * 37 + j * 101) % 997) as f32 / 499.0 - 0.99;
    let vector = |i: usize| -> Vec<f32> { (0..19).map(|j| value(i, j)).collect() };
    for metric in Metric::ALL {
        let spec = CollectionSpec {
            metric,
            ..spec(metric.as_str(), 19)
        };
        store.create_collection(&spec).unwrap();
        let record = |i: usize| {
            let user = if i.is_multiple_of(8) { "ben" } else { "anna" };
            Record::new(format!("{i:04}"), vector(i))
                .of_user(user)
                .with("third", i % 3)
        };
        store
            .upsert(&spec, &(0..2500).map(record).collect::<Vec<_>>())
            .unwrap();
        let queries: Vec<Vec<f32>> = (0..300).map(|i| vector(i * 13 + 5)).collect();
        let batch: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
        let some = Filter::ne("third", 1);
        for (scope, filter) in [
            (Scope::AllUsers, None),
            (Scope::User("anna"), None),
            (Scope::User("ben"), None),
            (Scope::AllUsers, Some(&some)),
        ] {
            let options = QueryOptions {
                k: 12,
                scope,
                filter,
            };
            let alone = |query: &&[f32]| store.query(&spec, query, &options).unwrap();
            let alone: Vec<_> = batch.iter().map(alone).collect();
            for pool in [2, 5].map(pool) {
                let together = || store.query_batch(&spec, &batch, &options).unwrap();
                assert_eq!(pool.install(together), alone, "{metric}");
            }
        }
    }
}
