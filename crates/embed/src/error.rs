//! What can go wrong between features and an embedding.

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between features and an embedding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The features come from another network.
    #[error(
        "the starter embedder takes {expected} features, got {got}: pass EfficientNet-B0's pooled features"
    )]
    Length {
        /// Features it takes.
        expected: usize,
        /// Features it was given.
        got: usize,
    },
    /// The features have no direction (all zero) or hold a value that is not a number.
    #[error(transparent)]
    Vector(#[from] wardrobe_types::Error),
}
