//! A run's settings, as a TOML file.

use super::loss::Gains;
use crate::config::{DataConfig, from_file};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;
use wardrobe_detect::Variant;

/// The settings of a run. What a file leaves out has the value given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// The network's size, "n", "s", "m", "l" or "x": "s".
    pub variant: Variant,
    /// Passes over the data: 50.
    pub epochs: usize,
    /// Epochs without a better one after which the run ends: 10. 0 for no early end.
    pub patience: usize,
    /// Photos a batch: 8.
    pub batch_size: usize,
    /// Photos that go through the network at a time; less than a batch takes less memory, and batch norm sees as many.
    /// 0 for a whole batch.
    pub micro_batch_size: usize,
    /// Photos a step of the optimiser, gathered over batches: 64, for which rates and decay are meant.
    pub nominal_batch_size: usize,
    /// Side of the square that photos are fitted into, a multiple of 32: 640.
    pub image_size: usize,
    /// Side in the first epoch, growing evenly to `image_size` in the last; 0 for no growth.
    pub first_image_size: usize,
    /// Side at validation and in use, a multiple of 32; 0 for `image_size`.
    pub eval_image_size: usize,
    /// Which optimiser: "auto", AdamW for runs of at most 10,000 steps and SGD for longer ones.
    pub optimizer: OptimizerChoice,
    /// The highest rate. 0 for the optimiser's own: 0.01 for SGD, round(0.002 * 5 / (4 + classes), 6) for AdamW.
    pub learning_rate: f64,
    /// The last rate over the highest, to which it falls in a straight line: 0.01.
    pub final_rate: f64,
    /// SGD's momentum and AdamW's beta 1: 0.937.
    pub momentum: f64,
    /// Of weights, not of biases and norms: 5e-4.
    pub weight_decay: f64,
    /// Epochs over which rates and momentum warm up, no less than 100 batches: 3. 0 for none.
    pub warmup_epochs: f64,
    /// Decay of the averaged weights, which are the ones validated and saved, once warmed up: 0.9999.
    pub ema_decay: f64,
    /// Steps of the optimiser over which the average warms up: 2000.
    pub ema_warmup: f64,
    /// Gradients are scaled down to this norm: 10.
    pub clip_norm: f64,
    /// Epochs from one validation to the next: 1. The last epoch is always validated.
    pub eval_every: usize,
    /// What the terms of the loss are multiplied by.
    pub gains: Gains,
    /// How photos are varied.
    pub augment: DetectAugment,
    /// Memory that decoded photos may take, in GiB: 4. Others are decoded each time.
    pub cache_gib: f64,
    /// Draws everything random: 0.
    pub seed: u64,
    /// The data sets; the first one with a validation part decides which epoch is best.
    pub data: Vec<DataConfig>,
}

impl Default for DetectConfig {
    fn default() -> Self {
        Self {
            variant: Variant::S,
            epochs: 50,
            patience: 10,
            batch_size: 8,
            micro_batch_size: 0,
            nominal_batch_size: 64,
            image_size: 640,
            first_image_size: 0,
            eval_image_size: 0,
            optimizer: OptimizerChoice::Auto,
            learning_rate: 0.0,
            final_rate: 0.01,
            momentum: 0.937,
            weight_decay: 5e-4,
            warmup_epochs: 3.0,
            ema_decay: 0.9999,
            ema_warmup: 2000.0,
            clip_norm: 10.0,
            eval_every: 1,
            gains: Gains::default(),
            augment: DetectAugment::default(),
            cache_gib: 4.0,
            seed: 0,
            data: Vec::new(),
        }
    }
}

/// Which optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerChoice {
    /// By the run's length.
    Auto,
    /// Stochastic gradient descent with Nesterov's momentum.
    Sgd,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// How photos are varied in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectAugment {
    /// Probability of four photos put together (Bochkovskiy et al. 2020): 1.
    pub mosaic: f32,
    /// Last epochs without it, so that whole photos are seen: 10.
    pub close_mosaic: usize,
    /// Largest shift of the hue, as a share of the colour wheel: 0.015.
    pub hue: f32,
    /// Largest relative change of the saturation: 0.7.
    pub saturation: f32,
    /// Largest relative change of the brightness: 0.4.
    pub value: f32,
    /// Largest shift, as a share of the side: 0.1.
    pub translate: f32,
    /// Largest relative change of the size: 0.5.
    pub scale: f32,
    /// Probability of a mirror image: 0.5.
    pub flip: f32,
}

impl Default for DetectAugment {
    fn default() -> Self {
        Self {
            mosaic: 1.0,
            close_mosaic: 10,
            hue: 0.015,
            saturation: 0.7,
            value: 0.4,
            translate: 0.1,
            scale: 0.5,
            flip: 0.5,
        }
    }
}

impl DetectAugment {
    /// Photos as they are.
    pub fn none() -> Self {
        Self {
            mosaic: 0.0,
            close_mosaic: 0,
            hue: 0.0,
            saturation: 0.0,
            value: 0.0,
            translate: 0.0,
            scale: 0.0,
            flip: 0.0,
        }
    }
}

impl DetectConfig {
    /// Reads and checks a TOML file. Relative data paths are relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, has an unknown key or a value out of range.
    pub fn from_file(path: &Path) -> Result<Self> {
        from_file(path, |config: &mut Self| &mut config.data, Self::check)
    }

    /// Finds values that cannot work, before a long run starts.
    ///
    /// # Errors
    /// In words, the first of them.
    pub fn check(&self) -> Result<(), String> {
        let at_least_one = [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("nominal_batch_size", self.nominal_batch_size),
            ("eval_every", self.eval_every),
        ];
        if let Some((name, _)) = at_least_one.into_iter().find(|&(_, value)| value == 0) {
            return Err(format!("{name} = 0: take 1 or more"));
        }
        let sides = [
            ("image_size", self.image_size),
            ("eval_image_size", self.eval_size()),
        ];
        let usable = |side: usize| side >= 64 && side.is_multiple_of(32);
        if let Some((name, side)) = sides.into_iter().find(|(_, side)| !usable(*side)) {
            return Err(format!("{name} = {side} is no multiple of 32 from 64 up"));
        }
        if (1..64).contains(&self.first_image_size) || self.first_image_size > self.image_size {
            return Err(format!(
                "first_image_size = {} is neither 0 nor in 64..={}",
                self.first_image_size, self.image_size
            ));
        }
        if let Some(data) = self.data.iter().find(|data| data.repeat == 0) {
            return Err(format!(
                "repeat = 0 for {}: leave the data set out, or take 1 or more",
                data.path.display()
            ));
        }
        let a = &self.augment;
        let shares = [
            ("momentum", self.momentum),
            ("ema_decay", self.ema_decay),
            ("augment.hue", a.hue.into()),
            ("augment.saturation", a.saturation.into()),
            ("augment.value", a.value.into()),
            ("augment.translate", a.translate.into()),
            ("augment.scale", a.scale.into()),
        ];
        let within = |value: &f64| (0.0..1.0).contains(value);
        if let Some((name, value)) = shares.into_iter().find(|(_, value)| !within(value)) {
            return Err(format!("{name} = {value} is not in 0..1"));
        }
        let probabilities = [("augment.mosaic", a.mosaic), ("augment.flip", a.flip)];
        let certain = |value: &f32| (0.0..=1.0).contains(value);
        if let Some((name, value)) = probabilities.into_iter().find(|(_, value)| !certain(value)) {
            return Err(format!("{name} = {value} is not in 0..=1"));
        }
        let not_negative = [
            ("learning_rate", self.learning_rate),
            ("final_rate", self.final_rate),
            ("weight_decay", self.weight_decay),
            ("warmup_epochs", self.warmup_epochs),
            ("ema_warmup", self.ema_warmup),
            ("cache_gib", self.cache_gib),
            ("gains.boxes", self.gains.boxes),
            ("gains.classes", self.gains.classes),
            ("gains.distances", self.gains.distances),
            ("clip_norm", self.clip_norm - f64::MIN_POSITIVE),
        ];
        let sound = |value: &f64| value.is_finite() && *value >= 0.0;
        if let Some((name, _)) = not_negative.into_iter().find(|(_, value)| !sound(value)) {
            return Err(format!(
                "{name} is negative, infinite or no number (clip_norm must be above 0)"
            ));
        }
        Ok(())
    }

    /// The side of photos in `epoch`, from 0: a multiple of 32.
    /// The side of photos at validation and in use.
    pub(super) fn eval_size(&self) -> usize {
        match self.eval_image_size {
            0 => self.image_size,
            side => side,
        }
    }

    pub(super) fn image_size_in(&self, epoch: usize) -> usize {
        if self.first_image_size == 0 || self.epochs < 2 {
            return self.image_size;
        }
        let (first, last) = (self.first_image_size as f64, self.image_size as f64);
        let progress = epoch as f64 / (self.epochs - 1) as f64;
        ((first + (last - first) * progress) / 32.0).round() as usize * 32
    }

    /// The variation of photos in `epoch`, from 0.
    pub(super) fn augment_in(&self, epoch: usize) -> DetectAugment {
        let mut augment = self.augment.clone();
        if epoch + augment.close_mosaic >= self.epochs {
            augment.mosaic = 0.0;
        }
        augment
    }
}
