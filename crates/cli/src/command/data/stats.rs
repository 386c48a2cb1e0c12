//! `wardrobe data stats`

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe_train::data::detection::{Reading, Slices, Statistics};
use wardrobe_train::data::{Dataset, Split};

use super::Kind;
use crate::context::Context;
use crate::failure::Status;

#[derive(Serialize)]
struct Document {
    dataset: Kind,
    parts: BTreeMap<&'static str, Part>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part {
    Boxes {
        #[serde(flatten)]
        counts: Statistics,
        /// DeepFashion2's circumstances, the flat-lays (`no-wear`) among them.
        slices: Option<Slices>,
    },
    Labels {
        photos: usize,
        labels: BTreeMap<String, usize>,
        unmapped: BTreeMap<String, usize>,
    },
}

pub fn run(kind: Kind, data: &Path, context: &Context) -> Result<Status> {
    let mut parts = BTreeMap::new();
    for (name, split) in [("train", Split::Train), ("val", Split::Val)] {
        let part = match kind.has_boxes() {
            true => boxes(kind, data, split, context)?,
            false => labels(data, split)?,
        };
        parts.extend(part.map(|part| (name, part)));
    }
    if parts.is_empty() {
        bail!("{}: neither a train nor a val part", data.display());
    }
    let document = Document {
        dataset: kind,
        parts,
    };
    context.out.answer(&document, || text(&document))?;
    Ok(Status::Done)
}

fn boxes(kind: Kind, data: &Path, split: Split, context: &Context) -> Result<Option<Part>> {
    let Some(reading) = Reading::split(data, split)? else {
        return Ok(None);
    };
    if !reading.problems.is_empty() {
        let problems = reading.problems.len();
        context.note(format_args!(
            "warning: {problems} problems left out: `wardrobe data verify` lists them"
        ));
    }
    let slices = match kind {
        Kind::Deepfashion2 => Some(Slices::of(data, split)?),
        _ => None,
    };
    Ok(Some(Part::Boxes {
        counts: Statistics::of(&reading.set),
        slices,
    }))
}

fn labels(data: &Path, split: Split) -> Result<Option<Part>> {
    let Some(set) = Dataset::split(data, split)? else {
        return Ok(None);
    };
    let mut counts = vec![0; set.labels.len()];
    set.samples
        .iter()
        .for_each(|sample| counts[sample.label] += 1);
    let names = set.labels.into_iter().map(|label| label.name);
    Ok(Some(Part::Labels {
        photos: set.samples.len(),
        labels: names.zip(counts).collect(),
        unmapped: set.unmapped,
    }))
}

fn text(document: &Document) -> String {
    let mut text = String::new();
    for (name, part) in &document.parts {
        match part {
            Part::Boxes { counts, slices } => {
                let _ = writeln!(
                    text,
                    "{name}: {} photos, {} boxes",
                    counts.photos, counts.boxes
                );
                list(&mut text, "boxes a photo", &counts.boxes_a_photo);
                list(&mut text, "classes", &counts.classes);
                list(&mut text, "without a class", &counts.unmapped);
                if let Some(slices) = slices {
                    list(&mut text, "viewpoint", &slices.viewpoint);
                    list(&mut text, "occlusion", &slices.occlusion);
                    list(&mut text, "scale", &slices.scale);
                    list(&mut text, "source", &slices.source);
                    list(&mut text, "own classes", &slices.classes);
                }
            }
            Part::Labels {
                photos,
                labels,
                unmapped,
            } => {
                let _ = writeln!(text, "{name}: {photos} photos");
                list(&mut text, "labels", labels);
                list(&mut text, "without a category", unmapped);
            }
        }
    }
    text
}

fn list<K: Display>(text: &mut String, what: &str, counts: &BTreeMap<K, usize>) {
    if !counts.is_empty() {
        let counts: Vec<String> = counts.iter().map(|(key, n)| format!("{key} {n}")).collect();
        let _ = writeln!(text, "  {what}: {}", counts.join(", "));
    }
}
