//! The network and the names its weights go by.

mod backbone;
mod blocks;
mod head;
mod names;
mod yolo;

pub use head::Level;
pub use names::{config_of, fit_weights, load_weights};
pub use yolo::Yolo;
