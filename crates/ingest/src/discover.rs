//! Finding the photos among files and folders.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::decode::{open_head, readable_format};
use crate::error::{Error, Result};
use crate::format::Format;

/// What [`discover`] found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Files whose content is of a format this build reads, each once: in the order the paths were given and, inside a
    /// folder, sorted by name.
    pub photos: Vec<PathBuf>,
    /// What was asked for, or looks like a photo by its name, and cannot be one; unreadable folders; folder loops.
    pub problems: Vec<Error>,
}

/// Finds the photos at `paths`, walking folders recursively.
///
/// Symbolic links are followed, loops are found and reported, and a file reached twice is listed once. In folders, hidden
/// entries (names with a leading dot) are skipped, and so are files that are neither pictures by content nor by extension; a
/// named file that is no picture is a problem.
pub fn discover<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Discovered {
    let mut walk = Walk::default();
    for path in paths {
        walk.root(path.as_ref());
    }
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Discovered,
    /// Canonical paths of the files seen.
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn root(&mut self, root: &Path) {
        let entries = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => self.file(entry.path(), entry.depth() == 0),
                Err(error) => self.found.problems.push(from_walkdir(error, root)),
            }
        }
    }

    fn file(&mut self, path: &Path, named: bool) {
        if let Ok(canonical) = path.canonicalize()
            && !self.seen.insert(canonical)
        {
            return;
        }
        match probe(path) {
            Ok(_) => self.found.photos.push(path.into()),
            Err(problem) if named || has_photo_extension(path) => self.found.problems.push(problem),
            Err(_) => {}
        }
    }
}

/// The format of a file, from its first bytes alone.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PermissionDenied`], [`Error::Io`], [`Error::NotAFile`], [`Error::Empty`],
/// [`Error::NotAPicture`], [`Error::FeatureDisabled`].
pub fn probe(path: impl AsRef<Path>) -> Result<Format> {
    let (_, head) = open_head(path.as_ref())?;
    readable_format(&head, path.as_ref())
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn has_photo_extension(path: &Path) -> bool {
    let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else {
        return false;
    };
    let extension = extension.to_ascii_lowercase();
    Format::ALL
        .iter()
        .any(|format| format.extensions().contains(&extension.as_str()))
}

fn from_walkdir(error: walkdir::Error, root: &Path) -> Error {
    let path = error.path().unwrap_or(root).to_path_buf();
    if let Some(ancestor) = error.loop_ancestor() {
        return Error::FolderLoop {
            path,
            ancestor: ancestor.into(),
        };
    }
    Error::from_io(&path, error.into())
}
