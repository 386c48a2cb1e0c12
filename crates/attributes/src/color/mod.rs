//! A garment's colours, and what they are called.

mod dominant;
mod name;

pub use dominant::{DominantColors, dominant_colors};
pub use name::{ciede2000, delta_e, name_color};
