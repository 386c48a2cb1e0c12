//! A wardrobe out of an archive.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rusqlite::Connection;
use serde::Serialize;
use tempfile::TempDir;
use wardrobe_vector_index::SqliteStore;
use zip::ZipArchive;

use super::contents::{CONTENTS, Contents, Entry, FORMAT, Format, is_stored_name};
use super::export::named_files;
use super::{BUFFER, Watch};
use crate::database::{self, Access};
use crate::home::{CROPS, DATABASE, Home, PHOTOS};
use crate::{Error, Result, Wardrobe};

/// The longest list of contents that is read: some millions of files.
const LONGEST_LIST: u64 = 1 << 30;

/// What was taken out of an archive.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The bytes of all files.
    pub bytes: u64,
    /// How many photos.
    pub photos: usize,
    /// How many garments, further photos and removed ones among them.
    pub garments: usize,
    /// Files that were missing already when the archive was made, relative to the wardrobe's folder.
    pub missing: Vec<String>,
}

impl Wardrobe {
    /// Restores a wardrobe from an archive of [`Wardrobe::export`] into a folder where there is none, or an empty one: every
    /// file byte for byte. All is unpacked aside and checked before it takes its place, so that nothing is left half done;
    /// a wardrobe with anything in it is left alone.
    ///
    /// A server that held the vectors of the archived wardrobe ([`Wardrobe::mirror_to`]) is forgotten, so that where both go
    /// on they do not change each other's there. Mirrored anew, the restored wardrobe sends all it has.
    ///
    /// `progress` is told the bytes done and all there are; `cancel` is looked at in between.
    ///
    /// # Errors
    /// [`Error::NotEmpty`]; [`Error::NotAnArchive`], [`Error::DamagedArchive`], [`Error::NewerArchive`],
    /// [`Error::NewerFormat`]; [`Error::Interrupted`]; a file that cannot be read or written, a full disk among the reasons.
    pub fn import(
        home: impl AsRef<Path>,
        archive: &Path,
        cancel: &AtomicBool,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Imported> {
        let home = Home::at(home.as_ref())?;
        check_empty(&home)?;
        let mut reader = Reader::open(archive)?;
        let contents = reader.contents()?;
        let made = make_folder(home.root())?;
        let aside = tempfile::Builder::new()
            .prefix(".import-")
            .tempdir_in(home.root())
            .map_err(Error::file("write into", home.root()))?;
        let mut watch = Watch {
            done: 0,
            total: contents.files.iter().map(|entry| entry.bytes).sum(),
            cancel,
            progress: &mut progress,
        };
        let unpacked = reader
            .unpack(&contents, aside.path(), &mut watch)
            .and_then(|()| check_database(&aside, &contents, archive))
            .and_then(|counts| forget_servers(&aside).map(|()| counts))
            .and_then(|counts| move_in(&aside, &home).map(|()| counts));
        drop(aside);
        match unpacked {
            Ok((photos, garments)) => Ok(Imported {
                bytes: watch.total,
                photos,
                garments,
                missing: contents.missing,
            }),
            Err(error) => {
                if made {
                    // Only if it is empty; where it is not, something else has come into it.
                    let _ = fs::remove_dir(home.root());
                }
                Err(error)
            }
        }
    }
}

/// Makes a folder and those above it; whether it was not there.
fn make_folder(path: &Path) -> Result<bool> {
    let made = !path.exists();
    fs::create_dir_all(path).map_err(Error::file("make the folder", path))?;
    Ok(made)
}

/// Holds that nothing in the folder would be lost.
fn check_empty(home: &Home) -> Result<()> {
    let not_empty = || Error::NotEmpty {
        path: home.root().to_path_buf(),
    };
    for folder in [PHOTOS, CROPS] {
        let entries = fs::read_dir(home.path(folder));
        if entries.is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(not_empty());
        }
    }
    if !home.database().exists() {
        return Ok(());
    }
    let connection = database::open(home, Access::Read)?;
    for table in [
        "photos", "garments", "outfits", "feedback", "wears", "settings",
    ] {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        let filled: bool = connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(Error::database(&home.database()))?;
        if filled {
            return Err(not_empty());
        }
    }
    Ok(())
}

/// An archive being read.
struct Reader<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::file("read", path))?;
        let file = BufReader::with_capacity(BUFFER, file);
        let zip = ZipArchive::new(file).map_err(|error| match error {
            zip::result::ZipError::Io(source) if source.kind() != ErrorKind::UnexpectedEof => {
                Error::file("read", path)(source)
            }
            error => Error::NotAnArchive {
                path: path.to_path_buf(),
                reason: error.to_string(),
            },
        })?;
        Ok(Self { path, zip })
    }

    fn damaged(&self, what: impl Into<String>) -> Error {
        Error::DamagedArchive {
            path: self.path.to_path_buf(),
            what: what.into(),
        }
    }

    /// What the archive says it holds, and does hold by name.
    fn contents(&mut self) -> Result<Contents> {
        let not_one = |reason: String| Error::NotAnArchive {
            path: self.path.to_path_buf(),
            reason,
        };
        if self.zip.index_for_name(CONTENTS).is_none() {
            return Err(not_one(format!("there is no {CONTENTS} in it")));
        }
        let mut text = Vec::new();
        let entry = self.zip.by_name(CONTENTS);
        let read = entry
            .map_err(std::io::Error::from)
            .and_then(|entry| entry.take(LONGEST_LIST).read_to_end(&mut text));
        read.map_err(|error| self.damaged(format!("{CONTENTS} cannot be read, {error}")))?;
        let unreadable = |error: serde_json::Error| self.damaged(format!("{CONTENTS}: {error}"));
        let Format { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(Error::NewerArchive {
                path: self.path.to_path_buf(),
                found: format,
                known: FORMAT,
            });
        }
        let contents: Contents = serde_json::from_slice(&text).map_err(unreadable)?;
        if let Some(problem) = contents.problem() {
            return Err(self.damaged(problem));
        }
        if self.zip.len() != contents.files.len() + 1 {
            let (there, listed) = (self.zip.len(), contents.files.len() + 1);
            return Err(self.damaged(format!("it has {there} entries where {listed} are listed")));
        }
        Ok(contents)
    }

    /// Unpacks every file into a folder, and holds each to its size and SHA-256.
    fn unpack(&mut self, contents: &Contents, into: &Path, watch: &mut Watch<'_>) -> Result<()> {
        for folder in [PHOTOS, CROPS] {
            let folder = into.join(folder);
            fs::create_dir(&folder).map_err(Error::file("make the folder", &folder))?;
        }
        for entry in &contents.files {
            self.unpack_one(entry, &into.join(&entry.path), watch)?;
        }
        Ok(())
    }

    fn unpack_one(&mut self, entry: &Entry, to: &Path, watch: &mut Watch<'_>) -> Result<()> {
        let path = self.path;
        let damaged = |what: String| Error::DamagedArchive {
            path: path.to_path_buf(),
            what,
        };
        let name = &entry.path;
        let packed = self.zip.by_name(name);
        let packed = packed.map_err(|error| damaged(format!("{name} cannot be read, {error}")))?;
        let mut file = File::create_new(to).map_err(Error::file("write", to))?;
        // One byte more than it should have tells one too many from enough.
        let mut packed = packed.take(entry.bytes.saturating_add(1));
        let copied = watch.copy((&mut packed, path), (&mut file, to));
        let (bytes, sha256) = copied.map_err(|error| match error {
            Error::File {
                action: "read",
                source,
                ..
            } => damaged(format!("{name} cannot be read, {source}")),
            error => error,
        })?;
        if bytes != entry.bytes || sha256 != entry.sha256 {
            return Err(damaged(format!(
                "{name} is not what it was when it was written"
            )));
        }
        file.sync_all().map_err(Error::file("write", to))
    }
}

/// Holds that the unpacked database is a wardrobe's, whole, and names no files but those of the archive. Returns how many
/// photos and garments it has.
fn check_database(aside: &TempDir, contents: &Contents, archive: &Path) -> Result<(usize, usize)> {
    let path = aside.path().join(DATABASE);
    let failed = |source| Error::database(&path)(source);
    let connection = database::open_frozen(&path)?;
    let damaged = |what: String| Error::DamagedArchive {
        path: archive.to_path_buf(),
        what,
    };
    let verdict = quick_check(&connection).map_err(failed)?;
    if verdict != "ok" {
        return Err(damaged(format!("its database is damaged: {verdict}")));
    }
    let (photos, crops) = named_files(&connection).map_err(failed)?;
    let there: std::collections::HashSet<&str> = contents
        .files
        .iter()
        .map(|entry| entry.path.as_str())
        .chain(contents.missing.iter().map(String::as_str))
        .collect();
    for name in photos.iter().chain(&crops) {
        if !is_stored_name(name) || !there.contains(name.as_str()) {
            return Err(damaged(format!(
                "its database names {name:?}, which is not in it"
            )));
        }
    }
    Ok((photos.len(), crops.len()))
}

/// Lets the restored wardrobe be a new one to every server.
fn forget_servers(aside: &TempDir) -> Result<()> {
    let path = aside.path().join(DATABASE);
    let connection = Connection::open(&path).map_err(Error::database(&path))?;
    if SqliteStore::forget_mirrors(&connection)? {
        // Nothing is to be left in a log beside it: the file alone is moved.
        let one_file = connection.pragma_update(None, "journal_mode", "DELETE");
        one_file.map_err(Error::database(&path))?;
    }
    connection
        .close()
        .map_err(|(_, source)| Error::database(&path)(source))
}

fn quick_check(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}

/// Gives everything its place, the database last: before it is there, there is no wardrobe. What fails is undone.
fn move_in(aside: &TempDir, home: &Home) -> Result<()> {
    let mut moved: Vec<&str> = Vec::new();
    let all = [PHOTOS, CROPS, DATABASE].into_iter().try_for_each(|name| {
        let target = home.path(name);
        make_way(&target)?;
        let rename = fs::rename(aside.path().join(name), &target);
        rename.map_err(Error::file("write", &target))?;
        moved.push(name);
        Ok(())
    });
    if all.is_err() {
        for name in moved {
            // What cannot be moved back is a file too many, and no wardrobe.
            let _ = fs::rename(home.path(name), aside.path().join(name));
        }
    }
    all
}

/// Removes the empty folder or the empty database at a path, the latter with its logs.
fn make_way(target: &Path) -> Result<()> {
    let gone = |result: std::io::Result<()>, path: &Path| match result {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::file("remove", path)(source))
        }
        _ => Ok(()),
    };
    if target.is_dir() {
        return gone(fs::remove_dir(target), target);
    }
    for suffix in ["-wal", "-shm", ""] {
        let mut path = target.as_os_str().to_owned();
        path.push(suffix);
        let path = Path::new(&path);
        gone(fs::remove_file(path), path)?;
    }
    Ok(())
}
