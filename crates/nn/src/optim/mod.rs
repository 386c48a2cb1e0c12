//! Optimisers with named state that can be saved, clipping, averaging and schedules.
//!
//! [`Optimizer`] is either of [`Sgd`] and [`AdamW`], so that a training loop takes both; [`Gradients`] collects what
//! one step uses; [`Group`] sets parameters apart by name; [`Ema`] averages parameters and running statistics; the
//! schedules are plain functions of the step's number.
//!
//! State is saved by the parameters' names, and a run that is saved and restored goes on bit for bit. What a schedule
//! yields (rates, momentum) is no state: it follows from the step.
//!
//! YOLOv8's recipe, for one step:
//!
//! ```
//! use std::collections::BTreeMap;
//! use candle_core::{DType, Device, Var};
//! use wardrobe_nn::optim::{
//!     Gradients, Group, Optimizer, OptimizerConfig, ParamKind, SgdConfig, linear_schedule, ramp,
//! };
//!
//! # fn main() -> candle_core::Result<()> {
//! let var = |shape: &[usize]| Var::ones(shape, DType::F32, &Device::Cpu);
//! let vars: BTreeMap<String, Var> =
//!     [("conv.weight".to_owned(), var(&[4, 3])?), ("conv.bias".to_owned(), var(&[4])?)].into();
//! let mut optimizer = Optimizer::new(vars.clone(), OptimizerConfig::Sgd(SgdConfig::default()), Group::usual)?;
//! let (step, warmup, steps, micro_batches) = (50, 300, 10_000, 2);
//!
//! let mut gradients = Gradients::default();
//! for _ in 0..micro_batches {
//!     let loss = (vars["conv.weight"].sum_all()? + vars["conv.bias"].sum_all()?)?;
//!     gradients.add(&vars, &loss.backward()?)?;
//! }
//! gradients.scale(1.0 / f64::from(micro_batches));
//! gradients.clip(10.0);
//! let rate = 0.01 * linear_schedule(step, steps, 0.01);
//! optimizer.set_momentum(ramp(step, warmup, 0.8, 0.937))?;
//! optimizer.step(&gradients, |name| match ParamKind::of(name, &vars[name]) {
//!     ParamKind::Bias => ramp(step, warmup, 0.1, rate),
//!     ParamKind::Weight | ParamKind::Norm => ramp(step, warmup, 0.0, rate),
//! })?;
//! # Ok(())
//! # }
//! ```

mod adamw;
mod ema;
mod gradients;
mod group;
mod param;
mod schedule;
mod sgd;

pub use adamw::{AdamW, AdamWConfig};
pub use ema::Ema;
pub use gradients::Gradients;
pub use group::{Group, ParamKind};
pub use schedule::{OneCycle, cosine_schedule, linear_schedule, ramp};
pub use sgd::{Sgd, SgdConfig};

use candle_core::{Result, Tensor, Var};
use std::collections::BTreeMap;

/// Which optimiser, with which constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(SgdConfig),
    /// Adam with decoupled weight decay.
    AdamW(AdamWConfig),
}

/// One of the optimisers, chosen when the program runs.
#[derive(Debug)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
}

impl Optimizer {
    /// Starts with empty state; `group` is asked once for each parameter, [`Group::usual`] where nothing is special.
    ///
    /// # Errors
    /// A parameter that is not f32, or a constant out of its range.
    pub fn new(
        vars: BTreeMap<String, Var>,
        config: OptimizerConfig,
        group: impl Fn(&str, &Var) -> Group,
    ) -> Result<Self> {
        Ok(match config {
            OptimizerConfig::Sgd(config) => Self::Sgd(Sgd::with_groups(vars, config, group)?),
            OptimizerConfig::AdamW(config) => Self::AdamW(AdamW::with_groups(vars, config, group)?),
        })
    }

    /// One update; `learning_rate` is asked for each parameter by name, and multiplied by its group's factor.
    ///
    /// # Errors
    /// An operation on tensors that failed.
    pub fn step(&mut self, grads: &Gradients, learning_rate: impl Fn(&str) -> f64) -> Result<()> {
        match self {
            Self::Sgd(sgd) => sgd.step(grads, learning_rate),
            Self::AdamW(adamw) => adamw.step(grads, learning_rate),
        }
    }

    /// The momentum from the next step on; for AdamW, beta 1, as PyTorch's schedulers have it.
    ///
    /// # Errors
    /// A value outside `0.0..1.0`, or 0 where Nesterov's rule needs one.
    pub fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        match self {
            Self::Sgd(sgd) => sgd.set_momentum(momentum),
            Self::AdamW(adamw) => adamw.set_beta1(momentum),
        }
    }

    /// What [`restore`](Self::restore) takes up, to be saved beside the weights.
    ///
    /// # Errors
    /// An operation on tensors that failed.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        match self {
            Self::Sgd(sgd) => sgd.state(),
            Self::AdamW(adamw) => adamw.state(),
        }
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// State that is missing or of another size, as another optimiser's is.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        match self {
            Self::Sgd(sgd) => sgd.restore(state),
            Self::AdamW(adamw) => adamw.restore(state),
        }
    }
}
