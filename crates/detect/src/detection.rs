//! One garment found in a photo.

use std::borrow::Cow;

use wardrobe_types::BoxXyxy;

/// One garment found in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Where: pixels of the upright photo, origin at the top left.
    pub bbox: BoxXyxy,
    /// What, in the detector's own words; a detector's checkpoint names its classes.
    pub class: Cow<'static, str>,
    /// How sure the detector is, in 0..=1.
    pub confidence: f32,
}
