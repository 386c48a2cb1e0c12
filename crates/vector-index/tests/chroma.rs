//! The Chroma store: the contract on a server that runs, and how it bears with one that doesn't.
//!
//! The contract needs a server, at `$WARDROBE_CHROMA_URL` or on Chroma's own port, and what happens to a server that is
//! killed needs its program, `$WARDROBE_CHROMA`; `.ci/chroma.sh` has both.

#![cfg(feature = "chroma")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

#[macro_use]
mod contract;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use chroma::{ChromaHttpClient, ChromaHttpClientOptions};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::runtime::Runtime;
use wardrobe_vector_index::*;

/// The server to test with, if there is one.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| {
    let named = std::env::var("WARDROBE_CHROMA_URL").ok();
    let usual = || {
        TcpStream::connect("127.0.0.1:8000")
            .is_ok()
            .then(|| "http://127.0.0.1:8000".to_owned())
    };
    named.or_else(usual)
});

fn server() -> bool {
    if SERVER.is_none() {
        println!("skipped: no chroma server");
    }
    SERVER.is_some()
}

/// A database of its own, removed in the end.
struct Database {
    runtime: Runtime,
    client: ChromaHttpClient,
    name: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        self.runtime
            .block_on(self.client.delete_database(&self.name))
            .ok();
    }
}

fn options(name: &str) -> ChromaOptions {
    ChromaOptions {
        database: name.to_owned(),
        ..ChromaOptions::at(SERVER.as_ref().unwrap())
    }
}

fn make() -> (ChromaStore, Database) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("test-{}-{number}", std::process::id());
    // The store first: it chooses the TLS that the client below uses too.
    let store = ChromaStore::new(options(&name)).unwrap();
    let client = ChromaHttpClient::new(ChromaHttpClientOptions {
        endpoint: SERVER.as_ref().unwrap().parse().unwrap(),
        tenant_id: Some("default_tenant".to_owned()),
        database_name: Some(name.clone()),
        ..ChromaHttpClientOptions::default()
    });
    let runtime = Runtime::new().unwrap();
    runtime.block_on(client.create_database(&name)).unwrap();
    (
        store,
        Database {
            runtime,
            client,
            name,
        },
    )
}

contract_tests!(make, where server);

fn looks() -> CollectionSpec {
    CollectionSpec::cosine("looks", 8, "model-a")
}

fn records(n: usize) -> Vec<Record> {
    let value = |i: usize, j: usize| ((i * 37 + j * 101) % 997) as f32 / 499.0 - 0.99;
    let record = |i: usize| {
        let vector = (0..8).map(|j| value(i, j)).collect();
        Record::new(format!("{i:05}"), vector).with("third", i % 3)
    };
    (0..n).map(record).collect()
}

#[test]
fn more_records_than_the_server_takes_at_once() {
    if !server() {
        return;
    }
    let (store, database) = make();
    store.create_collection(&looks()).unwrap();
    let all = records(7000);
    store.upsert(&looks(), &all).unwrap();
    // Another store sees them: nothing is kept here.
    let other = ChromaStore::new(options(&database.name)).unwrap();
    assert_eq!(other.count(&looks(), Scope::AllUsers, None).unwrap(), 7000);
    let read: Vec<Record> = other
        .iterate(&looks(), Scope::default())
        .collect::<Result<_>>()
        .unwrap();
    assert_eq!(read, all);
    let third = Filter::eq("third", 1);
    let options = QueryOptions::top(10).matching(&third);
    let local = SqliteStore::in_memory().unwrap();
    local.create_collection(&looks()).unwrap();
    local.upsert(&looks(), &all).unwrap();
    let mut right = 0;
    for record in all.iter().step_by(350) {
        let truth = local.query(&looks(), &record.vector, &options).unwrap();
        let found = other.query(&looks(), &record.vector, &options).unwrap();
        right += truth
            .iter()
            .filter(|hit| found.iter().any(|other| other.id == hit.id))
            .count();
    }
    assert!(right >= 196, "{right} of 200 neighbours found");
    let many = QueryOptions::top(5000);
    let found = other.query(&looks(), &all[0].vector, &many).unwrap();
    assert_eq!(found.len(), 5000);
    assert_eq!(
        other
            .delete_where(&looks(), Scope::default(), &third)
            .unwrap(),
        2333
    );
    assert_eq!(store.stats(&looks()).unwrap().records, 4667);
}

#[test]
fn a_collection_made_anew_by_another_is_found_again() {
    if !server() {
        return;
    }
    let (store, database) = make();
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(3)).unwrap();
    let other = ChromaStore::new(options(&database.name)).unwrap();
    other.drop_collection("looks").unwrap();
    other.create_collection(&looks()).unwrap();
    assert_eq!(store.count(&looks(), Scope::AllUsers, None).unwrap(), 0);
    store.upsert(&looks(), &records(2)).unwrap();
    assert_eq!(other.count(&looks(), Scope::AllUsers, None).unwrap(), 2);
}

#[test]
fn records_that_change_often_are_still_found() {
    if !server() {
        return;
    }
    let (store, _database) = make();
    store.create_collection(&looks()).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut live = BTreeMap::new();
    for _ in 0..12 {
        let records: Vec<Record> = (0..70)
            .map(|_| {
                let id = format!("{:03}", rng.random_range(0..200));
                // Small whole numbers: some point the same way.
                let vector = (0..8).map(|_| f32::from(rng.random_range(-2..3i8)));
                let vector = std::iter::once(0.5).chain(vector).take(8);
                Record::new(id, vector.collect())
            })
            .collect();
        store.upsert(&looks(), &records).unwrap();
        live.extend(records.into_iter().map(|r| (r.id.clone(), r.vector)));
        let gone: Vec<String> = live.keys().step_by(5).cloned().collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        store.delete(&looks(), Scope::default(), &gone).unwrap();
        live.retain(|id, _| !gone.contains(&id.as_str()));
    }
    let here = SqliteStore::in_memory().unwrap();
    here.create_collection(&looks()).unwrap();
    let records = live
        .iter()
        .map(|(id, v)| Record::new(id.clone(), v.clone()));
    here.upsert(&looks(), &records.collect::<Vec<_>>()).unwrap();
    let queries: Vec<&[f32]> = live.values().map(Vec::as_slice).collect();
    let scores = |store: &dyn VectorStore| -> Vec<Vec<f32>> {
        let answers = store.query_batch(&looks(), &queries, &QueryOptions::top(10));
        let scores = |hits: Vec<Hit>| hits.iter().map(|hit| hit.score).collect();
        answers.unwrap().into_iter().map(scores).collect()
    };
    for (found, truth) in scores(&store).iter().zip(scores(&here)) {
        let pairs = || found.iter().zip(&truth);
        assert_eq!(found.len(), 10);
        assert!(
            pairs().all(|(a, b)| (a - b).abs() < 1e-6),
            "{found:?} where {truth:?} was to be had"
        );
    }
}

#[test]
fn a_record_whose_vector_stays_says_something_new() {
    if !server() {
        return;
    }
    let (store, _database) = make();
    store.create_collection(&looks()).unwrap();
    store.upsert(&looks(), &records(20)).unwrap();
    let anew: Vec<Record> = records(40)
        .into_iter()
        .map(|record| Record::new(record.id, record.vector).with("seen", true))
        .collect();
    store.upsert(&looks(), &anew).unwrap();
    let read: Result<Vec<Record>> = store.iterate(&looks(), Scope::default()).collect();
    assert_eq!(read.unwrap(), anew);
    let count = |filter| {
        store
            .count(&looks(), Scope::default(), Some(&filter))
            .unwrap()
    };
    assert_eq!(count(Filter::eq("seen", true)), 40);
    assert_eq!(count(Filter::range("third", 0..)), 0);
    let seen = Filter::eq("seen", true);
    let options = QueryOptions::top(50).matching(&seen);
    let hits = store.query(&looks(), &anew[7].vector, &options).unwrap();
    assert_eq!((hits.len(), hits[0].id.as_str()), (40, "00007"));
}

/// A server of the test's own, for what must not happen to the others'. The program is `$WARDROBE_CHROMA`'s.
struct Server {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let Some(process) = Self::run(port, folder.path()) else {
            println!("skipped: $WARDROBE_CHROMA names no chroma program");
            return None;
        };
        Some(Self {
            process,
            port,
            folder,
        })
    }

    fn run(port: u16, folder: &Path) -> Option<Child> {
        let mut command = Command::new(std::env::var_os("WARDROBE_CHROMA")?);
        command.args([
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--path",
        ]);
        command
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Some(command.spawn().unwrap())
    }

    /// As a power cut would: no goodbye.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = Self::run(self.port, self.folder.path()).unwrap();
    }

    /// 12 retries are enough for a server that is starting.
    fn store(&self, retries: usize) -> ChromaStore {
        let url = format!("http://127.0.0.1:{}", self.port);
        let options = ChromaOptions {
            retries,
            ..ChromaOptions::at(url)
        };
        ChromaStore::new(options).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn a_server_killed_in_the_middle_loses_nothing() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let local = SqliteStore::in_memory().unwrap();
    local.create_collection(&looks()).unwrap();
    let user = local.mirror_to("there").unwrap();
    local.upsert(&looks(), &records(3500)).unwrap();
    server.store(12).collections().unwrap(); // waits for the server
    let (store, mut sent) = (server.store(1), 0);
    let error = local
        .send("there", &store, |more| {
            if sent == 0 {
                server.kill();
            }
            sent += more;
        })
        .unwrap_err();
    assert!(matches!(error, IndexError::Unreachable { .. }), "{error}");
    assert!((1..3500).contains(&sent), "{sent} sent");
    assert_eq!(local.waiting("there").unwrap(), 3500 - sent);
    // Life goes on without it.
    let third = Filter::eq("third", 2);
    local
        .delete_where(&looks(), Scope::default(), &third)
        .unwrap();
    let moved: Vec<Record> = records(60)
        .into_iter()
        .filter(|r| r.metadata["third"] == 0)
        .collect();
    let moved: Vec<Record> = moved
        .into_iter()
        .map(|record| record.with("moved", true))
        .collect();
    local.upsert(&looks(), &moved).unwrap();
    // The next run sends the rest.
    server.start_again();
    let store = server.store(12);
    local.send("there", &store, |_| {}).unwrap();
    assert_eq!(local.waiting("there").unwrap(), 0);
    let here: Vec<Record> = local
        .iterate(&looks(), Scope::default())
        .map(|record| record.unwrap().of_user(&user))
        .collect();
    let there: Vec<Record> = store
        .iterate(&looks(), Scope::AllUsers)
        .collect::<Result<_>>()
        .unwrap();
    assert_eq!(there, here);
}

/// A server on loopback that answers each request as told, and says what it was asked.
fn answering(answers: Vec<(u16, &'static str)>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head += &line;
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            )
            .unwrap();
            tell.send(head).ok();
        }
    });
    (url, asked)
}

#[test]
fn a_passing_failure_is_tried_again_and_the_token_is_sent() {
    let trouble = (
        503,
        r#"{"error":"Unavailable","message":"a moment, please"}"#,
    );
    let (url, asked) = answering(vec![trouble, trouble, (200, "[]")]);
    let options = ChromaOptions {
        token: Some("secret".to_owned()),
        tenant: "anna".to_owned(),
        database: "spring".to_owned(),
        ..ChromaOptions::at(url)
    };
    assert!(!format!("{options:?}").contains("secret"));
    let store = ChromaStore::new(options).unwrap();
    assert_eq!(store.collections().unwrap(), []);
    let asked: Vec<String> = asked.iter().take(3).collect();
    assert_eq!(asked.len(), 3);
    for head in asked {
        assert!(
            head.contains("/api/v2/tenants/anna/databases/spring/collections"),
            "{head}"
        );
        assert!(head.contains("x-chroma-token: secret"), "{head}");
    }
}

#[test]
fn a_refused_token_is_said_and_not_tried_again() {
    let (url, asked) = answering(vec![(
        401,
        r#"{"error":"AuthError","message":"Unauthorized"}"#,
    )]);
    let error = ChromaStore::new(ChromaOptions::at(url))
        .unwrap()
        .collections()
        .unwrap_err();
    assert!(matches!(error, IndexError::AccessDenied { .. }), "{error}");
    assert!(error.to_string().contains("check the token"));
    assert_eq!(asked.iter().count(), 1);
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for address in [silent.local_addr().unwrap(), closed] {
        let options = ChromaOptions {
            timeout: Duration::from_millis(200),
            retries: 1,
            ..ChromaOptions::at(format!("http://{address}"))
        };
        let start = Instant::now();
        let error = ChromaStore::new(options)
            .unwrap()
            .collections()
            .unwrap_err();
        assert!(matches!(error, IndexError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn an_address_that_is_none_is_said() {
    for url in [
        "",
        "localhost:8000",
        "ftp://localhost",
        "http://localhost:8000/chroma",
        "http://a:b@localhost",
    ] {
        let error = ChromaStore::new(ChromaOptions::at(url)).unwrap_err();
        assert!(
            matches!(error, IndexError::BadServer { .. }),
            "{url}: {error}"
        );
        assert!(
            error.to_string().contains("http://localhost:8000"),
            "{error}"
        );
    }
}
