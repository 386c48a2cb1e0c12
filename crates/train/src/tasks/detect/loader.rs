//! Batches, made ahead of the step that learns from them.

use super::assign::Target;
use super::config::DetectAugment;
use super::data::Data;
use super::view::View;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

/// Photos as the network sees them, and the garments in them.
pub(super) struct Batch {
    /// The samples' numbers.
    pub(super) samples: Vec<usize>,
    pub(super) side: usize,
    /// n * side * side * 3, RGB in 0..=1.
    pub(super) pixels: Vec<f32>,
    /// In pixels of the view.
    pub(super) targets: Vec<Vec<Target>>,
    /// Photos that could not be read, and why.
    pub(super) failures: Vec<String>,
}

/// Batches that wait for the network.
const AHEAD: usize = 2;

/// Makes the batches of an epoch on another thread. What is drawn depends on the seed and the batch's place alone.
pub(super) fn batches<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    data: &'env Data,
    order: Vec<Vec<usize>>,
    (side, augment, seed): (usize, DetectAugment, u64),
) -> Receiver<Batch> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        for (place, samples) in order.into_iter().enumerate() {
            let seed = seed.wrapping_add((place as u64) << 32);
            let batch = batch(data, samples, side, &augment, seed);
            // The run has stopped where nobody receives.
            if sender.send(batch).is_err() {
                return;
            }
        }
    });
    receiver
}

fn batch(
    data: &Data,
    samples: Vec<usize>,
    side: usize,
    augment: &DetectAugment,
    seed: u64,
) -> Batch {
    let image = side * side * 3;
    let mut pixels = vec![0f32; samples.len() * image];
    let targets = pixels
        .par_chunks_mut(image)
        .zip(&samples)
        .enumerate()
        .map(|(i, (out, &sample))| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(i as u64));
            let from = (sample, &data.samples[..], &data.photos);
            let view = View::draw(from, side, augment, &mut rng);
            view.render(out);
            view.targets(&data.samples)
        })
        .collect();
    Batch {
        samples,
        side,
        pixels,
        targets,
        failures: data.photos.take_failures(),
    }
}
