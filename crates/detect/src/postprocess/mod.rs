//! From the network's outputs to boxes.

mod candidates;
mod decode;
mod nms;
mod thresholds;

pub use candidates::{Labels, candidates};
pub use decode::{Decoded, decode};
pub use nms::{Candidate, suppress};
pub use thresholds::Thresholds;
