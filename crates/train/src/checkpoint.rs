//! All that a run needs to go on where it stopped, in one file, replaced whole or not at all.

use crate::error::{AtPath, Error, Result};
use candle_core::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A run between two epochs.
#[derive(Debug)]
pub(crate) struct Checkpoint<B> {
    pub(crate) weights: BTreeMap<String, Tensor>,
    pub(crate) average: BTreeMap<String, Tensor>,
    pub(crate) optimizer: BTreeMap<String, Tensor>,
    pub(crate) progress: Progress<B>,
}

/// The part of it that is not tensors; `B` is a task's best epoch.
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

impl<B> Progress<B> {
    /// Before the first epoch of a run with these settings.
    pub(crate) fn new(config: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self {
            epochs: 0,
            average_updates: 0,
            best: None,
            config: serde_json::to_string(config)?,
            seconds: 0.0,
        })
    }
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

/// A checkpoint that belongs to a run with these settings, and the log's rows up to it, of which `epoch` tells the epoch.
pub(crate) fn resume<B, R>(
    checkpoint: &Path,
    log: &Path,
    config: &str,
    device: &Device,
    epoch: fn(&R) -> usize,
) -> Result<(Checkpoint<B>, Vec<R>)>
where
    B: Serialize + DeserializeOwned,
    R: DeserializeOwned,
{
    let loaded = Checkpoint::<B>::load(checkpoint, device)?;
    let invalid = |path: &Path, problem: String| Error::Checkpoint {
        path: path.to_path_buf(),
        problem,
    };
    if loaded.progress.config != config {
        let problem =
            "made with other settings: resume with the same ones, or start anew in another folder";
        return Err(invalid(checkpoint, problem.to_owned()));
    }
    let rows = csv::Reader::from_path(log).and_then(|mut reader| reader.deserialize().collect());
    let mut rows: Vec<R> = rows.map_err(|e| invalid(log, e.to_string()))?;
    rows.retain(|row| epoch(row) <= loaded.progress.epochs);
    Ok((loaded, rows))
}

/// Writes a run's log, a row an epoch.
pub(crate) fn write_log(rows: &[impl Serialize], path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::File {
        path: path.to_path_buf(),
        source: std::io::Error::other(e),
    };
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    rows.iter()
        .try_for_each(|row| writer.serialize(row))
        .map_err(failed)?;
    writer.flush().at(path)
}
