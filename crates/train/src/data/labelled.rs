//! A folder for each label, the labels being any words.

use super::image_folder::sorted;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Photos in folders named as what they show. Unlike [`super::Dataset`]'s, labels are words and need be no categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    /// The folders' names, sorted.
    pub labels: Vec<String>,
    /// Photos, each with its label's number.
    pub photos: Vec<(PathBuf, usize)>,
}

impl Labelled {
    /// Reads the folders of `path`, or of its `val` where it has one. A folder without photos is no label.
    ///
    /// # Errors
    /// Fewer than two labels, a folder that cannot be read.
    pub fn for_evaluation(path: &Path) -> Result<Self> {
        let val = path.join("val");
        let folder = if val.is_dir() { &val } else { path };
        let mut read = Self::default();
        for label in sorted(folder)?.into_iter().filter(|entry| entry.is_dir()) {
            let photos = sorted(&label)?
                .into_iter()
                .filter(|photo| wardrobe_ingest::probe(photo).is_ok());
            let number = read.labels.len();
            read.photos.extend(photos.map(|photo| (photo, number)));
            if read.photos.last().is_some_and(|(_, last)| *last == number) {
                let name = label.file_name().unwrap_or_default();
                read.labels.push(name.to_string_lossy().into_owned());
            }
        }
        if read.labels.len() < 2 {
            return Err(Error::Data {
                path: folder.to_path_buf(),
                problem: "expected two or more folders named as what they show, with photos in them, or a table of \
                          photos and texts: pairs.csv, pairs.jsonl or styles.csv, with _val in its name for a part"
                    .to_owned(),
            });
        }
        Ok(read)
    }
}
