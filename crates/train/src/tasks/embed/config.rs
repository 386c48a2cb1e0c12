//! A run's settings, as a TOML file.

use crate::config::{AugmentConfig, DataConfig, from_file};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The settings of a run. What a file leaves out has the value given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbedConfig {
    /// Passes over the photos: 40.
    pub epochs: usize,
    /// Photos that are told from each other at once, two views of each: 256.
    pub batch_size: usize,
    /// Varied views of each photo, of which a step draws two: 6. The photo as it is is one more.
    pub views: usize,
    /// AdamW's highest rate: 1e-3.
    pub learning_rate: f64,
    /// AdamW's decay: 0.05.
    pub weight_decay: f64,
    /// Epochs over which the rate rises: 1. It then falls along half a cosine to a hundredth.
    pub warmup_epochs: f64,
    /// What cosines are divided by: 0.1.
    pub temperature: f64,
    /// Weight of drawing together photos of a category: 1.
    pub category: f64,
    /// Weight of drawing together photos of a category and a basic colour: 0.5.
    pub color: f64,
    /// Weight of drawing together views of a photo: 0.5.
    pub identity: f64,
    /// Draws everything random: 0.
    pub seed: u64,
    /// How photos are varied. Light varies little, as colours count.
    pub augment: AugmentConfig,
    /// The data sets; the first one with a validation part decides which epoch is best.
    pub data: Vec<DataConfig>,
}

impl Default for EmbedConfig {
    fn default() -> Self {
        Self {
            epochs: 40,
            batch_size: 256,
            views: 6,
            learning_rate: 1e-3,
            weight_decay: 0.05,
            warmup_epochs: 1.0,
            temperature: 0.1,
            category: 1.0,
            color: 0.5,
            identity: 0.5,
            seed: 0,
            augment: AugmentConfig {
                min_area: 0.6,
                max_aspect: 1.2,
                rotation: 15.0,
                flip: 0.5,
                color: 0.25,
                erase: 0.0,
            },
            data: Vec::new(),
        }
    }
}

impl EmbedConfig {
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
            ("learning_rate", self.learning_rate),
            ("temperature", self.temperature),
            (
                "the sum of category, color and identity",
                self.category + self.color + self.identity,
            ),
        ];
        if let Some((name, value)) = above_zero
            .into_iter()
            .find(|(_, value)| value.is_nan() || *value <= 0.0)
        {
            return Err(format!("{name} = {value} is not above 0"));
        }
        if self.batch_size < 2 || self.views < 1 {
            return Err("batch_size must be at least 2 and views at least 1".to_owned());
        }
        self.augment.check()
    }
}
