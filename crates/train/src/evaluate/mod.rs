//! Weights and methods, measured on labelled data.

pub mod classify;
pub mod clip;
pub mod colors;
