//! A run's settings, as a TOML file.

use crate::config::{AugmentConfig, DataConfig, check_shares, from_file};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The settings of a run. What a file leaves out has the value given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagConfig {
    /// Passes over the photos: 40.
    pub epochs: usize,
    /// Photos a step: 256.
    pub batch_size: usize,
    /// Varied views of each photo, of which a step draws one: 4. The photo as it is is one more.
    pub views: usize,
    /// AdamW's highest rate: 2e-3.
    pub learning_rate: f64,
    /// AdamW's decay: 0.1.
    pub weight_decay: f64,
    /// Epochs over which the rate rises: 1. It then falls along half a cosine to a hundredth.
    pub warmup_epochs: f64,
    /// Share of the descriptors dropped in a step: 0.3.
    pub dropout: f32,
    /// Photos that a label must have to be learned: 30. Others are never given.
    pub least_photos: usize,
    /// Draws everything random: 0.
    pub seed: u64,
    /// How photos are varied.
    pub augment: AugmentConfig,
    /// The data sets; those with a validation part decide which epoch is best.
    pub data: Vec<DataConfig>,
}

impl Default for TagConfig {
    fn default() -> Self {
        Self {
            epochs: 40,
            batch_size: 256,
            views: 4,
            learning_rate: 2e-3,
            weight_decay: 0.1,
            warmup_epochs: 1.0,
            dropout: 0.3,
            least_photos: 30,
            seed: 0,
            augment: AugmentConfig {
                min_area: 0.6,
                max_aspect: 1.2,
                rotation: 15.0,
                flip: 0.5,
                color: 0.3,
                erase: 0.0,
            },
            data: Vec::new(),
        }
    }
}

impl TagConfig {
    /// Reads and checks a TOML file. Relative data paths are relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, has an unknown key or a value out of range.
    pub fn from_file(path: &Path) -> Result<Self> {
        from_file(path, |config: &mut Self| &mut config.data, Self::check)
    }

    /// Finds values that cannot work, before the photos are read.
    ///
    /// # Errors
    /// In words, the first of them.
    pub fn check(&self) -> Result<(), String> {
        let above_zero = [
            ("epochs", self.epochs as f64),
            ("batch_size", self.batch_size as f64),
            ("learning_rate", self.learning_rate),
        ];
        if let Some((name, value)) = above_zero
            .into_iter()
            .find(|(_, value)| value.is_nan() || *value <= 0.0)
        {
            return Err(format!("{name} = {value} is not above 0"));
        }
        check_shares(&[("dropout", self.dropout.into())])?;
        self.augment.check()
    }
}
