//! A wardrobe into an archive.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rusqlite::Connection;
use serde::Serialize;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::contents::{CONTENTS, Contents, Entry, FORMAT};
use super::{BUFFER, Watch};
use crate::home::{DATABASE, share_like};
use crate::{Error, Result, Wardrobe, database};

/// What was written into an archive.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The archive's size.
    pub bytes: u64,
    /// How many photos it holds.
    pub photos: usize,
    /// How many garments, further photos and removed ones among them.
    pub garments: usize,
    /// Files that the wardrobe should have and has not, relative to its folder.
    pub missing: Vec<String>,
}

impl Wardrobe {
    /// Writes everything into one file: the database as it is at one instant, every photo and every crop. The wardrobe may
    /// be in use meanwhile. The file appears whole or not at all; one that is there is replaced with `replace` alone.
    ///
    /// `progress` is told the bytes done and all there are; `cancel` is looked at in between.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Interrupted`]; a file that cannot be read or written, a full disk among the reasons.
    pub fn export(
        &self,
        file: &Path,
        replace: bool,
        cancel: &AtomicBool,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Exported> {
        if !replace && file.try_exists().map_err(Error::file("look for", file))? {
            return Err(Error::Exists {
                path: file.to_path_buf(),
            });
        }
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let beside = |name: &str| {
            let mut builder = tempfile::Builder::new();
            builder
                .prefix(name)
                .tempfile_in(folder)
                .map_err(Error::file("write", file))
        };
        let snapshot = self.snapshot(beside(".wardrobe-db-")?, file)?;
        let archive = beside(".wardrobe-export-")?;
        let watch = Watch {
            done: 0,
            total: self.bytes_of(&snapshot),
            cancel,
            progress: &mut progress,
        };
        let mut writer = Writer {
            zip: ZipWriter::new(BufWriter::with_capacity(BUFFER, archive.as_file())),
            path: file,
            watch,
            contents: Contents {
                format: FORMAT,
                made_by: concat!("wardrobe ", env!("CARGO_PKG_VERSION")).to_owned(),
                files: Vec::new(),
                missing: Vec::new(),
            },
        };
        writer.add(DATABASE, snapshot.file.path(), CompressionMethod::Deflated)?;
        for name in &snapshot.files {
            writer.add(name, &self.path(name), CompressionMethod::Stored)?;
        }
        let missing = writer.finish()?;
        let failed = |source| Error::file("write", file)(source);
        archive.as_file().sync_all().map_err(failed)?;
        let like = std::fs::metadata(folder).map_err(failed)?;
        share_like(archive.as_file(), &like).map_err(failed)?;
        let bytes = archive.as_file().metadata().map_err(failed)?.len();
        archive.persist(file).map_err(|error| failed(error.error))?;
        Ok(Exported {
            bytes,
            photos: snapshot.photos,
            garments: snapshot.files.len() - snapshot.photos,
            missing,
        })
    }

    /// The database as it is now in a file of its own, and the files it names.
    fn snapshot(&self, file: NamedTempFile, target: &Path) -> Result<Snapshot> {
        let failed = |source| Error::database(target)(source);
        let mut copy = Connection::open(file.path()).map_err(failed)?;
        // In one transaction: the names are those of the copy.
        let (photos, crops) = self.store.with(|connection| {
            let reading = connection.unchecked_transaction()?;
            let names = named_files(&reading)?;
            database::copy_all(&reading, &mut copy)?;
            Ok(names)
        })?;
        copy.close().map_err(|(_, source)| failed(source))?;
        Ok(Snapshot {
            file,
            photos: photos.len(),
            files: photos.into_iter().chain(crops).collect(),
        })
    }

    fn bytes_of(&self, snapshot: &Snapshot) -> u64 {
        let files = snapshot.files.iter().map(|name| self.path(name));
        let paths = files.chain([snapshot.file.path().to_path_buf()]);
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
        paths.map(size).sum()
    }
}

/// A copy of the database, and the files it names.
struct Snapshot {
    file: NamedTempFile,
    /// The photos, then the crops.
    files: Vec<String>,
    photos: usize,
}

/// The photos and the crops that a database names.
pub(super) fn named_files(database: &Connection) -> rusqlite::Result<(Vec<String>, Vec<String>)> {
    let column = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = database.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    Ok((
        column("SELECT file FROM photos ORDER BY rowid")?,
        column("SELECT crop FROM garments ORDER BY rowid")?,
    ))
}

/// An archive on its way.
struct Writer<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    path: &'a Path,
    watch: Watch<'a>,
    contents: Contents,
}

impl<W: Write + Seek> Writer<'_, W> {
    /// Adds a file, or notes that it is missing.
    fn add(&mut self, name: &str, path: &Path, method: CompressionMethod) -> Result<()> {
        let mut from = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.contents.missing.push(name.to_owned());
                return Ok(());
            }
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        self.start(name, method)?;
        let (bytes, sha256) = self
            .watch
            .copy((&mut from, path), (&mut self.zip, self.path))?;
        self.contents.files.push(Entry {
            path: name.to_owned(),
            bytes,
            sha256,
        });
        Ok(())
    }

    fn start(&mut self, name: &str, method: CompressionMethod) -> Result<()> {
        // Larger than 4 GB: a database of a great many garments, which compression need not make smaller.
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(true);
        self.zip
            .start_file(name, options)
            .map_err(|error| self.failed(error))
    }

    /// Writes the contents and the archive's end; returns what was missing.
    fn finish(mut self) -> Result<Vec<String>> {
        self.start(CONTENTS, CompressionMethod::Deflated)?;
        let text = serde_json::to_vec_pretty(&self.contents).map_err(Error::Settings)?;
        let path = self.path;
        self.zip
            .write_all(&text)
            .map_err(Error::file("write", path))?;
        let failed = |error: zip::result::ZipError| Error::file("write", path)(error.into());
        self.zip
            .finish()
            .map_err(failed)?
            .flush()
            .map_err(Error::file("write", path))?;
        Ok(self.contents.missing)
    }

    fn failed(&self, error: zip::result::ZipError) -> Error {
        Error::file("write", self.path)(error.into())
    }
}
