//! Approximate search: a graph of near neighbours.
//!
//! `codes.rs` holds the vectors as bytes and `kernel.rs` compares them; `graph.rs` is the graph,
//! `build.rs` grows it, `search.rs` walks it, `tune.rs` measures how wide a walk must be.

mod build;
mod codes;
mod graph;
mod kernel;
mod search;
mod tune;

pub(crate) use graph::{EF_CONSTRUCTION, Graph, Head, M};
pub(crate) use search::Scratch;
pub(crate) use tune::K;
