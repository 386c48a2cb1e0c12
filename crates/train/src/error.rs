//! What can go wrong in training.

use std::path::PathBuf;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot be read or make no sense.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The TOML file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A run cannot start from what it was given.
    #[error("{problem}")]
    Start {
        /// What does not fit, and what to do.
        problem: String,
    },
    /// A folder holds no data set that is known.
    #[error("{}: {problem}", path.display())]
    Data {
        /// The data set's folder or file.
        path: PathBuf,
        /// What was expected there.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}; check the path and its permissions", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A picture cannot be written as JPEG.
    #[error("cannot encode a picture: {source}")]
    Encode {
        /// Why not.
        source: image::ImageError,
    },
    /// The loss or its gradients are no longer numbers.
    #[error(
        "the loss became {loss} or its gradients overflowed at step {step} of epoch {epoch}: lower learning_rate; the batch was {}",
        files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    Diverged {
        /// The loss.
        loss: f32,
        /// From 1.
        epoch: usize,
        /// From 1, within the epoch.
        step: usize,
        /// The photos of the batch.
        files: Vec<PathBuf>,
    },
    /// A checkpoint does not belong to this run.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What does not fit, and what to do.
        problem: String,
    },
    /// The curves could not be drawn.
    #[error("{}: cannot draw the curves: {problem}", path.display())]
    Curves {
        /// The picture.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A tensor operation failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// A photo cannot be read.
    #[error(transparent)]
    Photo(#[from] wardrobe_ingest::Error),
    /// A garment cannot be told from its ground.
    #[error(transparent)]
    Foreground(#[from] wardrobe_attributes::Error),
    /// Weights cannot be read or do not fit.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// The classifier failed.
    #[error(transparent)]
    Classifier(#[from] wardrobe_classify::Error),
    /// The detector failed.
    #[error(transparent)]
    Detector(#[from] wardrobe_detect::Error),
    /// CLIP failed.
    #[error(transparent)]
    Clip(#[from] wardrobe_embed::Error),
    /// The outfit scorer failed.
    #[error(transparent)]
    Scorer(#[from] wardrobe_recommend::learned::LearnedError),
    /// No outfits can be made of the garments.
    #[error(transparent)]
    Outfits(#[from] wardrobe_recommend::Error),
    /// A metric is undefined on this data.
    #[error(transparent)]
    Metric(#[from] wardrobe_eval::EvalError),
}

/// Attaches a path to an input or output error.
pub(crate) trait AtPath<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::File {
            path: path.into(),
            source,
        })
    }
}
