//! Exact search: every candidate is scored, in memory, and the best k are kept.

mod kernel;
mod matrix;
mod search;
mod top_k;

pub(crate) use matrix::Matrix;
pub(crate) use search::search;
