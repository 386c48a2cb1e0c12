//! What a detector's weights say of themselves.

use crate::{Config, Error, Result, config_of};
use serde::{Deserialize, Serialize};
use wardrobe_ingest::LetterboxOptions;
use wardrobe_weights::Tensors;

/// What a detector's weights say of themselves: the `config` entry of the safetensors file's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectorConfig {
    /// The network.
    pub network: Config,
    /// The name of each class, in the order of the outputs.
    pub names: Vec<String>,
    /// How photos are fitted to the network's input.
    pub letterbox: LetterboxOptions,
}

/// The metadata entry that holds a [`DetectorConfig`].
const ENTRY: &str = "config";
/// Ultralytics' entry of class names.
const NAMES: &str = "names";

impl DetectorConfig {
    /// The settings of a network with these class names and Ultralytics' input: 640 pixels the longer side, padded to a
    /// multiple of 32.
    pub fn new(network: Config, names: Vec<String>) -> Self {
        let letterbox = LetterboxOptions {
            stride: Some(32),
            ..LetterboxOptions::square(640)
        };
        Self {
            network,
            names,
            letterbox,
        }
    }

    /// Reads it from a file's metadata. A file without the entry is taken for one of Ultralytics': the network is read
    /// from the tensors' shapes and the class names from the entry `names`, a JSON list or a JSON object by number.
    ///
    /// # Errors
    /// [`Error::Metadata`] where neither is there, one is malformed, or there is another number of names than of
    /// outputs; [`Error::NotYolo`]; [`Error::Setting`] for an input that the network cannot take.
    pub fn of(weights: &Tensors) -> Result<Self> {
        let config = match weights.metadata.get(ENTRY) {
            Some(text) => serde_json::from_str(text).map_err(|e| {
                let remedy = "use weights exported by `wardrobe train detect`";
                invalid(weights, ENTRY, format!("is malformed: {e}"), remedy)
            })?,
            None => Self::new(config_of(weights)?, names(weights)?),
        };
        config.check(weights)?;
        Ok(config)
    }

    fn check(&self, weights: &Tensors) -> Result<()> {
        let (names, outputs) = (self.names.len(), self.network.classes);
        if names != outputs {
            let entry = match weights.metadata.contains_key(ENTRY) {
                true => ENTRY,
                false => NAMES,
            };
            let problem = format!("has {names} class names for {outputs} outputs");
            return Err(invalid(weights, entry, problem, "give one an output"));
        }
        let LetterboxOptions {
            width,
            height,
            stride,
            ..
        } = self.letterbox;
        let coarsest = Config::STRIDES[2] as u32;
        let fits = |side: u32| side > 0 && side.is_multiple_of(coarsest);
        let padded = stride.is_none_or(|stride| {
            fits(stride) && width.is_multiple_of(stride) && height.is_multiple_of(stride)
        });
        if fits(width) && fits(height) && padded {
            return Ok(());
        }
        Err(Error::Setting {
            setting: "letterbox",
            value: format!("{:?}", self.letterbox),
            expected: "sides that are multiples of the stride, and a stride that is a multiple of 32",
        })
    }

    /// The metadata entry to write beside the weights: name and value.
    ///
    /// # Errors
    /// Where the settings cannot be written as JSON.
    pub fn to_metadata(&self) -> std::result::Result<(String, String), serde_json::Error> {
        Ok((ENTRY.to_owned(), serde_json::to_string(self)?))
    }
}

/// The class names as Ultralytics notes them.
fn names(weights: &Tensors) -> Result<Vec<String>> {
    weights.class_names()?.ok_or_else(|| {
        let remedy = "expected [\"a name\", ...] or {\"0\": \"a name\", ...}";
        invalid(weights, NAMES, "is missing".to_owned(), remedy)
    })
}

fn invalid(weights: &Tensors, entry: &'static str, problem: String, remedy: &'static str) -> Error {
    Error::Metadata {
        file: weights.file.clone(),
        entry,
        problem,
        remedy,
    }
}
