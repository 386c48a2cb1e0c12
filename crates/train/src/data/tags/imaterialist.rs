//! iMaterialist (Fashion) 2018 (<https://github.com/visipedia/imat_fashion_comp>): labels by number, photos by address.

use super::{TagSample, TagSet, Tags, first_file};
use crate::data::{Picture, Split};
use crate::error::{AtPath, Error, Result};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use wardrobe_types::labels::{IMATERIALIST, TagLabel};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "imageId", alias = "image_id")]
    id: Number,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(rename = "imageId", alias = "image_id")]
    image: Number,
    #[serde(rename = "labelId", alias = "label_id")]
    labels: Vec<Number>,
}

/// The challenge writes numbers as text, its documentation as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(u64),
    Text(String),
}

impl Number {
    fn value(&self) -> Option<u64> {
        match self {
            Self::Plain(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// Names of the parts' files, without `.json`, and of their photos' folders.
const fn names(split: Split) -> &'static [&'static str] {
    match split {
        Split::Train => &["train"],
        Split::Val => &["validation", "val"],
    }
}

fn file(path: &Path, split: Split) -> Option<PathBuf> {
    let files: Vec<String> = names(split)
        .iter()
        .map(|name| format!("{name}.json"))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    first_file(path, &files)
}

pub(super) fn is_at(path: &Path) -> bool {
    [Split::Train, Split::Val]
        .into_iter()
        .any(|split| file(path, split).is_some())
}

pub(super) fn read(path: &Path, split: Split) -> Result<Option<TagSet>> {
    let Some(file) = file(path, split) else {
        return Ok(None);
    };
    let folder = photo_folder(path, split)?;
    let invalid = |e: serde_json::Error| Error::Data {
        path: file.clone(),
        problem: format!(
            "expected iMaterialist's images with imageId and annotations with labelId: {e}"
        ),
    };
    let text = std::fs::read(&file).at(&file)?;
    let File {
        images,
        annotations,
    } = serde_json::from_slice(&text).map_err(invalid)?;
    let labels: HashMap<u64, TagLabel> = IMATERIALIST
        .labels()
        .map(|label| (u64::from(label.id), label))
        .collect();
    let mut set = TagSet::default();
    let known: HashSet<u64> = images.iter().filter_map(|image| image.id.value()).collect();
    for Annotation {
        image,
        labels: numbers,
    } in &annotations
    {
        let problem = |what: String| format!("{}: image {image}: {what}", file.display());
        let Some(id) = image.value().filter(|id| known.contains(id)) else {
            set.problems
                .push(problem("is not among the file's images".to_owned()));
            continue;
        };
        let photo = folder.join(format!("{id}.jpg"));
        if !photo.is_file() {
            set.missing += 1;
            continue;
        }
        let mut of_photo = Vec::with_capacity(numbers.len());
        for number in numbers {
            match number.value().and_then(|number| labels.get(&number)) {
                Some(label) => of_photo.push(*label),
                None => set.problems.push(problem(format!(
                    "there is no label {number}: expected 1 to 228"
                ))),
            }
        }
        add(&mut set, photo, &of_photo);
    }
    Ok(Some(set))
}

fn add(set: &mut TagSet, path: PathBuf, labels: &[TagLabel]) {
    let mut values = Vec::new();
    for label in labels {
        values.extend_from_slice(label.says);
        if label.says.is_empty() {
            set.count_unmapped(label.group, label.name);
        }
    }
    let tags = Tags::of(&values);
    if !tags.is_empty() {
        let kind = labels.iter().find(|label| label.group == "category");
        set.samples.push(TagSample {
            picture: Picture::whole(path),
            kind: kind.map(|label| label.name.to_owned()),
            tags,
        });
    }
}

/// Where a part's photos are. Each part numbers its photos from 1, so that one folder cannot hold both.
fn photo_folder(path: &Path, split: Split) -> Result<PathBuf> {
    let images = path.join("images");
    let own = names(split)
        .iter()
        .flat_map(|name| [images.join(name), path.join(name)]);
    if let Some(folder) = own.into_iter().find(|folder| folder.is_dir()) {
        return Ok(folder);
    }
    let both = file(path, Split::Train).is_some() && file(path, Split::Val).is_some();
    if images.is_dir() && !both {
        return Ok(images);
    }
    Err(Error::Data {
        path: path.to_path_buf(),
        problem: format!(
            "expected the photos in images/{}/ID.jpg: each part numbers its photos from 1, so they need a folder each",
            names(split)[0]
        ),
    })
}
