//! Trains a head: a linear map of the classifier's descriptors, as the embedder and the tagger are.
//!
//! The network itself stays. Descriptors of every photo and of its varied views are at hand; a task says which views a step
//! learns from, what the loss is, how an epoch is measured and what is written of it.

use super::epochs::{self, Limits, Row, Task};
use super::{Run, Summary};
use crate::checkpoint::{self, Checkpoint, Progress};
use crate::error::{AtPath, Error, Result};
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients, cosine_schedule};
use wardrobe_nn::{Dropout, Linear, Mode, Rng, VarStore};

/// What a head is to learn, and what becomes of it.
pub(super) trait Head {
    /// The run's settings, kept in its checkpoint.
    type Config: Serialize;
    /// A line of the run's log.
    type Row: Row;

    /// Numbers that the map gives of a photo.
    const OUTPUTS: usize;

    fn config(&self) -> &Self::Config;

    /// What of the settings the training is done by.
    fn training(&self) -> Training;

    /// (photos, 1 + views, features): of each photo first as it is, then varied.
    fn descriptors(&self) -> &Tensor;

    /// The views of a batch's photos that a step learns from, of so many of each: (photo, view).
    fn draw(&self, batch: &[usize], views: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)>;

    /// The loss of what the map makes of the views drawn.
    ///
    /// # Shapes
    /// `outputs` (views drawn, [`Self::OUTPUTS`]) -> ()
    fn loss(&self, outputs: &Tensor, batch: &[usize]) -> Result<Tensor>;

    fn validate(&self, map: &Map) -> Result<Metrics<Self>>;

    fn row(epoch: Epoch, metrics: Metrics<Self>) -> Self::Row;

    /// Writes the weights for use.
    fn export(&self, map: &Map, path: &Path) -> Result<()>;
}

/// A head's validation metrics.
pub(super) type Metrics<H> = <<H as Head>::Row as Row>::Metrics;

/// The settings that heads share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Training {
    pub(super) epochs: usize,
    /// Photos a step.
    pub(super) batch_size: usize,
    /// AdamW's highest rate.
    pub(super) learning_rate: f64,
    pub(super) weight_decay: f64,
    pub(super) warmup_epochs: f64,
    /// Share of the descriptors dropped in a step. A task without dropout draws no seed for it.
    pub(super) dropout: Option<f32>,
    pub(super) seed: u64,
}

/// What there is to tell of an epoch's learning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch {
    /// From 1.
    pub(super) number: usize,
    /// At its first step.
    pub(super) learning_rate: f64,
    /// The mean over its batches.
    pub(super) train_loss: f32,
    pub(super) seconds: f64,
}

/// Trains until the last epoch and keeps the weights of the best one.
pub(super) fn train<H: Head>(
    head: &H,
    run: &Run,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary<Metrics<H>>> {
    let mut trainer = Trainer::new(head, run)?;
    let limits = Limits {
        epochs: trainer.training.epochs,
        patience: 0,
    };
    let log = epochs::begin(&mut trainer, run)?;
    epochs::run(&mut trainer, run, limits, log, watch)
}

/// A linear map of descriptors less their mean, over their spread.
pub(super) struct Map {
    /// (1, features)
    mean: Tensor,
    /// (1, features)
    spread: Tensor,
    store: VarStore,
    linear: Linear,
}

impl Map {
    /// A map yet to learn, for descriptors spread as those of `photos`.
    ///
    /// # Shapes
    /// `photos` (photos, features)
    fn new(photos: &Tensor, outputs: usize, seed: u64) -> Result<Self> {
        let mean = photos.mean_keepdim(0)?;
        let spread = (photos.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)? + 1e-6)?.sqrt()?;
        let store = VarStore::new(seed, DType::F32, &Device::Cpu);
        let linear = Linear::new(photos.dim(1)?, outputs, store.builder())?;
        Ok(Self {
            mean,
            spread,
            store,
            linear,
        })
    }

    fn standardized(&self, descriptors: &Tensor) -> Result<Tensor> {
        let centred = descriptors.broadcast_sub(&self.mean)?;
        Ok(centred.broadcast_div(&self.spread)?)
    }

    /// # Shapes
    /// (n, features) -> (n, outputs)
    pub(super) fn forward(&self, descriptors: &Tensor) -> Result<Tensor> {
        Ok(self.linear.forward(&self.standardized(descriptors)?)?)
    }

    /// The weight and the bias of the same map of plain descriptors.
    ///
    /// # Shapes
    /// (outputs, features) and (outputs)
    pub(super) fn plain(&self) -> Result<(Tensor, Tensor)> {
        let tensors = self.store.tensors()?;
        let weight = tensors["weight"].broadcast_div(&self.spread)?;
        let shift = weight.matmul(&self.mean.t()?)?.squeeze(1)?;
        let bias = (&tensors["bias"] - shift)?;
        Ok((weight, bias))
    }
}

struct Trainer<'a, H: Head> {
    head: &'a H,
    training: Training,
    map: Map,
    masks: Option<Masks>,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    progress: Progress<Metrics<H>>,
}

/// Dropout, with the generator that draws it.
struct Masks {
    dropout: Dropout,
    rng: Rng,
}

impl<'a, H: Head> Trainer<'a, H> {
    fn new(head: &'a H, run: &Run) -> Result<Self> {
        let training = head.training();
        let photos = head.descriptors().narrow(1, 0, 1)?.squeeze(1)?;
        let map = Map::new(&photos, H::OUTPUTS, training.seed)?;
        let trainable = map.store.trainable();
        let adamw = AdamWConfig {
            weight_decay: training.weight_decay,
            ..AdamWConfig::default()
        };
        Ok(Self {
            head,
            training,
            map,
            masks: training.dropout.map(|p| Masks::new(p, training.seed)),
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            trainable,
            progress: Progress::new(head.config())
                .map_err(std::io::Error::other)
                .at(&run.out)?,
        })
    }

    /// Steps an epoch; the last, smaller batch is left out.
    fn steps(&self) -> Result<usize> {
        let photos = self.head.descriptors().dim(0)?;
        Ok((photos / self.training.batch_size).max(1))
    }

    /// The learning rate at a step, counted from the first epoch's first.
    fn rate(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let training = &self.training;
        let warmup = (training.warmup_epochs * steps_per_epoch as f64) as usize;
        let steps = training.epochs * steps_per_epoch;
        training.learning_rate * cosine_schedule(step, steps, warmup, 0.01)
    }

    /// Of the views drawn of a batch's photos.
    fn loss(&self, batch: &[usize], rng: &mut ChaCha8Rng) -> Result<Tensor> {
        let descriptors = self.head.descriptors();
        let views = descriptors.dim(1)?;
        let drawn = self.head.draw(batch, views, rng).into_iter();
        let rows: Vec<u32> = drawn
            .map(|(photo, view)| (photo * views + view) as u32)
            .collect();
        let rows = Tensor::new(rows, &Device::Cpu)?;
        let drawn = descriptors.flatten(0, 1)?.index_select(&rows, 0)?;
        let mut inputs = self.map.standardized(&drawn)?;
        if let Some(masks) = &self.masks {
            inputs = masks.dropout.forward(&inputs, Mode::Train)?;
        }
        self.head.loss(&self.map.linear.forward(&inputs)?, batch)
    }
}

impl Masks {
    fn new(p: f32, seed: u64) -> Self {
        let rng = Rng::new(seed);
        Self {
            dropout: Dropout::new(p, rng.clone()),
            rng,
        }
    }
}

impl<H: Head> Task for Trainer<'_, H> {
    type Row = H::Row;
    type Learned = f32;
    type Measured = Metrics<H>;

    fn progress(&mut self) -> &mut Progress<Metrics<H>> {
        &mut self.progress
    }

    fn resume(&mut self, run: &Run) -> Result<Vec<H::Row>> {
        let (checkpoint, rows) =
            checkpoint::resume::<H::Row>(run, &self.progress.config, &Device::Cpu)?;
        self.map.store.set(&checkpoint.weights)?;
        self.optimizer.restore(&checkpoint.optimizer)?;
        self.progress = checkpoint.progress;
        Ok(rows)
    }

    fn learn(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<f32> {
        let Training {
            epochs,
            batch_size,
            seed,
            ..
        } = self.training;
        // An epoch's draws depend on its number alone, so that a resumed run draws what an unbroken one would.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1 + epoch as u64);
        if let Some(masks) = &self.masks {
            masks.rng.reseed(rng.random());
        }
        let mut order: Vec<usize> = (0..self.head.descriptors().dim(0)?).collect();
        order.shuffle(&mut rng);
        let steps = self.steps()?;
        let mut total = 0.0;
        for (step, batch) in order.chunks(batch_size).take(steps).enumerate() {
            let loss = self.loss(batch, &mut rng)?;
            let value = loss.to_scalar::<f32>()?;
            if !value.is_finite() {
                return Err(Error::Diverged {
                    loss: value,
                    epoch: epoch + 1,
                    step: step + 1,
                    files: Vec::<PathBuf>::new(),
                });
            }
            let mut gradients = Gradients::default();
            gradients.add(&self.trainable, &loss.backward()?)?;
            let rate = self.rate(epoch * steps + step, steps);
            self.optimizer.step(&gradients, |_| rate)?;
            total += value;
            watch(Event::Step {
                epoch: epoch + 1,
                epochs,
                step: step + 1,
                steps,
                loss: value,
            });
        }
        Ok(total / steps as f32)
    }

    fn validate(&mut self, _: usize, _: &mut dyn FnMut(Event)) -> Result<Metrics<H>> {
        self.head.validate(&self.map)
    }

    fn row(&self, epoch: usize, loss: f32, metrics: Metrics<H>, seconds: f64) -> Result<H::Row> {
        let steps = self.steps()?;
        let about = Epoch {
            number: epoch + 1,
            learning_rate: self.rate(epoch * steps, steps),
            train_loss: loss,
            seconds,
        };
        Ok(H::row(about, metrics))
    }

    fn export(&self, path: &Path) -> Result<()> {
        self.head.export(&self.map, path)
    }

    fn checkpoint(&self, path: &Path) -> Result<()> {
        Checkpoint::of(
            self.map.store.tensors()?,
            self.optimizer.state()?,
            &self.progress,
        )
        .save(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_of_plain_descriptors_is_the_same_one() {
        let photos = [[1f32, 10.0], [3.0, -20.0], [2.5, 50.0]];
        let photos = Tensor::new(&photos, &Device::Cpu).unwrap();
        let map = Map::new(&photos, 4, 7).unwrap();
        let (weight, bias) = map.plain().unwrap();
        let plain = photos.matmul(&weight.t().unwrap()).unwrap();
        let plain = plain.broadcast_add(&bias).unwrap();
        let values = |outputs: Tensor| outputs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let expected = values(map.forward(&photos).unwrap());
        for (got, expected) in values(plain).into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-5, "{got}, not {expected}");
        }
    }
}
