//! From the network's outputs to boxes.

mod decode;

pub use decode::{Decoded, decode};
