//! Photos without garments: what is left of photos of garments.

use super::backgrounds::{ground_of, largest_strip, strip_of};
use super::cutout::{Garment, sure_garments};
use crate::data::detection::DetectionSet;
use crate::data::{Dataset, Split};
use crate::error::Result;
use crate::progress::Event;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use wardrobe_ingest::RgbImage;
use wardrobe_types::BoxXyxy;

/// Photos of garments of one part of a data set, and grounds without one.
#[derive(Debug, Default)]
pub struct Grounds {
    /// The photos, as they are.
    pub photos: Vec<PathBuf>,
    /// Made from those photos whose garments are surely told from their ground and leave some of it.
    pub grounds: Vec<RgbImage>,
}

/// At most `count` photos, spread evenly over a part of a data set, and their grounds.
///
/// Of a folder of photos a label: the photo with its garment painted over by what surrounds it, or a strip beside the
/// garment repeated in mirror images. Of photos with boxes: a strip beside all boxes, repeated. The same seed and data
/// give the same pictures.
///
/// # Errors
/// A data set that cannot be read or lacks the part; a photo that cannot be read the second time.
pub fn grounds(
    data: &Path,
    split: Split,
    count: usize,
    seed: u64,
    watch: &mut dyn FnMut(Event),
) -> Result<Grounds> {
    let (photos, garments, boxed) = match DetectionSet::split(data, split) {
        Ok(Some(set)) => {
            let set = DetectionSet {
                photos: even(set.photos, count),
                ..set
            };
            let photos: Vec<PathBuf> = set.photos.iter().map(|photo| photo.path.clone()).collect();
            let garments: Result<Vec<_>> = set.photos.par_iter().map(around_all_boxes).collect();
            (photos, garments?.into_iter().flatten().collect(), true)
        }
        _ => {
            let set = Dataset::split(data, split)?.ok_or_else(|| crate::Error::Data {
                path: data.to_path_buf(),
                problem: format!("it has no {} part", split.name()),
            })?;
            let photos: Vec<PathBuf> = set.samples.into_iter().map(|s| s.picture.path).collect();
            let photos = even(photos, count);
            let samples: Vec<_> = photos.iter().map(|path| (path.clone(), 0)).collect();
            (photos, sure_garments(&samples, watch), false)
        }
    };
    let grounds: Result<Vec<Option<RgbImage>>> = garments
        .par_iter()
        .enumerate()
        .map(|(number, garment)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((number as u64) << 20));
            let (width, height) = garment.size;
            match (boxed, largest_strip(garment)) {
                (_, None) => Ok(None),
                (true, Some(_)) => strip_of(garment, width, height, &mut rng).map(Some),
                (false, Some(_)) => ground_of(garment, &mut rng),
            }
        })
        .collect();
    Ok(Grounds {
        photos,
        grounds: grounds?.into_iter().flatten().collect(),
    })
}

/// All boxes of a photo as one.
fn around_all_boxes(photo: &crate::data::detection::LabelledPhoto) -> Result<Option<Garment>> {
    let size = wardrobe_ingest::load(&photo.path)?.image.dimensions();
    let union = photo
        .boxes
        .iter()
        .map(|found| found.bbox)
        .reduce(|p, q| BoxXyxy {
            x0: p.x0.min(q.x0),
            y0: p.y0.min(q.y0),
            x1: p.x1.max(q.x1),
            y1: p.y1.max(q.y1),
        });
    Ok(union.map(|bbox| Garment {
        path: photo.path.clone(),
        label: 0,
        bbox,
        size,
    }))
}

/// At most `count` of the items, spread evenly.
fn even<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let step = items.len().div_ceil(count.max(1)).max(1);
    items.into_iter().step_by(step).collect()
}
