//! A run's settings, as a TOML file.

use crate::config::{AugmentConfig, DataConfig, from_file};
use crate::data::outfits::{Classes, Negatives};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;
use wardrobe_recommend::learned::{Pooling, SetConfig};

/// The settings of a run. What a file leaves out has the value given here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompatConfig {
    /// Passes over the outfits: 40.
    pub epochs: usize,
    /// The run ends after so many epochs without a better one: 10. 0 for never.
    pub patience: usize,
    /// Outfits a step, each with its negatives: 256.
    pub batch_size: usize,
    /// AdamW's highest rate: 1e-3 (Sarkar et al. 2022: 1e-5, of a network a hundred times as large).
    pub learning_rate: f64,
    /// AdamW's decay: 0.05.
    pub weight_decay: f64,
    /// Gradients are scaled down to this norm: 1.
    pub clip_norm: f64,
    /// Examples that are easy count less by this exponent (focal loss, Lin et al. 2017: 2): 0, for plain cross entropy.
    pub focal_gamma: f64,
    /// How outfits that nobody wore are made: `shuffled`. New ones every epoch.
    pub negatives: Negatives,
    /// Of them, so many for each outfit that was worn: 1. Together they weigh as much as it does.
    pub negatives_an_outfit: usize,
    /// Outfits of fewer items are left out: 3.
    pub least_items: usize,
    /// Whose classes items have: `wardrobe`, or the data set's `own`, which no wardrobe's garments have.
    pub classes: Classes,
    /// Varied views of each picture, of which a step draws one, for each item by itself: 4. The picture as it is is one more.
    pub views: usize,
    /// Draws everything random: 0.
    pub seed: u64,
    /// The network.
    pub network: Network,
    /// How pictures are varied.
    pub augment: AugmentConfig,
    /// The data set; one of outfits.
    pub data: Vec<DataConfig>,
}

/// The network's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Whether it sees pictures, where the data set has any: true.
    pub pictures: bool,
    /// Values a token: 64.
    pub width: usize,
    /// Blocks: 2.
    pub layers: usize,
    /// Heads of the attention: 4.
    pub heads: usize,
    /// Values a token within a block's MLP: 128.
    pub hidden: usize,
    /// How a set becomes one vector: `task-token`, or `mean`.
    pub pooling: Pooling,
    /// Share of what is zeroed in training: 0.3.
    pub dropout: f32,
}

impl Default for Network {
    fn default() -> Self {
        let SetConfig {
            width,
            layers,
            heads,
            hidden,
            pooling,
            dropout,
            ..
        } = SetConfig::new(Vec::<String>::new());
        Self {
            pictures: true,
            width,
            layers,
            heads,
            hidden,
            pooling,
            dropout,
        }
    }
}

impl Network {
    /// The network over these classes and embeddings of so many values.
    pub(super) fn of(&self, classes: &[String], embedding: usize) -> SetConfig {
        SetConfig {
            embedding,
            text: 0,
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            hidden: self.hidden,
            pooling: self.pooling,
            dropout: self.dropout,
            ..SetConfig::new(classes)
        }
    }
}

impl Default for CompatConfig {
    fn default() -> Self {
        Self {
            epochs: 40,
            patience: 10,
            batch_size: 256,
            learning_rate: 1e-3,
            weight_decay: 0.05,
            clip_norm: 1.0,
            focal_gamma: 0.0,
            negatives: Negatives::Shuffled,
            negatives_an_outfit: 1,
            least_items: 3,
            classes: Classes::Wardrobe,
            views: 4,
            seed: 0,
            network: Network::default(),
            augment: AugmentConfig {
                min_area: 0.6,
                max_aspect: 1.2,
                rotation: 10.0,
                flip: 0.5,
                color: 0.25,
                erase: 0.0,
            },
            data: Vec::new(),
        }
    }
}

impl CompatConfig {
    /// Reads and checks a TOML file. Relative data paths are relative to it.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, has an unknown key or a value out of range.
    pub fn from_file(path: &Path) -> Result<Self> {
        from_file(path, |config: &mut Self| &mut config.data, Self::check)
    }

    /// Finds values that cannot work, before the data is read.
    ///
    /// # Errors
    /// In words, the first of them.
    pub fn check(&self) -> Result<(), String> {
        let above_zero = [
            ("epochs", self.epochs as f64),
            ("batch_size", self.batch_size as f64),
            ("learning_rate", self.learning_rate),
            ("clip_norm", self.clip_norm),
            ("negatives_an_outfit", self.negatives_an_outfit as f64),
        ];
        if let Some((name, value)) = above_zero
            .into_iter()
            .find(|(_, value)| value.is_nan() || *value <= 0.0)
        {
            return Err(format!("{name} = {value} is not above 0"));
        }
        if !(0.0..=10.0).contains(&self.focal_gamma) {
            return Err(format!(
                "focal_gamma = {} is not in 0..=10",
                self.focal_gamma
            ));
        }
        if self.least_items < 2 {
            return Err(format!(
                "least_items = {}: outfits have at least 2 items",
                self.least_items
            ));
        }
        if self.data.len() > 1 {
            return Err(
                "one data set of outfits at a time: items of two cannot be told apart".to_owned(),
            );
        }
        self.network.of(&["any".to_owned()], 0).check()?;
        self.augment.check()
    }
}
