//! One training loop a model.

pub mod classify;
pub mod clip;
pub mod compat;
pub mod detect;
pub mod embed;
mod epochs;
mod head;
pub mod tag;

pub(crate) use epochs::Row;
pub use epochs::Summary;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where a run writes, and what it starts from.
#[derive(Clone, Debug)]
pub struct Run {
    /// Folder for weights, checkpoint, log and curves.
    pub out: PathBuf,
    /// Weights to start from: published ones, or an earlier run's. Of the classifier and the detector, a head for other
    /// classes is replaced.
    pub init: Option<PathBuf>,
    /// Go on from the checkpoint in `out`.
    pub resume: bool,
}

impl Run {
    pub(crate) fn weights(&self) -> PathBuf {
        self.out.join("best.safetensors")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.out.join("checkpoint.safetensors")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.out.join("log.csv")
    }

    pub(crate) fn curves(&self) -> PathBuf {
        self.out.join("curves.png")
    }
}

/// The best epoch so far; `M` is the task's validation metrics.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best<M> {
    /// From 1.
    pub epoch: usize,
    /// Its validation metrics.
    pub metrics: M,
}
