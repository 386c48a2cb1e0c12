//! What the hub says no to: one attempt, and what to do.

use wardrobe_testkit::{Reply, Server};
use wardrobe_weights::{Error, sha256};

use super::{Bench, assert_says, hub_reply, message, whole};

fn refused(status: u16) -> (String, usize) {
    let server = Server::start(move |_, _| Reply::new(status, b"no"));
    let bench = Bench::unknown();
    let message = message(bench.pull(&server));
    bench.assert_absent();
    (message, server.requests().len())
}

#[test]
fn a_token_is_asked_for() {
    for status in [401, 403] {
        let (message, attempts) = refused(status);
        assert_says(
            &message,
            &[
                "HF_TOKEN",
                "/owner/model/resolve/main/net.safetensors",
                &status.to_string(),
            ],
        );
        assert_eq!(attempts, 1);
    }
}

#[test]
fn what_is_not_there_is_said() {
    let (message, attempts) = refused(404);
    assert_says(
        &message,
        &[
            "there is no http://127.0.0.1",
            "404",
            "revision",
            "HF_ENDPOINT",
        ],
    );
    assert_eq!(attempts, 1);
}

#[test]
fn the_hubs_own_words_are_told() {
    let server = Server::start(|_, _| {
        Reply::new(403, b"").header(
            "X-Error-Message",
            "Access to model owner/model is restricted",
        )
    });
    let message = message(Bench::unknown().pull(&server));
    assert_says(&message, &["Access to model owner/model is restricted"]);
}

#[test]
fn other_answers_are_told_as_they_are() {
    let (message, attempts) = refused(418);
    assert_says(&message, &["HTTP 418"]);
    assert_eq!(attempts, 1);
}

/// Another file than the manifest's is not fetched at all.
#[test]
fn another_file_is_refused_before_it_comes() {
    let server = Server::start(|request, _| hub_reply(request));
    let other = format!("sha256 = \"{}\"", sha256(b"another edition"));
    for known in [other.as_str(), "bytes = 7"] {
        let bench = Bench::new(known, "");
        let error = bench.pull(&server).unwrap_err();
        assert!(matches!(error, Error::Replaced { .. }), "{error}");
        bench.assert_absent();
    }
    let right = format!(
        "sha256 = \"{}\"\nbytes = {}",
        sha256(&whole()),
        whole().len()
    );
    Bench::new(&right, "").pull(&server).unwrap();
}

#[test]
fn nobody_there_is_said_after_some_attempts() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::unknown();
    let hub = wardrobe_weights::Hub::at(&url).unwrap();
    let hub = hub.patience(2, std::time::Duration::from_millis(1));
    let message = message(bench.resolver().with_hub(hub).pull("net"));
    assert_says(
        &message,
        &["cannot fetch", "(2 attempts)", "HTTPS_PROXY", "HF_ENDPOINT"],
    );
    bench.assert_absent();
}
