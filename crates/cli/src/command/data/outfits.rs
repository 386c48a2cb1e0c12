//! `wardrobe data verify polyvore` and `wardrobe data stats polyvore`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use wardrobe_train::data::decode_all;
use wardrobe_train::data::outfits::{
    Classes, Layout, Leaks, OutfitData, Part, ReadFile, Statistics, Tasks,
};

use crate::context::Context;
use crate::failure::Status;
use crate::{output, progress};

#[derive(Serialize)]
struct Verified {
    dataset: Layout,
    parts: BTreeMap<Part, Counts>,
    /// Items by which nobody can tell two places in the lists apart share none: see `known_items`.
    leaks: Vec<Leaks>,
    /// Whether items are known by more than their place in a list, so that leaks can be seen.
    known_items: bool,
    /// Photos that are whole; null where the data set has none.
    photos: Option<usize>,
    files: Vec<ReadFile>,
    problems: Vec<String>,
    seconds: f64,
}

#[derive(Serialize)]
struct Counts {
    outfits: usize,
    /// As published; null where that is not known.
    published: Option<usize>,
    items: usize,
    /// Questions of the official files, and those of them that name items that are not there.
    judged: usize,
    questions: usize,
    left_out: usize,
}

pub fn verify(data: &Path, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let data = OutfitData::read(data, Classes::Own)?;
    let mut parts = BTreeMap::new();
    for (&part, outfits) in &data.parts {
        let official = Tasks::official(&data, part)?.unwrap_or_default();
        let counts = Counts {
            outfits: outfits.len(),
            published: data.published(part),
            items: outfits.iter().map(|outfit| outfit.items.len()).sum(),
            judged: official.judged.len(),
            questions: official.questions.len(),
            left_out: official.left_out,
        };
        parts.insert(part, counts);
    }
    let mut problems = data.problems.clone();
    let photos = data.photos();
    let whole = photos.as_ref().map(|photos| {
        let bar = progress::bar(context.quiet);
        let bad = decode_all(photos, &mut progress::watch(&bar, context));
        bar.finish_and_clear();
        let whole = photos.len() - bad.len();
        problems.extend(bad);
        whole
    });
    for problem in &problems {
        output::to_stderr(format_args!("error: {problem}"));
    }
    let document = Verified {
        dataset: data.layout,
        parts,
        leaks: Leaks::of(&data),
        known_items: data.knows_items(),
        photos: whole,
        files: data.files.clone(),
        problems,
        seconds: start.elapsed().as_secs_f64(),
    };
    context.out.answer(&document, || verified(&document))?;
    let outfits = document.parts.values().map(|part| part.outfits).sum();
    Ok(Status::of(outfits, document.problems.len()))
}

fn verified(document: &Verified) -> String {
    let mut text = String::new();
    for (part, counts) in &document.parts {
        let published = match counts.published {
            Some(published) if published == counts.outfits => ", as published".to_owned(),
            Some(published) => format!(" of {published} published"),
            None => String::new(),
        };
        let Counts { outfits, items, .. } = counts;
        let _ = writeln!(
            text,
            "{:6} {outfits} outfits{published}, {items} items",
            part.name()
        );
        if counts.judged + counts.questions + counts.left_out > 0 {
            let Counts {
                judged,
                questions,
                left_out,
                ..
            } = counts;
            let _ = writeln!(
                text,
                "       official tasks: {judged} outfits to judge, {questions} blanks, {left_out} of items that are not there"
            );
        }
    }
    if let Some(photos) = document.photos {
        let _ = writeln!(text, "{photos} photos are whole");
    }
    if document.known_items {
        for leak in &document.leaks {
            let Leaks {
                of,
                within,
                items,
                of_items,
                outfits,
                sets,
            } = leak;
            let _ = writeln!(
                text,
                "{items} of {of_items} items of {} are in {}, too, in {outfits} outfits; {sets} outfits have one name",
                within.name(),
                of.name()
            );
        }
    } else {
        let sets: usize = document.leaks.iter().map(|leak| leak.sets).sum();
        let _ = writeln!(
            text,
            "items are known by their place in the lists alone, so shared ones cannot be seen; {sets} outfits are in two parts"
        );
    }
    for ReadFile {
        path,
        bytes,
        sha256,
    } in &document.files
    {
        let _ = writeln!(text, "{sha256}  {}  ({bytes} bytes)", path.display());
    }
    text
}

#[derive(Serialize)]
struct Described {
    dataset: Layout,
    parts: BTreeMap<Part, Statistics>,
    /// Labels without a category, and their items.
    unmapped: BTreeMap<String, usize>,
}

pub fn stats(data: &Path, context: &Context) -> Result<Status> {
    let own = OutfitData::read(data, Classes::Own)?;
    let ours = OutfitData::read(data, Classes::Wardrobe)?;
    let parts = own.parts.iter();
    let document = Described {
        dataset: own.layout,
        parts: parts
            .map(|(&part, outfits)| (part, Statistics::of(&own, outfits)))
            .collect(),
        unmapped: ours.unmapped,
    };
    context.out.answer(&document, || described(&document))?;
    Ok(Status::Done)
}

fn described(document: &Described) -> String {
    let mut text = String::new();
    for (part, counts) in &document.parts {
        let Statistics {
            outfits,
            items,
            sizes,
            classes,
        } = counts;
        let _ = writeln!(text, "{}: {outfits} outfits of {items} items", part.name());
        list(&mut text, "items an outfit", sizes.iter());
        let mut common: Vec<_> = classes.iter().collect();
        common.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        list(&mut text, "classes", common.into_iter());
    }
    let mut unmapped: Vec<_> = document.unmapped.iter().collect();
    unmapped.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    list(&mut text, "without a category", unmapped.into_iter());
    text
}

fn list<'a, K: std::fmt::Display + 'a>(
    text: &mut String,
    what: &str,
    counts: impl Iterator<Item = (&'a K, &'a usize)>,
) {
    let counts: Vec<String> = counts.map(|(key, n)| format!("{key} {n}")).collect();
    if !counts.is_empty() {
        let _ = writeln!(text, "  {what}: {}", counts.join(", "));
    }
}
