//! The heads in training.

use super::calibrate::calibrated;
use super::data::{Data, Target};
use super::{LogRow, Run, TagConfig};
use crate::checkpoint::{self, Checkpoint, Progress, write_half};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::tag::Metrics;
use crate::progress::Event;
use candle_core::{DType, Device, Tensor, Var};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use wardrobe_attributes::tagger::{Rows, Tagger, TaggerConfig};
use wardrobe_nn::optim::{AdamW, AdamWConfig, Gradients, cosine_schedule};
use wardrobe_nn::{Dropout, Linear, Mode, Rng, VarStore, loss};
use wardrobe_weights::LinearHead;

/// A logit below any other, for labels that are not learned.
const NEVER: f64 = -1e4;

pub(super) struct Trainer<'a> {
    config: &'a TagConfig,
    /// Descriptors less their mean, over their spread, are what the heads take.
    mean: Tensor,
    spread: Tensor,
    store: VarStore,
    heads: Linear,
    dropout: Dropout,
    rng: Rng,
    trainable: BTreeMap<String, Var>,
    optimizer: AdamW,
    pub(super) progress: Progress<Metrics>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(config: &'a TagConfig, run: &Run, data: &Data) -> Result<Self> {
        let store = VarStore::new(config.seed, DType::F32, &Device::Cpu);
        let heads = Linear::new(Tagger::DESCRIPTORS, Rows::ALL.end, store.builder())?;
        let trainable = store.trainable();
        let adamw = AdamWConfig {
            weight_decay: config.weight_decay,
            ..AdamWConfig::default()
        };
        let photos = data.descriptors.narrow(1, 0, 1)?.squeeze(1)?;
        let mean = photos.mean_keepdim(0)?;
        let spread = (photos.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)? + 1e-6)?.sqrt()?;
        let rng = Rng::new(config.seed);
        Ok(Self {
            config,
            mean,
            spread,
            optimizer: AdamW::new(trainable.clone(), adamw)?,
            store,
            heads,
            dropout: Dropout::new(config.dropout, rng.clone()),
            rng,
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
        self.rng.reseed(rng.random());
        let mut order: Vec<usize> = (0..data.targets.len()).collect();
        order.shuffle(&mut rng);
        let steps = data.steps(config);
        let mut total = 0.0;
        for (step, batch) in order.chunks(config.batch_size).take(steps).enumerate() {
            let views = 1 + config.views;
            let rows = batch
                .iter()
                .map(|&i| (i * views + rng.random_range(0..views)) as u32);
            let rows = Tensor::new(rows.collect::<Vec<_>>(), &Device::Cpu)?;
            let descriptors = data.descriptors.flatten(0, 1)?.index_select(&rows, 0)?;
            let targets: Vec<&Target> = batch.iter().map(|&i| &data.targets[i]).collect();
            let loss = self.loss(&descriptors, &targets, &data.learned)?;
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

    /// The sum over heads of their mean loss over the photos that they know of.
    fn loss(
        &self,
        descriptors: &Tensor,
        targets: &[&Target],
        learned: &TaggerConfig,
    ) -> Result<Tensor> {
        let even = descriptors
            .broadcast_sub(&self.mean)?
            .broadcast_div(&self.spread)?;
        let logits = self
            .heads
            .forward(&self.dropout.forward(&even, Mode::Train)?)?;
        let table = |of: fn(&Target) -> &Vec<f32>| {
            let all: Vec<f32> = targets.iter().flat_map(|t| of(t)).copied().collect();
            Tensor::from_vec(all, (targets.len(), Rows::ALL.end), &Device::Cpu)
        };
        let (values, known) = (table(|t| &t.values)?, table(|t| &t.known)?);
        let patterns: Vec<usize> = learned.pattern.iter().map(|&p| p as usize).collect();
        let fits: Vec<usize> = learned.fit.iter().map(|&f| f as usize).collect();
        let mut total = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for (head, labels) in [(Rows::PATTERN, patterns), (Rows::FIT, fits)] {
            total = (total + one_of(&logits, &values, head, &labels)?)?;
        }
        for head in [Rows::FORMALITY, Rows::SEASONS, Rows::STYLES] {
            total = (total + any_of(&logits, &values, &known, head)?)?;
        }
        Ok(total)
    }

    /// The heads on plain descriptors, calibrated.
    fn tagger(&self, data: &Data) -> Result<(Tagger, BTreeMap<String, Tensor>)> {
        let tensors = self.store.tensors()?;
        let weight = tensors["weight"].broadcast_div(&self.spread)?;
        let shift = weight.matmul(&self.mean.t()?)?.squeeze(1)?;
        let bias = (&tensors["bias"] - shift)?;
        let plain = LinearHead::new(
            weight.flatten_all()?.to_vec1()?,
            bias.to_vec1()?,
            Tagger::DESCRIPTORS,
        );
        let tagger = Tagger::from_parts(data.learned.clone(), plain);
        let (config, factors) = calibrated(&tagger, &data.val)?;
        let factors = Tensor::new(factors, &Device::Cpu)?;
        let weight = weight.broadcast_mul(&factors.unsqueeze(1)?)?;
        let bias = (bias * factors)?;
        let heads = LinearHead::new(
            weight.flatten_all()?.to_vec1()?,
            bias.to_vec1()?,
            Tagger::DESCRIPTORS,
        );
        let tensors = [("weight".to_owned(), weight), ("bias".to_owned(), bias)];
        Ok((Tagger::from_parts(config, heads), tensors.into()))
    }

    pub(super) fn validate(&self, data: &Data) -> Result<Metrics> {
        data.val.measure(&self.tagger(data)?.0)
    }

    /// Writes the calibrated heads as f16, with the classifier that their descriptors come from and what they learned.
    pub(super) fn export(&self, path: &Path, data: &Data, classifier_sha256: &str) -> Result<()> {
        let (tagger, tensors) = self.tagger(data)?;
        let classifier = LinearHead::CLASSIFIER.to_owned();
        let metadata = [
            (classifier, classifier_sha256.to_owned()),
            tagger.config().to_metadata(),
        ];
        write_half(path, &tensors, metadata.into())
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

/// Cross entropy over the learned labels of a head; photos of which it knows none add nothing.
fn one_of(
    logits: &Tensor,
    values: &Tensor,
    head: Range<usize>,
    learned: &[usize],
) -> Result<Tensor> {
    let values = values.narrow(1, head.start, head.len())?;
    let photos = values.sum_all()?.to_scalar::<f32>()?;
    if learned.is_empty() || photos == 0.0 {
        return Ok(Tensor::zeros((), DType::F32, &Device::Cpu)?);
    }
    let never = (0..head.len()).map(|label| match learned.contains(&label) {
        true => 0.0,
        false => NEVER as f32,
    });
    let never = Tensor::new(never.collect::<Vec<_>>(), &Device::Cpu)?;
    let logits = logits
        .narrow(1, head.start, head.len())?
        .broadcast_add(&never)?;
    let n = values.dim(0)? as f64;
    Ok((loss::cross_entropy(&logits, &values)? * (n / f64::from(photos)))?)
}

/// Binary cross entropy of each output that is known.
fn any_of(logits: &Tensor, values: &Tensor, known: &Tensor, head: Range<usize>) -> Result<Tensor> {
    let of = |tensor: &Tensor| tensor.narrow(1, head.start, head.len())?.contiguous();
    let (logits, values, known) = (of(logits)?, of(values)?, of(known)?);
    let count = known.sum_all()?.to_scalar::<f32>()?;
    let each = (loss::bce_with_logits(&logits, &values)? * known)?;
    Ok((each.sum_all()? / f64::from(count.max(1.0)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_counts() {
        let tensor = |rows: &[[f32; 3]; 2]| Tensor::new(rows, &Device::Cpu).unwrap();
        let logits = tensor(&[[2.0, 1.0, 9.0], [5.0, -3.0, 0.0]]);
        let values = tensor(&[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);
        let scalar = |tensor: Tensor| tensor.to_scalar::<f32>().unwrap();
        // The third label is not learned, the second photo not known: -ln(e / (e + e^2)).
        let got = scalar(one_of(&logits, &values, 0..3, &[0, 1]).unwrap());
        assert!((got - (1.0 + 1f32.exp()).ln()).abs() < 1e-5, "{got}");
        assert_eq!(scalar(one_of(&logits, &values, 0..3, &[]).unwrap()), 0.0);

        let known = tensor(&[[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);
        let got = scalar(any_of(&logits, &values, &known, 0..3).unwrap());
        let expected = (2f32 + (-2f32).exp().ln_1p() + (-1f32).exp().ln_1p()) / 2.0;
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
}
