use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wardrobe_ingest::Preprocess;
use wardrobe_types::did_you_mean;

use crate::{Error, Result};

/// The form of manifest this crate reads.
const VERSION: u32 = 1;

/// What weights there are: `weights/manifest.toml`.
///
/// ```
/// # use wardrobe_weights::Manifest;
/// let manifest = Manifest::parse(r#"
///     version = 1
///     [[weights]]
///     name = "starter-classifier"
///     architecture = "efficientnet-b0"
///     file = "starter-classifier.safetensors"
///     bytes = 8_234_112
///     sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
///     licence = "MIT OR Apache-2.0"
///     source = "trained from scratch by this project"
///     labels = ["t-shirt", "shirt"]
///     [weights.preprocessing]
///     geometry = { kind = "shortest-edge", edge = 256, crop = 224, filter = "bicubic" }
///     normalization = "image-net"
/// "#, "manifest.toml".as_ref())?;
/// assert_eq!(manifest.entry("starter-classifier")?.labels.len(), 2);
/// # Ok::<(), wardrobe_weights::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    version: u32,
    /// The entries, in the file's order.
    #[serde(default, rename = "weights")]
    pub entries: Vec<Entry>,
    #[serde(skip)]
    path: PathBuf,
}

/// A file of a repository of the Hugging Face hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubFile {
    /// The repository, as in `timm/efficientnet_b0.ra_in1k`.
    pub repository: String,
    /// The commit, or a branch or tag of it; absent where it is not known, and then it is the `main` of the first pull,
    /// whose commit is recorded and kept to.
    pub revision: Option<String>,
    /// The file's path in the repository.
    pub file: String,
}

/// One file of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// What it is asked for by: letters, digits and hyphens.
    pub name: String,
    /// The model it fills (`efficientnet-b0`, ...).
    pub architecture: String,
    /// The file's name, without a folder.
    pub file: String,
    /// The file's size; absent where it is not known.
    pub bytes: Option<u64>,
    /// The file's SHA-256 in 64 lower-case hexadecimal digits; absent where it is not known, and
    /// then it is recorded beside the file at the first pull and held to from then on.
    pub sha256: Option<String>,
    /// The licence of the weights, an SPDX expression where there is one.
    pub licence: String,
    /// Who trained them on what, or where they are published.
    pub source: String,
    /// Where `wardrobe weights pull` gets them; absent for what is shipped or made by hand.
    pub hub: Option<HubFile>,
    /// What each output of a classifier means, in the order of the outputs; empty for others.
    #[serde(default)]
    pub labels: Vec<String>,
    /// From a photo to the model's input; absent where the model does not see photos.
    pub preprocessing: Option<Preprocess>,
}

impl Manifest {
    /// The manifest that this program was built with.
    ///
    /// # Errors
    /// As [`Manifest::parse`]; a test keeps it from happening.
    pub fn built_in() -> Result<Self> {
        let text = include_str!("../../../weights/manifest.toml");
        Self::parse(text, Path::new("weights/manifest.toml"))
    }

    /// Parses a manifest; `path` names it in errors.
    ///
    /// # Errors
    /// Where the text is not TOML of this form, or an entry contradicts itself or another.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut manifest: Self = toml::from_str(text).map_err(|source| Error::Manifest {
            path: path.to_path_buf(),
            source: Box::new(source),
        })?;
        manifest.path = path.to_path_buf();
        manifest.check()?;
        Ok(manifest)
    }

    /// Adds the entries of the user's manifest, where the file `path` is one.
    ///
    /// # Errors
    /// As [`Manifest::parse`], for the two together: no entry replaces another.
    pub fn with_file(mut self, path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(self),
            Err(source) => {
                let path = path.to_path_buf();
                return Err(Error::Read { path, source });
            }
        };
        let added = Self::parse(&text, path)?;
        self.entries.extend(added.entries);
        self.path = added.path;
        self.check()?;
        Ok(self)
    }

    /// The entry of that name.
    ///
    /// # Errors
    /// Where there is none; the error lists near names.
    pub fn entry(&self, name: &str) -> Result<&Entry> {
        let names = || self.entries.iter().map(|entry| entry.name.as_str());
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Error::UnknownName {
                name: name.to_string(),
                near: did_you_mean(name, names())
                    .into_iter()
                    .map(str::to_string)
                    .collect(),
                known_names: names().map(str::to_string).collect(),
            })
    }

    fn check(&self) -> Result<()> {
        let failed = |entry: &str, problem: String| Error::Entry {
            path: self.path.clone(),
            entry: entry.to_string(),
            problem,
        };
        if self.version != VERSION {
            let problem = format!("is {}, and this program reads {VERSION}", self.version);
            return Err(failed("version", problem));
        }
        for (i, entry) in self.entries.iter().enumerate() {
            let earlier = &self.entries[..i];
            if earlier
                .iter()
                .any(|e| e.name == entry.name || e.file == entry.file)
            {
                return Err(failed(
                    &entry.name,
                    "shares its name or file with another".to_string(),
                ));
            }
            if let Some(problem) = entry.problem() {
                return Err(failed(&entry.name, problem));
            }
        }
        Ok(())
    }
}

impl Entry {
    fn problem(&self) -> Option<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Some("has a name with other characters than a-z, 0-9 and -".to_string());
        }
        if Path::new(&self.file).file_name() != Some(self.file.as_ref()) {
            return Some(format!(
                "has the file {:?}, which is not a plain name",
                self.file
            ));
        }
        if let Some(problem) = self.hub.as_ref().and_then(HubFile::problem) {
            return Some(problem);
        }
        match &self.sha256 {
            Some(hash) if hash.len() != 64 || !hash.chars().all(digit) => Some(format!(
                "has the SHA-256 {hash:?}, which is not 64 lower-case hexadecimal digits"
            )),
            _ => {
                let preprocessing = self.preprocessing.as_ref()?;
                preprocessing.check().err().map(|error| error.to_string())
            }
        }
    }
}

impl HubFile {
    /// The address of the repository's page.
    pub fn page(&self) -> String {
        format!("https://huggingface.co/{}", self.repository)
    }

    /// Parts of an address that would lead elsewhere are refused; the hub says whether the rest exists.
    fn problem(&self) -> Option<String> {
        let revision = self.revision.as_deref().unwrap_or("main");
        for (field, value) in [
            ("repository", self.repository.as_str()),
            ("revision", revision),
            ("file", &self.file),
        ] {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let part = |part: &str| !part.is_empty() && part != ".." && part.chars().all(plain);
            if !value.split('/').all(part) {
                return Some(format!(
                    "has the hub {field} {value:?}, which is not names of a-z, A-Z, 0-9, -, _ and . between slashes"
                ));
            }
        }
        let named = self.repository.split('/').count() == 2;
        (!named).then(|| {
            format!(
                "has the hub repository {:?}; expected OWNER/NAME",
                self.repository
            )
        })
    }
}
