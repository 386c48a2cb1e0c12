//! `wardrobe data stats`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe_train::data::detection::{Reading, Slices, Statistics};
use wardrobe_train::data::{Dataset, Split, TagSet, Tags};

use super::Kind;
use super::kind::Content;
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
    Tags {
        photos: usize,
        garments: usize,
        /// Photos that are named and not there.
        missing: usize,
        tags: BTreeMap<&'static str, BTreeMap<String, usize>>,
        unmapped: BTreeMap<String, usize>,
    },
}

pub fn run(kind: Kind, data: &Path, context: &Context) -> Result<Status> {
    let mut parts = BTreeMap::new();
    for (name, split) in [("train", Split::Train), ("val", Split::Val)] {
        let part = match kind.content() {
            Content::Boxes => boxes(kind, data, split, context)?,
            Content::Labels => labels(data, split)?,
            Content::Tags => tags(data, split, context)?,
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
    note_problems(reading.problems.len(), context);
    let slices = match kind {
        Kind::Deepfashion2 => Some(Slices::of(data, split)?),
        _ => None,
    };
    Ok(Some(Part::Boxes {
        counts: Statistics::of(&reading.set),
        slices,
    }))
}

fn note_problems(problems: usize, context: &Context) {
    if problems > 0 {
        context.note(format_args!(
            "warning: {problems} problems left out: `wardrobe data verify` lists them"
        ));
    }
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

fn tags(data: &Path, split: Split, context: &Context) -> Result<Option<Part>> {
    let Some(set) = TagSet::read(data, split)? else {
        return Ok(None);
    };
    note_problems(set.problems.len(), context);
    let photos: BTreeSet<&Path> = set
        .samples
        .iter()
        .map(|s| s.picture.path.as_path())
        .collect();
    let mut tags: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (tag, value) in set.samples.iter().flat_map(|sample| named(&sample.tags)) {
        *tags.entry(tag).or_default().entry(value).or_default() += 1;
    }
    Ok(Some(Part::Tags {
        photos: photos.len(),
        garments: set.samples.len(),
        missing: set.missing,
        tags,
        unmapped: set.unmapped,
    }))
}

/// Each tag's name and its value's.
fn named(tags: &Tags) -> Vec<(&'static str, String)> {
    let seasons = tags.seasons.iter().flatten();
    let styles = tags.styles.iter().flatten();
    let pattern = tags
        .pattern
        .iter()
        .map(|pattern| ("pattern", pattern.to_string()));
    let fit = tags.fit.iter().map(|fit| ("fit", fit.to_string()));
    let formality = tags.formality.iter();
    pattern
        .chain(fit)
        .chain(formality.map(|formality| ("formality", formality.to_string())))
        .chain(seasons.map(|season| ("season", season.to_string())))
        .chain(styles.map(|style| ("style", style.to_string())))
        .collect()
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
            Part::Tags {
                photos,
                garments,
                missing,
                tags,
                unmapped,
            } => {
                let _ = writeln!(
                    text,
                    "{name}: {garments} garments with tags in {photos} photos; {missing} photos are not there"
                );
                for (tag, values) in tags {
                    list(&mut text, tag, values);
                }
                list(&mut text, "without a tag", unmapped);
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
