//! What can go wrong between a photo and its detections.

use wardrobe_types::BoxXyxy;

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
}
