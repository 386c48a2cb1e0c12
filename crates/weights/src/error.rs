use std::fmt;
use std::path::PathBuf;

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
        "the weights {name} are nowhere: looked for {file} in {}; get it from {origin}, put it into \
         one of these folders or name its folder with --weights",
        places(looked)
    )]
    NotFound {
        /// The weights' name.
        name: String,
        /// The file looked for.
        file: String,
        /// Where.
        looked: Vec<Place>,
        /// Where they come from, as the manifest has it.
        origin: String,
    },
    /// A file is not the one the manifest names.
    #[error(
        "{file} is not the {name} that the manifest knows: its SHA-256 is {got}, expected {expected}; \
         fetch it again, or name the file itself to use it unverified"
    )]
    Checksum {
        /// The file.
        file: String,
        /// The weights' name.
        name: String,
        /// The file's hash.
        got: String,
        /// The manifest's.
        expected: String,
    },
    /// An operation on tensors failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
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
