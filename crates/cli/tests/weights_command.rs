//! `wardrobe weights`: the hub is a server of the test, the cache a folder of it.

mod common;

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use common::{Bench, only_line, run};
use serde_json::Value;
use wardrobe_testkit::{Reply, Request, Server};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// SHA-256 of `BODY`.
const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const BODY: &[u8] = b"hello";

/// The user's own manifest.
const OWN: &str = r#"
version = 1
[[weights]]
name = "mine"
architecture = "efficientnet-b0"
file = "mine.safetensors"
licence = "CC0-1.0"
source = "trained at home"
hub = { repository = "me/mine", file = "net.safetensors" }
"#;

/// The program on this folder's home, cache and settings, and on no one else's.
fn weights(bench: &Bench, args: &[&str]) -> Command {
    let mut command = bench.wardrobe();
    for variable in [
        "HF_ENDPOINT",
        "HF_TOKEN",
        "HF_HUB_CACHE",
        "HF_HUB_DOWNLOAD_TIMEOUT",
        "SSL_CERT_FILE",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(variable);
    }
    command
        .env("HOME", bench.folder.path())
        .env("XDG_CACHE_HOME", bench.path("cache"))
        .env("XDG_CONFIG_HOME", bench.path("config"))
        .env("HF_HOME", bench.path("huggingface"))
        .arg("weights")
        .args(args);
    command
}

/// With the user's own manifest.
fn bench() -> Bench {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("config/wardrobe")).unwrap();
    fs::write(bench.path("config/wardrobe/weights.toml"), OWN).unwrap();
    bench
}

fn hub(request: &Request, _: usize) -> Reply {
    match request.path.rsplit_once("/me/mine/resolve/") {
        Some((_, "main/net.safetensors")) => Reply::rest(BODY, request)
            .header("X-Repo-Commit", COMMIT)
            .header("X-Linked-Etag", &format!("\"{SHA256}\"")),
        _ => Reply::new(404, b""),
    }
}

fn file(bench: &Bench) -> PathBuf {
    bench.path("cache/wardrobe/weights/mine.safetensors")
}

fn json(command: &mut Command) -> (i32, Value) {
    let (status, stdout, stderr) = run(command.arg("--json"));
    let document = serde_json::from_str(&stdout);
    (
        status,
        document.unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}")),
    )
}

/// The row of that name.
fn row<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rows = document["weights"].as_array().unwrap();
    rows.iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {document}"))
}

#[test]
fn the_list_says_what_where_and_how() {
    let bench = bench();
    let (status, table, _) = run(&mut weights(&bench, &["list"]));
    assert_eq!(status, 0);
    for expected in [
        "NAME",
        "LICENCE",
        "`wardrobe weights pull openclip-vit-b32`",
        "starter-classifier",
        "CC0-1.0",
        "8.3 MB",
    ] {
        assert!(table.contains(expected), "{expected}: {table}");
    }
    let (_, document) = json(&mut weights(&bench, &["list"]));
    let mine = row(&document, "mine");
    assert_eq!(mine["pull"], "wardrobe weights pull mine");
    assert_eq!(
        (&mine["place"], &mine["sha256"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(mine["hub"]["repository"], "me/mine");
    let starter = row(&document, "starter-classifier");
    assert_eq!(starter["pull"], Value::Null);
    assert_eq!(starter["labels"].as_array().unwrap().len(), 47);
    for name in [
        "efficientnet-b0-imagenet",
        "openclip-vit-b32",
        "fashion-clip",
        "openai-vit-b32",
    ] {
        assert!(row(&document, name)["hub"]["repository"].is_string());
    }
}

#[test]
fn pulled_once_it_is_here_also_offline() {
    let (bench, server) = (bench(), Server::start(hub));
    let (status, document) = json(
        weights(&bench, &["pull", "mine"])
            .env("HF_ENDPOINT", server.url())
            .env("HF_TOKEN", "secret"),
    );
    assert_eq!(status, 0, "{document}");
    let mine = row(&document, "mine");
    assert_eq!(
        (&mine["fetched"], &mine["sha256"], &mine["revision"]),
        (&true.into(), &SHA256.into(), &COMMIT.into())
    );
    assert_eq!(fs::read(file(&bench)).unwrap(), BODY);
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer secret")
    );

    // Nothing more is asked: not by the same, not offline, not by the other commands.
    let silent = Server::start(|_, _| Reply::new(500, b""));
    for args in [
        &["pull", "mine"][..],
        &["pull", "mine", "--offline"],
        &["list"],
        &["verify"],
        &["pull", "starter-classifier"],
    ] {
        let mut command = weights(&bench, args);
        command
            .env("HF_ENDPOINT", silent.url())
            .env("ALL_PROXY", silent.url());
        let (status, stdout, stderr) = run(&mut command);
        assert_eq!((status, stderr.as_str()), (0, ""), "{args:?}: {stdout}");
    }
    assert_eq!(silent.requests(), []);
}

#[test]
fn offline_says_what_to_do_and_asks_no_one() {
    let (bench, server) = (bench(), Server::start(hub));
    let mut command = weights(&bench, &["pull", "mine", "--offline"]);
    let (status, _, stderr) = run(command
        .env("HF_ENDPOINT", server.url())
        .env("ALL_PROXY", server.url()));
    assert_eq!(status, 1);
    for expected in [
        "--offline",
        "`wardrobe weights pull mine`",
        "mine.safetensors",
        "--weights",
    ] {
        assert!(only_line(&stderr).contains(expected), "{stderr}");
    }
    assert_eq!(server.requests(), []);
}

/// Other commands name the command to run, and fetch nothing by themselves.
#[test]
fn what_is_missing_names_the_command() {
    let (bench, server) = (bench(), Server::start(hub));
    let mut command = weights(&bench, &["convert", "mine", "out.safetensors"]);
    let (status, _, stderr) = run(command.env("HF_ENDPOINT", server.url()));
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("run `wardrobe weights pull mine`"),
        "{stderr}"
    );
    assert_eq!(server.requests(), []);
}

#[test]
fn a_proxy_is_gone_through() {
    let (bench, proxy) = (bench(), Server::start(hub));
    let mut command = weights(&bench, &["pull", "mine"]);
    // No such host: only the proxy could know it.
    command
        .env("HF_ENDPOINT", "http://hub.invalid")
        .env("HTTP_PROXY", proxy.url());
    let _ = run(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "5"));
    let asked = proxy.requests();
    assert!(asked[0].path.contains("hub.invalid"), "{asked:?}");
}

#[test]
fn each_failure_is_told_and_the_rest_is_fetched() {
    let (bench, server) = (bench(), Server::start(hub));
    let own = format!(
        "{OWN}{}",
        OWN.replace("version = 1", "").replace("mine", "gone")
    );
    fs::write(bench.path("config/wardrobe/weights.toml"), own).unwrap();
    let mut command = weights(&bench, &["pull", "gone", "mine"]);
    let (status, stdout, stderr) = run(command.env("HF_ENDPOINT", server.url()));
    assert_eq!(status, 3, "{stderr}");
    assert!(
        only_line(&stderr).contains("/me/gone/resolve/main"),
        "{stderr}"
    );
    assert!(only_line(&stdout).contains("mine fetched"), "{stdout}");
    let (status, _, stderr) =
        run(weights(&bench, &["pull", "mien"]).env("HF_ENDPOINT", server.url()));
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("did you mean mine"), "{stderr}");
    let (status, _, stderr) = run(weights(&bench, &["pull", "gone"]).env("HF_ENDPOINT", "nowhere"));
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("HF_ENDPOINT"), "{stderr}");
}

#[test]
fn verify_hashes_again() {
    let (bench, server) = (bench(), Server::start(hub));
    run(weights(&bench, &["pull", "mine"]).env("HF_ENDPOINT", server.url()));
    let (status, table, _) = run(&mut weights(&bench, &["verify", "mine"]));
    assert_eq!(status, 0);
    assert!(table.contains("as known"), "{table}");
    fs::write(file(&bench), b"hullo").unwrap();
    let (status, _, stderr) = run(&mut weights(&bench, &["verify", "mine"]));
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("`wardrobe weights pull mine`"),
        "{stderr}"
    );
    let (status, document) = json(&mut weights(&bench, &["verify"]));
    assert_eq!(status, 3);
    assert_eq!(row(&document, "mine")["verdict"], "mismatch");
    assert_eq!(row(&document, "mine")["expected"], SHA256);
    assert_eq!(row(&document, "starter-classifier")["verdict"], "verified");
    assert_eq!(row(&document, "fashion-clip")["verdict"], "missing");
    let (status, _, stderr) = run(&mut weights(&bench, &["verify", "fashion-clip"]));
    assert_eq!(
        (status, only_line(&stderr).contains("weights list")),
        (1, true)
    );
}

#[test]
fn an_own_entry_replaces_none_of_the_programs() {
    let bench = bench();
    let own = OWN.replace("\"mine\"", "\"starter-classifier\"");
    fs::write(bench.path("config/wardrobe/weights.toml"), own).unwrap();
    let (status, _, stderr) = run(&mut weights(&bench, &["list"]));
    assert_eq!(status, 1);
    let line = only_line(&stderr);
    assert!(
        line.contains("weights.toml") && line.contains("starter-classifier"),
        "{line}"
    );
}

/// The starter classifier in another precision is still a classifier, and the same input gives the same bytes.
#[test]
fn converted_weights_work_and_do_not_vary() {
    let bench = bench();
    let out = bench.path("out.safetensors");
    let convert = |name: &str, extra: &[&str]| {
        let out = bench.path(name).display().to_string();
        let args = [&["convert", "starter-classifier", &out], extra].concat();
        json(&mut weights(&bench, &args))
    };
    let (status, document) = convert("out.safetensors", &["--dtype", "f16"]);
    assert_eq!(status, 0, "{document}");
    assert_eq!(document["architecture"], "efficientnet-b0");
    assert_eq!(document["note"], Value::Null);
    assert!(document["applied"].as_u64().unwrap() > 300);
    assert_eq!(
        document["sha256"],
        convert("again.safetensors", &["--dtype", "f16"]).1["sha256"]
    );

    let photo = bench.photo("shirt.png", [40, 60, 120], 0);
    let args = ["inspect", "classify", &photo.to_string_lossy()].map(str::to_owned);
    let with = |extra: &[&str]| {
        bench.json(
            0,
            &[&args.each_ref().map(String::as_str)[..], extra].concat(),
        )
    };
    assert_eq!(with(&["--weights", &out.to_string_lossy()]), with(&[]));

    let (status, _, stderr) = run(&mut weights(
        &bench,
        &["convert", "starter-classifier", &out.to_string_lossy()],
    ));
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("--force"), "{stderr}");
    let itself = out.to_string_lossy();
    let (status, _, _) = run(&mut weights(
        &bench,
        &["convert", &itself, &itself, "--force"],
    ));
    assert_eq!(status, 1);
    assert_eq!(convert("out.safetensors", &["--force"]).0, 0);
}

#[test]
fn what_cannot_be_converted_says_why() {
    let bench = bench();
    let text = bench.path("notes.pt");
    fs::write(&text, "not weights").unwrap();
    let cases = [
        (
            vec![text.to_str().unwrap(), "a.safetensors"],
            "holds no weights",
        ),
        (vec!["starter-classifier", "a.pt"], ".safetensors"),
        (
            vec!["starter-classifier", "a.safetensors", "--arch", "yolov8"],
            "exported by `wardrobe train detect`",
        ),
        (vec!["nothing.pt", "a.safetensors"], "nothing.pt"),
    ];
    for (args, expected) in cases {
        let (status, _, stderr) = run(weights(&bench, &["convert"])
            .args(&args)
            .current_dir(bench.folder.path()));
        assert_eq!(status, 1, "{args:?}");
        assert!(only_line(&stderr).contains(expected), "{args:?}: {stderr}");
    }
    let (status, _, stderr) = run(&mut weights(
        &bench,
        &["convert", "a", "b", "--arch", "yolo8"],
    ));
    assert_eq!(status, 2);
    assert!(stderr.contains("yolov8"), "{stderr}");
}
