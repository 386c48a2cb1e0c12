//! What the workspace's tests share: golden fixtures, comparison of tensors, gradient checks.
//!
//! A development dependency only. Nothing here is part of the program.
//!
//! ```no_run
//! use wardrobe_testkit::{Golden, assert_close};
//! # fn logits_of(_: &std::collections::BTreeMap<String, candle_core::Tensor>, x: &candle_core::Tensor) -> candle_core::Tensor { x.clone() }
//! # fn main() -> wardrobe_testkit::Result<()> {
//! let Some(golden) = Golden::open("efficientnet_b0")? else { return Ok(()) };
//! let logits = logits_of(&golden.parameters()?, &golden.input()?);
//! assert_close(&logits, golden.tensor("logits")?, 1e-4);
//! # Ok(())
//! # }
//! ```
//!
//! * [`Golden`]: a reference implementation's inputs, outputs and per-module statistics, with the
//!   parameters it ran on, regenerated here from their names alone.
//! * [`assert_close`], [`compare`]: how far two tensors are apart, and where.
//! * [`grad_check`], [`assert_gradients`]: back-propagation against finite differences.
//! * [`on_every_device!`]: a test's one body on the CPU and, with the feature `cuda`, on a GPU.
//! * [`again_with_narrower_instructions`]: a test program once more on the kernels of lesser processors.
//! * [`Random`]: seeded tensors of lopsided shapes.
//! * [`Server`]: a web server that answers as a test says.
//! * [`shared_data`], [`shared_golden`]: data kept outside the repository; a test that needs it
//!   says so and returns where it is absent.

mod compare;
mod devices;
mod error;
mod generate;
mod golden;
mod gradients;
mod instructions;
mod random;
mod server;
mod shared;

// For the macros.
#[doc(hidden)]
pub use candle_core::Device;
pub use compare::{Comparison, assert_close, compare, max_rel_err, rms_rel_err};
pub use devices::cuda_device;
pub use error::{Error, Result};
pub use generate::{fnv1a64, image_u8, splitmix64, uniform};
pub use golden::{Golden, ModuleStats, TensorSpec};
pub use gradients::{GradCheck, GradReport, Worst, assert_gradients, grad_check};
pub use instructions::again_with_narrower_instructions;
pub use random::Random;
pub use server::{Reply, Request, Server};
pub use shared::{shared_data, shared_golden, skip};
