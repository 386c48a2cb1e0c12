//! A CLIP in training, with its optimiser.

use super::contrast::{Batch, Texts, gradients};
use super::data::Data;
use super::parameters::{Graph, Parameters};
use super::{ClipMode, ClipTrainConfig, LogRow, Run};
use crate::augment::vary;
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::clip::Encoder;
use crate::evaluate::clip::Metrics;
use crate::progress::Event;
use candle_core::{DType, Device, Tensor};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use wardrobe_embed::{ClipConfig, load_weights};
use wardrobe_ingest::Normalization;
use wardrobe_nn::optim::{AdamW, AdamWConfig, cosine_schedule};
use wardrobe_weights::Tensors;

pub(super) struct Trainer<'a> {
    config: &'a ClipTrainConfig,
    pub(super) device: Device,
    pub(super) network: ClipConfig,
    pub(super) parameters: Parameters,
    optimizer: AdamW,
    /// Features of all samples' texts, where they stay as they are.
    texts: Option<Tensor>,
    pub(super) progress: Progress<Metrics>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(config: &'a ClipTrainConfig, run: &Run, device: &Device) -> Result<Self> {
        let (network, initial) = match &run.init {
            Some(path) => initial_weights(config, path)?,
            None if config.mode == ClipMode::Full => (config.network(), BTreeMap::new()),
            None => {
                let problem = "this mode trains a part of given weights: name a file of them with --init, or set mode = \
                               \"full\" to train from scratch";
                return Err(Error::Start {
                    problem: problem.to_owned(),
                });
            }
        };
        let parameters = Parameters::new(config, network, initial, device)?;
        let adamw = AdamWConfig {
            beta2: 0.98,
            eps: 1e-6,
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        Ok(Self {
            config,
            device: device.clone(),
            network,
            optimizer: AdamW::new(parameters.vars().clone(), adamw)?,
            parameters,
            texts: None,
            progress: Progress::new(config)
                .map_err(std::io::Error::other)
                .at(&run.out)?,
        })
    }

    /// The network as it is now, for use.
    pub(super) fn encoder(&self) -> Result<Encoder> {
        Encoder::of(
            &self.parameters.network(Graph::None)?,
            self.network,
            &self.device,
        )
    }

    /// Computes once what does not change in a run.
    pub(super) fn prepare(&mut self, data: &Data) -> Result<()> {
        if self.config.mode.texts_stay() {
            let texts: Vec<&str> = data
                .samples
                .iter()
                .map(|sample| sample.pair.text.as_str())
                .collect();
            self.texts = Some(self.encoder()?.texts(&texts)?);
        }
        Ok(())
    }

    /// The learning rate at a step of an epoch of `steps`.
    fn rate_at(&self, epoch: usize, step: usize, steps: usize) -> f64 {
        let warmup = (self.config.warmup_epochs * steps as f64) as usize;
        let (step, total) = (epoch * steps + step, self.config.epochs * steps);
        self.config.learning_rate * cosine_schedule(step, total, warmup, 0.01)
    }

    /// The learning rate an epoch starts with.
    pub(super) fn rate(&self, data: &Data, epoch: usize) -> f64 {
        self.rate_at(epoch, 0, self.steps(data.epoch().len()))
    }

    /// Steps an epoch of so many samples; the last, smaller batch is left out.
    fn steps(&self, samples: usize) -> usize {
        (samples / self.config.batch_size).max(1)
    }

    /// One epoch; returns the mean loss.
    pub(super) fn learn(
        &mut self,
        data: &Data,
        epoch: usize,
        watch: &mut dyn FnMut(Event),
    ) -> Result<f32> {
        let config = self.config;
        // An epoch's draws depend on its number alone, so that a resumed run draws what an unbroken one would.
        let seed = config
            .seed
            .wrapping_mul(0x9e37_79b9)
            .wrapping_add(epoch as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order = data.epoch();
        order.shuffle(&mut rng);
        let steps = self.steps(order.len());
        let mut total = 0.0;
        for (step, samples) in order.chunks(config.batch_size).take(steps).enumerate() {
            let batch = self.batch(data, samples, rng.random())?;
            let (loss, norm) = self.step(&batch, self.rate_at(epoch, step, steps))?;
            if !loss.is_finite() || !norm.is_finite() {
                let files = samples.iter().map(|&i| data.samples[i].pair.path.clone());
                return Err(Error::Diverged {
                    loss,
                    epoch: epoch + 1,
                    step: step + 1,
                    files: files.collect(),
                });
            }
            total += loss;
            watch(Event::Step {
                epoch: epoch + 1,
                epochs: config.epochs,
                step: step + 1,
                steps,
                loss,
            });
        }
        Ok(total / steps as f32)
    }

    /// The loss, penalty included, and the norm of its gradients. Where one is not finite nothing is changed.
    fn step(&mut self, batch: &Batch, rate: f64) -> Result<(f32, f64)> {
        let config = self.config;
        let (loss, mut gradients) = gradients(&self.parameters, batch, config.micro_batch_size)?;
        let loss = loss
            + self
                .parameters
                .add_drift(config.drift_penalty, &mut gradients)?;
        let norm = gradients.clip(config.clip_norm);
        if loss.is_finite() && norm.is_finite() {
            self.optimizer
                .step(&gradients, |name| match name.starts_with("text.") {
                    true => rate * config.text_rate,
                    false => rate,
                })?;
            self.parameters.clamp_scale()?;
        }
        Ok((loss, norm))
    }

    fn batch(&self, data: &Data, samples: &[usize], seed: u64) -> Result<Batch> {
        let side = self.network.image.size;
        let image = side * side * 3;
        let mut pixels = vec![0f32; samples.len() * image];
        let drawn = pixels.par_chunks_mut(image).zip(samples).enumerate();
        drawn.try_for_each(|(i, (out, &sample))| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(i as u64));
            let photo = data.photo(&data.samples[sample])?;
            vary(
                &photo,
                side,
                Normalization::Clip,
                &self.config.augment,
                &mut rng,
                out,
            );
            Ok::<_, wardrobe_ingest::Error>(())
        })?;
        let texts = match &self.texts {
            Some(features) => {
                let rows = samples.iter().map(|&sample| sample as u32);
                Texts::Features(features.index_select(&Tensor::from_iter(rows, &self.device)?, 0)?)
            }
            None => Texts::Tokens(
                samples
                    .iter()
                    .map(|&i| data.samples[i].tokens.clone())
                    .collect(),
            ),
        };
        Ok(Batch {
            pixels: Tensor::from_vec(pixels, (samples.len(), side, side, 3), &self.device)?,
            texts,
        })
    }

    /// Writes a CLIP's parameters as f16, with what it takes to use them.
    pub(super) fn export(
        &self,
        weights: &BTreeMap<String, Tensor>,
        about: &[(&str, String)],
        path: &Path,
    ) -> Result<()> {
        let network = self
            .network
            .to_metadata()
            .map_err(std::io::Error::other)
            .at(path)?;
        let about = about
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let settings = ("training".to_owned(), self.progress.config.clone());
        let metadata: HashMap<String, String> = about.chain([network, settings]).collect();
        write_half(path, weights, metadata)
    }

    pub(super) fn checkpoint(&self, path: &Path) -> Result<()> {
        Checkpoint::of(
            self.parameters.tensors()?,
            self.optimizer.state()?,
            &self.progress,
        )
        .save(path)
    }

    /// Takes up the run in `out`, and returns its log.
    pub(super) fn resume(&mut self, run: &Run) -> Result<Vec<LogRow>> {
        let (checkpoint, rows) =
            checkpoint::resume::<LogRow>(run, &self.progress.config, &self.device)?;
        self.parameters.set(&checkpoint.weights)?;
        self.optimizer.restore(&checkpoint.optimizer)?;
        self.progress = checkpoint.progress;
        Ok(rows)
    }
}

/// The network of a file and its parameters.
fn initial_weights(
    config: &ClipTrainConfig,
    path: &Path,
) -> Result<(ClipConfig, BTreeMap<String, Tensor>)> {
    let file = Tensors::load(path)?;
    let said = ClipConfig::of(&file)?;
    if let (Some(said), Some(asked)) = (said, config.network)
        && said != asked
    {
        return Err(Error::Start {
            problem: format!(
                "{}: the file's network is {said:?}, the settings' {asked:?}: leave network out of the settings",
                path.display()
            ),
        });
    }
    let network = said.unwrap_or(config.network());
    let weights = load_weights(&network, &file)?.into_iter();
    let weights = weights.map(|(name, value)| Ok((name, value.to_dtype(DType::F32)?)));
    Ok((network, weights.collect::<Result<_>>()?))
}
