//! What can go wrong between a photo and its category.

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a photo and its category.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation failed.
    #[error("classification failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// A photo could not be brought to the network's size.
    #[error(transparent)]
    Photo(#[from] wardrobe_ingest::Error),
    /// The weights' file does not say how it wants to be used.
    #[error(
        "{file}: the metadata entry {entry:?} {problem}; use weights exported by `wardrobe train classify`"
    )]
    Metadata {
        /// The weights' file.
        file: String,
        /// The entry's name.
        entry: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
