//! The Maryland Polyvore lists (Han et al. 2017, <https://arxiv.org/abs/1707.05691>).

use super::Part;
use super::reading::{Reading, first_with};
use crate::data::Picture;
use crate::error::Result;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wardrobe_types::labels::polyvore_categories;

#[derive(Deserialize)]
struct Set {
    set_id: String,
    items: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    index: u64,
    categoryid: u32,
    /// The picture's address, whose `tid` is the garment; absent where the lists are published without pictures.
    #[serde(default)]
    image: Option<String>,
}

/// The folder itself, or the archive's folder for the lists.
fn folders(path: &Path) -> [PathBuf; 2] {
    [path.to_path_buf(), path.join("label")]
}

fn list(path: &Path, part: Part) -> Option<PathBuf> {
    first_with(&folders(path), &format!("{}_no_dup.json", part.name()))
}

pub(super) fn is_at(path: &Path) -> bool {
    Part::ALL.iter().any(|part| list(path, *part).is_some())
}

pub(super) fn read(path: &Path, reading: &mut Reading) -> Result<()> {
    let names = names(path, reading)?;
    let images = path.join("images");
    let images = images.is_dir().then_some(images);
    for part in Part::ALL {
        let Some(file) = list(path, part) else {
            continue;
        };
        let sets: Vec<Set> = reading.json(
            &file,
            "a list of {\"set_id\", \"items\": [{\"index\", \"categoryid\"}]}",
        )?;
        for set in sets {
            let mut items = Vec::with_capacity(set.items.len());
            for listed in set.items {
                let Listed {
                    index, categoryid, ..
                } = listed;
                let picture = match &images {
                    None => None,
                    Some(images) => {
                        let path = images.join(&set.set_id).join(format!("{index}.jpg"));
                        if !path.is_file() {
                            reading
                                .problems
                                .push(format!("{}: no such picture", path.display()));
                            continue;
                        }
                        Some(Picture::whole(path))
                    }
                };
                let id = listed.image.as_deref().and_then(tid).map_or_else(
                    || format!("{}_{index}", set.set_id),
                    |tid| format!("tid {tid}"),
                );
                let label = names.get(&categoryid).cloned();
                let label = label.unwrap_or_else(|| categoryid.to_string());
                let categories = polyvore_categories(categoryid);
                if let Some(item) = reading.item(id, &label, categories, picture) {
                    reading.place(&set.set_id, index, item);
                    items.push(item);
                }
            }
            reading.outfit(part, set.set_id, items);
        }
    }
    Ok(())
}

/// `category_id.txt`: an id and a name a line; empty where there is none.
fn names(path: &Path, reading: &mut Reading) -> Result<HashMap<u32, String>> {
    let Some(file) = first_with(&folders(path), "category_id.txt") else {
        return Ok(HashMap::new());
    };
    let text = reading.bytes(&file)?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter_map(|line| line.trim().split_once(' '));
    Ok(lines
        .filter_map(|(id, name)| Some((id.parse().ok()?, name.trim().to_owned())))
        .collect())
}

/// What a picture's address names the garment by.
fn tid(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("tid=")?;
    rest.split('&').next().filter(|tid| !tid.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_names_its_garment() {
        let address = "http://img2.polyvore.com/cgi/img-thing?.out=jpg&size=m&tid=194508109";
        assert_eq!(tid(address), Some("194508109"));
        assert_eq!(tid("http://x/?tid=7&size=m"), Some("7"));
        assert_eq!(tid("data/images/100050716/1.jpg"), None);
    }
}
