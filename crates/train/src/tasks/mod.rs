//! One training loop a model.

pub mod classify;
