use std::path::PathBuf;

use serde::Serialize;

use crate::resolver::expected;
use crate::{Entry, Place, Resolver, Result, Source, sha256, sha256_of_file};

/// An entry of the manifest, and where its file is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Listed {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Where [`Resolver::resolve`] finds it; `None` where it is nowhere.
    pub place: Option<Place>,
    /// The file; `None` where it is nowhere or built in.
    pub path: Option<PathBuf>,
}

/// A copy of an entry's file, and whether it is the right one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// The entry's name.
    pub name: String,
    /// Where the copy is; `None` where there is none at all.
    pub place: Option<Place>,
    /// Its file; `None` where it is built in.
    pub path: Option<PathBuf>,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether a file is the one that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Its SHA-256 is the manifest's or the one recorded when it was fetched.
    Verified,
    /// It is not known which SHA-256 it should have; this is the file's.
    Unknown {
        /// The file's.
        sha256: String,
    },
    /// It is another file, or damaged.
    Mismatch {
        /// The file's SHA-256.
        sha256: String,
        /// The one that is known.
        expected: String,
    },
    /// It cannot be read.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// There is no copy.
    Missing,
}

impl Resolver {
    /// Every entry of the manifest and where it is. Nothing is hashed.
    pub fn list(&self) -> Vec<Listed> {
        let entries = self.manifest.entries.iter();
        let listed = entries.map(|entry| {
            let (place, source) = self.copies(entry).next().unzip();
            Listed {
                entry: entry.clone(),
                place,
                path: source.and_then(|source| Some(source.path()?.to_path_buf())),
            }
        });
        listed.collect()
    }

    /// Hashes every copy of every entry's file.
    pub fn verify(&self) -> Vec<Verified> {
        let entries = self.manifest.entries.iter();
        entries.flat_map(|entry| self.verify_entry(entry)).collect()
    }

    /// Hashes every copy of an entry's file.
    pub fn verify_entry(&self, entry: &Entry) -> Vec<Verified> {
        let verified = |copy: Option<(Place, Source)>, verdict| {
            let (place, source) = copy.unzip();
            Verified {
                name: entry.name.clone(),
                place,
                path: source.and_then(|source| Some(source.path()?.to_path_buf())),
                verdict,
            }
        };
        let copies = self.copies(entry).map(|(place, source)| {
            let verdict = verdict(entry, &place, &source).unwrap_or_else(|error| {
                let reason = error.to_string();
                Verdict::Unreadable { reason }
            });
            verified(Some((place, source)), verdict)
        });
        let copies: Vec<Verified> = copies.collect();
        if copies.is_empty() {
            return vec![verified(None, Verdict::Missing)];
        }
        copies
    }
}

/// Hashes a copy. A wrong one is a verdict, one that cannot be read is an error.
fn verdict(entry: &Entry, place: &Place, source: &Source) -> Result<Verdict> {
    let sha256 = match source {
        Source::File(path) => sha256_of_file(path)?,
        Source::BuiltIn(bytes) => sha256(bytes),
    };
    Ok(match expected(entry, place, source)? {
        None => Verdict::Unknown { sha256 },
        Some(expected) if sha256 == expected => Verdict::Verified,
        Some(expected) => Verdict::Mismatch { sha256, expected },
    })
}
