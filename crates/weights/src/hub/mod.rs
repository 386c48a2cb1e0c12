//! The hub: where files are asked for, and how they come.

mod agent;
mod answer;
mod transfer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hf_hub::api::sync::{Api, ApiBuilder};
use hf_hub::{Cache, Repo, RepoType};
use ureq::Agent;

use crate::{Error, HubFile, Result};

pub(crate) use transfer::Wanted;

/// Where the hub is unless `HF_ENDPOINT` says otherwise.
const ENDPOINT: &str = "https://huggingface.co";
/// Failures in a row, without a byte gained, until a transfer is given up.
const ATTEMPTS: u32 = 5;
/// The pause after the first failure; it doubles with each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the hub may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The Hugging Face hub or a mirror of it. Making one opens no connection.
///
/// hf-hub says where files are and where Python's `huggingface_hub` keeps those it has, and finds the token. The
/// transfer is ours, on the HTTP client that it brings: hf-hub's own has no time limits, tries what is refused again,
/// and takes a file for whole without its size and hash, also where a server answers a request for the rest with all
/// of it.
#[derive(Clone)]
pub struct Hub {
    api: Api,
    cache: Cache,
    agent: Agent,
    endpoint: String,
    token: Option<String>,
    attempts: u32,
    pause: Duration,
    watch: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// What happens during a pull.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Bytes have come; the first time, those that an earlier pull left behind.
    Advanced {
        /// Bytes here.
        done: u64,
        /// The file's size, where the hub tells it.
        total: Option<u64>,
    },
    /// Something failed that may pass.
    Retrying {
        /// What.
        problem: String,
        /// How long until the next attempt.
        pause: Duration,
    },
    /// All bytes are here, and their hash is compared.
    Checking,
}

impl Hub {
    /// The hub as the usual variables have it: `HF_ENDPOINT` (a mirror), `HF_TOKEN` or else the token that
    /// `hf auth login` left in `HF_HOME`, `HTTPS_PROXY` and `NO_PROXY`, `SSL_CERT_FILE`, and
    /// `HF_HUB_DOWNLOAD_TIMEOUT` in seconds.
    ///
    /// # Errors
    /// Where a variable's value cannot be one.
    pub fn from_env() -> Result<Self> {
        let endpoint = variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_string());
        let silence = match variable("HF_HUB_DOWNLOAD_TIMEOUT") {
            None => SILENCE,
            Some(text) => match text.parse() {
                Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
                _ => {
                    let variable = "HF_HUB_DOWNLOAD_TIMEOUT";
                    return Err(unusable(variable, text, "a number of seconds above 0"));
                }
            },
        };
        let cache = Cache::new(python_cache());
        let token = variable("HF_TOKEN").or_else(|| cache.token());
        Self::new(endpoint, cache, token, silence)
    }

    /// The hub at an address, without a token.
    ///
    /// # Errors
    /// Where the address is none of a hub.
    pub fn at(endpoint: &str) -> Result<Self> {
        Self::new(
            endpoint.to_string(),
            Cache::new(python_cache()),
            None,
            SILENCE,
        )
    }

    fn new(
        endpoint: String,
        cache: Cache,
        token: Option<String>,
        silence: Duration,
    ) -> Result<Self> {
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| endpoint.starts_with(scheme) && endpoint.len() > scheme.len());
        if scheme.is_none() {
            let expected = "an address such as https://huggingface.co";
            return Err(unusable("HF_ENDPOINT", endpoint, expected));
        }
        let endpoint = endpoint.trim_end_matches('/').to_string();
        let builder = ApiBuilder::from_cache(cache.clone()).with_endpoint(endpoint.clone());
        let api = builder.build().map_err(|error| Error::HubSetup {
            problem: error.to_string(),
        })?;
        Ok(Self {
            api,
            cache,
            agent: agent::agent(silence)?,
            endpoint,
            token,
            attempts: ATTEMPTS,
            pause: PAUSE,
            watch: Arc::new(|_| {}),
        })
    }

    /// Tells `watch` how a pull goes.
    pub fn watch(mut self, watch: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.watch = Arc::new(watch);
        self
    }

    /// Shows this token to the hub, and to no host it leads to.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_string());
        self
    }

    /// Gives up after so many failures in a row, with a pause after the first that doubles with each.
    pub fn patience(mut self, attempts: u32, pause: Duration) -> Self {
        (self.attempts, self.pause) = (attempts.max(1), pause);
        self
    }

    /// Takes silence of that length for a failure.
    ///
    /// # Errors
    /// As [`Hub::from_env`].
    pub fn silence(mut self, silence: Duration) -> Result<Self> {
        self.agent = agent::agent(silence)?;
        Ok(self)
    }

    /// The address of a file at a revision.
    fn url(&self, file: &HubFile, revision: &str) -> String {
        self.api.repo(repo(file, revision)).url(&file.file)
    }
}

/// A file that Python's `huggingface_hub` has already fetched, in its cache.
pub(crate) fn fetched_by_python(cache: &Path, file: &HubFile) -> Option<PathBuf> {
    let cache = Cache::new(cache.to_path_buf());
    let revision = file.revision.as_deref().unwrap_or("main");
    let repo = cache.repo(repo(file, revision));
    // A commit names its snapshot; what names a commit is looked up.
    let snapshot = repo.pointer_path(revision).join(&file.file);
    let path = if snapshot.is_file() {
        Some(snapshot)
    } else {
        repo.get(&file.file)
    };
    path.filter(|path| path.is_file())
}

/// The SHA-256 of such a file: a large one is a link to a blob of that name.
pub(crate) fn sha256_by_python(file: &Path) -> Option<String> {
    let blob = file.canonicalize().ok()?;
    let name = blob.file_name()?.to_str()?;
    is_sha256(name).then(|| name.to_string())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn repo(file: &HubFile, revision: &str) -> Repo {
    let repository = file.repository.clone();
    Repo::with_revision(repository, RepoType::Model, revision.to_string())
}

/// `huggingface_hub`'s folder, which may not exist.
pub(crate) fn python_cache() -> PathBuf {
    if let Some(folder) = variable("HF_HUB_CACHE") {
        return folder.into();
    }
    let home = variable("HF_HOME").map(PathBuf::from).or_else(|| {
        let folders = directories::BaseDirs::new()?;
        Some(folders.home_dir().join(".cache/huggingface"))
    });
    home.unwrap_or_default().join("hub")
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?.trim().to_string();
    (!value.is_empty()).then_some(value)
}

fn unusable(variable: &'static str, value: String, expected: &'static str) -> Error {
    Error::Variable {
        variable,
        value,
        expected,
    }
}

impl fmt::Debug for Hub {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
