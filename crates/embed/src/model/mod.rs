//! The network and the names its weights go by.

mod clip;
mod image;
mod layers;
mod names;
mod text;
mod transformer;

pub use clip::Clip;
pub use image::ImageTower;
pub use names::{fit_weights, load_weights};
pub use text::TextTower;
