//! Losses, on logits wherever probabilities come from logits.

mod boxes;
mod classification;

pub use boxes::{complete_iou, distribution_expectation, distribution_focal_loss};
pub use classification::{bce_with_logits, cross_entropy, set_cross_entropy};
