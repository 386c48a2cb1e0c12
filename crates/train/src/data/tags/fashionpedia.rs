//! COCO's JSON with `attributes` and each annotation's `attribute_ids`, as Fashionpedia publishes them
//! (<https://github.com/cvdfoundation/fashionpedia>): boxes around garments, and what each is like.

use super::{TagSample, TagSet, Tags, first_file};
use crate::data::detection::draft::{DraftBox, DraftPhoto, Frame, Reading, finish, inside};
use crate::data::{Picture, Split};
use crate::error::{AtPath, Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use wardrobe_types::labels::{FASHIONPEDIA, TagLabel, TagValue};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Named>,
    attributes: Vec<Named>,
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
    attribute_ids: Vec<u64>,
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
    name: String,
    #[serde(default)]
    supercategory: String,
}

/// Categories of these groups are parts of garments: their attributes are the part's.
const PARTS: [&str; 3] = ["garment parts", "closures", "decorations"];

fn file(path: &Path, split: Split) -> Option<PathBuf> {
    first_file(
        path,
        match split {
            Split::Train => &[
                "instances_attributes_train2020.json",
                "annotations_train.json",
                "annotations.json",
            ],
            Split::Val => &["instances_attributes_val2020.json", "annotations_val.json"],
        },
    )
}

pub(super) fn is_at(path: &Path) -> bool {
    [Split::Train, Split::Val]
        .into_iter()
        .any(|split| file(path, split).is_some())
}

/// The folders that photos may be in; those of the validation part are published with the test part's.
fn photo_folders(path: &Path, split: Split) -> Vec<PathBuf> {
    let names: &[&str] = match split {
        Split::Train => &["train"],
        Split::Val => &["val", "test"],
    };
    let own = names
        .iter()
        .flat_map(|name| [path.join("images").join(name), path.join(name)]);
    own.chain(["images", "photos"].map(|name| path.join(name)))
        .filter(|folder| folder.is_dir())
        .collect()
}

pub(super) fn read(path: &Path, split: Split) -> Result<Option<TagSet>> {
    let Some(file) = file(path, split) else {
        return Ok(None);
    };
    let invalid = |problem: String| Error::Data {
        path: file.clone(),
        problem,
    };
    let text = std::fs::read(&file).at(&file)?;
    let content: File = serde_json::from_slice(&text).map_err(|e| {
        invalid(format!(
            "expected COCO's images, annotations and categories, and attributes: {e}"
        ))
    })?;
    let folders = photo_folders(path, split);
    if folders.is_empty() {
        return Err(invalid(format!(
            "expected the photos beside it in {}/ or images/",
            split.name()
        )));
    }
    let mut reader = Reader::new(&content, &file);
    let photos = reader.photos(&content.images, &folders);
    reader.annotations(&content.annotations, &photos);
    Ok(Some(reader.finish()))
}

/// A garment until its photo has been looked at.
struct Garment {
    kind: String,
    tags: Tags,
}

struct Reader<'a> {
    file: &'a Path,
    categories: HashMap<u64, &'a Named>,
    /// What an attribute says; `None` for one of the file's own.
    attributes: HashMap<u64, (&'a Named, Option<TagLabel>)>,
    set: TagSet,
    drafts: Vec<DraftPhoto>,
    /// Boxes' classes are places here.
    garments: Vec<Garment>,
}

impl<'a> Reader<'a> {
    fn new(content: &'a File, file: &'a Path) -> Self {
        let known: HashMap<&str, TagLabel> = FASHIONPEDIA
            .labels()
            .map(|label| (label.name, label))
            .collect();
        let attributes = content.attributes.iter();
        Self {
            file,
            categories: content
                .categories
                .iter()
                .map(|category| (category.id, category))
                .collect(),
            attributes: attributes
                .map(|named| (named.id, (named, known.get(named.name.as_str()).copied())))
                .collect(),
            set: TagSet::default(),
            drafts: Vec::new(),
            garments: Vec::new(),
        }
    }

    fn problem(&mut self, what: &str) {
        self.set
            .problems
            .push(format!("{}: {what}", self.file.display()));
    }

    /// The place of each image's draft; `None` for one that is not there.
    fn photos(&mut self, images: &[Image], folders: &[PathBuf]) -> HashMap<u64, Option<usize>> {
        let mut at = HashMap::with_capacity(images.len());
        for image in images {
            let name = &image.file_name;
            let paths: Option<Vec<PathBuf>> =
                folders.iter().map(|folder| inside(folder, name)).collect();
            let Some(paths) = paths else {
                self.problem(&format!(
                    "{name:?} is no photo's name: names must stay inside the folder"
                ));
                at.insert(image.id, None);
                continue;
            };
            let found = paths.into_iter().find(|path| path.is_file());
            self.set.missing += usize::from(found.is_none());
            at.insert(image.id, found.is_some().then_some(self.drafts.len()));
            self.drafts.extend(found.map(|path| DraftPhoto {
                path,
                frame: Frame::Pixels(image.width.zip(image.height)),
                boxes: Vec::new(),
            }));
        }
        at
    }

    fn annotations(&mut self, annotations: &[Annotation], photos: &HashMap<u64, Option<usize>>) {
        for (number, annotation) in annotations.iter().enumerate() {
            let (image, category) = (annotation.image_id, annotation.category_id);
            let known = photos
                .get(&image)
                .zip(self.categories.get(&category).copied());
            let Some((photo, category)) = known else {
                self.problem(&format!(
                    "annotation {number}: names image {image} and category {category}, one of which is not in the file"
                ));
                continue;
            };
            let [x, y, w, h] = annotation.bbox;
            if ![x, y, w, h].iter().all(|v| v.is_finite()) || w < 0.0 || h < 0.0 {
                self.problem(&format!(
                    "annotation {number}: the box [{x}, {y}, {w}, {h}] is none: expected left, top, width, height in pixels"
                ));
                continue;
            }
            // A crowd's box is around several garments.
            let (Some(photo), 0) = (*photo, annotation.iscrowd) else {
                continue;
            };
            if PARTS.contains(&category.supercategory.as_str()) {
                self.set
                    .count_unmapped(&category.supercategory, &category.name);
                continue;
            }
            let values = self.values(number, &annotation.attribute_ids);
            let tags = Tags::of(&values);
            if !tags.is_empty() {
                self.drafts[photo].boxes.push(DraftBox {
                    class: self.garments.len(),
                    edges: [x, y, x + w, y + h],
                    crowd: false,
                });
                let kind = category.name.clone();
                self.garments.push(Garment { kind, tags });
            }
        }
    }

    fn values(&mut self, number: usize, attributes: &[u64]) -> Vec<TagValue> {
        let mut values = Vec::new();
        for id in attributes {
            match self.attributes.get(id).copied() {
                None => self.problem(&format!(
                    "annotation {number}: there is no attribute {id} in the file"
                )),
                Some((named, label)) => match label.map_or(&[][..], |label| label.says) {
                    [] => self.set.count_unmapped(&named.supercategory, &named.name),
                    says => values.extend_from_slice(says),
                },
            }
        }
        values
    }

    /// Looks at every photo's size and brings the boxes into its pixels.
    fn finish(self) -> TagSet {
        let Self {
            mut set,
            drafts,
            garments,
            ..
        } = self;
        let Reading {
            set: found,
            problems,
            ..
        } = finish(Vec::new(), BTreeMap::new(), set.problems, drafts);
        set.problems = problems;
        for photo in found.photos {
            set.samples.extend(photo.boxes.iter().map(|truth| {
                let Garment { kind, tags } = &garments[truth.class];
                TagSample {
                    picture: Picture {
                        path: photo.path.clone(),
                        bbox: Some(truth.bbox),
                    },
                    kind: Some(kind.clone()),
                    tags: tags.clone(),
                }
            }));
        }
        set
    }
}
