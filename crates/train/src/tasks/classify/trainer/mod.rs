//! A network in training, with its optimiser and its average.

mod objective;
mod validation;

use super::data::{Data, TrainSample};
use super::{LogRow, Run};
use crate::TrainConfig;
use crate::augment::vary;
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::classify::Metrics;
use crate::mix::Mix;
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use wardrobe_classify::{ClassifierConfig, Config, EfficientNet, load_weights};
use wardrobe_ingest::resize::Filter;
use wardrobe_ingest::{ChannelOrder, Geometry, Normalization, Preprocess};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Ema, Gradients, cosine_schedule};
use wardrobe_nn::{Linear, Rng, VarStore};
use wardrobe_types::Category;
use wardrobe_weights::Tensors;

pub(super) struct Trainer<'a> {
    config: &'a TrainConfig,
    device: Device,
    network_config: Config,
    store: VarStore,
    network: EfficientNet,
    /// Heads for the data's facets.
    facets: Vec<Linear>,
    rng: Rng,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    average: Ema,
    /// The weights that the run began with, where they are kept a share of.
    initial: BTreeMap<String, Tensor>,
    frozen_epochs: usize,
    pub(super) progress: Progress<Metrics>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(
        config: &'a TrainConfig,
        run: &Run,
        data: &Data,
        device: &Device,
    ) -> Result<Self> {
        let network_config = Config {
            dropout: config.dropout,
            stochastic_depth: config.stochastic_depth,
            ..Config::new(Category::ALL.len())
        };
        let initial = match &run.init {
            Some(path) => initial_weights(&network_config, path)?,
            None => BTreeMap::new(),
        };
        if config.init_share > 0.0 && !initial.contains_key("classifier.weight") {
            let problem = format!(
                "init_share = {} keeps a share of the weights that --init names, with --resume too: name a classifier of \
                 this program",
                config.init_share
            );
            return Err(Error::Start { problem });
        }
        let kept = match config.init_share > 0.0 {
            true => initial.clone(),
            false => BTreeMap::new(),
        };
        let store = VarStore::with_initial(initial, config.seed, DType::F32, device);
        let rng = Rng::new(config.seed);
        let network = EfficientNet::new(&network_config, &rng, store.builder())?;
        let facets = match config.facet_weight > 0.0 {
            true => facet_heads(&data.facets, &store)?,
            false => Vec::new(),
        };
        let trainable = store.trainable();
        let adamw = AdamWConfig {
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        Ok(Self {
            config,
            device: device.clone(),
            network_config,
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            // Averaging over about a thousandth of 1 / (1 - decay) warms up in a few hundred steps.
            average: Ema::new(
                &store.vars(),
                config.ema_decay,
                0.2 / (1.0 - config.ema_decay),
            )?,
            initial: kept,
            network,
            facets,
            store,
            rng,
            trainable,
            frozen_epochs: if run.init.is_some() {
                config.frozen_epochs
            } else {
                0
            },
            progress: Progress::new(config)
                .map_err(std::io::Error::other)
                .at(&run.out)?,
        })
    }

    pub(super) fn schedule(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let warmup = (self.config.warmup_epochs * steps_per_epoch as f64) as usize;
        cosine_schedule(step, self.config.epochs * steps_per_epoch, warmup, 0.01)
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
        self.rng.reseed(seed ^ 0xd2b7);
        let mut order: Vec<usize> = (0..data.samples.len()).collect();
        order.shuffle(&mut rng);
        let (steps, side) = (data.steps(config), config.image_size_in(epoch));
        let mut total = 0.0;
        for (step, batch) in order.chunks(config.batch_size).take(steps).enumerate() {
            let batch: Vec<&TrainSample> = batch.iter().map(|&i| &data.samples[i]).collect();
            let (seed, mix) = (rng.random(), self.mix(side, &mut rng));
            let x = self.batch(data, &batch, side, seed, mix)?;
            let own = mix.map(|mix| mix.own(side));
            let loss = self.loss(&x, &batch, own, data, epoch)?;
            let value = loss.to_scalar::<f32>()?;
            let mut gradients = Gradients::default();
            gradients.add(&self.trainable, &loss.backward()?)?;
            // A gradient can overflow where the loss does not yet; the weights would be lost a step later.
            let norm = gradients.clip(config.clip_norm);
            if !value.is_finite() || !norm.is_finite() {
                let files = batch.iter().map(|sample| sample.path.clone()).collect();
                return Err(Error::Diverged {
                    loss: value,
                    epoch: epoch + 1,
                    step: step + 1,
                    files,
                });
            }
            let rate = config.learning_rate * self.schedule(epoch * steps + step, steps);
            let frozen = epoch < self.frozen_epochs;
            self.optimizer.step(&gradients, |name| {
                if frozen && !is_head(name) { 0.0 } else { rate }
            })?;
            self.average.update(&self.store.vars())?;
            total += value;
            watch(Event::Step {
                epoch: epoch + 1,
                epochs: config.epochs,
                step: step + 1,
                steps,
                loss: value,
            });
        }
        Ok(total / steps as f32)
    }

    /// Draws how the next batch is mixed; where none is, nothing is drawn.
    fn mix(&self, side: usize, rng: &mut ChaCha8Rng) -> Option<Mix> {
        let (mixup, cutmix) = (self.config.mixup, self.config.cutmix);
        (mixup + cutmix > 0.0)
            .then(|| Mix::draw(mixup, cutmix, side, rng))
            .flatten()
    }

    /// Varied photos (n, side, side, 3).
    fn batch(
        &self,
        data: &Data,
        batch: &[&TrainSample],
        side: usize,
        seed: u64,
        mix: Option<Mix>,
    ) -> Result<Tensor> {
        let image = side * side * 3;
        let mut pixels = vec![0f32; batch.len() * image];
        pixels
            .par_chunks_mut(image)
            .zip(batch)
            .enumerate()
            .for_each(|(i, (out, sample))| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(i as u64));
                if let Some(photo) = data.train.get(sample.photo) {
                    let norm = Normalization::ImageNet;
                    vary(photo, side, norm, &self.config.augment, &mut rng, out);
                }
            });
        if let Some(mix) = mix {
            mix.apply(&mut pixels, side);
        }
        let shape = (batch.len(), side, side, 3);
        Ok(Tensor::from_vec(pixels, shape, &self.device)?)
    }

    /// The averaged weights, with a share of those that the run began with.
    fn kept(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = self.average.tensors(&self.store.vars())?;
        let share = self.config.init_share;
        for (name, first) in &self.initial {
            if let Some(last) = tensors.get_mut(name).filter(|last| last.dtype().is_float()) {
                let first = first.to_device(last.device())?.to_dtype(last.dtype())?;
                *last = ((&*last * (1.0 - share))? + (first * share)?)?;
            }
        }
        Ok(tensors)
    }

    fn averaged(&self) -> Result<EfficientNet> {
        let tensors = self.kept()?.into_iter().collect();
        let vb = VarBuilder::from_tensors(tensors, DType::F32, &self.device);
        Ok(EfficientNet::new(&self.network_config, &self.rng, vb)?)
    }

    /// Writes the weights that are kept as f16, with the settings that using them takes.
    pub(super) fn export(&self, path: &Path) -> Result<()> {
        let side = self.config.eval_size() as u32;
        let geometry = Geometry::Squash {
            width: side,
            height: side,
            filter: Filter::Bilinear,
        };
        let config = ClassifierConfig {
            network: self.network_config,
            categories: Category::ALL.to_vec(),
            preprocess: Preprocess {
                geometry,
                normalization: Normalization::ImageNet,
                channel_order: ChannelOrder::Rgb,
            },
            sharpness: 1.0,
        };
        let metadata = config
            .to_metadata()
            .map_err(std::io::Error::other)
            .at(path)?;
        let mut tensors = self.kept()?;
        tensors.retain(|name, _| !name.starts_with(FACETS));
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
        Ok(rows)
    }
}

/// The weights of a file; a head for other classes is left out.
fn initial_weights(config: &Config, path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let file = Tensors::load(path)?;
    let ours = ClassifierConfig::of(&file).is_ok_and(|found| found.categories == Category::ALL);
    Ok(load_weights(config, &file, !ours)?)
}

/// Where the heads of facets have their parameters.
const FACETS: &str = "facets";

fn facet_heads(values: &[usize], store: &VarStore) -> Result<Vec<Linear>> {
    let head = |(i, &values): (usize, &usize)| {
        let vb = store.builder().pp(FACETS).pp(i);
        Linear::new(EfficientNet::FEATURES, values, vb)
    };
    Ok(values
        .iter()
        .enumerate()
        .map(head)
        .collect::<Result<_, _>>()?)
}

fn is_head(name: &str) -> bool {
    name.starts_with("classifier.") || name.starts_with(FACETS)
}
