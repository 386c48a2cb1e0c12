//! The classifier's descriptors of photos, as they are and varied.

use crate::AugmentConfig;
use crate::augment::vary;
use crate::error::{Error, Result};
use crate::progress::Event;
use candle_core::{DType, Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use wardrobe_classify::Classifier;
use wardrobe_embed::StarterEmbedder;
use wardrobe_ingest::resize::{Filter, resize};
use wardrobe_ingest::{Layout, RgbImage};

/// Photos that go through the network together.
const BATCH: usize = 32;

/// Descriptors of the photos that could be read, and what a caller noted of each.
pub(crate) struct Described<T> {
    /// (photos, 1 + views, 1472): of each photo first as it is, then varied.
    pub(crate) tensor: Tensor,
    /// Which of the photos asked for they are.
    pub(crate) read: Vec<usize>,
    /// The caller's notes, a photo read.
    pub(crate) notes: Vec<T>,
    /// Why the others are left out.
    pub(crate) failed: Vec<String>,
}

/// How many varied views to take of a photo, and how.
#[derive(Clone, Copy)]
pub(crate) struct Views<'a> {
    pub(crate) count: usize,
    pub(crate) augment: &'a AugmentConfig,
    pub(crate) seed: u64,
}

/// Looks at every photo once as the classifier does, and at its varied views. A photo that cannot be read is left out with
/// an [`Event::Skipped`].
///
/// # Errors
/// No photo that can be read; a tensor operation.
pub(crate) fn describe<T: Send>(
    classifier: &Classifier,
    pictures: &[&crate::data::Picture],
    views: Views<'_>,
    note: impl Fn(&RgbImage) -> Result<T> + Sync,
    watch: &mut dyn FnMut(Event),
) -> Result<Described<T>> {
    let look = |index: usize| {
        let photo = pictures[index].load()?;
        let note = note(&photo)?;
        Ok(Picture {
            photo,
            stream: index as u64,
            note,
        })
    };
    describe_pictures(classifier, pictures.len(), views, look, watch)
}

/// A picture to look at.
pub(crate) struct Picture<T> {
    pub(crate) photo: RgbImage,
    /// Its varied views depend on the seed and on this.
    pub(crate) stream: u64,
    /// What to remember of it.
    pub(crate) note: T,
}

/// [`describe`] of `count` pictures, whatever they are of.
///
/// # Errors
/// As [`describe`].
pub(crate) fn describe_pictures<T: Send>(
    classifier: &Classifier,
    count: usize,
    views: Views<'_>,
    picture: impl Fn(usize) -> Result<Picture<T>> + Sync,
    watch: &mut dyn FnMut(Event),
) -> Result<Described<T>> {
    let indices: Vec<usize> = (0..count).collect();
    let (mut tensors, mut read, mut notes, mut failed) = (vec![], vec![], vec![], vec![]);
    for (batch, chunk) in indices.chunks(BATCH).enumerate() {
        let looks = chunk
            .par_iter()
            .map(|&index| {
                let Picture {
                    photo,
                    stream,
                    note,
                } = picture(index)?;
                Ok((pixels(classifier, &photo, views, stream)?, note))
            })
            .collect::<Vec<Result<_>>>();
        let (mut all, mut side) = (Vec::new(), 0);
        for (&index, look) in chunk.iter().zip(looks) {
            match look {
                Ok((seen, noted)) => {
                    side = seen.side;
                    all.extend(seen.values);
                    read.push(index);
                    notes.push(noted);
                }
                Err(error) => {
                    let reason = error.to_string();
                    watch(Event::Skipped {
                        reason: reason.clone(),
                    });
                    failed.push(reason);
                }
            }
        }
        if !all.is_empty() {
            tensors.push(pooled(classifier, &all, side)?);
        }
        watch(Event::Loading {
            done: batch * BATCH + chunk.len(),
            total: count,
        });
    }
    if read.is_empty() {
        let first = failed.first().map_or("there is none", String::as_str);
        return Err(Error::Start {
            problem: format!("no photo can be read: {first}"),
        });
    }
    let shape = (read.len(), 1 + views.count, StarterEmbedder::DESCRIPTORS);
    Ok(Described {
        tensor: Tensor::cat(&tensors, 0)?.reshape(shape)?,
        read,
        notes,
        failed,
    })
}

/// Square views of one photo, normalised, one after the other.
struct Pixels {
    values: Vec<f32>,
    side: usize,
}

fn pixels(
    classifier: &Classifier,
    photo: &RgbImage,
    views: Views<'_>,
    stream: u64,
) -> Result<Pixels> {
    let preprocess = &classifier.config().preprocess;
    let plain = preprocess.apply(photo)?;
    let side = plain.image.width() as usize;
    let mut values = plain.to_vec(Layout::Nhwc);
    let one = values.len();
    values.resize(one * (1 + views.count), 0.0);
    // A little larger than what is sampled from it, so that a cropped view is not magnified.
    let larger = side as u32 * 9 / 8;
    let photo = resize(photo, larger, larger, Filter::Bilinear)?;
    let mut rng = ChaCha8Rng::seed_from_u64(views.seed);
    rng.set_stream(stream);
    for view in values[one..].chunks_exact_mut(one) {
        vary(
            &photo,
            side,
            preprocess.normalization,
            views.augment,
            &mut rng,
            view,
        );
    }
    Ok(Pixels { values, side })
}

fn pooled(classifier: &Classifier, pixels: &[f32], side: usize) -> Result<Tensor> {
    let images = pixels.chunks(BATCH * side * side * 3).map(|pixels| {
        let shape = (pixels.len() / (side * side * 3), side, side, 3);
        let pixels = Tensor::from_slice(pixels, shape, &Device::Cpu)?;
        let descriptors = classifier.descriptors(&pixels)?;
        descriptors.to_dtype(DType::F32)?.to_device(&Device::Cpu)
    });
    Ok(Tensor::cat(&images.collect::<Result<Vec<_>, _>>()?, 0)?)
}
