//! Polyvore Outfits (Vasileva et al. 2018, <https://arxiv.org/abs/1803.09196>), either split.

use super::Part;
use super::reading::{Reading, first_with};
use crate::data::Picture;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wardrobe_types::labels::polyvore_categories;

const METADATA: &str = "polyvore_item_metadata.json";

#[derive(Deserialize)]
struct Set {
    set_id: String,
    items: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    item_id: String,
    index: u64,
}

#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    semantic_category: String,
    #[serde(default)]
    category_id: String,
}

/// Where the lists are: the folder itself, or the split that is harder to cheat on.
fn split_folder(path: &Path) -> Option<PathBuf> {
    let folders = [
        path.to_path_buf(),
        path.join("disjoint"),
        path.join("nondisjoint"),
    ];
    folders
        .into_iter()
        .find(|folder| folder.join("train.json").is_file())
}

/// The folder, and the one above a split's.
fn roots(path: &Path) -> Vec<PathBuf> {
    let above = path.parent().map(Path::to_path_buf);
    [Some(path.to_path_buf()), above]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn is_at(path: &Path) -> bool {
    split_folder(path).is_some() && first_with(&roots(path), METADATA).is_some()
}

pub(super) fn read(path: &Path, reading: &mut Reading) -> Result<()> {
    let missing = |problem: &str| Error::Data {
        path: path.to_path_buf(),
        problem: problem.to_owned(),
    };
    let folder = split_folder(path).ok_or_else(|| missing("no train.json"))?;
    let metadata = first_with(&roots(path), METADATA).ok_or_else(|| missing(METADATA))?;
    let images = roots(path).into_iter().map(|root| root.join("images"));
    let images = images.into_iter().find(|images| images.is_dir());
    let described: HashMap<String, Described> = reading.json(
        &metadata,
        "{item_id: {\"semantic_category\", \"category_id\"}}",
    )?;
    for part in Part::ALL {
        let file = folder.join(format!("{}.json", part.name()));
        if !file.is_file() {
            continue;
        }
        let sets: Vec<Set> = reading.json(
            &file,
            "a list of {\"set_id\", \"items\": [{\"item_id\", \"index\"}]}",
        )?;
        for set in sets {
            let mut items = Vec::with_capacity(set.items.len());
            for Listed { item_id, index } in set.items {
                match found(&item_id, &described, images.as_deref()) {
                    Err(problem) => reading
                        .problems
                        .push(format!("set {}: {problem}", set.set_id)),
                    Ok((label, categories, picture)) => {
                        if let Some(item) = reading.item(item_id, label, categories, picture) {
                            reading.place(&set.set_id, index, item);
                            items.push(item);
                        }
                    }
                }
            }
            reading.outfit(part, set.set_id, items);
        }
    }
    Ok(())
}

type Found<'a> = (
    &'a str,
    Option<&'static [wardrobe_types::Category]>,
    Option<Picture>,
);

fn found<'a>(
    item: &str,
    described: &'a HashMap<String, Described>,
    images: Option<&Path>,
) -> Result<Found<'a>, String> {
    let described = described
        .get(item)
        .ok_or_else(|| format!("item {item} is not in {METADATA}"))?;
    let picture = match images.map(|images| images.join(format!("{item}.jpg"))) {
        Some(path) if !path.is_file() => {
            return Err(format!("{}: no such picture", path.display()));
        }
        path => path.map(Picture::whole),
    };
    let categories = described
        .category_id
        .parse()
        .ok()
        .and_then(polyvore_categories);
    Ok((&described.semantic_category, categories, picture))
}
