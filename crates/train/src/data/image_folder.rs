//! A folder for each label, with its photos in it (torchvision's `ImageFolder`).

use super::{Dataset, Picture};
use crate::error::{AtPath, Result};
use std::path::Path;
use wardrobe_types::Category;
use wardrobe_types::labels::ClothingLabel;

/// Folder names are the clothing photos' labels, categories of the taxonomy, or several of them joined by `+`, where it is
/// not known which of them a photo shows.
pub(super) fn read(path: &Path) -> Result<Dataset> {
    let mut data = Dataset::default();
    for folder in sorted(path)? {
        let Some(label) = folder
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|_| folder.is_dir())
        else {
            continue;
        };
        let categories = categories(label);
        for photo in sorted(&folder)? {
            if wardrobe_ingest::probe(&photo).is_ok() {
                data.add(
                    Picture::whole(photo),
                    label,
                    categories.as_deref(),
                    Vec::new(),
                );
            }
        }
    }
    Ok(data)
}

/// What a label covers; `None` for one that is unknown.
pub(super) fn categories(label: &str) -> Option<Vec<Category>> {
    if let Ok(label) = label.parse::<ClothingLabel>() {
        return Some(label.categories().to_vec());
    }
    label.split('+').map(|name| name.parse().ok()).collect()
}

/// In order of their names, so that a seed means the same on every file system.
pub(super) fn sorted(path: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(path).at(path)?;
    let mut paths = entries
        .map(|e| e.map(|e| e.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .at(path)?;
    paths.sort();
    Ok(paths)
}
