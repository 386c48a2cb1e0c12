//! A network in training, with its optimiser and its average.

use super::data::Data;
use super::loader::{Batch, batches};
use super::loss::detection_losses;
use super::schedule::Schedule;
use super::validate::{Metrics, measure};
use super::{DetectConfig, LogRow, Run};
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::error::{AtPath, Error, Result};
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wardrobe_detect::{Config, Detector, DetectorConfig, Thresholds, Yolo, load_weights};
use wardrobe_ingest::LetterboxOptions;
use wardrobe_nn::optim::{Ema, Gradients, Group, Optimizer, ParamKind};
use wardrobe_nn::{Mode, VarStore};
use wardrobe_weights::Tensors;

pub(super) struct Trainer<'a> {
    config: &'a DetectConfig,
    device: Device,
    /// What the weights will say of themselves.
    described: DetectorConfig,
    store: VarStore,
    network: Yolo,
    trainable: BTreeMap<String, Var>,
    schedule: Schedule,
    optimizer: Optimizer,
    average: Ema,
    /// Running statistics that are neither given nor measured yet.
    unmeasured: Vec<String>,
    pub(super) progress: Progress<Metrics>,
}

/// An epoch's means.
pub(super) struct Learned {
    /// With the gains.
    pub(super) loss: f32,
    /// Boxes, classes, distances, without the gains.
    pub(super) terms: [f32; 3],
    /// The rate once warmed up.
    pub(super) rate: f64,
}

/// Gradients since the optimiser's last step, and the photos they are of.
#[derive(Default)]
struct Gathered {
    gradients: Gradients,
    batches: usize,
    samples: Vec<usize>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(
        config: &'a DetectConfig,
        run: &Run,
        data: &Data,
        device: &Device,
    ) -> Result<Self> {
        let network_config = Config {
            variant: config.variant,
            classes: data.names.len(),
        };
        let letterbox = LetterboxOptions {
            stride: Some(32),
            ..LetterboxOptions::square(config.eval_size() as u32)
        };
        let described = DetectorConfig {
            letterbox,
            ..DetectorConfig::new(network_config, data.names.clone())
        };
        let initial = match &run.init {
            Some(path) => initial_weights(&described, path)?,
            None => BTreeMap::new(),
        };
        let given: BTreeSet<String> = initial.keys().cloned().collect();
        let store = VarStore::with_initial(initial, config.seed, DType::F32, device);
        let network = Yolo::new(&network_config, store.builder())?;
        let trainable = store.trainable();
        let mut unmeasured: Vec<String> = store.vars().into_keys().collect();
        unmeasured.retain(|name| !trainable.contains_key(name) && !given.contains(name));
        let (photos, batches) = (data.samples.len(), data.batches(config));
        let schedule = Schedule::new(config, photos, batches, data.names.len());
        Ok(Self {
            config,
            device: device.clone(),
            described,
            optimizer: Optimizer::new(trainable.clone(), schedule.optimizer, Group::usual)?,
            schedule,
            average: Ema::new(&store.vars(), config.ema_decay, config.ema_warmup)?,
            network,
            store,
            trainable,
            unmeasured,
            progress: Progress::new(config)
                .map_err(std::io::Error::other)
                .at(&run.out)?,
        })
    }

    /// One epoch.
    pub(super) fn learn(
        &mut self,
        data: &Data,
        epoch: usize,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Learned> {
        let config = self.config;
        // An epoch's draws depend on its number alone, so that a resumed run draws what an unbroken one would.
        let seed = config
            .seed
            .wrapping_mul(0x9e37_79b9)
            .wrapping_add(epoch as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..data.samples.len()).collect();
        order.shuffle(&mut rng);
        let order: Vec<Vec<usize>> = order.chunks(config.batch_size).map(<[_]>::to_vec).collect();
        let steps = order.len();
        let drawn = (
            config.image_size_in(epoch),
            config.augment_in(epoch),
            rng.random(),
        );
        let (mut sums, mut gathered) = ([0f32; 4], Gathered::default());
        std::thread::scope(|scope| {
            for (step, batch) in batches(scope, data, order, drawn).into_iter().enumerate() {
                for reason in &batch.failures {
                    watch(Event::Skipped {
                        reason: reason.clone(),
                    });
                }
                let diverged = |loss: f32, samples: &[usize]| Error::Diverged {
                    loss,
                    epoch: epoch + 1,
                    step: step + 1,
                    files: files(data, samples),
                };
                self.measure_statistics(&batch)?;
                let losses = self.gather(&batch, &mut gathered)?;
                if !losses[0].is_finite() {
                    return Err(diverged(losses[0], &batch.samples));
                }
                let done = epoch * steps + step;
                // What is gathered does not outlast an epoch, so that a run can be resumed between any two.
                if gathered.batches >= self.schedule.gathered(done) || step + 1 == steps {
                    let norm = self.step(&mut gathered.gradients, done, epoch)?;
                    if !norm.is_finite() {
                        return Err(diverged(losses[0], &gathered.samples));
                    }
                    gathered = Gathered::default();
                }
                sums.iter_mut()
                    .zip(losses)
                    .for_each(|(sum, loss)| *sum += loss);
                watch(Event::Step {
                    epoch: epoch + 1,
                    epochs: config.epochs,
                    step: step + 1,
                    steps,
                    loss: losses[0],
                });
            }
            Ok(())
        })?;
        let [loss, boxes, classes, distances] = sums.map(|sum| sum / steps as f32);
        Ok(Learned {
            loss,
            terms: [boxes, classes, distances],
            rate: self.schedule.rate_in(epoch),
        })
    }

    /// Sets running statistics that nobody gave to those of a first batch. From the usual mean of 0 and variance of 1,
    /// a run over little data ends before a momentum of 0.03 has forgotten where they began, and finds nothing.
    fn measure_statistics(&mut self, batch: &Batch) -> Result<()> {
        if self.unmeasured.is_empty() {
            return Ok(());
        }
        let vars = self.store.vars();
        let unmeasured = std::mem::take(&mut self.unmeasured);
        for name in &unmeasured {
            vars[name].set(&vars[name].zeros_like()?)?;
        }
        let (n, side) = (self.at_a_time(batch), batch.side);
        let pixels = &batch.pixels[..n * side * side * 3];
        let x = Tensor::from_slice(pixels, (n, side, side, 3), &self.device)?;
        self.network.forward(&x, Mode::Train)?;
        for name in &unmeasured {
            vars[name].set(&(vars[name].as_detached_tensor() / Config::BN_MOMENTUM)?)?;
        }
        self.average = Ema::new(&vars, self.config.ema_decay, self.config.ema_warmup)?;
        Ok(())
    }

    /// Photos of a batch that go through the network together.
    fn at_a_time(&self, batch: &Batch) -> usize {
        let n = batch.samples.len();
        match self.config.micro_batch_size {
            0 => n,
            size => size.min(n),
        }
    }

    /// Adds a batch's gradients; returns its mean loss and the three terms.
    fn gather(&self, batch: &Batch, gathered: &mut Gathered) -> Result<[f32; 4]> {
        let (n, side) = (batch.samples.len(), batch.side);
        let at_a_time = self.at_a_time(batch);
        let mut sums = [0f32; 4];
        let pixels = batch.pixels.chunks(at_a_time * side * side * 3);
        for (pixels, targets) in pixels.zip(batch.targets.chunks(at_a_time)) {
            let m = targets.len();
            let x = Tensor::from_slice(pixels, (m, side, side, 3), &self.device)?;
            let levels = self.network.forward(&x, Mode::Train)?;
            let losses = detection_losses(&levels, targets)?;
            let total = losses.total(&self.config.gains)?;
            // Summed over photos, not averaged: the recipe's rates and clipping are meant for this.
            let gradients = (&total * m as f64)?.backward()?;
            gathered.gradients.add(&self.trainable, &gradients)?;
            let terms = [&total, &losses.boxes, &losses.classes, &losses.distances];
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += term.to_scalar::<f32>()? * m as f32 / n as f32;
            }
        }
        gathered.batches += 1;
        gathered.samples.extend(&batch.samples);
        Ok(sums)
    }

    /// Moves the weights, unless the gradients' norm, which is returned, is not finite.
    fn step(&mut self, gradients: &mut Gradients, batch: usize, epoch: usize) -> Result<f64> {
        let norm = gradients.clip(self.config.clip_norm);
        if norm.is_finite() {
            let (schedule, vars) = (self.schedule, &self.trainable);
            self.optimizer.set_momentum(schedule.momentum(batch))?;
            self.optimizer.step(gradients, |name| {
                schedule.rate(batch, epoch, ParamKind::of(name, &vars[name]))
            })?;
            self.average.update(&self.store.vars())?;
        }
        Ok(norm)
    }

    /// The averaged network on the validation photos, as it would be used.
    pub(super) fn validate(&self, data: &Data, watch: &mut dyn FnMut(Event)) -> Result<Metrics> {
        let (name, value) = self.metadata("the weights in training")?;
        let weights = Tensors {
            map: self.average.tensors(&self.store.vars())?,
            metadata: [(name, value)].into(),
            file: "the weights in training".to_owned(),
        };
        let detector =
            Detector::new(&weights, &self.device)?.with_thresholds(Thresholds::measuring())?;
        measure(&detector, &data.val, &mut |reason| {
            watch(Event::Skipped { reason })
        })
    }

    fn metadata(&self, path: impl Into<PathBuf>) -> Result<(String, String)> {
        self.described
            .to_metadata()
            .map_err(std::io::Error::other)
            .at(path)
    }

    /// Writes the averaged weights as f16, with the settings that using them takes.
    pub(super) fn export(&self, path: &Path) -> Result<()> {
        let metadata = self.metadata(path)?;
        let tensors = self.average.tensors(&self.store.vars())?;
        write_half(path, &tensors, [metadata].into())
    }

    pub(super) fn checkpoint(&self, path: &Path) -> Result<()> {
        Checkpoint::of(
            self.store.tensors()?,
            self.optimizer.state()?,
            &self.progress,
        )
        .with_average(&self.average, &self.store.vars())?
        .save(path)
    }

    pub(super) fn resume(&mut self, run: &Run) -> Result<Vec<LogRow>> {
        let (checkpoint, rows) =
            checkpoint::resume::<LogRow>(run, &self.progress.config, &self.device)?;
        self.store.set(&checkpoint.weights)?;
        self.optimizer.restore(&checkpoint.optimizer)?;
        self.average
            .restore(&checkpoint.average, checkpoint.progress.average_updates)?;
        self.progress = checkpoint.progress;
        self.unmeasured.clear();
        Ok(rows)
    }
}

/// The photos of samples, each once.
fn files(data: &Data, samples: &[usize]) -> Vec<PathBuf> {
    samples
        .iter()
        .map(|&sample| data.samples[sample].path.clone())
        .collect()
}

/// The weights of a file; class branches for other classes are left out.
fn initial_weights(described: &DetectorConfig, path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let file = Tensors::load(path)?;
    let ours = DetectorConfig::of(&file).is_ok_and(|found| found.names == described.names);
    Ok(load_weights(&described.network, &file, !ours)?)
}
