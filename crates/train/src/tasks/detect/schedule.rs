//! Which rates, which momentum, and how many batches a step, at every point of a run.

use super::config::{DetectConfig, OptimizerChoice};
use wardrobe_nn::optim::{
    AdamWConfig, OptimizerConfig, ParamKind, SgdConfig, linear_schedule, ramp,
};

/// A run's rates: a warm-up by batches, then down in a straight line by epochs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) optimizer: OptimizerConfig,
    rate: f64,
    final_rate: f64,
    momentum: f64,
    /// Where biases' rates start: they may leap, as SGD's first steps are small.
    bias_rate: f64,
    epochs: usize,
    /// Batches.
    warmup: usize,
    /// Batches a step of the optimiser, once warmed up.
    gathered: f64,
}

/// Steps from which on a run is long.
const LONG: usize = 10_000;

impl Schedule {
    /// The settings' schedule for an epoch of `photos` photos in `batches` batches.
    pub(super) fn new(
        config: &DetectConfig,
        photos: usize,
        batches: usize,
        classes: usize,
    ) -> Self {
        let per_step = config.batch_size.max(config.nominal_batch_size);
        let steps = config.epochs * photos.div_ceil(per_step);
        let gathered = (config.nominal_batch_size as f64 / config.batch_size as f64).max(1.0);
        // The decay is meant for the nominal batch; a larger batch steps less often.
        let seen = config.batch_size as f64 * gathered.round();
        let weight_decay = config.weight_decay * seen / config.nominal_batch_size as f64;
        let sgd = match config.optimizer {
            OptimizerChoice::Auto => steps > LONG,
            OptimizerChoice::Sgd => true,
            OptimizerChoice::AdamW => false,
        };
        let momentum = config.momentum;
        let (optimizer, usual, bias_rate) = if sgd {
            let sgd = SgdConfig {
                momentum,
                nesterov: momentum > 0.0,
                weight_decay,
            };
            (OptimizerConfig::Sgd(sgd), 0.01, 0.1)
        } else {
            let adamw = AdamWConfig {
                beta1: momentum,
                weight_decay,
                ..AdamWConfig::default()
            };
            let usual = (0.002 * 5.0 / (4 + classes) as f64 * 1e6).round() / 1e6;
            (OptimizerConfig::AdamW(adamw), usual, 0.0)
        };
        let warmup = (config.warmup_epochs * batches as f64).round() as usize;
        Self {
            optimizer,
            rate: if config.learning_rate > 0.0 {
                config.learning_rate
            } else {
                usual
            },
            final_rate: config.final_rate,
            momentum,
            bias_rate,
            epochs: config.epochs,
            warmup: if config.warmup_epochs > 0.0 {
                warmup.max(100)
            } else {
                0
            },
            gathered,
        }
    }

    /// The rate in `epoch`, from 0, once warmed up.
    pub(super) fn rate_in(&self, epoch: usize) -> f64 {
        self.rate * linear_schedule(epoch, self.epochs, self.final_rate)
    }

    /// A parameter's rate at `batch` of the run, from 0, which lies in `epoch`.
    pub(super) fn rate(&self, batch: usize, epoch: usize, kind: ParamKind) -> f64 {
        let from = match kind {
            ParamKind::Bias => self.bias_rate,
            ParamKind::Weight | ParamKind::Norm => 0.0,
        };
        ramp(batch, self.warmup, from, self.rate_in(epoch))
    }

    /// The momentum at `batch` of the run.
    pub(super) fn momentum(&self, batch: usize) -> f64 {
        ramp(batch, self.warmup, self.momentum.min(0.8), self.momentum)
    }

    /// Batches a step at `batch` of the run: from 1 upwards while warming up.
    pub(super) fn gathered(&self, batch: usize) -> usize {
        ramp(batch, self.warmup, 1.0, self.gathered)
            .round()
            .max(1.0) as usize
    }
}
