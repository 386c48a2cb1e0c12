//! Lines that break, servers that err, parts that were left: a file is whole or not there.

use std::fs;
use std::time::Duration;

use wardrobe_testkit::{Reply, Server};
use wardrobe_weights::{Error, Place, Resolver, sha256};

use super::{Bench, assert_says, described, hub, hub_reply, message, whole};

/// Bytes after which the line is cut.
const CUT: usize = 500_000;

#[test]
fn a_cut_line_is_gone_on_with() {
    let server = Server::start(|request, n| match n {
        0 | 1 => hub_reply(request).cut(CUT),
        _ => hub_reply(request),
    });
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    bench.assert_whole();
    let asked: Vec<usize> = server
        .requests()
        .iter()
        .map(|request| request.from())
        .collect();
    assert_eq!(asked, [0, CUT, 2 * CUT]);
}

#[test]
fn a_file_cut_short_is_never_taken_for_a_whole_one() {
    // The server ends the first bytes' connection, then has nothing more to say.
    let server = Server::start(|request, n| match n {
        0 => hub_reply(request).cut(CUT),
        _ => Reply::new(500, b""),
    });
    let bench = Bench::unknown();
    let error = message(bench.pull(&server));
    assert_says(&error, &["HTTP 500", "goes on from where it stopped"]);
    bench.assert_absent();
    assert_eq!(fs::read(bench.part()).unwrap(), &whole()[..CUT]);
    assert_eq!(server.requests().len(), 1 + 2);

    // The next program goes on there.
    let server = Server::start(|request, _| hub_reply(request));
    bench.pull(&server).unwrap();
    bench.assert_whole();
    assert_eq!(server.requests()[0].from(), CUT);
}

/// The announced length is the only sign of a cut where no hash is known.
#[test]
fn a_cut_without_a_known_hash_is_seen_by_its_length() {
    let server = Server::start(|request, _| Reply::rest(&whole(), request).cut(CUT));
    let bench = Bench::unknown();
    let pulled = bench.pull(&server);
    // Three pieces of CUT bytes make it whole.
    assert!(pulled.is_ok());
    bench.assert_whole();
    let server = Server::start(|_, _| Reply::new(200, &whole()).cut(CUT));
    let bench = Bench::unknown();
    message(bench.pull(&server));
    bench.assert_absent();
}

#[test]
fn a_server_that_errs_is_asked_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::start(move |request, n| match n {
            0 | 1 => Reply::new(status, b"later").header("Retry-After", "0"),
            _ => hub_reply(request),
        });
        let bench = Bench::unknown();
        bench.pull(&server).unwrap();
        bench.assert_whole();
        assert_eq!(server.requests().len(), 3);
    }
}

/// A store's link runs out while the file comes: the hub gives another.
#[test]
fn a_stale_link_to_the_store_is_asked_for_anew() {
    let store = Server::start(|request, n| match n {
        0 => Reply::rest(&whole(), request).cut(CUT),
        1 => Reply::new(403, b"expired"),
        _ => Reply::rest(&whole(), request),
    });
    let to = store.url();
    let server = Server::start(move |_, _| described(Reply::new(302, b"")).header("Location", &to));
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    bench.assert_whole();
    assert_eq!(server.requests().len(), 3);
    assert_eq!(store.requests().last().unwrap().from(), CUT);
}

#[test]
fn silence_is_a_failure() {
    let server = Server::start(|request, n| match n {
        0 => hub_reply(request).cut(CUT).silent(Duration::from_secs(5)),
        _ => hub_reply(request),
    });
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    bench.assert_whole();
    let from = server.requests()[1].from();
    assert!((1..=CUT).contains(&from), "{from}");

    let server = Server::start(|_, _| Reply::new(200, b"x").silent(Duration::from_secs(5)));
    let message = message(Bench::unknown().pull(&server));
    assert_says(&message, &["(3 attempts)", "cannot fetch"]);
}

#[test]
fn damaged_bytes_are_thrown_away() {
    let server = Server::start(|request, _| {
        let mut damaged = whole();
        damaged[CUT] ^= 1;
        described(Reply::rest(&damaged, request))
    });
    let bench = Bench::unknown();
    let error = bench.pull(&server).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_says(&error.to_string(), &[&sha256(&whole()), "arrived damaged"]);
    bench.assert_absent();
    // Nothing of it is gone on with.
    assert_eq!(fs::metadata(bench.part()).unwrap().len(), 0);
}

#[test]
fn a_part_of_another_edition_is_found_out_and_fetched_from_the_start() {
    let server = Server::start(|request, _| hub_reply(request));
    for part in [
        vec![7; CUT],
        vec![7; whole().len()],
        vec![7; whole().len() + 1],
    ] {
        let bench = Bench::unknown();
        bench.leave_part(&part);
        bench.pull(&server).unwrap();
        bench.assert_whole();
    }
}

/// Where no hash would tell, what an earlier program left is not trusted.
#[test]
fn a_part_is_not_gone_on_with_where_no_hash_is_known() {
    let server = Server::start(|request, _| Reply::rest(&whole(), request));
    let bench = Bench::unknown();
    bench.leave_part(&[7; CUT]);
    bench.pull(&server).unwrap();
    bench.assert_whole();
}

/// All of it came, and the program died before it was put in its place.
#[test]
fn a_whole_part_is_compared_and_put_in_its_place() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    bench.leave_part(&whole());
    bench.pull(&server).unwrap();
    bench.assert_whole();
    assert_eq!(server.requests().len(), 1);
}

/// A server that knows no ranges answers with all of it.
#[test]
fn a_server_without_ranges_starts_again() {
    let server = Server::start(|_, n| match n {
        0 => described(Reply::new(200, &whole())).cut(CUT),
        _ => described(Reply::new(200, &whole())),
    });
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    bench.assert_whole();
}

#[test]
fn another_range_than_asked_for_is_not_taken() {
    let server = Server::start(|request, n| match n {
        0 => hub_reply(request).cut(CUT),
        1 => described(Reply::new(206, &whole()[10..]))
            .header("Content-Range", "bytes 10-99/1200000"),
        _ => hub_reply(request),
    });
    let bench = Bench::unknown();
    bench.pull(&server).unwrap();
    bench.assert_whole();
}

/// Two programs at once: the second is told, and spoils nothing.
#[test]
fn two_at_once_do_not_write_one_file() {
    let bench = Bench::unknown();
    bench.leave_part(b"");
    let other = fs::File::options().append(true).open(bench.part()).unwrap();
    other.lock().unwrap();
    let server = Server::start(|request, _| hub_reply(request));
    let error = bench.pull(&server).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(server.requests(), []);
    drop(other);
    bench.pull(&server).unwrap();
    bench.assert_whole();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_with_what_is_missing() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    fs::create_dir_all(bench.folder()).unwrap();
    // A device that is always full.
    std::os::unix::fs::symlink("/dev/full", bench.part()).unwrap();
    let error = bench.pull(&server).unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert_says(&error.to_string(), &["is full", "2 MB more", "make room"]);
    bench.assert_absent();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let server = Server::start(|request, _| hub_reply(request));
    let bench = Bench::unknown();
    let file = bench.cache.path().join("file");
    fs::write(&file, b"no folder").unwrap();
    let resolver =
        Resolver::new(bench.manifest.clone()).look_in(Place::Cache(file.join("weights")));
    assert_says(
        &message(resolver.with_hub(hub(&server)).pull("net")),
        &["cannot write", "weights"],
    );
    assert_eq!(server.requests(), []);
}
