//! The network's settings, and those of a classifier's weights.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use wardrobe_ingest::Preprocess;
use wardrobe_types::Category;
use wardrobe_weights::Tensors;

/// EfficientNet-B0's settings (Tan and Le 2019).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Outputs of the head.
    pub classes: usize,
    /// Batch norm's epsilon: 1e-5 for torchvision's and timm's own weights and ours, 1e-3 for those ported from
    /// TensorFlow.
    pub bn_eps: f64,
    /// Dropout before the head.
    pub dropout: f32,
    /// Probability of dropping the last residual branch; earlier ones less, in proportion to their depth.
    pub stochastic_depth: f32,
}

impl Config {
    /// The paper's settings: dropout 0.2, stochastic depth 0.2.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            bn_eps: 1e-5,
            dropout: 0.2,
            stochastic_depth: 0.2,
        }
    }
}

/// What a classifier's weights say of themselves, as the `config` entry of the safetensors file's metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifierConfig {
    /// The network.
    pub network: Config,
    /// The category of each output.
    pub categories: Vec<Category>,
    /// How photos are brought to the network.
    pub preprocess: Preprocess,
    /// The power that calibrates the groups' probabilities ([`crate::Groups::sharpen`]); 1 where nobody did.
    #[serde(default = "uncalibrated")]
    pub sharpness: f32,
}

fn uncalibrated() -> f32 {
    1.0
}

/// The metadata entry that holds a [`ClassifierConfig`].
const ENTRY: &str = "config";

impl ClassifierConfig {
    /// Reads it from a file's metadata.
    ///
    /// # Errors
    /// [`Error::Metadata`] where it is missing, malformed, or names another number of categories than outputs.
    pub fn of(weights: &Tensors) -> Result<Self> {
        let invalid = |problem| Error::Metadata {
            file: weights.file.clone(),
            entry: ENTRY,
            problem,
        };
        let text = weights
            .metadata
            .get(ENTRY)
            .ok_or_else(|| invalid("is missing".to_owned()))?;
        let config: Self =
            serde_json::from_str(text).map_err(|e| invalid(format!("is malformed: {e}")))?;
        if config.categories.len() != config.network.classes {
            let (outputs, names) = (config.network.classes, config.categories.len());
            return Err(invalid(format!(
                "names {names} categories for {outputs} outputs"
            )));
        }
        Ok(config)
    }

    /// The metadata entry to write beside the weights: name and value.
    ///
    /// # Errors
    /// Where the settings cannot be written as JSON (a value that is not a number).
    pub fn to_metadata(&self) -> std::result::Result<(String, String), serde_json::Error> {
        Ok((ENTRY.to_owned(), serde_json::to_string(self)?))
    }
}
