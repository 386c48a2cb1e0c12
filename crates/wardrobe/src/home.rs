//! The folder that holds a wardrobe, and writing into it without leaving halves.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The database's file name inside the folder.
pub(crate) const DATABASE: &str = "wardrobe.db";
/// Photos as they came in, byte for byte.
pub(crate) const PHOTOS: &str = "photos";
/// One JPEG a garment.
pub(crate) const CROPS: &str = "crops";

/// A wardrobe's folder: `wardrobe.db`, `photos/`, `crops/`.
///
/// Everything stored inside refers to the rest by a path relative to this folder, so copying the
/// folder moves the wardrobe.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    /// The folder at `root`, which need not exist.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let root = root.to_path_buf();
        match fs::metadata(&root) {
            Ok(meta) if !meta.is_dir() => Err(Error::NotAFolder { path: root }),
            Err(source) if source.kind() == std::io::ErrorKind::NotADirectory => {
                Err(Error::NotAFolder { path: root })
            }
            _ => Ok(Self { root }),
        }
    }

    /// Makes the folder and the folders inside it, where they do not exist yet.
    pub(crate) fn create(&self) -> Result<()> {
        for folder in [self.root.clone(), self.path(PHOTOS), self.path(CROPS)] {
            fs::create_dir_all(&folder).map_err(Error::file("make the folder", &folder))?;
        }
        Ok(())
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path(DATABASE)
    }

    /// Where a stored relative path is now.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The relative path of a photo with this key, in a format with this extension.
    pub(crate) fn photo_name(key: &str, extension: &str) -> String {
        format!("{PHOTOS}/{key}.{extension}")
    }

    /// The relative path of a garment's crop.
    pub(crate) fn crop_name(garment: &str) -> String {
        format!("{CROPS}/{garment}.jpg")
    }

    /// Writes a file whole or not at all.
    ///
    /// The bytes go to a temporary file beside the target, reach the disk, and take the target's
    /// name in one step; a crash leaves at most the temporary file, which [`Home::sweep`] removes.
    pub(crate) fn write(&self, relative: &str, bytes: &[u8]) -> Result<()> {
        let target = self.path(relative);
        let folder = target.parent().unwrap_or(&self.root);
        let failed = |source| Error::file("write", &target)(source);
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(folder)
            .map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        // A temporary file is private to its owner; a photo is as readable as any other file.
        let mode = File::open(folder)
            .and_then(|f| f.metadata())
            .map_err(failed)?;
        share_like(file.as_file(), &mode).map_err(failed)?;
        file.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Removes a stored file; one that is gone already is no error.
    pub(crate) fn remove(&self, relative: &str) -> Result<()> {
        let path = self.path(relative);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("remove", &path)(source))
            }
            _ => Ok(()),
        }
    }

    /// Removes temporary files that a crash left behind.
    pub(crate) fn sweep(&self) {
        for folder in [PHOTOS, CROPS] {
            let entries = fs::read_dir(self.path(folder))
                .into_iter()
                .flatten()
                .flatten();
            for entry in entries.filter(is_left_over) {
                // A file that cannot be removed now does no harm and is tried again next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// What the names of temporary files begin with.
const TEMPORARY: &str = ".new-";

/// Whether a temporary file is old enough that no running ingest can be writing it.
fn is_left_over(entry: &fs::DirEntry) -> bool {
    let age = entry
        .metadata()
        .and_then(|meta| meta.modified())
        .map(|time| time.elapsed());
    entry.file_name().to_string_lossy().starts_with(TEMPORARY)
        && matches!(age, Ok(Ok(age)) if age.as_secs() > 3600)
}

/// Gives `file` the read and write permissions of the folder it lies in.
#[cfg(unix)]
pub(crate) fn share_like(file: &File, folder: &fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = folder.permissions().mode() & 0o666;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn share_like(_file: &File, _folder: &fs::Metadata) -> std::io::Result<()> {
    Ok(())
}
