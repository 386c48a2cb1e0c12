//! Losses, on logits wherever probabilities come from logits.

mod boxes;
mod classification;
mod contrastive;

pub use boxes::{complete_iou, distribution_expectation, distribution_focal_loss};
pub use classification::{bce_with_logits, cross_entropy, focal_with_logits, set_cross_entropy};
pub use contrastive::{MAX_LOGIT_SCALE, info_nce, supervised_contrastive};
