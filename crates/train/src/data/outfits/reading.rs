//! What the readers of all layouts fill in.

use super::{Classes, Layout, Outfit, OutfitData, OutfitItem, Part, ReadFile};
use crate::data::Picture;
use crate::error::{AtPath, Error, Result};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use wardrobe_types::Category;

/// An outfit with fewer items says nothing of what goes with what.
const LEAST_ITEMS: usize = 2;

#[derive(Debug)]
pub(super) struct Reading {
    classes: Classes,
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    items: Vec<OutfitItem>,
    by_id: HashMap<String, usize>,
    parts: BTreeMap<Part, Vec<Outfit>>,
    unmapped: BTreeMap<String, usize>,
    pub(super) problems: Vec<String>,
    files: Vec<ReadFile>,
    places: HashMap<String, usize>,
}

impl Reading {
    pub(super) fn new(classes: Classes) -> Self {
        Self {
            classes,
            names: Vec::new(),
            by_name: HashMap::new(),
            items: Vec::new(),
            by_id: HashMap::new(),
            parts: BTreeMap::new(),
            unmapped: BTreeMap::new(),
            problems: Vec::new(),
            files: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// A file of JSON, noted with its checksum.
    pub(super) fn json<T: DeserializeOwned>(&mut self, path: &Path, expected: &str) -> Result<T> {
        let bytes = self.bytes(path)?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Data {
            path: path.to_path_buf(),
            problem: format!("expected {expected}: {e}"),
        })
    }

    pub(super) fn bytes(&mut self, path: &Path) -> Result<Vec<u8>> {
        let bytes = std::fs::read(path).at(path)?;
        self.files.push(ReadFile {
            path: path.to_path_buf(),
            bytes: bytes.len() as u64,
            sha256: wardrobe_weights::sha256(&bytes),
        });
        Ok(bytes)
    }

    /// The index of an item with this label, made where it is new; `None` for a label without a class.
    pub(super) fn item(
        &mut self,
        id: String,
        label: &str,
        categories: Option<&[Category]>,
        picture: Option<Picture>,
    ) -> Option<usize> {
        if let Some(&known) = self.by_id.get(&id) {
            return Some(known);
        }
        let Some(name) = self.classes.name(&label, categories) else {
            *self.unmapped.entry(label.to_owned()).or_default() += 1;
            return None;
        };
        let class = self.class(&name);
        let index = self.items.len();
        self.by_id.insert(id.clone(), index);
        self.items.push(OutfitItem {
            id,
            class,
            category: categories.and_then(|all| all.first().copied()),
            picture,
        });
        Some(index)
    }

    /// The number of the class of this name.
    pub(super) fn class(&mut self, name: &str) -> usize {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        self.by_name.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// Remembers what the tasks' files call an item.
    pub(super) fn place(&mut self, set: &str, index: u64, item: usize) {
        self.places.insert(format!("{set}_{index}"), item);
    }

    /// An outfit of a part, unless too little of it is left. A garment listed twice counts once.
    pub(super) fn outfit(&mut self, part: Part, id: String, mut items: Vec<usize>) {
        items.sort_unstable();
        items.dedup();
        let outfits = self.parts.entry(part).or_default();
        if items.len() >= LEAST_ITEMS {
            outfits.push(Outfit { id, items });
        }
    }

    pub(super) fn finish(mut self, path: &Path, layout: Layout) -> Result<OutfitData> {
        self.parts.retain(|_, outfits| !outfits.is_empty());
        if self.parts.is_empty() {
            return Err(Error::Data {
                path: path.to_path_buf(),
                problem: format!("no outfit of at least {LEAST_ITEMS} items with a known label"),
            });
        }
        Ok(OutfitData {
            path: path.to_path_buf(),
            layout,
            classes: self.names,
            items: self.items,
            parts: self.parts,
            unmapped: self.unmapped,
            problems: self.problems,
            files: self.files,
            places: self.places,
        })
    }
}

/// The first of the folders that has such a file.
pub(super) fn first_with(folders: &[PathBuf], file: &str) -> Option<PathBuf> {
    let mut files = folders.iter().map(|folder| folder.join(file));
    files.find(|file| file.is_file())
}
