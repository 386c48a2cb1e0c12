//! One training loop a model.

pub mod classify;
pub mod detect;
