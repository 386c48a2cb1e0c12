//! Writes wait in the database until another store has acknowledged them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use rusqlite::{Connection, TransactionBehavior};
use wardrobe_vector_index::*;

/// What the other store is called.
const THERE: &str = "http://there:8000";

fn looks() -> CollectionSpec {
    CollectionSpec::cosine("looks", 64, "model-a")
}

fn records(from: usize, to: usize) -> Vec<Record> {
    let value = |i: usize, j: usize| ((i * 37 + j * 101) % 997) as f32 / 499.0 - 0.99;
    let record = |i: usize| {
        let vector = (0..64).map(|j| value(i, j)).collect();
        Record::new(format!("{i:05}"), vector).with("tenth", i % 10)
    };
    (from..to).map(record).collect()
}

fn all(store: &SqliteStore) -> Vec<Record> {
    let spec = looks();
    let records = store.iterate(&spec, Scope::AllUsers);
    records.collect::<Result<_>>().unwrap()
}

#[test]
fn a_store_lost_in_the_middle_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (
        folder.path().join("here.db"),
        folder.path().join("there.db"),
    );
    let store = SqliteStore::open(&here).unwrap();
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(0, 300)).unwrap();
    store.mirror_to(THERE).unwrap();
    store.upsert(&looks(), &records(300, 3500)).unwrap();
    assert_eq!(store.waiting(THERE).unwrap(), 3500);
    // The other store has room for less than half of it.
    let connection = Connection::open(&there).unwrap();
    connection
        .execute_batch("PRAGMA max_page_count = 60")
        .unwrap();
    let lost = SqliteStore::from_connection(connection).unwrap();
    let mut sent = 0;
    let error = store.send(THERE, &lost, |n| sent += n).unwrap_err();
    assert!(matches!(error, IndexError::DiskFull { .. }), "{error}");
    assert!((1..3500).contains(&sent), "{sent} sent");
    assert_eq!(store.waiting(THERE).unwrap(), 3500 - sent);
    assert_eq!(all(&store).len(), 3500);
    drop((store, lost));
    // The next run sends the rest, with what has happened meanwhile.
    let (store, found) = (
        SqliteStore::open(&here).unwrap(),
        SqliteStore::open(&there).unwrap(),
    );
    let third = Filter::eq("tenth", 3);
    store
        .delete_where(&looks(), Scope::default(), &third)
        .unwrap();
    let moved: Vec<Record> = records(0, 40)
        .into_iter()
        .map(|record| record.with("moved", true))
        .collect();
    store.upsert(&looks(), &moved).unwrap();
    store.send(THERE, &found, |_| {}).unwrap();
    assert_eq!(store.waiting(THERE).unwrap(), 0);
    assert_eq!(all(&found), all(&store));
    // Nothing is sent twice.
    store.mirror_to(THERE).unwrap();
    store
        .send(THERE, &found, |_| panic!("nothing waits"))
        .unwrap();
}

#[test]
fn a_callers_transaction_queues_what_it_commits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("here.db");
    let store = SqliteStore::open(&path).unwrap();
    store.create_collection(&looks()).unwrap();
    store.mirror_to(THERE).unwrap();
    let mut connection = Connection::open(&path).unwrap();
    for (commit, waiting) in [(false, 0), (true, 2)] {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        SqliteStore::upsert_in(&transaction, &looks(), &records(0, 2)).unwrap();
        SqliteStore::delete_in(&transaction, &looks(), Scope::AllUsers, &["00001"]).unwrap();
        if commit {
            transaction.commit().unwrap();
        }
        assert_eq!(store.waiting(THERE).unwrap(), waiting);
    }
    assert_eq!(store.waiting("http://elsewhere").unwrap(), 0);
    // Others' records there are left alone.
    let there = SqliteStore::in_memory().unwrap();
    there.create_collection(&looks()).unwrap();
    let hers = records(1, 2).remove(0).of_user("anna");
    there.upsert(&looks(), std::slice::from_ref(&hers)).unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    assert_eq!(all(&there), [hers, records(0, 1).remove(0)]);
}

#[test]
fn what_is_written_while_it_is_sent_waits_on() {
    let store = SqliteStore::in_memory().unwrap();
    store.create_collection(&looks()).unwrap();
    store.mirror_to(THERE).unwrap();
    store.upsert(&looks(), &records(0, 1)).unwrap();
    let there = SqliteStore::in_memory().unwrap();
    let newer = records(0, 1).remove(0).with("moved", true);
    let mut batches = 0;
    // Between a batch and the next, which then brings the newer one.
    store
        .send(THERE, &there, |_| {
            batches += 1;
            if batches == 1 {
                store
                    .upsert(&looks(), std::slice::from_ref(&newer))
                    .unwrap();
            }
        })
        .unwrap();
    assert_eq!((batches, all(&there)), (2, vec![newer]));
    // A collection that is removed waits no more.
    store.upsert(&looks(), &records(0, 5)).unwrap();
    assert!(store.drop_collection("looks").unwrap());
    assert_eq!(store.waiting(THERE).unwrap(), 0);
}
