//! What can go wrong between a photo or a text and its embedding.

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a photo or a text and its embedding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The features have no direction (all zero) or hold a value that is not a number.
    #[error(transparent)]
    Vector(#[from] wardrobe_types::Error),
    /// A tensor operation failed.
    #[error("embedding failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// A file's metadata does not describe a network.
    #[error("{file}: the metadata entry {entry:?} is malformed: {problem}; write the file anew")]
    Metadata {
        /// The file.
        file: String,
        /// The entry.
        entry: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is of a CLIP of other sizes.
    #[error(
        "{file} is of a CLIP of {dimension} values and photos of {image} x {image}; expected ViT-B/32, 512 and 224 x 224"
    )]
    OtherSizes {
        /// The file.
        file: String,
        /// Length of its embeddings.
        dimension: usize,
        /// Side of its photos in pixels.
        image: usize,
    },
    /// A photo could not be brought to the network's size.
    #[error(transparent)]
    Photo(#[from] wardrobe_ingest::Error),
    /// The vocabulary that is part of this crate is damaged.
    #[error("the tokeniser's vocabulary is damaged: {problem}")]
    Vocabulary {
        /// What is wrong with it.
        problem: String,
    },
}
