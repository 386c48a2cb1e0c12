//! Ultralytics' layout (<https://docs.ultralytics.com/datasets/detect/>): `data.yaml` with the class names, photos
//! under `images/`, and for each a text file under `labels/` with a line a box: class, centre, width and height in
//! shares of the photo.

use super::draft::{DraftBox, DraftPhoto, Frame, Reading, finish};
use super::{LabelledPhoto, Split};
use crate::data::new_folder::new_folder;
use crate::error::{AtPath, Error, Result};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};
use wardrobe_eval::TruthBox;

const FILE: &str = "data.yaml";

#[derive(Deserialize)]
struct DataYaml {
    path: Option<String>,
    train: Option<Sources>,
    val: Option<Sources>,
    names: Names,
    nc: Option<usize>,
}

/// Folders of photos, or text files that list photos.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sources {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    Listed(Vec<String>),
    Numbered(BTreeMap<usize, String>),
}

/// `data.yaml`, named or in the folder.
fn file_at(path: &Path) -> PathBuf {
    let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    match yaml {
        true => path.to_path_buf(),
        false => path.join(FILE),
    }
}

/// Whether there is a data set of this kind.
pub(super) fn is_at(path: &Path) -> bool {
    file_at(path).is_file()
}

pub(super) fn read(path: &Path, split: Split) -> Result<Option<Reading>> {
    let file = file_at(path);
    let text = std::fs::read_to_string(&file).at(&file)?;
    let invalid = |problem: String| Error::Data {
        path: file.clone(),
        problem,
    };
    let yaml: DataYaml = serde_saphyr::from_str(&text)
        .map_err(|e| invalid(format!("expected path, train, val and names: {e}")))?;
    let names = names(yaml.names, yaml.nc).map_err(&invalid)?;
    let sources = match split {
        Split::Train => yaml.train,
        Split::Val => yaml.val,
    };
    let sources = match sources {
        None => return Ok(None),
        Some(Sources::One(source)) => vec![source],
        Some(Sources::Many(sources)) => sources,
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut problems = Vec::new();
    let mut photos = Vec::new();
    for source in sources {
        let found = locate(folder, yaml.path.as_deref(), &source).ok_or_else(|| {
            invalid(format!(
                "{} is {source:?}, which is neither there nor relative to `path`",
                split.name()
            ))
        })?;
        photos.extend(photos_at(&found, &mut problems)?);
    }
    let drafts: Vec<_> = photos
        .into_par_iter()
        .map(|path| draft(path, names.len()))
        .collect();
    let mut good = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match draft {
            Ok(draft) => good.push(draft),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Some(finish(names, BTreeMap::new(), problems, good)))
}

fn names(names: Names, nc: Option<usize>) -> std::result::Result<Vec<String>, String> {
    let names = match names {
        Names::Listed(names) => names,
        Names::Numbered(names) => {
            if let Some((missing, _)) = names.keys().enumerate().find(|(i, key)| i != *key) {
                return Err(format!("names leave out number {missing}"));
            }
            names.into_values().collect()
        }
    };
    match nc.filter(|&nc| nc != names.len()) {
        Some(nc) => Err(format!("nc is {nc}, but there are {} names", names.len())),
        None if names.is_empty() => Err("it names no class".to_owned()),
        None => Ok(names),
    }
}

/// Where a source is: relative to `path`, or to the file's folder. Exports are often moved, with `../` left before
/// what now lies beside the file.
fn locate(folder: &Path, path: Option<&str>, source: &str) -> Option<PathBuf> {
    let base = folder.join(path.unwrap_or_default());
    let moved = source.trim_start_matches("../");
    [base.join(source), folder.join(source), folder.join(moved)]
        .into_iter()
        .find(|candidate| candidate.exists())
}

fn photos_at(source: &Path, problems: &mut Vec<String>) -> Result<Vec<PathBuf>> {
    if source.is_dir() {
        let found = wardrobe_ingest::discover([source]);
        problems.extend(found.problems.iter().map(ToString::to_string));
        return Ok(found.photos);
    }
    let text = std::fs::read_to_string(source).at(source)?;
    let folder = source.parent().unwrap_or(Path::new("."));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(|line| folder.join(line)).collect())
}

/// `labels` for the last `images` of a photo's path, and `.txt` for its extension.
fn label_file(photo: &Path) -> Option<PathBuf> {
    let mut parts: Vec<Component<'_>> = photo.components().collect();
    let images = parts
        .iter()
        .rposition(|part| part.as_os_str() == "images")?;
    parts[images] = Component::Normal("labels".as_ref());
    Some(parts.iter().collect::<PathBuf>().with_extension("txt"))
}

fn draft(path: PathBuf, classes: usize) -> std::result::Result<DraftPhoto, String> {
    let Some(file) = label_file(&path) else {
        return Err(format!(
            "{}: its labels are nowhere: expected it in a folder `images` with `labels` beside it",
            path.display()
        ));
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        // A photo without a garment.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(format!("{}: {e}", file.display())),
    };
    let lines = text.lines().enumerate();
    let boxes = lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            parse(line, classes)
                .map_err(|problem| format!("{}:{}: {problem}", file.display(), number + 1))
        })
        .collect::<std::result::Result<_, _>>()?;
    Ok(DraftPhoto {
        path,
        frame: Frame::Shares,
        boxes,
    })
}

/// `class cx cy w h`, or `class x y x y x y ...`, an outline, whose box is taken.
fn parse(line: &str, classes: usize) -> std::result::Result<DraftBox, String> {
    let expected =
        || format!("{line:?} is no box: expected `class cx cy w h` in shares of the photo");
    let mut fields = line.split_ascii_whitespace();
    // Some programs write classes as 3.0.
    let class = fields.next().and_then(|class| class.parse::<f32>().ok());
    let class = class
        .filter(|class| class.fract() == 0.0 && *class >= 0.0)
        .ok_or_else(expected)? as usize;
    if class >= classes {
        return Err(format!(
            "class {class}, but data.yaml names {classes}, from 0"
        ));
    }
    let values: Vec<f32> = fields
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| expected())?;
    if !values.iter().all(|value| value.is_finite()) {
        return Err(expected());
    }
    let edges = match values.as_slice() {
        &[cx, cy, w, h] if w >= 0.0 && h >= 0.0 => {
            [cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0]
        }
        outline if outline.len() >= 6 && outline.len() % 2 == 0 => {
            let edge = |of: fn(f32, f32) -> f32, from: usize| {
                let along = outline.iter().skip(from).step_by(2).copied();
                along.reduce(of).unwrap_or_default()
            };
            [
                edge(f32::min, 0),
                edge(f32::min, 1),
                edge(f32::max, 0),
                edge(f32::max, 1),
            ]
        }
        _ => return Err(expected()),
    };
    Ok(DraftBox {
        class,
        edges,
        crowd: false,
    })
}

/// A photo's label file: a line a box. Crowds, which the layout does not know, are left out.
///
/// `width` and `height` are the upright photo's, in pixels.
pub fn label_text(boxes: &[TruthBox], (width, height): (u32, u32)) -> String {
    let (width, height) = (width as f32, height as f32);
    let mut text = String::new();
    for TruthBox { class, bbox, .. } in boxes.iter().filter(|found| !found.crowd) {
        let (cx, cy) = ((bbox.x0 + bbox.x1) / 2.0, (bbox.y0 + bbox.y1) / 2.0);
        let _ = writeln!(
            text,
            "{class} {:.6} {:.6} {:.6} {:.6}",
            cx / width,
            cy / height,
            bbox.width() / width,
            bbox.height() / height
        );
    }
    text
}

/// Writes data sets of this layout.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
}

impl Writer {
    /// A writer into `root`, which must hold no file or not be there.
    ///
    /// # Errors
    /// A folder that holds a file, or cannot be made.
    pub fn create(root: &Path) -> Result<Self> {
        new_folder(root)?;
        for split in [Split::Train, Split::Val] {
            for kind in ["images", "labels"] {
                let folder = root.join(kind).join(split.name());
                std::fs::create_dir_all(&folder).at(&folder)?;
            }
        }
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    /// Where a photo of this name goes.
    pub fn photo_path(&self, split: Split, file_name: &str) -> PathBuf {
        self.root.join("images").join(split.name()).join(file_name)
    }

    /// Takes a photo's file in, as a hard link where the file system allows, and writes its boxes.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn link(
        &self,
        split: Split,
        file_name: &str,
        photo: &LabelledPhoto,
        size: (u32, u32),
    ) -> Result<()> {
        let path = self.photo_path(split, file_name);
        let source = &photo.path;
        if std::fs::hard_link(source, &path).is_err() {
            std::fs::copy(source, &path).at(source)?;
        }
        self.write_labels(split, file_name, &photo.boxes, size)
    }

    fn write_labels(
        &self,
        split: Split,
        file_name: &str,
        boxes: &[TruthBox],
        size: (u32, u32),
    ) -> Result<()> {
        let labels = self.root.join("labels").join(split.name());
        let labels = labels.join(file_name).with_extension("txt");
        std::fs::write(&labels, label_text(boxes, size)).at(&labels)
    }

    /// Writes the bytes of a photo and its boxes, which are in pixels of the upright photo of `size`.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn add(
        &self,
        split: Split,
        file_name: &str,
        photo: &[u8],
        boxes: &[TruthBox],
        size: (u32, u32),
    ) -> Result<LabelledPhoto> {
        let path = self.photo_path(split, file_name);
        std::fs::write(&path, photo).at(&path)?;
        self.write_labels(split, file_name, boxes, size)?;
        Ok(LabelledPhoto {
            path,
            boxes: boxes.to_vec(),
        })
    }

    /// Writes `data.yaml`, with `about` as comments above it: last, so that a folder that has one is whole.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self, names: &[String], about: &str) -> Result<PathBuf> {
        let mut text = String::new();
        for line in about.lines() {
            let _ = writeln!(text, "# {line}");
        }
        text.push_str("train: images/train\nval: images/val\nnames:\n");
        for (number, name) in names.iter().enumerate() {
            // A JSON string is one of YAML.
            let _ = writeln!(
                text,
                "  {number}: {}",
                serde_json::Value::from(name.as_str())
            );
        }
        let file = self.root.join(FILE);
        std::fs::write(&file, text).at(&file)?;
        Ok(file)
    }
}
