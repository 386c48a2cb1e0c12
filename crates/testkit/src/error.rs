use std::path::PathBuf;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a fixture could not be read or a check could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A fixture's file cannot be read.
    #[error("cannot read the fixture {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A fixture's description is not what [`crate::Golden`] expects.
    #[error("{path} is not a fixture's description")]
    Describe {
        /// The file.
        path: PathBuf,
        /// Where and why parsing stopped.
        source: serde_json::Error,
    },
    /// A fixture has no tensor of that name.
    #[error("the fixture {fixture} has no {wanted}; it has {present}")]
    Absent {
        /// The fixture.
        fixture: String,
        /// What was asked for.
        wanted: String,
        /// What there is, separated by commas.
        present: String,
    },
    /// The generator and the fixture's description disagree.
    #[error(
        "the generated tensor {name} is not the fixture's: {what} is {got}, expected {expected}"
    )]
    Generated {
        /// The tensor.
        name: String,
        /// The property that differs.
        what: &'static str,
        /// What was generated.
        got: String,
        /// What the description holds.
        expected: String,
    },
    /// A gradient check was asked for on something it cannot check.
    #[error("cannot check gradients: {0}")]
    GradCheck(String),
    /// An operation on tensors failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}
