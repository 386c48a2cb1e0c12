//! Weights and methods, measured on labelled data.

pub mod classify;
pub mod clip;
pub mod clothing;
pub mod colors;
pub mod compat;
pub mod detect;
pub mod embed;
mod neighbours;
pub mod preferences;
pub mod search;
pub mod tag;
