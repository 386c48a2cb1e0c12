//! Writes wait in the database until another store has acknowledged them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Mutex;

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

/// What the other store should hold: the default user has another name there.
fn mirrored(store: &SqliteStore) -> Vec<Record> {
    let user = store.mirror_to(THERE).unwrap();
    let records = all(store).into_iter();
    records.map(|record| record.of_user(&user)).collect()
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
    assert_eq!(all(&found), mirrored(&store));
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
    let theirs = [DEFAULT_USER, "anna"].map(|user| records(1, 2).remove(0).of_user(user));
    there.upsert(&looks(), &theirs).unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    let mut both = mirrored(&store);
    assert_eq!(both.len(), 1);
    both.extend(theirs);
    both.sort_by(|a, b| a.user.cmp(&b.user));
    assert_eq!(all(&there), both);
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
    assert_eq!(mirrored(&store)[0].metadata, newer.metadata);
    assert_eq!((batches, all(&there)), (2, mirrored(&store)));
    // A collection that is removed waits no more.
    store.upsert(&looks(), &records(0, 5)).unwrap();
    assert!(store.drop_collection("looks").unwrap());
    assert_eq!(store.waiting(THERE).unwrap(), 0);
}

#[test]
fn two_processes_that_send_leave_the_newer_record_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("here.db");
    let (slow, quick) = (
        SqliteStore::open(&path).unwrap(),
        SqliteStore::open(&path).unwrap(),
    );
    slow.create_collection(&looks()).unwrap();
    slow.mirror_to(THERE).unwrap();
    slow.upsert(&looks(), &records(0, 1)).unwrap();
    let there = SqliteStore::in_memory().unwrap();
    let newer = records(0, 1).remove(0).with("moved", true);
    // While the older record is on its way, another process writes a newer one and sends it; then the older arrives.
    let overtaken = Overtaken {
        there: &there,
        meanwhile: Mutex::new(Some(|| {
            quick
                .upsert(&looks(), std::slice::from_ref(&newer))
                .unwrap();
            quick.send(THERE, &there, |_| {}).unwrap();
            assert_eq!(quick.waiting(THERE).unwrap(), 0);
        })),
    };
    slow.send(THERE, &overtaken, |_| {}).unwrap();
    assert_eq!(all(&there)[0].metadata, newer.metadata);
    assert_eq!(slow.waiting(THERE).unwrap(), 0);
}

/// A store to which something happens just before the first records arrive.
struct Overtaken<'a, F> {
    there: &'a SqliteStore,
    meanwhile: Mutex<Option<F>>,
}

impl<F: FnOnce() + Send> VectorStore for Overtaken<'_, F> {
    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> Result<()> {
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        self.there.upsert(spec, records)
    }

    fn create_collection(&self, spec: &CollectionSpec) -> Result<()> {
        self.there.create_collection(spec)
    }

    fn collections(&self) -> Result<Vec<CollectionSpec>> {
        self.there.collections()
    }

    fn drop_collection(&self, name: &str) -> Result<bool> {
        self.there.drop_collection(name)
    }

    fn get(&self, spec: &CollectionSpec, user: &str, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        self.there.get(spec, user, ids)
    }

    fn delete(&self, spec: &CollectionSpec, scope: Scope<'_>, ids: &[&str]) -> Result<usize> {
        self.there.delete(spec, scope, ids)
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> Result<usize> {
        self.there.delete_where(spec, scope, filter)
    }

    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> Result<Vec<Vec<Hit>>> {
        self.there.query_batch(spec, vectors, options)
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> Result<usize> {
        self.there.count(spec, scope, filter)
    }

    fn page(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.there.page(spec, scope, after, limit)
    }

    fn stats(&self, spec: &CollectionSpec) -> Result<Stats> {
        self.there.stats(spec)
    }
}

#[test]
fn what_the_other_store_has_lost_is_sent_again() {
    let store = SqliteStore::in_memory().unwrap();
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(0, 20)).unwrap();
    store.mirror_to(THERE).unwrap();
    let mut there = SqliteStore::in_memory().unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    assert_eq!(store.waiting(THERE).unwrap(), 0);
    // Whoever finds out may ask for it ...
    there = SqliteStore::in_memory().unwrap();
    store.mirror_anew(THERE).unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    assert_eq!(all(&there), mirrored(&store));
    // ... and sending finds out itself.
    there = SqliteStore::in_memory().unwrap();
    store.upsert(&looks(), &records(20, 21)).unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    assert_eq!(all(&there).len(), 21);
    assert_eq!(all(&there), mirrored(&store));
}

#[test]
fn describing_keeps_the_vector_and_queues() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("here.db");
    let store = SqliteStore::open(&path).unwrap();
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(0, 2)).unwrap();
    store.mirror_to(THERE).unwrap();
    let there = SqliteStore::in_memory().unwrap();
    store.send(THERE, &there, |_| {}).unwrap();
    let mut connection = Connection::open(&path).unwrap();
    let mut describe = |id: &str, tenth: i64| {
        let transaction = connection.transaction().unwrap();
        let metadata = Record::new("", vec![]).with("tenth", tenth).metadata;
        let known =
            SqliteStore::describe_in(&transaction, &looks(), DEFAULT_USER, id, metadata).unwrap();
        transaction.commit().unwrap();
        known
    };
    assert!(!describe("hat", 1) && describe("00001", 1));
    assert_eq!(store.waiting(THERE).unwrap(), 0, "nothing has changed");
    assert!(describe("00001", 7));
    assert_eq!(store.waiting(THERE).unwrap(), 1);
    store.send(THERE, &there, |_| {}).unwrap();
    assert_eq!(all(&there), mirrored(&store));
    let expected = records(1, 2).remove(0).with("tenth", 7);
    assert_eq!(all(&store)[1], expected);
}
