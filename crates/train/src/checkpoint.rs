//! All that a run needs to go on where it stopped, in one file, replaced whole or not at all.

use crate::error::{AtPath, Error, Result};
use crate::tasks::{Best, Row, Run};
use candle_core::{DType, Device, Tensor, Var};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use wardrobe_nn::optim::Ema;
use wardrobe_weights::Tensors;

/// A run between two epochs.
#[derive(Debug)]
pub(crate) struct Checkpoint<M> {
    pub(crate) weights: BTreeMap<String, Tensor>,
    pub(crate) average: BTreeMap<String, Tensor>,
    pub(crate) optimizer: BTreeMap<String, Tensor>,
    pub(crate) progress: Progress<M>,
}

/// The part of it that is not tensors; `M` is a task's validation metrics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Progress<M> {
    /// Epochs done.
    pub(crate) epochs: usize,
    pub(crate) average_updates: usize,
    pub(crate) best: Option<Best<M>>,
    /// The settings, so that a run is not resumed with others.
    pub(crate) config: String,
    pub(crate) seconds: f64,
}

impl<M: Copy> Progress<M> {
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

    /// The best epoch of a run that has ended.
    pub(crate) fn best(&self, run: &Run) -> Result<Best<M>> {
        self.best.ok_or_else(|| Error::Checkpoint {
            path: run.out.clone(),
            problem: "the run has no epoch to choose the best of".to_owned(),
        })
    }
}

const PROGRESS: &str = "progress";

impl<M: Clone> Checkpoint<M> {
    /// A run that keeps no average of its weights.
    pub(crate) fn of(
        weights: BTreeMap<String, Tensor>,
        optimizer: BTreeMap<String, Tensor>,
        progress: &Progress<M>,
    ) -> Self {
        Self {
            weights,
            average: BTreeMap::new(),
            optimizer,
            progress: progress.clone(),
        }
    }

    /// The same run, which keeps one.
    pub(crate) fn with_average(
        mut self,
        average: &Ema,
        vars: &BTreeMap<String, Var>,
    ) -> Result<Self> {
        self.average = average.tensors(vars)?;
        self.progress.average_updates = average.updates();
        Ok(self)
    }
}

impl<M: Serialize + DeserializeOwned> Checkpoint<M> {
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
        let file = Tensors::load(path)?;
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

/// Writes the tensors in f16. The same content gives the same bytes.
pub(crate) fn write_half(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    metadata: HashMap<String, String>,
) -> Result<()> {
    let half = tensors
        .iter()
        .map(|(name, tensor)| Ok((name.clone(), tensor.to_dtype(DType::F16)?)));
    let file = Tensors {
        map: half.collect::<Result<_>>()?,
        metadata: metadata.into_iter().collect(),
        file: path.display().to_string(),
    };
    Ok(file.save(path)?)
}

/// The checkpoint of a run with these settings, and the log's rows up to it.
pub(crate) fn resume<R: Row>(
    run: &Run,
    config: &str,
    device: &Device,
) -> Result<(Checkpoint<R::Metrics>, Vec<R>)> {
    let (checkpoint, log) = (run.checkpoint(), run.log());
    let mut loaded = Checkpoint::<R::Metrics>::load(&checkpoint, device)?;
    let invalid = |path: &Path, problem: String| Error::Checkpoint {
        path: path.to_path_buf(),
        problem,
    };
    if loaded.progress.config != config {
        let problem =
            "made with other settings: resume with the same ones, or start anew in another folder";
        return Err(invalid(&checkpoint, problem.to_owned()));
    }
    let rows = csv::Reader::from_path(&log).and_then(|mut reader| reader.deserialize().collect());
    let mut rows: Vec<R> = rows.map_err(|e| invalid(&log, e.to_string()))?;
    rows.retain(|row| row.epoch() <= loaded.progress.epochs);
    // The log's numbers come back as they were written; JSON's may be off in the last place, and a later epoch that is
    // only as good as the best one would pass for better.
    if let Some(best) = &mut loaded.progress.best
        && let Some(row) = rows.iter().find(|row| row.epoch() == best.epoch)
        && let Some(metrics) = row.metrics()
    {
        best.metrics = metrics;
    }
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
