//! One stage alone, on photos that need not be in any wardrobe: what `ingest` would see.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use wardrobe_attributes::{color, foreground};
use wardrobe_detect::Detection;
use wardrobe_ingest::{QualityReport, RgbImage, discover, load};
use wardrobe_types::{Color, Embedding};

use crate::ingest::examine::{Cuts, cut};
use crate::{Clip, Error, Evidence, GarmentDetector, Look, ModelOptions, Models, Result};

/// Photos the models look at in one pass.
const BATCH: usize = 16;

/// Is told how many photos are done, and of how many; from several threads.
pub type Watch<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// A photo, and what was found in it or why nothing was.
pub type Inspected<T> = (PathBuf, Result<T>);

/// Whether photos are good enough. Folders are walked; every file gets its own answer.
pub fn quality<P: AsRef<Path>>(paths: &[P], watch: Watch) -> Vec<Inspected<QualityReport>> {
    each(paths, watch, |path| {
        Ok(wardrobe_ingest::assess(&load(path)?.image)?)
    })
}

/// The dominant colours of the garment in each photo, largest first.
pub fn colors<P: AsRef<Path>>(paths: &[P], watch: Watch) -> Vec<Inspected<Vec<Color>>> {
    each(paths, watch, |path| {
        let photo = load(path)?.image;
        Ok(color::dominant_colors(
            &photo,
            &foreground::segment(&photo)?,
        )?)
    })
}

/// A photo, upright.
///
/// # Errors
/// One that cannot be read.
pub fn photo(path: &Path) -> Result<RgbImage> {
    Ok(load(path)?.image)
}

/// What a detector found in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Of the upright photo, in pixels.
    pub width: u32,
    /// Of the upright photo, in pixels.
    pub height: u32,
    /// The surest first.
    pub detections: Vec<Detection>,
}

/// The garments in each photo.
pub fn detect<P: AsRef<Path>>(
    detector: &GarmentDetector,
    paths: &[P],
    watch: Watch,
) -> Vec<Inspected<Detected>> {
    each(paths, watch, |path| {
        let photo = load(path)?.image;
        Ok(Detected {
            width: photo.width(),
            height: photo.height(),
            detections: detector.detect(&photo)?,
        })
    })
}

/// What speaks for clothes in pictures, as `ingest` sees them.
///
/// # Errors
/// Models that fail; a picture too small to look at.
pub fn evidence(
    models: &Models,
    detector: &GarmentDetector,
    pictures: &[RgbImage],
) -> Result<Vec<Evidence>> {
    let mut seen = Vec::with_capacity(pictures.len());
    for batch in pictures.chunks(BATCH) {
        let cuts: Vec<Cuts> = batch
            .par_iter()
            .map(|picture| cut(picture, Some(detector)))
            .collect::<Result<_>>()?;
        let shown: Vec<&RgbImage> = cuts
            .iter()
            .flat_map(|cuts| &cuts.garments)
            .map(|cut| &cut.shown)
            .collect();
        let looks: Vec<Look> = models.look(&shown)?.into_iter().collect::<Result<_>>()?;
        let mut looks = looks.iter();
        for cuts in &cuts {
            let own = looks.by_ref().take(cuts.garments.len());
            seen.push(Evidence::of(cuts.detected.unwrap_or(0.0), own));
        }
    }
    Ok(seen)
}

/// Where each photo's first garment lies: among words and photos by CLIP where one is given, else among looks.
///
/// # Errors
/// As [`looks`].
pub fn embeddings<P: AsRef<Path>>(
    options: &ModelOptions,
    clip: Option<&Clip>,
    paths: &[P],
    watch: Watch,
) -> Result<Vec<Inspected<Embedding>>> {
    if let Some(clip) = clip {
        return shown_to(paths, watch, |pictures| {
            Ok(clip.embed_pictures(pictures)?.into_iter().map(Ok).collect())
        });
    }
    let models = Models::load(options)?;
    let embedding = |look: Result<Look>| Ok(look?.embedding);
    shown_to(paths, watch, |pictures| {
        Ok(models.look(pictures)?.into_iter().map(embedding).collect())
    })
}

/// What the models see in each photo's first garment.
///
/// # Errors
/// Models that fail altogether; a bad photo is an error in its own place.
pub fn looks<P: AsRef<Path>>(
    models: &Models,
    paths: &[P],
    watch: Watch,
) -> Result<Vec<Inspected<Look>>> {
    shown_to(paths, watch, |pictures| models.look(pictures))
}

/// Shows each photo's first garment to a model, in batches.
fn shown_to<T, P: AsRef<Path>>(
    paths: &[P],
    watch: Watch,
    model: impl Fn(&[&RgbImage]) -> Result<Vec<Result<T>>>,
) -> Result<Vec<Inspected<T>>> {
    let (photos, mut inspected) = find(paths);
    let mut done = 0;
    for batch in photos.chunks(BATCH) {
        let shown: Vec<Result<RgbImage>> = batch.par_iter().map(|path| first_shown(path)).collect();
        let whole: Vec<&RgbImage> = shown.iter().flatten().collect();
        let mut seen = model(&whole)?.into_iter();
        for (path, picture) in batch.iter().zip(shown) {
            let nothing = || Error::NothingFound { path: path.clone() };
            let seen = picture.and_then(|_| seen.next().ok_or_else(nothing)?);
            inspected.push((path.clone(), seen));
        }
        done += batch.len();
        watch(done, photos.len());
    }
    Ok(inspected)
}

/// Where a photo's first garment lies among other looks.
pub(crate) fn embed(models: &Models, path: &Path) -> Result<Embedding> {
    let look = models.look(&[&first_shown(path)?])?.pop();
    Ok(look
        .ok_or_else(|| Error::NothingFound {
            path: path.to_path_buf(),
        })??
        .embedding)
}

fn first_shown(path: &Path) -> Result<RgbImage> {
    let mut cuts = cut(&load(path)?.image, None)?.garments.into_iter();
    let first = cuts.next().ok_or_else(|| Error::NothingFound {
        path: path.to_path_buf(),
    })?;
    Ok(first.shown)
}

/// Runs one stage on every photo, on all cores.
fn each<T: Send, P: AsRef<Path>>(
    paths: &[P],
    watch: Watch,
    stage: impl Fn(&Path) -> Result<T> + Sync,
) -> Vec<Inspected<T>> {
    let (photos, mut inspected) = find(paths);
    let (done, total) = (AtomicUsize::new(0), photos.len());
    let found = photos.into_par_iter().map(|path| {
        let found = stage(&path);
        watch(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        (path, found)
    });
    inspected.extend(found.collect::<Vec<_>>());
    inspected
}

/// The photos at `paths`, and what could be none.
fn find<T, P: AsRef<Path>>(paths: &[P]) -> (Vec<PathBuf>, Vec<Inspected<T>>) {
    let found = discover(paths);
    let problems = found.problems.into_iter().map(|problem| {
        let path = problem.path().map(Path::to_path_buf).unwrap_or_default();
        (path, Err(problem.into()))
    });
    (found.photos, problems.collect())
}
