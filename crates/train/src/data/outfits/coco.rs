//! Photos of dressed people as COCO's JSON, with a box for each garment: what is on one photo was worn together.

use super::Part;
use super::reading::{Reading, first_with};
use crate::data::Picture;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use wardrobe_types::labels::CCP;
use wardrobe_types::{BoxXyxy, Category as Garment};

/// A garment whose box has a shorter side, in pixels, is not to be recognised.
const LEAST_SIDE: f32 = 16.0;

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
}

#[derive(Deserialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    category_id: u64,
    /// Left, top, width, height in pixels.
    bbox: [f32; 4],
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

fn file(path: &Path, part: Part) -> Option<PathBuf> {
    let name = if part == Part::Valid {
        "val"
    } else {
        part.name()
    };
    first_with(&[path.to_path_buf()], &format!("annotations_{name}.json"))
}

pub(super) fn is_at(path: &Path) -> bool {
    Part::ALL.iter().any(|part| file(path, *part).is_some())
}

pub(super) fn read(path: &Path, reading: &mut Reading) -> Result<()> {
    for part in Part::ALL {
        if let Some(file) = file(path, part) {
            read_part(path, &file, part, reading)?;
        }
    }
    Ok(())
}

fn read_part(path: &Path, file: &Path, part: Part, reading: &mut Reading) -> Result<()> {
    let File {
        images,
        annotations,
        categories,
    } = reading.json(file, "COCO's images, annotations and categories")?;
    let folder = ["photos", "images"]
        .map(|name| path.join(name))
        .into_iter()
        .find(|folder| folder.is_dir())
        .ok_or_else(|| Error::Data {
            path: path.to_path_buf(),
            problem: "no photos: expected photos/ or images/".to_owned(),
        })?;
    let labels: HashMap<u64, &str> = categories.iter().map(|c| (c.id, &*c.name)).collect();
    let mut worn: BTreeMap<u64, Vec<&Annotation>> = BTreeMap::new();
    for annotation in &annotations {
        worn.entry(annotation.image_id)
            .or_default()
            .push(annotation);
    }
    for image in &images {
        let photo = folder.join(&image.file_name);
        if !photo.is_file() {
            reading
                .problems
                .push(format!("{}: no such photo", photo.display()));
            continue;
        }
        let mut items = Vec::new();
        for annotation in worn.get(&image.id).into_iter().flatten() {
            let Some(&label) = labels.get(&annotation.category_id) else {
                let unknown = annotation.category_id;
                reading
                    .problems
                    .push(format!("{}: no category {unknown}", file.display()));
                continue;
            };
            match bbox(annotation) {
                None => reading.problems.push(format!(
                    "{}: annotation {}: a box below {LEAST_SIDE} pixels left out",
                    file.display(),
                    annotation.id
                )),
                bbox => {
                    let id = format!("{} {}", image.file_name, annotation.id);
                    let path = photo.clone();
                    let picture = Some(Picture { path, bbox });
                    items.extend(reading.item(id, label, covered(label), picture));
                }
            }
        }
        reading.outfit(part, image.file_name.clone(), items);
    }
    Ok(())
}

fn bbox(annotation: &Annotation) -> Option<BoxXyxy> {
    let [x, y, w, h] = annotation.bbox;
    let large = w >= LEAST_SIDE && h >= LEAST_SIDE;
    large
        .then(|| BoxXyxy::new(x, y, x + w, y + h).ok())
        .flatten()
}

/// A label of Clothing Co-Parsing, or a category's own name.
fn covered(label: &str) -> Option<&'static [Garment]> {
    CCP.categories(label).or_else(|| {
        let category: Garment = label.parse().ok()?;
        let index = Garment::ALL.iter().position(|&each| each == category)?;
        Garment::ALL.get(index..=index)
    })
}
