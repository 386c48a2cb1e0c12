//! Where the garments of a photo are.
//!
//! **Until a detector is here, the foreground is the garment.** This module is the only place that
//! says so: photos are taken to show one garment each, and what stands out from the border's
//! colours is it. YOLOv8 will return its own detections, any number of them, from [`locate`], and
//! nothing else has to change.

use wardrobe_attributes::foreground::Foreground;
use wardrobe_detect::Detection;

/// What a foreground is called: it is known to be a garment, and the classifier says which.
const CLASS: &str = "garment";

/// Ground around a garment that the models are shown, as a share of its box's sides: all there is.
///
/// The classifier learns from whole photos of one garment, and it does no better on the foreground:
/// of 657 photos of its training data, it is right on 0.648 as they are and on 0.632 cut to the
/// foreground and 5 % around it. A detector's boxes in photos of several garments will need a
/// narrow margin here.
pub(crate) const SHOWN_MARGIN: f32 = f32::INFINITY;

/// The garments of a photo, given what stands out in it.
pub(crate) fn locate(foreground: &Foreground) -> Vec<Detection> {
    // That a garment is there is given, not measured: hence the full confidence.
    vec![Detection {
        bbox: foreground.bbox,
        class: CLASS.into(),
        confidence: 1.0,
    }]
}
