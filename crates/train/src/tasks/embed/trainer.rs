//! The linear map in training.

use super::data::{Data, Label, Relations};
use super::{EmbedConfig, LogRow, Run};
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::embed::Metrics;
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_embed::StarterEmbedder;
use wardrobe_nn::loss::supervised_contrastive;
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients, cosine_schedule};
use wardrobe_nn::{Linear, VarStore};
use wardrobe_weights::LinearHead;

pub(super) struct Trainer<'a> {
    config: &'a EmbedConfig,
    /// Descriptors less their mean, over their spread, are what the map takes.
    mean: Tensor,
    spread: Tensor,
    store: VarStore,
    map: Linear,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    pub(super) progress: Progress<Metrics>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(config: &'a EmbedConfig, run: &Run, data: &Data) -> Result<Self> {
        let store = VarStore::new(config.seed, DType::F32, &Device::Cpu);
        let (inputs, outputs) = (StarterEmbedder::DESCRIPTORS, StarterEmbedder::DIMENSION);
        let map = Linear::new(inputs, outputs, store.builder())?;
        let trainable = store.trainable();
        let adamw = AdamWConfig {
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        let photos = data.descriptors.narrow(1, 0, 1)?.squeeze(1)?;
        let mean = photos.mean_keepdim(0)?;
        let spread = (photos.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)? + 1e-6)?.sqrt()?;
        Ok(Self {
            config,
            mean,
            spread,
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            store,
            map,
            trainable,
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
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(1 + epoch as u64);
        let mut order: Vec<usize> = (0..data.labels.len()).collect();
        order.shuffle(&mut rng);
        let steps = data.steps(config);
        let mut total = 0.0;
        for (step, batch) in order.chunks(config.batch_size).take(steps).enumerate() {
            let loss = self.loss(data, batch, &mut rng)?;
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
            let rate = config.learning_rate * self.schedule(epoch * steps + step, steps);
            self.optimizer.step(&gradients, |_| rate)?;
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

    /// Of two different views of each photo of the batch.
    fn loss(&self, data: &Data, batch: &[usize], rng: &mut ChaCha8Rng) -> Result<Tensor> {
        let views = 1 + self.config.views;
        let mut rows = vec![0; 2 * batch.len()];
        for (i, &photo) in batch.iter().enumerate() {
            let first = rng.random_range(0..views);
            let second = (first + rng.random_range(1..views)) % views;
            rows[i] = (photo * views + first) as u32;
            rows[batch.len() + i] = (photo * views + second) as u32;
        }
        let rows = Tensor::new(rows, &Device::Cpu)?;
        let descriptors = data.descriptors.flatten(0, 1)?.index_select(&rows, 0)?;
        let embedded = self.embed(&descriptors)?;
        let labels: Vec<&Label> = batch.iter().map(|&photo| &data.labels[photo]).collect();
        let relations = Relations::of(&labels)?;
        let mut total = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for (weight, [positives, compared]) in [
            (self.config.category, relations.category),
            (self.config.color, relations.color),
            (self.config.identity, relations.identity),
        ] {
            if weight > 0.0 {
                let temperature = self.config.temperature;
                let loss = supervised_contrastive(&embedded, &positives, &compared, temperature)?;
                total = (total + loss * weight)?;
            }
        }
        Ok(total)
    }

    /// # Shapes
    /// (n, 1472) -> (n, 512)
    fn embed(&self, descriptors: &Tensor) -> Result<Tensor> {
        let even = descriptors
            .broadcast_sub(&self.mean)?
            .broadcast_div(&self.spread)?;
        Ok(self.map.forward(&even)?)
    }

    pub(super) fn validate(&self, data: &Data) -> Result<Metrics> {
        data.val
            .measure(|descriptors| Ok(self.embed(descriptors)?.detach()))
    }

    /// Writes the map of plain descriptors as f16, with the classifier that they come from.
    pub(super) fn export(&self, path: &Path, classifier_sha256: &str) -> Result<()> {
        let tensors = self.store.tensors()?;
        let weight = tensors["weight"].broadcast_div(&self.spread)?;
        let shift = weight.matmul(&self.mean.t()?)?.squeeze(1)?;
        let bias = (&tensors["bias"] - shift)?;
        let tensors = [("weight".to_owned(), weight), ("bias".to_owned(), bias)];
        let key = LinearHead::CLASSIFIER.to_owned();
        let metadata = [(key, classifier_sha256.to_owned())].into();
        write_half(path, &tensors.into(), metadata)
    }

    pub(super) fn checkpoint(&self, path: &Path) -> Result<()> {
        Checkpoint {
            weights: self.store.tensors()?,
            average: BTreeMap::new(),
            optimizer: self.optimizer.state()?,
            progress: self.progress.clone(),
        }
        .save(path)
    }

    pub(super) fn resume(&mut self, run: &Run) -> Result<Vec<LogRow>> {
        let (checkpoint, rows) =
            checkpoint::resume::<LogRow>(run, &self.progress.config, &Device::Cpu)?;
        self.store.set(&checkpoint.weights)?;
        self.optimizer.restore(&checkpoint.optimizer)?;
        self.progress = checkpoint.progress;
        Ok(rows)
    }
}
