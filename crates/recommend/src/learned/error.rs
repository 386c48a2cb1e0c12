//! What can be wrong with a scorer's weights, or with what it is asked.

use wardrobe_types::EmbedderId;

/// Weights that do not fit, or garments that mean nothing to them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnedError {
    /// The vectors are of another embedder than the weights were trained on.
    #[error(
        "the outfit scorer {scorer} knows embeddings by {}, and these are by {got}: train one for them with `wardrobe train compat`",
        .expected.as_ref().map_or("no embedder", |id| id.as_str())
    )]
    OtherEmbedder {
        /// The scorer's file.
        scorer: String,
        /// The embedder it was trained on; `None` for one that sees classes alone.
        expected: Option<EmbedderId>,
        /// The embedder of what it was asked about.
        got: EmbedderId,
    },
    /// A garment without what the scorer looks at.
    #[error("garment {index}: expected {expected} values of an embedding, got {got}")]
    Length {
        /// Which garment, counted from 0.
        index: usize,
        /// The scorer's.
        expected: usize,
        /// The garment's.
        got: usize,
    },
    /// A set that names a garment that is not there, or none.
    #[error("set {set}: expected some of {garments} garments, got {items:?}")]
    BadSet {
        /// Which set, counted from 0.
        set: usize,
        /// Garments given.
        garments: usize,
        /// The set.
        items: Vec<usize>,
    },
    /// The file does not say what network its weights are of.
    #[error("{file}: {problem}; expected a file of `wardrobe train compat`")]
    NoConfig {
        /// The file.
        file: String,
        /// What is missing or wrong.
        problem: String,
    },
    /// The weights do not fit the network their file describes.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// A tensor operation failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
