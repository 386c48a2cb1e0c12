//! What can go wrong between a photo and its detections.

use wardrobe_types::BoxXyxy;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a photo and its detections.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The box has no pixel in common with the photo, or is not a box.
    #[error(
        "the box [{}, {}, {}, {}] covers no pixel of the {width} x {height} photo: give x0 < x1 and y0 < y1 in pixels of the upright photo",
        bbox.x0, bbox.y0, bbox.x1, bbox.y1
    )]
    EmptyBox {
        /// The box as it was asked for.
        bbox: BoxXyxy,
        /// The photo's width in pixels.
        width: u32,
        /// The photo's height in pixels.
        height: u32,
    },
    /// A tensor operation failed.
    #[error("detection failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] wardrobe_weights::Error),
    /// A photo could not be brought to the network's size.
    #[error(transparent)]
    Photo(#[from] wardrobe_ingest::Error),
    /// No size of YOLOv8 goes by this name.
    #[error("there is no YOLOv8{name}: the sizes are n, s, m, l or x")]
    UnknownVariant {
        /// The name given.
        name: String,
    },
    /// The weights' tensors are not those of a YOLOv8 detector.
    #[error("{file}: {problem}; expected the weights of a YOLOv8 n, s, m, l or x detector")]
    NotYolo {
        /// The weights' file.
        file: String,
        /// What is missing or wrong.
        problem: String,
    },
    /// The weights' file does not say how it wants to be used.
    #[error("{file}: the metadata entry {entry:?} {problem}; {remedy}")]
    Metadata {
        /// The weights' file.
        file: String,
        /// The entry's name.
        entry: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A setting out of its range.
    #[error("{setting} is {value}, expected {expected}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A class that the detector does not know.
    #[error("the detector knows no class {name:?}; its classes are {known}")]
    UnknownClass {
        /// The name given.
        name: String,
        /// The classes there are.
        known: String,
    },
}
