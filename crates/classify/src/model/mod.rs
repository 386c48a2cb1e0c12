//! The network and the names its weights go by.

mod efficientnet;
mod names;

pub use efficientnet::EfficientNet;
pub use names::{fit_weights, load_weights};
