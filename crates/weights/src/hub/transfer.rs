//! A file's way from the hub to the disk: in part, again from where it stopped, whole, compared, in its place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::StatusCode;

use super::answer::{Answer, Described, Failure, passing};
use super::{Hub, Progress};
use crate::record::{Record, with_ending};
use crate::{Error, HubFile, Result, sha256_of_file};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is to be fetched, and what is known of it.
pub(crate) struct Wanted<'a> {
    pub file: &'a HubFile,
    pub revision: &'a str,
    pub sha256: Option<&'a str>,
    pub bytes: Option<u64>,
    /// Where it is to be in the end.
    pub target: &'a Path,
}

impl Hub {
    /// Fetches a file into its place, with its record beside it.
    ///
    /// What has come of it lies in `FILE.part` until it is whole and has the hash that is wanted or that the hub
    /// names. A part that an earlier program left is gone on with only where there is such a hash to find out whether
    /// both ends belong together.
    pub(crate) fn fetch(&self, wanted: &Wanted) -> Result<Record> {
        let mut part = Part::open(wanted.target)?;
        let mut described = self.transfer(wanted, &mut part)?;
        if let Some(error) = self.damage(wanted, &described, &part)? {
            // What an earlier program left may have been of another edition: once more, from the start.
            if part.inherited == 0 {
                part.clear()?;
                return Err(error);
            }
            part.clear()?;
            described = self.transfer(wanted, &mut part)?;
            if let Some(error) = self.damage(wanted, &described, &part)? {
                part.clear()?;
                return Err(error);
            }
        }
        let record = Record {
            sha256: sha256_of_file(&part.path)?,
            bytes: part.length,
            repository: wanted.file.repository.clone(),
            revision: described
                .commit
                .unwrap_or_else(|| wanted.revision.to_string()),
        };
        record.write_beside(wanted.target)?;
        part.put_in_place(wanted.target)?;
        Ok(record)
    }

    /// Attempts until the part is whole.
    fn transfer(&self, wanted: &Wanted, part: &mut Part) -> Result<Described> {
        let mut failures = 0;
        loop {
            let before = part.length;
            match self.attempt(wanted, part) {
                Ok(described) => return Ok(described),
                Err(Failure::Final(error)) => return Err(*error),
                Err(Failure::Passing { problem, pause }) => {
                    // A line that breaks now and then is no reason to give up while bytes come.
                    failures = if part.length > before {
                        1
                    } else {
                        failures + 1
                    };
                    if failures >= self.attempts {
                        return Err(Error::Unreachable {
                            url: self.url(wanted.file, wanted.revision),
                            problem,
                            attempts: self.attempts,
                        });
                    }
                    let doubled = self.pause.saturating_mul(1 << (failures - 1).min(16));
                    let pause = pause.unwrap_or(doubled.min(LONGEST_PAUSE));
                    (self.watch)(Progress::Retrying { problem, pause });
                    std::thread::sleep(pause);
                }
            }
        }
    }

    /// Asks for what is missing, and writes what comes.
    fn attempt(&self, wanted: &Wanted, part: &mut Part) -> std::result::Result<Described, Failure> {
        let url = self.url(wanted.file, wanted.revision);
        let mut answer = self.ask(&url, part.length)?;
        wanted.agrees_with(&answer.described, &url)?;
        let no_hash = wanted.sha256.is_none() && answer.described.sha256.is_none();
        if part.inherited > 0 && no_hash {
            part.clear()?;
            answer = self.ask(&url, 0)?;
        }
        let total = answer.total.or(wanted.bytes);
        match answer.status {
            StatusCode::OK => part.clear()?,
            StatusCode::PARTIAL_CONTENT if answer.first == Some(part.length) => {}
            StatusCode::RANGE_NOT_SATISFIABLE if total == Some(part.length) => {
                return Ok(answer.described);
            }
            _ => {
                part.clear()?;
                return Err(passing("another part came than was asked for".to_string()));
            }
        }
        let Answer {
            described, body, ..
        } = answer;
        self.receive(body.into_reader(), part, total)?;
        match total {
            Some(total) if part.length < total => {
                let problem = format!("the connection ended at byte {} of {total}", part.length);
                Err(passing(problem))
            }
            Some(total) if part.length > total => {
                part.clear()?;
                Err(passing(format!(
                    "more than the {total} bytes came that were announced"
                )))
            }
            _ => Ok(described),
        }
    }

    fn receive(
        &self,
        mut body: impl Read,
        part: &mut Part,
        total: Option<u64>,
    ) -> std::result::Result<(), Failure> {
        let mut chunk = vec![0; CHUNK];
        loop {
            (self.watch)(Progress::Advanced {
                done: part.length,
                total,
            });
            match body.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(n) => part.append(&chunk[..n], total)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let problem = format!("the connection broke at byte {}: {error}", part.length);
                    return Err(passing(problem));
                }
            }
        }
    }

    /// The error where the part has not the hash that is known.
    fn damage(&self, wanted: &Wanted, described: &Described, part: &Part) -> Result<Option<Error>> {
        (self.watch)(Progress::Checking);
        let Some(expected) = wanted.sha256.or(described.sha256.as_deref()) else {
            return Ok(None);
        };
        let got = sha256_of_file(&part.path)?;
        Ok((got != expected).then(|| Error::Damaged {
            url: self.url(wanted.file, wanted.revision),
            got,
            expected: expected.to_string(),
        }))
    }
}

impl Wanted<'_> {
    /// Whether the hub has the file that is known, told before hundreds of megabytes come.
    fn agrees_with(&self, described: &Described, url: &str) -> std::result::Result<(), Failure> {
        let size = |bytes: u64| format!("{bytes} bytes");
        let differ = |known: Option<String>, found: Option<String>| match (known, found) {
            (Some(known), Some(found)) if known != found => Some((known, found)),
            _ => None,
        };
        let hash = differ(self.sha256.map(str::to_string), described.sha256.clone());
        let bytes = || differ(self.bytes.map(size), described.bytes.map(size));
        match hash.or_else(bytes) {
            None => Ok(()),
            Some((expected, found)) => Err(Failure::Final(Box::new(Error::Replaced {
                url: url.to_string(),
                found,
                expected,
            }))),
        }
    }
}

/// The file that grows until it is whole, this program's alone.
struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    /// Bytes that were here before.
    inherited: u64,
}

impl Part {
    fn open(target: &Path) -> Result<Self> {
        let path = with_ending(target, ".part");
        let failed = |source| Error::write(&path, source);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        }
        let mut options = OpenOptions::new();
        let file = options
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed)?;
        // Not every file system can lock; then two programs at once are found out by the hash.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::Busy { path });
        }
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self {
            file,
            length,
            inherited: length,
            path,
        })
    }

    fn clear(&mut self) -> Result<()> {
        if self.length > 0 {
            let cleared = self.file.set_len(0);
            cleared.map_err(|source| Error::write(&self.path, source))?;
        }
        (self.length, self.inherited) = (0, 0);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], total: Option<u64>) -> Result<()> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(source) => {
                // Some of the bytes may have been written.
                self.length = self.file.metadata().map_or(self.length, |file| file.len());
                let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
                Err(match full.contains(&source.kind()) {
                    true => Error::DiskFull {
                        path: self.path.clone(),
                        missing: total.map(|total| total.saturating_sub(self.length)),
                        source,
                    },
                    false => Error::write(&self.path, source),
                })
            }
        }
    }

    /// Renames it, all bytes on the disk first: a crash leaves the part or the whole file.
    fn put_in_place(self, target: &Path) -> Result<()> {
        let synced = self.file.sync_all();
        synced.map_err(|source| Error::write(&self.path, source))?;
        drop(self.file);
        fs::rename(&self.path, target).map_err(|source| Error::write(target, source))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(Box::new(error))
    }
}
