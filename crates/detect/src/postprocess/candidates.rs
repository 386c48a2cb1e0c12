//! Which anchor points see something, and where.

use super::Thresholds;
use super::nms::Candidate;
use crate::{Config, Level};
use candle_core::{DType, Device, Result, Storage, Tensor, bail};
use std::ops::Deref;
use wardrobe_types::BoxXyxy;

/// How many classes an anchor point may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Labels {
    /// The likeliest alone, as one detects.
    #[default]
    Best,
    /// Each that is likely enough, as one measures: a second guess can only add to the average precision.
    All,
}

/// The anchor points of one photo whose scores exceed the threshold, in the order of [`decode`](crate::decode()), with
/// their boxes in pixels of the input.
///
/// Boxes are decoded for these alone, most often a few dozen of thousands.
///
/// # Errors
/// Levels of other shapes than the network's, a batch without a photo of that number.
pub fn candidates(
    levels: &[Level],
    photo: usize,
    thresholds: &Thresholds,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for level in levels {
        let (_, _, w, classes) = level.class_logits.dims4()?;
        let logits = of_photo(&level.class_logits, photo)?;
        let distances = of_photo(&level.distance_logits, photo)?;
        with_values(&logits, |logits| {
            with_values(&distances, |distances| {
                let rows = logits.chunks_exact(classes.max(1));
                let anchors = rows.zip(distances.chunks_exact(4 * Config::REG_MAX));
                for (i, (logits, distances)) in anchors.enumerate() {
                    let bbox = || decoded_box((i % w, i / w), distances, level.stride);
                    add_anchor(logits, bbox, thresholds, &mut found);
                }
            })
        })??;
    }
    Ok(found)
}

/// Adds what one anchor point sees.
fn add_anchor(
    logits: &[f32],
    bbox: impl Fn() -> BoxXyxy,
    thresholds: &Thresholds,
    found: &mut Vec<Candidate>,
) {
    // A logit is compared first, as a sigmoid costs more; by a little less, as rounding may go either way.
    let likely = thresholds.logit() - 1e-3;
    let best = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    if best <= likely {
        return;
    }
    let seen = |(class, &logit): (usize, &f32)| {
        let wanted = match thresholds.labels {
            Labels::Best => logit == best,
            Labels::All => logit > likely,
        };
        wanted.then(|| (class, sigmoid(logit)))
    };
    let most = match thresholds.labels {
        Labels::Best => 1,
        Labels::All => logits.len(),
    };
    // The filter comes last: an anchor point whose best class is not wanted does not see its second best.
    let seen = logits.iter().enumerate().filter_map(seen).take(most);
    let bbox = std::cell::LazyCell::new(bbox);
    for (class, score) in seen.filter(|&(class, score)| thresholds.admits(class, score)) {
        found.push(Candidate {
            bbox: *bbox,
            class,
            score,
        });
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The box around the middle of cell `(x, y)`.
fn decoded_box((x, y): (usize, usize), logits: &[f32], stride: usize) -> BoxXyxy {
    let (x, y, stride) = (x as f32 + 0.5, y as f32 + 0.5, stride as f32);
    let side = |i: usize| mean_distance(&logits[i * Config::REG_MAX..][..Config::REG_MAX]);
    BoxXyxy {
        x0: (x - side(0)) * stride,
        y0: (y - side(1)) * stride,
        x1: (x + side(2)) * stride,
        y1: (y + side(3)) * stride,
    }
}

/// The mean of 0, 1, 2 ... under the distribution that the logits give.
fn mean_distance(logits: &[f32]) -> f32 {
    let max = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (i, logit) in logits.iter().enumerate() {
        let p = (logit - max).exp();
        sum += p;
        weighted += p * i as f32;
    }
    weighted / sum
}

fn of_photo(tensor: &Tensor, photo: usize) -> Result<Tensor> {
    tensor
        .get(photo)?
        .to_device(&Device::Cpu)?
        .to_dtype(DType::F32)?
        .contiguous()
}

/// Reads a contiguous tensor's values in place.
fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match (storage.deref(), layout.contiguous_offsets()) {
        (Storage::Cpu(values), Some((start, end))) => {
            Ok(read(&values.as_slice::<f32>()?[start..end]))
        }
        _ => bail!("expected a contiguous tensor on the CPU, got {layout:?}"),
    }
}
