//! All that a run needs to go on where it stopped, in one file, replaced whole or not at all.

use crate::error::{AtPath, Error, Result};
use candle_core::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A run between two epochs; `B` is what its task calls the best epoch.
#[derive(Debug)]
pub(crate) struct Checkpoint<B> {
    pub(crate) weights: BTreeMap<String, Tensor>,
    pub(crate) average: BTreeMap<String, Tensor>,
    pub(crate) optimizer: BTreeMap<String, Tensor>,
    pub(crate) progress: Progress<B>,
}

/// The part of it that is not tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Progress<B> {
    /// Epochs done.
    pub(crate) epochs: usize,
    pub(crate) average_updates: usize,
    pub(crate) best: Option<B>,
    /// The settings, so that a run is not resumed with others.
    pub(crate) config: String,
    pub(crate) seconds: f64,
}

const PROGRESS: &str = "progress";

impl<B: Serialize + DeserializeOwned> Checkpoint<B> {
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let parts = [
            ("weights", &self.weights),
            ("average", &self.average),
            ("optimizer", &self.optimizer),
        ];
        let tensors: BTreeMap<String, &Tensor> = parts
            .into_iter()
            .flat_map(|(part, map)| {
                map.iter()
                    .map(move |(name, tensor)| (format!("{part}/{name}"), tensor))
            })
            .collect();
        let progress = serde_json::to_string(&self.progress)
            .map_err(std::io::Error::other)
            .at(path)?;
        write_safetensors(path, tensors, [(PROGRESS.to_owned(), progress)].into())
    }

    pub(crate) fn load(path: &Path, device: &Device) -> Result<Self> {
        let file = wardrobe_weights::Tensors::load(path)?;
        let invalid = |problem: String| Error::Checkpoint {
            path: path.to_path_buf(),
            problem,
        };
        let progress = file
            .metadata
            .get(PROGRESS)
            .ok_or_else(|| invalid("not a training checkpoint".to_owned()))?;
        let progress =
            serde_json::from_str(progress).map_err(|e| invalid(format!("damaged: {e}")))?;
        let part = |part: &str| -> Result<BTreeMap<String, Tensor>> {
            let prefix = format!("{part}/");
            let named = file
                .map
                .iter()
                .filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?, tensor)));
            named
                .map(|(name, tensor)| Ok((name.to_owned(), tensor.to_device(device)?)))
                .collect()
        };
        Ok(Self {
            weights: part("weights")?,
            average: part("average")?,
            optimizer: part("optimizer")?,
            progress,
        })
    }
}

/// Writes beside the file, then renames: a crash leaves the old one or the new one.
pub(crate) fn write_safetensors(
    path: &Path,
    tensors: BTreeMap<String, &Tensor>,
    metadata: HashMap<String, String>,
) -> Result<()> {
    let partial = path.with_extension("partial");
    safetensors::serialize_to_file(tensors, Some(metadata), &partial)
        .map_err(|e| std::io::Error::other(e.to_string()))
        .at(&partial)?;
    std::fs::rename(&partial, path).at(path)
}
