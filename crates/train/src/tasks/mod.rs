//! One training loop a model.

pub mod classify;
pub mod clip;
pub mod detect;

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
