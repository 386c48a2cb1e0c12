use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::builtin::BUILT_IN;
use crate::{Entry, Error, Manifest, Result, Tensors, sha256, sha256_of_file};

/// The environment variable that names a folder of weights.
const VARIABLE: &str = "WARDROBE_WEIGHTS";

/// Finds weights by name, and verifies them.
#[derive(Debug, Clone)]
pub struct Resolver {
    manifest: Manifest,
    folders: Vec<Place>,
    built_in: Vec<(String, &'static [u8])>,
}

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

/// Weights that were found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resolved {
    /// The name or the path that was asked for.
    pub name: String,
    /// Where they were found.
    pub place: Place,
    /// Where their bytes are.
    pub source: Source,
    /// What the manifest says of them; `None` for a file that was named and that no entry's
    /// SHA-256 matches.
    pub entry: Option<Entry>,
}

/// An entry of the manifest, and where its file is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Listed {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Where [`Resolver::resolve`] finds it; `None` where it is nowhere.
    pub place: Option<Place>,
}

/// A copy of an entry's file, and whether it is the right one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// The entry's name.
    pub name: String,
    /// Where the copy is; `None` where there is none at all.
    pub place: Option<Place>,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether a file is the manifest's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Its SHA-256 is the manifest's.
    Verified,
    /// The manifest knows no SHA-256; this is the file's.
    Unknown {
        /// The file's.
        sha256: String,
    },
    /// It is another file, or damaged.
    Mismatch {
        /// The file's SHA-256.
        sha256: String,
        /// The manifest's.
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
    /// Looks nowhere yet.
    pub fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            folders: Vec::new(),
            built_in: Vec::new(),
        }
    }

    /// The program's manifest and the usual places: `folder` or else `$WARDROBE_WEIGHTS`, the
    /// checkout's `weights/`, the user's cache, what is built in.
    ///
    /// # Errors
    /// Where the folder named does not exist.
    pub fn usual(folder: Option<&Path>) -> Result<Self> {
        let mut resolver = Self::new(Manifest::built_in()?);
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let folder = folder
            .map(Path::to_path_buf)
            .or(variable.map(PathBuf::from));
        if let Some(path) = folder {
            path.read_dir().map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            resolver = resolver.look_in(Place::Folder(path));
        }
        if let Some(path) = repository() {
            resolver = resolver.look_in(Place::Repository(path));
        }
        if let Some(user) = directories::ProjectDirs::from("", "", "wardrobe") {
            resolver = resolver.look_in(Place::Cache(user.cache_dir().join("weights")));
        }
        for (name, bytes) in BUILT_IN {
            resolver = resolver.with_built_in(name, bytes);
        }
        Ok(resolver)
    }

    /// Looks in a folder after those already given.
    pub fn look_in(mut self, folder: Place) -> Self {
        self.folders.push(folder);
        self
    }

    /// Falls back on these bytes for the entry `name`.
    pub fn with_built_in(mut self, name: &str, bytes: &'static [u8]) -> Self {
        self.built_in.push((name.to_string(), bytes));
        self
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Finds an entry's weights and verifies them, or takes a path (a name with a separator or one
    /// of the extensions `safetensors`, `pth`, `pt`) as it is.
    ///
    /// What is built in is not hashed again at every start: [`Resolver::verify`] does that.
    ///
    /// # Errors
    /// Where the name is not the manifest's, its file is in none of the places or is not the
    /// manifest's, or the path cannot be read.
    pub fn resolve(&self, name: &str) -> Result<Resolved> {
        if is_path(name) {
            return self.given(name);
        }
        let entry = self.manifest.entry(name)?;
        let Some((place, source)) = self.copies(entry).next() else {
            return Err(Error::NotFound {
                name: name.to_string(),
                file: entry.file.clone(),
                looked: self.folders.clone(),
                origin: entry.source.clone(),
            });
        };
        if let (Source::File(path), Some(expected)) = (&source, &entry.sha256) {
            let got = sha256_of_file(path)?;
            if got != *expected {
                return Err(Error::Checksum {
                    file: source.to_string(),
                    name: name.to_string(),
                    got,
                    expected: expected.clone(),
                });
            }
        }
        Ok(Resolved {
            name: name.to_string(),
            place,
            source,
            entry: Some(entry.clone()),
        })
    }

    /// Every entry of the manifest and where it is. Nothing is hashed.
    pub fn list(&self) -> Vec<Listed> {
        let entries = self.manifest.entries.iter();
        entries
            .map(|entry| Listed {
                entry: entry.clone(),
                place: self.copies(entry).next().map(|(place, _)| place),
            })
            .collect()
    }

    /// Hashes every copy of every entry's file.
    pub fn verify(&self) -> Vec<Verified> {
        let entries = self.manifest.entries.iter();
        entries.flat_map(|entry| self.verify_entry(entry)).collect()
    }

    fn verify_entry(&self, entry: &Entry) -> Vec<Verified> {
        let verified = |place, verdict| Verified {
            name: entry.name.clone(),
            place,
            verdict,
        };
        let copies: Vec<Verified> = self
            .copies(entry)
            .map(|(place, source)| verified(Some(place), source.verdict(entry)))
            .collect();
        if copies.is_empty() {
            return vec![verified(None, Verdict::Missing)];
        }
        copies
    }

    /// The places that have the entry's file, in the order they are looked at.
    fn copies<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = (Place, Source)> + 'a {
        let files = self.folders.iter().filter_map(|place| {
            let path = place.folder()?.join(&entry.file);
            // Also what is there and is no readable file: that is an error, not a reason to look
            // further.
            path.exists().then(|| (place.clone(), Source::File(path)))
        });
        let built_in = self.built_in.iter().filter(|(name, _)| *name == entry.name);
        files.chain(built_in.map(|(_, bytes)| (Place::BuiltIn, Source::BuiltIn(bytes))))
    }

    /// A file that was named: what the manifest says of it holds where its content is an entry's.
    fn given(&self, name: &str) -> Result<Resolved> {
        let path = PathBuf::from(name);
        let failed = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let file = std::fs::metadata(&path).map_err(failed)?;
        if file.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        let entries = self.manifest.entries.iter();
        let alike: Vec<&Entry> = entries.filter(|entry| entry.bytes == file.len()).collect();
        let entry = if alike.is_empty() {
            None
        } else {
            let hash = sha256_of_file(&path)?;
            alike
                .into_iter()
                .find(|entry| entry.sha256.as_ref() == Some(&hash))
        };
        Ok(Resolved {
            name: name.to_string(),
            place: Place::Given(path.clone()),
            entry: entry.cloned(),
            source: Source::File(path),
        })
    }
}

impl Resolved {
    /// Reads the tensors.
    ///
    /// # Errors
    /// As [`Tensors::load`].
    pub fn load(&self) -> Result<Tensors> {
        match &self.source {
            Source::File(path) => Tensors::load(path),
            Source::BuiltIn(bytes) => {
                Tensors::from_bytes(bytes, &format!("the built-in {}", self.name))
            }
        }
    }
}

impl Source {
    fn verdict(&self, entry: &Entry) -> Verdict {
        let hash = match self {
            Self::File(path) => sha256_of_file(path),
            Self::BuiltIn(bytes) => Ok(sha256(bytes)),
        };
        match (hash, &entry.sha256) {
            (Err(error), _) => Verdict::Unreadable {
                reason: error.to_string(),
            },
            (Ok(sha256), None) => Verdict::Unknown { sha256 },
            (Ok(sha256), Some(expected)) if sha256 == *expected => Verdict::Verified,
            (Ok(sha256), Some(expected)) => Verdict::Mismatch {
                sha256,
                expected: expected.clone(),
            },
        }
    }
}

impl Place {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Repository(path) | Self::Cache(path) => Some(path),
            Self::Given(_) | Self::BuiltIn => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(path) => write!(f, "{}", path.display()),
            Self::Folder(path) => write!(f, "{} (--weights or ${VARIABLE})", path.display()),
            Self::Repository(path) => write!(f, "{} (the repository)", path.display()),
            Self::Cache(path) => write!(f, "{} (the cache)", path.display()),
            Self::BuiltIn => f.write_str("the program itself"),
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

fn is_path(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|e| e.to_str());
    let known = ["safetensors", "pth", "pt"];
    name.contains(std::path::is_separator) || extension.is_some_and(|e| known.contains(&e))
}

/// The `weights/` of the checkout above the program or above the working folder.
fn repository() -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    let working = std::env::current_dir().ok();
    let starts = [program, working];
    let ancestors = starts.iter().flatten().flat_map(|start| start.ancestors());
    ancestors
        .map(|folder| folder.join("weights"))
        .find(|folder| folder.join("manifest.toml").is_file())
}
