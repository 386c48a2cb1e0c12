use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, HubFile, Result};

/// What a pull found out about a file, kept beside it as `FILE.json`: the file is held to it ever after, and another
/// pull fetches the same again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The file's SHA-256 in 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The file's size.
    pub bytes: u64,
    /// The hub's repository.
    pub repository: String,
    /// The commit, where the hub named it, else the revision that was asked for.
    pub revision: String,
}

impl Record {
    /// The record beside a file; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or is no record.
    pub fn beside(file: &Path) -> Result<Option<Self>> {
        let path = path_beside(file);
        match fs::read(&path) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(record) => Ok(Some(record)),
                Err(source) => Err(Error::Record { path, source }),
            },
            // No folder, no record.
            Err(error)
                if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) =>
            {
                Ok(None)
            }
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Whether it tells of that file: another repository's or another commit's says nothing of this one.
    pub(crate) fn is_of(&self, file: &HubFile) -> bool {
        let is_commit = |revision: &&String| {
            revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
        };
        let commit = file.revision.as_ref().filter(is_commit);
        self.repository == file.repository && commit.is_none_or(|commit| *commit == self.revision)
    }

    /// Writes it beside a file, the whole record or none of it.
    pub(crate) fn write_beside(&self, file: &Path) -> Result<()> {
        let path = path_beside(file);
        let partial = with_ending(&path, ".part");
        let failed = |source| Error::write(&path, source);
        let text = serde_json::to_vec_pretty(self).map_err(|source| Error::Record {
            path: path.clone(),
            source,
        })?;
        fs::write(&partial, text).map_err(failed)?;
        fs::rename(&partial, &path).map_err(failed)
    }
}

fn path_beside(file: &Path) -> PathBuf {
    with_ending(file, ".json")
}

/// The path with something after its last letter: an extension is not replaced.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
