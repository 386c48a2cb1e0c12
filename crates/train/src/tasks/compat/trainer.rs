//! The set transformer in training.

use super::data::{Data, Items};
use super::{CompatConfig, LogRow, Run};
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::data::outfits::{Outfit, Sampler};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::compat::{Answers, Metrics, Network};
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardrobe_nn::dropout::Rng;
use wardrobe_nn::loss::focal_with_logits;
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients, OneCycle};
use wardrobe_nn::{Mode, VarStore};
use wardrobe_recommend::learned::{DropoutRng, OutfitScorer, SetConfig, SetTransformer};
use wardrobe_types::EmbedderId;

pub(super) struct Trainer<'a> {
    config: &'a CompatConfig,
    network: SetTransformer,
    store: VarStore,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    dropout: DropoutRng,
    embedder: Option<EmbedderId>,
    pub(super) progress: Progress<Metrics>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(config: &'a CompatConfig, run: &Run, data: &Data) -> Result<Self> {
        let Items { looks, .. } = &data.items;
        let dimension = looks.as_ref().map_or(0, |looks| looks.dimension());
        let shape: SetConfig = config.network.of(&data.outfits.classes, dimension);
        let store = VarStore::new(config.seed, DType::F32, &Device::Cpu);
        let dropout = DropoutRng(Rng::new(config.seed));
        let network = SetTransformer::new(&shape, &dropout, store.builder())?;
        let trainable = store.trainable();
        let adamw = AdamWConfig {
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        Ok(Self {
            config,
            network,
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            store,
            trainable,
            dropout,
            embedder: looks.as_ref().map(|looks| looks.embedder().clone()),
            progress: Progress::new(config)
                .map_err(std::io::Error::other)
                .at(&run.out)?,
        })
    }

    fn steps(&self, outfits: usize) -> usize {
        outfits.div_ceil(self.config.batch_size)
    }

    /// The 1cycle policy over all epochs (Smith and Topin 2018).
    fn schedule(&self, steps: usize) -> OneCycle {
        OneCycle::new(self.config.epochs * steps)
    }

    /// The learning rate at the start of an epoch.
    pub(super) fn rate(&self, epoch: usize, outfits: usize) -> f64 {
        let steps = self.steps(outfits);
        self.config.learning_rate * self.schedule(steps).factor(epoch * steps)
    }

    /// One epoch; returns the mean loss.
    pub(super) fn learn(
        &mut self,
        data: &Data,
        outfits: &[&Outfit],
        sampler: &Sampler<'_>,
        epoch: usize,
        watch: &mut dyn FnMut(Event),
    ) -> Result<f32> {
        let config = self.config;
        // An epoch's draws depend on its number alone, so that a resumed run draws what an unbroken one would.
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(1 + epoch as u64);
        self.dropout
            .0
            .reseed(config.seed.wrapping_mul(1 << 20) + epoch as u64);
        let mut order: Vec<&Outfit> = outfits.to_vec();
        order.shuffle(&mut rng);
        let steps = self.steps(outfits.len());
        let schedule = self.schedule(steps);
        let mut total = 0.0;
        for (step, batch) in order.chunks(config.batch_size).enumerate() {
            let loss = self.loss(data, batch, sampler, &mut rng)?;
            let value = loss.to_scalar::<f32>()?;
            let mut gradients = Gradients::default();
            gradients.add(&self.trainable, &loss.backward()?)?;
            let norm = gradients.clip(config.clip_norm);
            if !value.is_finite() || !norm.is_finite() {
                return Err(Error::Diverged {
                    loss: value,
                    epoch: epoch + 1,
                    step: step + 1,
                    files: batch
                        .iter()
                        .map(|outfit| PathBuf::from(&outfit.id))
                        .collect(),
                });
            }
            let at = epoch * steps + step;
            self.optimizer.set_beta1(schedule.momentum(at))?;
            let rate = config.learning_rate * schedule.factor(at);
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

    /// Of a batch of outfits and of negatives made of them, each side weighing as much as the other.
    fn loss(
        &self,
        data: &Data,
        batch: &[&Outfit],
        sampler: &Sampler<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Tensor> {
        let mut sets: Vec<Vec<usize>> = batch.iter().map(|outfit| outfit.items.clone()).collect();
        for outfit in batch {
            for _ in 0..self.config.negatives_an_outfit {
                sets.extend(sampler.negative(outfit, rng));
            }
        }
        let (worn, others) = (batch.len(), sets.len() - batch.len());
        let per_set = |of_worn: f32, of_others: f32| {
            let values = (0..sets.len()).map(|i| if i < worn { of_worn } else { of_others });
            Tensor::from_iter(values, &Device::Cpu)
        };
        let targets = per_set(1.0, 0.0)?;
        let share = |count: usize| 0.5 / count.max(1) as f32;
        let weights = per_set(share(worn), share(others))?;
        let sets = data.batch(&sets, rng)?;
        let logits = self.network.forward(&sets, Mode::Train)?;
        let losses = focal_with_logits(&logits, &targets, self.config.focal_gamma)?;
        Ok((losses * weights)?.sum_all()?)
    }

    pub(super) fn validate(&self, data: &Data) -> Result<Metrics> {
        let tensors = self.store.tensors()?;
        let scorer =
            OutfitScorer::from_parts(self.network.config(), tensors, self.embedder.clone())?;
        let network = Network::new(&scorer, &data.items, &data.outfits.classes);
        Answers::of(&network, &data.valid)?.metrics()
    }

    /// Writes the network as f16, with what it is like and whose embeddings it knows.
    pub(super) fn export(&self, path: &Path) -> Result<()> {
        let config = serde_json::to_string(self.network.config())
            .map_err(std::io::Error::other)
            .at(path)?;
        let embedder = self
            .embedder
            .as_ref()
            .map(|id| (OutfitScorer::EMBEDDER.to_owned(), id.to_string()));
        let config = (OutfitScorer::CONFIG.to_owned(), config);
        let metadata = [Some(config), embedder].into_iter().flatten().collect();
        write_half(path, &self.store.tensors()?, metadata)
    }

    pub(super) fn checkpoint(&self, path: &Path) -> Result<()> {
        Checkpoint::of(
            self.store.tensors()?,
            self.optimizer.state()?,
            &self.progress,
        )
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
