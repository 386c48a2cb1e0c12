//! Data sets of other layouts in YOLO's.

use super::yolo::Writer;
use super::{Reading, Split};
use crate::data::PerSplit;
use crate::error::{Error, Result};
use crate::progress::Event;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Photos taken between two reports of progress.
const CHUNK: usize = 256;

/// What was written.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The set's `data.yaml`.
    pub file: PathBuf,
    /// Photos taken.
    pub photos: PerSplit<usize>,
    /// What was wrong with photos left out.
    pub problems: Vec<String>,
}

/// Writes a data set with boxes to `out` in YOLO's layout, the photos as hard links where the file system allows. With
/// `subset`, at most so many photos a part, spread evenly over it.
///
/// Photos that are missing or bad are left out and told in [`Converted::problems`].
///
/// # Errors
/// A folder in none of the layouts or without a train part, an `out` that is not empty or cannot be written.
pub fn to_yolo(
    path: &Path,
    out: &Path,
    subset: Option<usize>,
    watch: &mut dyn FnMut(Event),
) -> Result<Converted> {
    let train = Reading::split(path, Split::Train)?.ok_or_else(|| Error::Data {
        path: path.to_path_buf(),
        problem: "it has no train part".to_owned(),
    })?;
    let val = Reading::split(path, Split::Val)?;
    let writer = Writer::create(out)?;
    let names = train.set.names.clone();
    let mut problems = Vec::new();
    let mut photos = PerSplit::default();
    let parts = [(Split::Train, Some(train)), (Split::Val, val)];
    for (split, reading) in parts {
        let Some(reading) = reading else { continue };
        let taken = take(&reading, split, subset, &writer, watch)?;
        match split {
            Split::Train => photos.train = taken,
            Split::Val => photos.val = taken,
        }
        problems.extend(reading.problems);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let about = format!("Converted from {name} by `wardrobe data prepare`.");
    Ok(Converted {
        file: writer.finish(&names, &about)?,
        photos,
        problems,
    })
}

fn take(
    reading: &Reading,
    split: Split,
    subset: Option<usize>,
    writer: &Writer,
    watch: &mut dyn FnMut(Event),
) -> Result<usize> {
    let all = &reading.set.photos;
    let total = subset.map_or(all.len(), |most| most.min(all.len()));
    let numbers: Vec<usize> = (0..total).map(|i| i * all.len() / total).collect();
    for (done, chunk) in numbers.chunks(CHUNK).enumerate() {
        chunk.par_iter().try_for_each(|&number| {
            let photo = &all[number];
            let size = wardrobe_ingest::dimensions(&photo.path)?.upright();
            let own = photo.path.file_name().unwrap_or_default().to_string_lossy();
            // Names may repeat from folder to folder.
            let name = format!("{number:06}-{own}");
            writer.link(split, &name, photo, size)
        })?;
        watch(Event::Writing {
            done: done * CHUNK + chunk.len(),
            total,
        });
    }
    Ok(total)
}
