use std::fmt;
use std::path::{Path, PathBuf};

use crate::{LoadReport, Place};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why weights could not be found, trusted, read or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is neither safetensors nor a PyTorch checkpoint.
    #[error(
        "{file} holds no weights: it is {found}; expected a .safetensors or a PyTorch .pth file"
    )]
    UnknownFormat {
        /// Where the bytes come from.
        file: String,
        /// What the bytes look like.
        found: &'static str,
    },
    /// A safetensors file is damaged or incomplete.
    #[error("{file} is a damaged or incomplete safetensors file; fetch it again")]
    Safetensors {
        /// Where the bytes come from.
        file: String,
        /// What is wrong with it.
        source: safetensors::SafeTensorError,
    },
    /// A PyTorch checkpoint's archive is damaged or incomplete.
    #[error("{file} is a damaged or incomplete PyTorch checkpoint; fetch it again")]
    Archive {
        /// Where the bytes come from.
        file: String,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// A PyTorch checkpoint's pickle cannot be read.
    #[error(
        "{file} is a PyTorch checkpoint whose pickle cannot be read: at its byte {at}, {problem}; save \
         `model.state_dict()` with torch.save or as safetensors"
    )]
    Pickle {
        /// Where the bytes come from.
        file: String,
        /// Where in the pickle reading stopped.
        at: usize,
        /// Why.
        problem: String,
    },
    /// A PyTorch checkpoint holds neither a state dict nor a module.
    #[error(
        "{file} holds {found}, neither a state dict nor a module; save `model.state_dict()` with torch.save or as \
         safetensors"
    )]
    NoStateDict {
        /// Where the bytes come from.
        file: String,
        /// What it holds.
        found: String,
    },
    /// A head for the descriptors of another classifier.
    #[error(
        "{file} belongs to the features of the classifier {}, got {expected}: `wardrobe train embed` and `wardrobe train \
         tag` train heads for this one", got.as_deref().unwrap_or("(none is named)")
    )]
    OtherClassifier {
        /// Where the bytes come from.
        file: String,
        /// SHA-256 of the classifier in use.
        expected: String,
        /// SHA-256 of the one it belongs to, if it says.
        got: Option<String>,
    },
    /// A tensor of a head is missing or of another shape.
    #[error(
        "{file}: expected a tensor {name:?} {expected:?}, got {}: use a file that `wardrobe train embed` or `wardrobe train \
         tag` wrote",
        got.as_ref().map_or("none".to_owned(), |shape| format!("{shape:?}"))
    )]
    Head {
        /// Where the bytes come from.
        file: String,
        /// The tensor.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
        /// What is there.
        got: Option<Vec<usize>>,
    },
    /// Values that are not a classification's descriptors.
    #[error("a head takes {expected} values, got {got}: pass a classification's descriptors")]
    Descriptors {
        /// Values it takes.
        expected: usize,
        /// Values it was given.
        got: usize,
    },
    /// One tensor of a file cannot be read.
    #[error("{file}: cannot read the tensor {tensor}: {reason}")]
    Tensor {
        /// Where the bytes come from.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// Why.
        reason: String,
    },
    /// A note in a file is not what it should be.
    #[error("{file}: its {key:?} is {problem}")]
    Note {
        /// Where the note comes from.
        file: String,
        /// Its name.
        key: String,
        /// What it is, and what it should be.
        problem: String,
    },
    /// Two tensors of a file would fill one of the model's.
    #[error("{file}: {first} and {second} would both fill the model's {tensor}")]
    Collision {
        /// Where the tensors come from.
        file: String,
        /// The model's name.
        tensor: String,
        /// A name in the file.
        first: String,
        /// Another name in the file.
        second: String,
    },
    /// A prefix was excepted that none of the model's tensors has.
    #[error("no tensor of the model starts with {prefix:?}, which was to be left unfilled")]
    UnusedException {
        /// The prefix.
        prefix: String,
    },
    /// The file's tensors are not the model's.
    #[error("{file} does not fit the model: {report}")]
    Mismatch {
        /// Where the tensors come from.
        file: String,
        /// What fits and what does not.
        report: Box<LoadReport>,
    },
    /// A manifest is not TOML of the expected form.
    #[error("{path} is not a manifest of weights")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where and why parsing stopped.
        source: Box<toml::de::Error>,
    },
    /// A manifest's entry contradicts itself or another.
    #[error("{path}: the entry {entry:?} {problem}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry's name.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No entry of the manifest has that name.
    #[error("there are no weights named {name:?}{}", known(near, known_names))]
    UnknownName {
        /// The name asked for.
        name: String,
        /// Names that are spelled like it.
        near: Vec<String>,
        /// All names.
        known_names: Vec<String>,
    },
    /// The weights are in none of the places looked at.
    #[error(
        "the weights {name} are not on this machine: {}; looked for {file} in {}",
        remedy(name, file, *on_hub, origin),
        places(looked)
    )]
    NotFound {
        /// The weights' name.
        name: String,
        /// The file looked for.
        file: String,
        /// Where.
        looked: Vec<Place>,
        /// Whether the hub has them.
        on_hub: bool,
        /// Where they come from, as the manifest has it.
        origin: String,
    },
    /// The weights are to be fetched, and there is no folder to put them into.
    #[error(
        "there is no folder for downloads: set HOME, or get {name} from {origin} and name its folder with --weights"
    )]
    NoCache {
        /// The weights' name.
        name: String,
        /// Where they come from, as the manifest has it.
        origin: String,
    },
    /// A file is not the one the manifest or its record names.
    #[error(
        "{file} is not the {name} that is known: its SHA-256 is {got}, expected {expected}; \
         remove it and run `wardrobe weights pull {name}`, or name the file itself to use it unverified"
    )]
    Checksum {
        /// The file.
        file: String,
        /// The weights' name.
        name: String,
        /// The file's hash.
        got: String,
        /// The manifest's or the record's.
        expected: String,
    },
    /// A record beside a file of weights is none.
    #[error(
        "{path} is not the record of a download: remove it, and the file is unverified until it is pulled again"
    )]
    Record {
        /// The record's file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk is full. What has come is kept.
    #[error(
        "the disk of {path} is full{}: make room and run the same again, and it goes on from there; or set \
         XDG_CACHE_HOME to a folder of another disk",
        missing.map_or(String::new(), |bytes| format!(", and {} MB more are to come", bytes.div_ceil(1_000_000)))
    )]
    DiskFull {
        /// The file that was written.
        path: PathBuf,
        /// Bytes that did not find room.
        missing: Option<u64>,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another program is fetching the same file.
    #[error("another program is writing {path}: wait until it is done, and run the same again")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// An environment variable's value cannot be used.
    #[error("{variable} is {value:?}, expected {expected}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The hub's client could not be made.
    #[error("cannot prepare for the hub: {problem}")]
    HubSetup {
        /// Why.
        problem: String,
    },
    /// The hub gives a file to some people only.
    #[error(
        "the hub refuses {url} (HTTP {status}{reason}): if its page asks to accept a licence, do so; then set HF_TOKEN to a \
         token of https://huggingface.co/settings/tokens. The hub answers the same where there is no such repository"
    )]
    Refused {
        /// The file's address.
        url: String,
        /// 401 or 403.
        status: u16,
        /// The hub's words.
        reason: String,
    },
    /// The hub has no such file.
    #[error(
        "there is no {url} (HTTP {status}{reason}): check repository, revision and file of the manifest's entry, and \
         HF_ENDPOINT where it is set"
    )]
    NotOnHub {
        /// The file's address.
        url: String,
        /// 404 or 410.
        status: u16,
        /// The hub's words.
        reason: String,
    },
    /// The hub answers what it should not.
    #[error(
        "{url} answers HTTP {status}{reason}: check HF_ENDPOINT and HTTPS_PROXY where they are set"
    )]
    Answer {
        /// The file's address.
        url: String,
        /// The status.
        status: u16,
        /// The hub's words.
        reason: String,
    },
    /// The other side is not who it should be, or speaks no TLS.
    #[error(
        "no safe connection to {url}: {problem}; behind a proxy that reads along, set SSL_CERT_FILE to its certificates"
    )]
    Insecure {
        /// Scheme, host and port.
        url: String,
        /// Why not.
        problem: String,
    },
    /// Every attempt failed. What has come is kept.
    #[error(
        "cannot fetch {url}: {problem} ({attempts} attempts); check the connection, set HTTPS_PROXY behind a proxy or \
         HF_ENDPOINT to a mirror, and run the same again: it goes on from where it stopped"
    )]
    Unreachable {
        /// The file's address.
        url: String,
        /// What failed last.
        problem: String,
        /// Failures in a row.
        attempts: u32,
    },
    /// The hub has another file than is known.
    #[error(
        "{url} is not the file that is known: the hub has {found}, expected {expected}; nothing was fetched. If the new \
         one is wanted, name its revision in an entry of your own weights.toml"
    )]
    Replaced {
        /// The file's address.
        url: String,
        /// The hub's SHA-256 or size.
        found: String,
        /// The one that is known.
        expected: String,
    },
    /// What came is not what the hub has.
    #[error(
        "{url} arrived damaged: its SHA-256 is {got}, expected {expected}; run the same again, or try another network or mirror"
    )]
    Damaged {
        /// The file's address.
        url: String,
        /// The hash of what came.
        got: String,
        /// The one that is known.
        expected: String,
    },
    /// An operation on tensors failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl Error {
    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        Self::Write { path, source }
    }
}

fn remedy(name: &str, file: &str, on_hub: bool, origin: &str) -> impl fmt::Display {
    match on_hub {
        true => format!(
            "run `wardrobe weights pull {name}`, or put {file} into one of the folders below"
        ),
        false => format!(
            "get {file} from {origin}, and put it into one of the folders below or name its folder with --weights"
        ),
    }
}

fn known(near: &[String], known: &[String]) -> impl fmt::Display {
    match (near, known) {
        ([], []) => "; the manifest is empty: name a file".to_string(),
        ([], known) => format!("; known are {}", known.join(", ")),
        (near, _) => format!("; did you mean {}?", near.join(" or ")),
    }
}

fn places(looked: &[Place]) -> impl fmt::Display {
    let places: Vec<String> = looked.iter().map(Place::to_string).collect();
    if places.is_empty() {
        "no folder".to_string()
    } else {
        places.join(", ")
    }
}
