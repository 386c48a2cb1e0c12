use super::param::{change, check_f32, check_range, restore, tensor};
use super::{Gradients, Group};
use candle_core::{Result, Tensor, Var, bail};
use std::collections::BTreeMap;

/// The constants of stochastic gradient descent; the defaults are YOLOv8's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// Decay of the velocity; 0 is plain descent.
    pub momentum: f64,
    /// Whether a step looks ahead by the velocity (Sutskever et al. 2013, in PyTorch's form).
    pub nesterov: bool,
    /// Times the weight, added to its gradient (not decoupled); multiplied by the group's factor.
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            momentum: 0.937,
            nesterov: true,
            weight_decay: 5e-4,
        }
    }
}

impl SgdConfig {
    fn check(&self) -> Result<()> {
        check_range("SGD's momentum", self.momentum, 0.0..1.0)?;
        check_range("SGD's weight decay", self.weight_decay, 0.0..f64::INFINITY)?;
        if self.nesterov && self.momentum == 0.0 {
            bail!("SGD's momentum: Nesterov's rule needs one above 0, got 0");
        }
        Ok(())
    }
}

/// Stochastic gradient descent over named parameters, with PyTorch's formula: g += decay w; v = momentum v + g;
/// w -= rate (g + momentum v) with Nesterov's rule, rate v without.
///
/// (Candle's own has neither momentum nor decay.)
#[derive(Debug)]
pub struct Sgd {
    config: SgdConfig,
    params: BTreeMap<String, Param>,
}

#[derive(Debug)]
struct Param {
    var: Var,
    group: Group,
    velocity: Vec<f32>,
}

impl Sgd {
    /// Starts at rest with the [usual groups](Group::usual).
    ///
    /// # Errors
    /// A parameter that is not f32, or a constant out of its range.
    pub fn new(vars: BTreeMap<String, Var>, config: SgdConfig) -> Result<Self> {
        Self::with_groups(vars, config, Group::usual)
    }

    /// Starts at rest with these groups; `group` is asked once for each parameter.
    ///
    /// # Errors
    /// As [`Sgd::new`].
    pub fn with_groups(
        vars: BTreeMap<String, Var>,
        config: SgdConfig,
        group: impl Fn(&str, &Var) -> Group,
    ) -> Result<Self> {
        config.check()?;
        check_f32(&vars)?;
        let param = |(name, var): (String, Var)| {
            let param = Param {
                group: group(&name, &var),
                velocity: vec![0.0; var.elem_count()],
                var,
            };
            (name, param)
        };
        Ok(Self {
            config,
            params: vars.into_iter().map(param).collect(),
        })
    }

    /// One update; `learning_rate` is asked for each parameter by name, and multiplied by its group's factor. A
    /// parameter without a gradient stays as it is, and so does its velocity; one with a rate of 0 stays, and its
    /// velocity moves, as in PyTorch.
    ///
    /// # Errors
    /// An operation on tensors that failed.
    pub fn step(&mut self, grads: &Gradients, learning_rate: impl Fn(&str) -> f64) -> Result<()> {
        for (name, param) in &mut self.params {
            if let Some(grad) = grads.get(name) {
                param.update(&self.config, grad, learning_rate(name))?;
            }
        }
        Ok(())
    }

    /// The momentum from the next step on.
    ///
    /// # Errors
    /// A value outside `0.0..1.0`, or 0 with Nesterov's rule.
    pub fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        let config = SgdConfig {
            momentum,
            ..self.config
        };
        config.check()?;
        self.config = config;
        Ok(())
    }

    /// The velocities, to be saved beside the weights: `NAME.velocity`.
    ///
    /// # Errors
    /// An operation on tensors that failed.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let velocity = |(name, param): (&String, &Param)| {
            Ok((format!("{name}.velocity"), tensor(&param.velocity)?))
        };
        self.params.iter().map(velocity).collect()
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// A velocity that is missing or of another length.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, param) in &mut self.params {
            restore(state, &format!("{name}.velocity"), &mut param.velocity)?;
        }
        Ok(())
    }
}

impl Param {
    fn update(
        &mut self,
        config: &SgdConfig,
        grad: impl Iterator<Item = f32>,
        rate: f64,
    ) -> Result<()> {
        let rate = (rate * self.group.rate) as f32;
        let decay = (config.weight_decay * self.group.decay) as f32;
        let (momentum, nesterov) = (config.momentum as f32, config.nesterov);
        let velocity = self.velocity.iter_mut();
        change(&self.var, |values| {
            for ((value, v), g) in values.iter_mut().zip(velocity).zip(grad) {
                let g = g + decay * *value;
                // At rest, v becomes g: PyTorch's first step, since there is no dampening.
                *v = momentum * *v + g;
                *value -= rate * if nesterov { g + momentum * *v } else { *v };
            }
        })
    }
}
