//! Pulling from the hub, which a server of the test plays: what comes, what breaks, and what is said then.

mod broken;
mod places;
mod refused;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use wardrobe_testkit::{Reply, Request, Server};
use wardrobe_weights::{Hub, Manifest, Place, Pulled, Record, Resolver, Result, sha256};

/// The path that the hub has the file under, at the revision that no one pinned.
const MAIN: &str = "/owner/model/resolve/main/net.safetensors";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A file of some chunks whose bytes differ from each other.
fn whole() -> Vec<u8> {
    (0..300_000_u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

/// A hub that has the file, as huggingface.co answers: with the commit, and the hash as the tag.
fn hub_reply(request: &Request) -> Reply {
    described(Reply::rest(&whole(), request))
}

fn described(reply: Reply) -> Reply {
    let whole = whole();
    reply
        .header("X-Repo-Commit", COMMIT)
        .header("X-Linked-Etag", &format!("\"{}\"", sha256(&whole)))
        .header("X-Linked-Size", &whole.len().to_string())
}

/// A cache, and a manifest of one entry, `net`.
struct Bench {
    cache: TempDir,
    manifest: Manifest,
}

impl Bench {
    /// `extra`: lines of the entry beside the usual; `revision`: those of its hub table.
    fn new(extra: &str, revision: &str) -> Self {
        let text = format!(
            "version = 1\n[[weights]]\nname = \"net\"\narchitecture = \"test\"\nfile = \"net.safetensors\"\n\
             licence = \"CC0-1.0\"\nsource = \"a test\"\n{extra}\n\
             hub = {{ repository = \"owner/model\", file = \"net.safetensors\"{revision} }}\n"
        );
        Self {
            cache: TempDir::new().unwrap(),
            manifest: Manifest::parse(&text, "manifest.toml".as_ref()).unwrap(),
        }
    }

    fn unknown() -> Self {
        Self::new("", "")
    }

    fn resolver(&self) -> Resolver {
        Resolver::new(self.manifest.clone()).look_in(Place::Cache(self.folder()))
    }

    /// Pulls from a hub at `server`, with three attempts and short pauses.
    fn pull(&self, server: &Server) -> Result<Pulled> {
        self.resolver().with_hub(hub(server)).pull("net")
    }

    fn folder(&self) -> PathBuf {
        self.cache.path().join("weights")
    }

    fn file(&self) -> PathBuf {
        self.folder().join("net.safetensors")
    }

    fn part(&self) -> PathBuf {
        self.folder().join("net.safetensors.part")
    }

    /// What an earlier program left.
    fn leave_part(&self, bytes: &[u8]) {
        fs::create_dir_all(self.folder()).unwrap();
        fs::write(self.part(), bytes).unwrap();
    }

    /// The file is whole and in its place, and nothing else is.
    fn assert_whole(&self) {
        assert_eq!(fs::read(self.file()).unwrap(), whole());
        assert!(!self.part().exists());
    }

    /// The file is not in its place.
    fn assert_absent(&self) {
        assert!(!self.file().exists());
        assert_eq!(Record::beside(&self.file()).unwrap(), None);
        assert!(self.resolver().list()[0].place.is_none());
    }
}

fn hub(server: &Server) -> Hub {
    let hub = Hub::at(&server.url()).unwrap();
    let hub = hub.patience(3, Duration::from_millis(1));
    hub.silence(Duration::from_millis(300)).unwrap()
}

/// The error's text.
fn message<T>(result: Result<T>) -> String {
    result
        .err()
        .map(|error| error.to_string())
        .expect("an error")
}

fn assert_says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}
