use std::path::{Path, PathBuf};

use crate::builtin::BUILT_IN;
use crate::hub::{self, Wanted};
use crate::{Entry, Error, Hub, Manifest, Place, Record, Result, Source, Tensors, sha256_of_file};

/// The environment variable that names a folder of weights.
const VARIABLE: &str = "WARDROBE_WEIGHTS";
/// The user's own manifest, in the folder of weights and in the user's settings.
const USERS_MANIFEST: &str = "weights.toml";

/// Finds weights by name, and verifies them.
#[derive(Debug, Clone)]
pub struct Resolver {
    pub(crate) manifest: Manifest,
    folders: Vec<Place>,
    built_in: Vec<(String, &'static [u8])>,
    hub: Option<Hub>,
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
    /// The SHA-256 that they have; `None` where it is not known what it should be.
    pub sha256: Option<String>,
}

/// What became of a pull.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pulled {
    /// The weights.
    pub resolved: Resolved,
    /// What was fetched; `None` where the weights were here.
    pub fetched: Option<Record>,
}

impl Resolver {
    /// Looks nowhere yet.
    pub fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            folders: Vec::new(),
            built_in: Vec::new(),
            hub: None,
        }
    }

    /// The program's manifest and the usual places: `folder` or else `$WARDROBE_WEIGHTS`, the
    /// checkout's `weights/`, the user's cache, that of Python's `huggingface_hub`, what is built in. No connection is
    /// opened; [`Resolver::with_hub`] allows that.
    ///
    /// The user's own entries, in a `weights.toml` in the user's settings or in `folder`, are added to the manifest.
    ///
    /// # Errors
    /// Where the folder named does not exist, or an entry of the user's is wrong.
    pub fn usual(folder: Option<&Path>) -> Result<Self> {
        let user = directories::ProjectDirs::from("", "", "wardrobe");
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let folder = folder
            .map(Path::to_path_buf)
            .or(variable.map(PathBuf::from));

        let mut manifest = Manifest::built_in()?;
        if let Some(user) = &user {
            manifest = manifest.with_file(&user.config_dir().join(USERS_MANIFEST))?;
        }
        if let Some(path) = &folder {
            path.read_dir().map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            manifest = manifest.with_file(&path.join(USERS_MANIFEST))?;
        }

        let cache = user.map(|user| Place::Cache(user.cache_dir().join("weights")));
        let places = [
            folder.map(Place::Folder),
            repository().map(Place::Repository),
            cache,
            Some(Place::HubCache(hub::python_cache())),
        ];
        let mut resolver = Self::new(manifest);
        resolver.folders = places.into_iter().flatten().collect();
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

    /// Fetches from the hub what is in none of the places, into [`Place::Cache`].
    pub fn with_hub(mut self, hub: Hub) -> Self {
        self.hub = Some(hub);
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
    /// manifest's, or the path cannot be read; with a hub, as [`Resolver::pull`].
    pub fn resolve(&self, name: &str) -> Result<Resolved> {
        if is_path(name) {
            return self.given(name);
        }
        let entry = self.manifest.entry(name)?;
        match self.find(entry)? {
            Some(resolved) => Ok(resolved),
            None => self.fetch(entry).map(|pulled| pulled.resolved),
        }
    }

    /// [`Resolver::resolve`] for an entry's name, where a damaged file in the cache is fetched anew.
    ///
    /// # Errors
    /// As [`Resolver::resolve`]; without a hub, [`Error::NotFound`].
    pub fn pull(&self, name: &str) -> Result<Pulled> {
        let entry = self.manifest.entry(name)?;
        match self.find(entry) {
            Ok(Some(resolved)) => Ok(Pulled {
                resolved,
                fetched: None,
            }),
            Ok(None) => self.fetch(entry),
            Err(Error::Checksum { .. }) if self.is_first_in_cache(entry) => self.fetch(entry),
            Err(error) => Err(error),
        }
    }

    /// The weights of an entry, where they are in one of the places.
    fn find(&self, entry: &Entry) -> Result<Option<Resolved>> {
        let Some((place, source)) = self.copies(entry).next() else {
            return Ok(None);
        };
        let expected = expected(entry, &place, &source)?;
        if let (Source::File(path), Some(expected)) = (&source, &expected) {
            let got = sha256_of_file(path)?;
            if got != *expected {
                return Err(Error::Checksum {
                    file: source.to_string(),
                    name: entry.name.clone(),
                    got,
                    expected: expected.clone(),
                });
            }
        }
        Ok(Some(Resolved {
            name: entry.name.clone(),
            place,
            source,
            entry: Some(entry.clone()),
            sha256: expected,
        }))
    }

    /// Fetches an entry's file into the cache.
    fn fetch(&self, entry: &Entry) -> Result<Pulled> {
        let (Some(hub), Some(file)) = (&self.hub, &entry.hub) else {
            return Err(Error::NotFound {
                name: entry.name.clone(),
                file: entry.file.clone(),
                looked: self.folders.clone(),
                on_hub: entry.hub.is_some(),
                origin: entry.source.clone(),
            });
        };
        let Some(cache) = self.cache() else {
            return Err(Error::NoCache {
                name: entry.name.clone(),
                origin: entry.source.clone(),
            });
        };
        let target = cache.join(&entry.file);
        let record = Record::beside(&target)?.filter(|record| record.is_of(file));
        let record = record.as_ref();
        let pinned = file.revision.as_deref();
        let revision = pinned.or(record.map(|record| record.revision.as_str()));
        let sha256 = entry.sha256.as_deref();
        let fetched = hub.fetch(&Wanted {
            file,
            revision: revision.unwrap_or("main"),
            sha256: sha256.or(record.map(|record| record.sha256.as_str())),
            bytes: entry.bytes.or(record.map(|record| record.bytes)),
            target: &target,
        })?;
        let resolved = Resolved {
            name: entry.name.clone(),
            place: Place::Cache(cache.to_path_buf()),
            source: Source::File(target),
            entry: Some(entry.clone()),
            sha256: Some(fetched.sha256.clone()),
        };
        Ok(Pulled {
            resolved,
            fetched: Some(fetched),
        })
    }

    fn cache(&self) -> Option<&Path> {
        self.folders.iter().find_map(|place| match place {
            Place::Cache(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// Whether the copy that is taken is one that the program fetched, and may replace.
    fn is_first_in_cache(&self, entry: &Entry) -> bool {
        let first = self.copies(entry).next();
        entry.hub.is_some() && matches!(first, Some((Place::Cache(_), _)))
    }

    /// The places that have the entry's file, in the order they are looked at.
    pub(crate) fn copies<'a>(
        &'a self,
        entry: &'a Entry,
    ) -> impl Iterator<Item = (Place, Source)> + 'a {
        let files = self.folders.iter().filter_map(|place| {
            let path = match place {
                Place::HubCache(folder) => hub::fetched_by_python(folder, entry.hub.as_ref()?)?,
                place => place.folder()?.join(&entry.file),
            };
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
        let record = Record::beside(&path)?;
        // The entries that the file may be of, with the hash that it then has.
        let entries = self.manifest.entries.iter().filter_map(|entry| {
            let recorded = record.as_ref().filter(|record| {
                let same = |file| record.is_of(file);
                entry.file == file_name(&path) && entry.hub.as_ref().is_some_and(same)
            });
            let recorded = recorded.map(|record| &record.sha256);
            let size = entry.bytes.is_none_or(|bytes| bytes == file.len());
            Some((entry, entry.sha256.as_ref().or(recorded).filter(|_| size)?))
        });
        let alike: Vec<(&Entry, &String)> = entries.collect();
        let entry = if alike.is_empty() {
            None
        } else {
            let hash = sha256_of_file(&path)?;
            alike.into_iter().find(|(_, known)| **known == hash)
        };
        Ok(Resolved {
            name: name.to_string(),
            place: Place::Given(path.clone()),
            sha256: entry.map(|(_, hash)| hash.clone()),
            entry: entry.map(|(entry, _)| entry.clone()),
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

/// The SHA-256 that a copy must have: the manifest's, or the one recorded when it was fetched.
pub(crate) fn expected(entry: &Entry, place: &Place, source: &Source) -> Result<Option<String>> {
    if entry.sha256.is_some() {
        return Ok(entry.sha256.clone());
    }
    match (place, source) {
        (Place::HubCache(_), Source::File(path)) => Ok(hub::sha256_by_python(path)),
        (_, Source::File(path)) => Ok(Record::beside(path)?.map(|record| record.sha256)),
        (_, Source::BuiltIn(_)) => Ok(None),
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
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
