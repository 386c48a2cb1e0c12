//! `wardrobe data verify`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe_train::data::detection::Reading;
use wardrobe_train::data::{Dataset, Split, TagSet, decode_all};

use super::Kind;
use super::kind::Content;
use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress};

#[derive(Serialize)]
struct Document {
    dataset: Kind,
    parts: BTreeMap<&'static str, Part>,
    seconds: f64,
}

/// What was read of one part.
#[derive(Serialize)]
struct Part {
    /// Photos that are whole, with what the data set says of them.
    photos: usize,
    /// Boxes; null for photos of one garment each.
    boxes: Option<usize>,
    /// Boxes that reach beyond their photo and are clipped.
    clipped: usize,
    /// Boxes with less than a pixel inside their photo, which are left out.
    dropped: usize,
    /// Photos that the data set names and that are not there; null where that is a problem.
    missing: Option<usize>,
    /// Labels without a class, category or tag, and what they leave out.
    unmapped: BTreeMap<String, usize>,
    problems: Vec<String>,
}

pub fn run(kind: Kind, data: &Path, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let bar = progress::bar(context.quiet);
    let mut parts = BTreeMap::new();
    for (name, split) in [("train", Split::Train), ("val", Split::Val)] {
        let part = match kind.content() {
            Content::Boxes => boxes(data, split, &bar, context)?,
            Content::Labels => labels(data, split, &bar, context)?,
            Content::Tags => tags(data, split, &bar, context)?,
        };
        parts.extend(part.map(|part| (name, part)));
    }
    bar.finish_and_clear();
    if parts.is_empty() {
        bail!("{}: neither a train nor a val part", data.display());
    }
    for problem in parts.values().flat_map(|part| &part.problems) {
        output::to_stderr(format_args!("error: {problem}"));
    }
    let document = Document {
        dataset: kind,
        parts,
        seconds: start.elapsed().as_secs_f64(),
    };
    context.out.answer(&document, || text(&document))?;
    let sum = |of: fn(&Part) -> usize| document.parts.values().map(of).sum();
    Ok(Status::of(
        sum(|part| part.photos),
        sum(|part| part.problems.len()),
    ))
}

fn boxes(data: &Path, split: Split, bar: &ProgressBar, context: &Context) -> Result<Option<Part>> {
    let Some(reading) = Reading::split(data, split)? else {
        return Ok(None);
    };
    let paths: Vec<PathBuf> = reading.set.photos.iter().map(|p| p.path.clone()).collect();
    let bad = decode_all(&paths, &mut progress::watch(bar, context));
    let boxes = reading.set.photos.iter().map(|photo| photo.boxes.len());
    Ok(Some(Part {
        photos: paths.len() - bad.len(),
        boxes: Some(boxes.sum()),
        clipped: reading.clipped,
        dropped: reading.dropped,
        missing: None,
        unmapped: reading.set.unmapped,
        problems: reading.problems.into_iter().chain(bad).collect(),
    }))
}

fn labels(data: &Path, split: Split, bar: &ProgressBar, context: &Context) -> Result<Option<Part>> {
    let Some(set) = Dataset::split(data, split)? else {
        return Ok(None);
    };
    let paths: Vec<PathBuf> = set
        .samples
        .into_iter()
        .map(|sample| sample.picture.path)
        .collect();
    let bad = decode_all(&paths, &mut progress::watch(bar, context));
    Ok(Some(Part {
        photos: paths.len() - bad.len(),
        boxes: None,
        clipped: 0,
        dropped: 0,
        missing: None,
        unmapped: set.unmapped,
        problems: bad,
    }))
}

fn tags(data: &Path, split: Split, bar: &ProgressBar, context: &Context) -> Result<Option<Part>> {
    let Some(set) = TagSet::read(data, split)? else {
        return Ok(None);
    };
    let mut paths: Vec<PathBuf> = set
        .samples
        .iter()
        .map(|sample| sample.picture.path.clone())
        .collect();
    paths.dedup();
    let bad = decode_all(&paths, &mut progress::watch(bar, context));
    let boxes = set
        .samples
        .iter()
        .filter(|sample| sample.picture.bbox.is_some())
        .count();
    Ok(Some(Part {
        photos: paths.len() - bad.len(),
        boxes: (boxes > 0).then_some(boxes),
        clipped: 0,
        dropped: 0,
        missing: Some(set.missing),
        unmapped: set.unmapped,
        problems: set.problems.into_iter().chain(bad).collect(),
    }))
}

fn text(document: &Document) -> String {
    let mut text = String::new();
    for (name, part) in &document.parts {
        let _ = write!(text, "{name:6} {} photos are whole", part.photos);
        if let Some(boxes) = part.boxes {
            let _ = write!(text, ", {boxes} boxes");
        }
        for (count, what) in [
            (part.clipped, "boxes clipped to their photo"),
            (part.dropped, "boxes outside it left out"),
            (part.missing.unwrap_or(0), "photos are not there"),
            (part.unmapped.values().sum(), "without a class of ours"),
            (part.problems.len(), "problems"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        text.push('\n');
    }
    text
}
