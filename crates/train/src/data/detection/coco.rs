//! COCO's JSON (Lin et al. 2014, <https://cocodataset.org/#format-data>): boxes as left, top, width, height.

use super::draft::{DraftBox, DraftPhoto, Frame, Reading, finish, inside};
use super::{Split, detector_names};
use crate::error::{AtPath, Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use wardrobe_types::labels::DetectorClass;

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
    width: Option<u32>,
    height: Option<u32>,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: u64,
    category_id: u64,
    /// Left, top, width, height in pixels.
    bbox: [f32; 4],
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
    #[serde(default)]
    supercategory: String,
}

/// Whether there are annotations of this kind.
pub(in crate::data) fn is_at(path: &Path) -> bool {
    [Split::Train, Split::Val]
        .into_iter()
        .any(|split| split_file(path, split).is_some())
        || is_json(path)
}

/// An annotation file itself may be named in place of its folder.
fn is_json(path: &Path) -> bool {
    path.is_file()
        && path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// The annotations of a part; all of them for `train` where they are one file.
fn split_file(path: &Path, split: Split) -> Option<PathBuf> {
    let own = path.join(format!("annotations_{}.json", split.name()));
    let whole = path.join("annotations.json");
    match split {
        _ if own.is_file() => Some(own),
        Split::Train if whole.is_file() => Some(whole),
        _ => None,
    }
}

/// With the detector's classes where the file has them.
pub(super) fn read(path: &Path, split: Split) -> Result<Option<Reading>> {
    read_with(Classes::of_detector, path, split)
}

/// With the file's own classes, as fine as they are.
pub(in crate::data) fn read_fine(path: &Path, split: Split) -> Result<Option<Reading>> {
    read_with(Classes::own, path, split)
}

/// How a file's categories become classes; an error says what is wrong with them.
type Classify = fn(&[Category]) -> std::result::Result<Classes, String>;

fn read_with(classify: Classify, path: &Path, split: Split) -> Result<Option<Reading>> {
    let file = match is_json(path) {
        true => (split == Split::Train).then(|| path.to_path_buf()),
        false => split_file(path, split),
    };
    file.map(|file| read_file(classify, &file)).transpose()
}

fn read_file(classify: Classify, file: &Path) -> Result<Reading> {
    let invalid = |problem: String| Error::Data {
        path: file.to_path_buf(),
        problem,
    };
    let text = std::fs::read(file).at(file)?;
    let File {
        images,
        annotations,
        categories,
    } = serde_json::from_slice(&text).map_err(|e| {
        invalid(format!(
            "expected COCO's images, annotations and categories: {e}"
        ))
    })?;
    let folder = photo_folder(file)
        .ok_or_else(|| invalid("expected the photos beside it in photos/ or images/".to_owned()))?;
    let classes = classify(&categories).map_err(invalid)?;
    let mut problems = Vec::new();
    let (mut drafts, at) = drafts(&images, &folder, &mut problems);
    let mut unmapped = BTreeMap::new();
    for (number, annotation) in annotations.iter().enumerate() {
        let Annotation {
            image_id,
            category_id,
            bbox: [x, y, w, h],
            iscrowd,
        } = *annotation;
        let problem = |what: String| format!("{}: annotation {number}: {what}", file.display());
        let (Some(image), Some(class)) = (at.get(&image_id), classes.by_id.get(&category_id))
        else {
            problems.push(problem(format!(
                "names image {image_id} and category {category_id}, one of which is not in the file"
            )));
            continue;
        };
        if ![x, y, w, h].iter().all(|v| v.is_finite()) || w < 0.0 || h < 0.0 {
            problems.push(problem(format!(
                "the box [{x}, {y}, {w}, {h}] is none: expected left, top, width, height in pixels"
            )));
            continue;
        }
        match class {
            Ok(class) => {
                if let Some(draft) = image.and_then(|image| drafts.get_mut(image)) {
                    draft.boxes.push(DraftBox {
                        class: *class,
                        edges: [x, y, x + w, y + h],
                        crowd: iscrowd != 0,
                    });
                }
            }
            Err(name) => *unmapped.entry(name.clone()).or_default() += 1,
        }
    }
    Ok(finish(classes.names, unmapped, problems, drafts))
}

fn photo_folder(file: &Path) -> Option<PathBuf> {
    ["photos", "images"]
        .map(|name| file.with_file_name(name))
        .into_iter()
        .find(|folder| folder.is_dir())
}

/// The photos without their boxes, and the place of each by its id; none for one whose name is unusable.
fn drafts(
    images: &[Image],
    folder: &Path,
    problems: &mut Vec<String>,
) -> (Vec<DraftPhoto>, HashMap<u64, Option<usize>>) {
    let mut drafts = Vec::with_capacity(images.len());
    let mut at = HashMap::with_capacity(images.len());
    for image in images {
        let path = inside(folder, &image.file_name);
        if at.contains_key(&image.id) {
            problems.push(format!("image {} is listed twice", image.id));
            continue;
        }
        at.insert(image.id, path.as_ref().map(|_| drafts.len()));
        let Some(path) = path else {
            let name = &image.file_name;
            problems.push(format!(
                "{name:?} is no photo in {}: names must stay inside it",
                folder.display()
            ));
            continue;
        };
        drafts.push(DraftPhoto {
            path,
            frame: Frame::Pixels(image.width.zip(image.height)),
            boxes: Vec::new(),
        });
    }
    (drafts, at)
}

struct Classes {
    names: Vec<String>,
    /// By category id: the class, or the name of a category that has none.
    by_id: HashMap<u64, std::result::Result<usize, String>>,
}

impl Classes {
    fn of_detector(categories: &[Category]) -> std::result::Result<Self, String> {
        let coarse = |category: &Category| -> Option<usize> {
            let class = category
                .supercategory
                .parse::<DetectorClass>()
                .or_else(|_| category.name.parse());
            class.ok().map(|class| class as usize)
        };
        let classes: Vec<_> = categories.iter().map(coarse).collect();
        if classes.iter().all(Option::is_none) {
            return Self::own(categories);
        }
        Self::new(detector_names(), categories, &classes)
    }

    fn own(categories: &[Category]) -> std::result::Result<Self, String> {
        let names = categories.iter().map(|c| c.name.clone()).collect();
        let classes: Vec<_> = (0..categories.len()).map(Some).collect();
        Self::new(names, categories, &classes)
    }

    fn new(
        names: Vec<String>,
        categories: &[Category],
        classes: &[Option<usize>],
    ) -> std::result::Result<Self, String> {
        let mut by_id = HashMap::with_capacity(categories.len());
        for (category, class) in categories.iter().zip(classes) {
            let class = class.ok_or_else(|| category.name.clone());
            if by_id.insert(category.id, class).is_some() {
                return Err(format!("category {} is listed twice", category.id));
            }
        }
        Ok(Self { names, by_id })
    }
}
