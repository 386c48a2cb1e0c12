//! A run's settings, as a TOML file.

use crate::error::{AtPath, Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The settings of a run. What a file leaves out has the value given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the data: 30.
    pub epochs: usize,
    /// Photos a step: 32.
    pub batch_size: usize,
    /// AdamW's highest rate: 1e-4, for weights that start from ImageNet's. From scratch, about 1e-3.
    pub learning_rate: f64,
    /// AdamW's decay: 0.01.
    pub weight_decay: f64,
    /// Epochs in which only the new head learns, where the run starts from given weights: 3.
    pub frozen_epochs: usize,
    /// Epochs over which the rate rises: 1. It then falls along half a cosine to a hundredth.
    pub warmup_epochs: f64,
    /// Share of the loss against the uniform distribution: 0.1.
    pub label_smoothing: f64,
    /// Decay of the averaged weights, which are the ones validated and saved: 0.999. 0 turns averaging off.
    pub ema_decay: f64,
    /// Share of the weights that the run begins with in those validated and saved (model soups, Wortsman et al. 2022): 0. It
    /// keeps what new data would make them forget.
    pub init_share: f64,
    /// Gradients are scaled down to this norm: 5.
    pub clip_norm: f64,
    /// Side of the square that photos are brought to: 224.
    pub image_size: usize,
    /// Side in the first epoch, growing evenly to `image_size` in the last (Tan and Le 2021); 0 for no growth.
    pub first_image_size: usize,
    /// Side at validation and in use; a little above `image_size` pays (Touvron et al. 2019). 0 for the same.
    pub eval_image_size: usize,
    /// Dropout before the head: 0.2.
    pub dropout: f32,
    /// Probability of dropping the last residual branch: 0.2.
    pub stochastic_depth: f32,
    /// Draws everything random: 0.
    pub seed: u64,
    /// Weight of what a data set says of its photos beside their category (article type, colour, season, usage), each
    /// learned by a head that is thrown away afterwards: 0. The features then tell of it.
    pub facet_weight: f64,
    /// Weight of drawing the features of photos with the same label together (Khosla et al. 2020): 0.
    pub contrast_weight: f64,
    /// Share of batches whose photos are blended in pairs (Zhang et al. 2018): 0. They count for both labels, and not for
    /// `contrast_weight`.
    pub mixup: f32,
    /// Share of batches whose photos swap a rectangle in pairs (Yun et al. 2019): 0. As `mixup` otherwise.
    pub cutmix: f32,
    /// How photos are varied.
    pub augment: AugmentConfig,
    /// The data sets; the first one with a validation part decides which epoch is best.
    pub data: Vec<DataConfig>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 32,
            learning_rate: 1e-4,
            weight_decay: 0.01,
            frozen_epochs: 3,
            warmup_epochs: 1.0,
            label_smoothing: 0.1,
            ema_decay: 0.999,
            init_share: 0.0,
            clip_norm: 5.0,
            image_size: 224,
            first_image_size: 0,
            eval_image_size: 0,
            dropout: 0.2,
            stochastic_depth: 0.2,
            seed: 0,
            facet_weight: 0.0,
            contrast_weight: 0.0,
            mixup: 0.0,
            cutmix: 0.0,
            augment: AugmentConfig::default(),
            data: Vec::new(),
        }
    }
}

/// One data set of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Its folder.
    pub path: PathBuf,
    /// How often each of its photos comes up in an epoch: 1.
    #[serde(default = "once")]
    pub repeat: usize,
}

fn once() -> usize {
    1
}

/// Reads and checks a task's settings. Relative data paths are relative to their file.
pub(crate) fn from_file<C: DeserializeOwned>(
    path: &Path,
    data: impl Fn(&mut C) -> &mut Vec<DataConfig>,
    check: impl Fn(&C) -> Result<(), String>,
) -> Result<C> {
    let text = std::fs::read_to_string(path).at(path)?;
    let invalid = |problem: String| Error::Config {
        path: path.to_path_buf(),
        problem,
    };
    let mut config: C = toml::from_str(&text).map_err(|e| invalid(e.to_string()))?;
    if let Some(folder) = path.parent() {
        data(&mut config)
            .iter_mut()
            .for_each(|data| data.path = folder.join(&data.path));
    }
    check(&config).map_err(invalid)?;
    Ok(config)
}

/// How photos are varied in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Smallest share of the photo's area that is kept: 0.4 (Szegedy et al. 2015 use 0.08; garments fill their photo).
    pub min_area: f32,
    /// Largest change of the aspect ratio: 4/3.
    pub max_aspect: f32,
    /// Largest rotation, in degrees: 15.
    pub rotation: f32,
    /// Probability of a mirror image: 0.5.
    pub flip: f32,
    /// Largest relative change of brightness, contrast and saturation: 0.3.
    pub color: f32,
    /// Probability of erasing a rectangle (Zhong et al. 2020): 0.25.
    pub erase: f32,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            min_area: 0.4,
            max_aspect: 4.0 / 3.0,
            rotation: 15.0,
            flip: 0.5,
            color: 0.3,
            erase: 0.25,
        }
    }
}

impl AugmentConfig {
    /// No variation at all.
    pub const STILL: Self = Self {
        min_area: 1.0,
        max_aspect: 1.0,
        rotation: 0.0,
        flip: 0.0,
        color: 0.0,
        erase: 0.0,
    };

    pub(crate) fn check(&self) -> Result<(), String> {
        check_shares(&[
            ("augment.flip", self.flip.into()),
            ("augment.erase", self.erase.into()),
            ("augment.color", self.color.into()),
        ])?;
        if !(self.min_area > 0.0 && self.min_area <= 1.0) || self.max_aspect < 1.0 {
            return Err(
                "augment.min_area must be in 0..=1 and augment.max_aspect at least 1".to_owned(),
            );
        }
        Ok(())
    }
}

/// Finds a value outside `0..1`.
pub(crate) fn check_shares(shares: &[(&str, f64)]) -> Result<(), String> {
    match shares.iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
        Some((name, value)) => Err(format!("{name} = {value} is not in 0..1")),
        None => Ok(()),
    }
}

impl TrainConfig {
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
        let positive = [
            ("epochs", self.epochs as f64),
            ("batch_size", self.batch_size as f64 - 1.0),
            ("learning_rate", self.learning_rate),
            ("clip_norm", self.clip_norm),
            ("image_size", self.image_size as f64 / 32.0 - 0.99),
        ];
        if let Some((name, _)) = positive
            .into_iter()
            .find(|&(_, value)| value.is_nan() || value <= 0.0)
        {
            return Err(format!(
                "{name} is too small (batch_size at least 2, image_size at least 32)"
            ));
        }
        let sides = [
            ("first_image_size", self.first_image_size),
            ("eval_image_size", self.eval_image_size),
        ];
        if let Some((name, side)) = sides.into_iter().find(|(_, side)| (1..32).contains(side)) {
            return Err(format!("{name} = {side} is neither 0 nor at least 32"));
        }
        let weights = [
            ("facet_weight", self.facet_weight),
            ("contrast_weight", self.contrast_weight),
        ];
        if let Some((name, weight)) = weights
            .into_iter()
            .find(|(_, weight)| weight.is_nan() || *weight < 0.0)
        {
            return Err(format!("{name} = {weight} is not a weight of 0 or more"));
        }
        if let Some(data) = self.data.iter().find(|data| data.repeat == 0) {
            return Err(format!(
                "repeat = 0 for {}: leave the data set out, or take 1 or more",
                data.path.display()
            ));
        }
        check_shares(&[
            ("label_smoothing", self.label_smoothing),
            ("ema_decay", self.ema_decay),
            ("init_share", self.init_share),
            ("dropout", self.dropout.into()),
            ("stochastic_depth", self.stochastic_depth.into()),
        ])?;
        let mixed = self.mixup + self.cutmix;
        if !(self.mixup >= 0.0 && self.cutmix >= 0.0 && mixed <= 1.0) {
            return Err(format!(
                "mixup = {} and cutmix = {} are shares of the batches: 0 or more, 1 together at most",
                self.mixup, self.cutmix
            ));
        }
        self.augment.check()
    }

    /// The side of photos in `epoch`, from 0: a multiple of 8.
    pub(crate) fn image_size_in(&self, epoch: usize) -> usize {
        if self.first_image_size == 0 || self.epochs < 2 {
            return self.image_size;
        }
        let (first, last) = (self.first_image_size as f64, self.image_size as f64);
        let progress = epoch as f64 / (self.epochs - 1) as f64;
        ((first + (last - first) * progress) / 8.0).round() as usize * 8
    }

    /// The side of photos at validation and in use.
    pub(crate) fn eval_size(&self) -> usize {
        if self.eval_image_size == 0 {
            self.image_size
        } else {
            self.eval_image_size
        }
    }
}
