//! What an archive says of itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::home::{CROPS, DATABASE, PHOTOS};

/// The entry that holds the [`Contents`].
pub(super) const CONTENTS: &str = "wardrobe.json";
/// The format of archives this version writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contents {
    /// Of the archive; a reader looks at it before all else.
    pub(super) format: u32,
    /// The program that wrote it.
    pub(super) made_by: String,
    /// Every file, the database first.
    pub(super) files: Vec<Entry>,
    /// Files the database names that were not there to be written.
    pub(super) missing: Vec<String>,
}

/// A file of the wardrobe.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Relative to the wardrobe's folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// The format alone, which every format has.
#[derive(Debug, Deserialize)]
pub(super) struct Format {
    pub(super) format: u32,
}

impl Contents {
    /// What is wrong with the list itself; `None` where it can be followed.
    pub(super) fn problem(&self) -> Option<String> {
        let mut seen = HashSet::new();
        for Entry { path, .. } in &self.files {
            if path != DATABASE && !is_stored_name(path) {
                return Some(format!("it names {path:?}, which is no file of a wardrobe"));
            }
            if !seen.insert(path) {
                return Some(format!("it names {path} twice"));
            }
        }
        (!seen.contains(&DATABASE.to_owned())).then(|| "it has no database".to_owned())
    }
}

/// Whether a relative path is one that a wardrobe gives its files: plain, and in the folder of the photos or of the crops.
pub(super) fn is_stored_name(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    path.split_once('/').is_some_and(|(folder, name)| {
        [PHOTOS, CROPS].contains(&folder)
            && !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_lead_nowhere_else() {
        assert!(is_stored_name("photos/0123abc.jpg") && is_stored_name("crops/0123-2.jpg"));
        for path in [
            "",
            "photos",
            "photos/",
            "/etc/passwd",
            "../photos/a.jpg",
            "photos/../a.jpg",
            "photos/a/b.jpg",
            "photos/..",
            "photos\\a.jpg",
            "photos/a\\b.jpg",
            "photos/c:a.jpg",
            "photos/.new-a",
            "other/a.jpg",
            "photos/a\0.jpg",
        ] {
            assert!(!is_stored_name(path), "{path}");
        }
    }
}
