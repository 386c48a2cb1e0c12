use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Where weights can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "path", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// The file that was named.
    Given(PathBuf),
    /// The folder of `--weights` or `$WARDROBE_WEIGHTS`.
    Folder(PathBuf),
    /// The `weights/` of the checkout that the program runs in or was built in.
    Repository(PathBuf),
    /// The folder that downloads go to.
    Cache(PathBuf),
    /// Where Python's `huggingface_hub` keeps what it has fetched; the file's own folder in it.
    HubCache(PathBuf),
    /// The program itself.
    BuiltIn,
}

/// Where the bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// In the program.
    BuiltIn(&'static [u8]),
}

impl Place {
    /// The folder, of those that are looked in for a file's name.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Repository(path) | Self::Cache(path) => Some(path),
            Self::Given(_) | Self::HubCache(_) | Self::BuiltIn => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(path) => write!(f, "{}", path.display()),
            Self::Folder(path) => write!(f, "{} (--weights or $WARDROBE_WEIGHTS)", path.display()),
            Self::Repository(path) => write!(f, "{} (the repository)", path.display()),
            Self::Cache(path) => write!(f, "{} (the cache)", path.display()),
            Self::HubCache(path) => write!(f, "{} (huggingface_hub's cache)", path.display()),
            Self::BuiltIn => f.write_str("the program itself"),
        }
    }
}

impl Source {
    /// The file; `None` for what is built in.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::BuiltIn(_) => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::BuiltIn(_) => f.write_str("what is built into the program"),
        }
    }
}
