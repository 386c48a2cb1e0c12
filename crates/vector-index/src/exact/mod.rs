//! Exact search: every candidate is scored, in memory, and the best k are kept.

mod kernel;
mod matrix;
mod product;
mod search;
mod top_k;

pub(crate) use kernel::score;
pub(crate) use matrix::Matrix;
pub(crate) use search::{Part, search};
pub(crate) use top_k::{Candidate, TopK};
