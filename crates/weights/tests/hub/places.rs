//! Where files come from, where they go, and what is known of them then.

use std::fs;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use wardrobe_testkit::{Reply, Server};
use wardrobe_weights::{Hub, Place, Progress, Record, Resolver, Source, Verdict, sha256};

use super::{Bench, COMMIT, MAIN, assert_says, described, hub, hub_reply, message, whole};

#[test]
fn a_pull_fetches_records_and_verifies() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    let pulled = bench.pull(&server).unwrap();
    bench.assert_whole();
    let record = Record::beside(&bench.file()).unwrap().unwrap();
    assert_eq!(pulled.fetched.as_ref(), Some(&record));
    assert_eq!(record.sha256, sha256(&whole()));
    assert_eq!(record.bytes, whole().len() as u64);
    assert_eq!(
        (record.repository.as_str(), record.revision.as_str()),
        ("owner/model", COMMIT)
    );
    assert_eq!(pulled.resolved.sha256, Some(record.sha256));
    assert_eq!(pulled.resolved.source, Source::File(bench.file()));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, MAIN);
    assert_eq!(requests[0].header("range"), None);
    assert!(
        requests[0]
            .header("user-agent")
            .unwrap()
            .starts_with("wardrobe/")
    );
    assert_eq!(bench.resolver().verify()[0].verdict, Verdict::Verified);
}

/// Also where the hub would be reached: no connection at all.
#[test]
fn what_is_here_opens_no_connection() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    let silent = Server::start(|_, _| Reply::new(500, b""));
    let resolver = bench.resolver().with_hub(hub(&silent));
    assert_eq!(resolver.pull("net").unwrap().fetched, None);
    resolver.resolve("net").unwrap();
    resolver.list();
    resolver.verify();
    assert_eq!(silent.requests(), []);
}

#[test]
fn without_a_hub_nothing_is_asked_and_the_command_is_told() {
    let bench = Bench::unknown();
    for error in [
        message(bench.resolver().resolve("net")),
        message(bench.resolver().pull("net")),
    ] {
        assert_says(
            &error,
            &[
                "`wardrobe weights pull net`",
                "net.safetensors",
                "(the cache)",
            ],
        );
    }
}

#[test]
fn resolving_fetches_where_a_hub_is_given() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    let resolver = bench.resolver().with_hub(hub(&server));
    assert_eq!(
        resolver.resolve("net").unwrap().source,
        Source::File(bench.file())
    );
    bench.assert_whole();
}

#[test]
fn a_download_is_held_to_its_record_and_replaced_by_the_same_commit() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    fs::write(bench.file(), b"something else").unwrap();
    let error = message(bench.resolver().resolve("net"));
    assert_says(&error, &["`wardrobe weights pull net`", &sha256(&whole())]);
    let verdict = &bench.resolver().verify()[0].verdict;
    assert!(matches!(verdict, Verdict::Mismatch { .. }), "{verdict:?}");

    assert!(bench.pull(&server).unwrap().fetched.is_some());
    bench.assert_whole();
    let pinned = format!("/owner/model/resolve/{COMMIT}/net.safetensors");
    assert_eq!(server.requests().last().unwrap().path, pinned);
}

/// A file that the user put somewhere is not overwritten.
#[test]
fn a_wrong_file_of_the_users_own_is_left_alone() {
    let server = Server::start(|request, _| hub_reply(request));
    let hash = format!("sha256 = \"{}\"", sha256(&whole()));
    let bench = Bench::new(&hash, "");
    let own = TempDir::new().unwrap();
    fs::write(own.path().join("net.safetensors"), b"mine").unwrap();
    let resolver = Resolver::new(bench.manifest.clone())
        .look_in(Place::Folder(own.path().to_path_buf()))
        .look_in(Place::Cache(bench.folder()))
        .with_hub(hub(&server));
    assert_says(&message(resolver.pull("net")), &["SHA-256"]);
    assert_eq!(server.requests(), []);
    assert_eq!(
        fs::read(own.path().join("net.safetensors")).unwrap(),
        b"mine"
    );
}

#[test]
fn a_pinned_revision_is_asked_for() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::new("", ", revision = \"refs/pr/15\"");
    bench.pull(&server).unwrap();
    let path = "/owner/model/resolve/refs%2Fpr%2F15/net.safetensors";
    assert_eq!(server.requests()[0].path, path);
}

/// The hub shows its store of large files by a redirect; the store is another host, and no host but the hub's sees
/// the token.
#[test]
fn redirects_are_followed_and_the_token_stays_with_the_hub() {
    let store = Server::start(|request, _| Reply::rest(&whole(), request));
    let to = format!("{}/blob?signature=x", store.url());
    let server = Server::start(move |request, _| match request.path.as_str() {
        MAIN => described(Reply::new(307, b"")).header("Location", "/moved/net"),
        _ => Reply::new(302, b"Found").header("Location", &to),
    });
    let bench = Bench::unknown();
    let resolver = bench.resolver().with_hub(hub(&server).token("secret"));
    let record = resolver.pull("net").unwrap().fetched.unwrap();
    bench.assert_whole();
    assert_eq!(record.revision, COMMIT);
    let asked = server.requests();
    assert_eq!(asked.len(), 2);
    assert!(
        asked
            .iter()
            .all(|r| r.header("authorization") == Some("Bearer secret"))
    );
    let shown = store.requests();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].path, "/blob?signature=x");
    assert_eq!(shown[0].header("authorization"), None);
}

#[test]
fn redirects_without_end_are_given_up() {
    let server = Server::start(|request, _| Reply::new(302, b"").header("Location", &request.path));
    let bench = Bench::unknown();
    assert_says(&message(bench.pull(&server)), &["redirects"]);
    bench.assert_absent();
}

#[test]
fn progress_is_told() {
    let server = Server::start(|request, n| match n {
        0 => Reply::new(503, b""),
        _ => hub_reply(request),
    });
    let bench = Bench::unknown();
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    let watched = hub(&server).watch(move |progress| sink.lock().unwrap().push(progress));
    bench.resolver().with_hub(watched).pull("net").unwrap();
    let told = told.lock().unwrap();
    assert!(
        matches!(&told[0], Progress::Retrying { problem, .. } if problem.contains("503")),
        "{:?}",
        told[0]
    );
    let total = Some(whole().len() as u64);
    assert_eq!(told[1], Progress::Advanced { done: 0, total });
    let done: Vec<u64> = told
        .iter()
        .filter_map(|p| match p {
            Progress::Advanced { done, .. } => Some(*done),
            _ => None,
        })
        .collect();
    assert!(
        done.is_sorted() && done.last() == total.as_ref(),
        "{done:?}"
    );
    assert_eq!(told.last(), Some(&Progress::Checking));
}

/// What Python's `huggingface_hub` has fetched is taken, and held to the name of its blob.
#[test]
#[cfg(unix)]
fn pythons_cache_is_looked_in() {
    let python = TempDir::new().unwrap();
    let model = python.path().join("models--owner--model");
    let blob = model.join("blobs").join(sha256(&whole()));
    let snapshot = model.join("snapshots").join(COMMIT);
    for folder in [model.join("blobs"), model.join("refs"), snapshot.clone()] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(&blob, whole()).unwrap();
    fs::write(model.join("refs/main"), COMMIT).unwrap();
    std::os::unix::fs::symlink(&blob, snapshot.join("net.safetensors")).unwrap();

    let place = Place::HubCache(python.path().to_path_buf());
    for revision in [String::new(), format!(", revision = \"{COMMIT}\"")] {
        let bench = Bench::new("", &revision);
        let resolver = bench.resolver().look_in(place.clone());
        let resolved = resolver.resolve("net").unwrap();
        assert_eq!(resolved.place, place);
        assert_eq!(resolved.sha256, Some(sha256(&whole())));
    }
    let bench = Bench::unknown();
    fs::write(&blob, b"damaged").unwrap();
    assert_says(
        &message(bench.resolver().look_in(place).resolve("net")),
        &["SHA-256"],
    );
    // Another revision than the one that is there.
    let bench = Bench::new("", ", revision = \"v2\"");
    let resolver = bench
        .resolver()
        .look_in(Place::HubCache(python.path().to_path_buf()));
    assert_says(&message(resolver.resolve("net")), &["pull net"]);
}

#[test]
fn a_mirror_must_be_an_address() {
    for endpoint in ["hf-mirror.com", "", "https://", "ftp://hub"] {
        assert_says(
            &message(Hub::at(endpoint)),
            &["HF_ENDPOINT", "https://huggingface.co"],
        );
    }
}

/// A download that is named by its path is still the manifest's.
#[test]
fn a_download_is_recognised_by_its_record() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    let path = bench.file();
    let given = bench.resolver().resolve(path.to_str().unwrap()).unwrap();
    assert_eq!(given.entry.unwrap().name, "net");
    assert_eq!(given.sha256, Some(sha256(&whole())));
    fs::write(&path, b"something else").unwrap();
    let given = bench.resolver().resolve(path.to_str().unwrap()).unwrap();
    assert_eq!((given.entry, given.sha256), (None, None));
}
