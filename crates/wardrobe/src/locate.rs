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

/// The garments of a photo, given what stands out in it.
pub(crate) fn locate(foreground: &Foreground) -> Vec<Detection> {
    // That a garment is there is given, not measured: hence the full confidence.
    vec![Detection {
        bbox: foreground.bbox,
        class: CLASS.into(),
        confidence: 1.0,
    }]
}
