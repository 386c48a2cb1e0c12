//! Folders to write to.

use crate::error::{AtPath, Error, Result};
use std::path::Path;

/// Makes a folder to write to; one that is there may hold nothing but folders.
pub(super) fn new_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).at(path)?;
    if holds_a_file(path)? {
        return Err(Error::Data {
            path: path.to_path_buf(),
            problem: "the folder is not empty: name a new one, or remove what is in it".to_owned(),
        });
    }
    Ok(())
}

/// Whether there is anything but folders below `folder`: an attempt that failed early leaves those.
fn holds_a_file(folder: &Path) -> Result<bool> {
    for entry in std::fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        if !entry.file_type().at(folder)?.is_dir() || holds_a_file(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}
