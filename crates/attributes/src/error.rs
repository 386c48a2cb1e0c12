//! Why a photo has no colours or tags.

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a photo could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A photo too small to have a border and a middle.
    #[error(
        "photo of {width} x {height} pixels: expected at least {least} x {least} to find a garment in"
    )]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The least side length.
        least: u32,
    },
    /// A foreground used with another photo than its own.
    #[error(
        "foreground of a photo of {} x {} pixels used with one of {} x {}: segment the photo it is used with",
        .expected.0, .expected.1, .got.0, .got.1
    )]
    OtherPhoto {
        /// Width and height of the photo the foreground was found in.
        expected: (u32, u32),
        /// Width and height of the photo given.
        got: (u32, u32),
    },
    /// A tagger's file whose metadata does not say what was learned.
    #[error(
        "{file}: the metadata entry \"tagger\" is malformed: {problem}; use a file that `wardrobe train tag` wrote"
    )]
    TaggerConfig {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Weights that do not fit.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// The clustering failed.
    #[error("clustering {points} colours into {clusters}: {source}")]
    Clustering {
        /// How many colours.
        points: usize,
        /// Into how many clusters.
        clusters: usize,
        /// What k-means says.
        source: linfa_clustering::KMeansError,
    },
}
