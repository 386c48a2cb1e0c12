use super::param::{change, check_f32, check_range, restore, saved, tensor};
use super::{Gradients, Group};
use candle_core::{Device, Result, Tensor, Var};
use std::collections::BTreeMap;

/// AdamW's constants (Loshchilov and Hutter 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the gradients' mean.
    pub beta1: f64,
    /// Decay of the squared gradients' mean.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Decoupled decay, multiplied by the group's factor: of weights of rank 2 and more only, where groups are the
    /// usual ones.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.01,
        }
    }
}

impl AdamWConfig {
    fn check(&self) -> Result<()> {
        check_range("AdamW's beta1", self.beta1, 0.0..1.0)?;
        check_range("AdamW's beta2", self.beta2, 0.0..1.0)?;
        check_range("AdamW's eps", self.eps, 0.0..f64::INFINITY)?;
        check_range(
            "AdamW's weight decay",
            self.weight_decay,
            0.0..f64::INFINITY,
        )
    }
}

/// AdamW over named parameters; its state is a map of tensors, so that a run can be resumed bit for bit. (Candle's
/// own keeps its moments private.)
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    params: BTreeMap<String, Param>,
}

#[derive(Debug)]
struct Param {
    var: Var,
    group: Group,
    mean: Vec<f32>,
    square: Vec<f32>,
    /// Steps of this parameter: one that is frozen at first starts with its own corrections.
    step: i32,
}

impl AdamW {
    /// Starts with empty moments and the [usual groups](Group::usual).
    ///
    /// # Errors
    /// A parameter that is not f32, or a constant out of its range.
    pub fn new(vars: BTreeMap<String, Var>, config: AdamWConfig) -> Result<Self> {
        Self::with_groups(vars, config, Group::usual)
    }

    /// Starts with empty moments and these groups; `group` is asked once for each parameter.
    ///
    /// # Errors
    /// As [`AdamW::new`].
    pub fn with_groups(
        vars: BTreeMap<String, Var>,
        config: AdamWConfig,
        group: impl Fn(&str, &Var) -> Group,
    ) -> Result<Self> {
        config.check()?;
        check_f32(&vars)?;
        let param = |(name, var): (String, Var)| {
            let n = var.elem_count();
            let param = Param {
                group: group(&name, &var),
                var,
                mean: vec![0.0; n],
                square: vec![0.0; n],
                step: 0,
            };
            (name, param)
        };
        Ok(Self {
            config,
            params: vars.into_iter().map(param).collect(),
        })
    }

    /// One update; `learning_rate` is asked for each parameter by name, and multiplied by its group's factor. A
    /// parameter without a gradient stays as it is, and so do its moments; one with a rate of 0 stays, and its moments
    /// move, as in PyTorch.
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

    /// The decay of the gradients' mean from the next step on.
    ///
    /// # Errors
    /// A value outside `0.0..1.0`.
    pub fn set_beta1(&mut self, beta1: f64) -> Result<()> {
        check_range("AdamW's beta1", beta1, 0.0..1.0)?;
        self.config.beta1 = beta1;
        Ok(())
    }

    /// Moments and step counts, to be saved beside the weights: `NAME.mean`, `NAME.square`, `NAME.step`.
    ///
    /// # Errors
    /// An operation on tensors that failed.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (name, param) in &self.params {
            let step = Tensor::new(i64::from(param.step), &Device::Cpu)?;
            state.insert(format!("{name}.mean"), tensor(&param.mean)?);
            state.insert(format!("{name}.square"), tensor(&param.square)?);
            state.insert(format!("{name}.step"), step);
        }
        Ok(state)
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// A moment that is missing or of another length.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, param) in &mut self.params {
            restore(state, &format!("{name}.mean"), &mut param.mean)?;
            restore(state, &format!("{name}.square"), &mut param.square)?;
            param.step = saved(state, &format!("{name}.step"))?.to_scalar::<i64>()? as i32;
        }
        Ok(())
    }
}

impl Param {
    fn update(
        &mut self,
        config: &AdamWConfig,
        grad: impl Iterator<Item = f32>,
        rate: f64,
    ) -> Result<()> {
        self.step = self.step.saturating_add(1);
        let rate = rate * self.group.rate;
        let (correction1, correction2) = (
            1.0 - config.beta1.powi(self.step),
            (1.0 - config.beta2.powi(self.step)).sqrt(),
        );
        let keep = (1.0 - rate * config.weight_decay * self.group.decay) as f32;
        let (b1, b2) = (config.beta1 as f32, config.beta2 as f32);
        // Of 1 - 0.999 in f32, the fifth digit would be wrong.
        let (c1, c2) = ((1.0 - config.beta1) as f32, (1.0 - config.beta2) as f32);
        let (size, inv_c2, eps) = (
            (rate / correction1) as f32,
            (1.0 / correction2) as f32,
            config.eps as f32,
        );
        let moments = self.mean.iter_mut().zip(&mut self.square);
        change(&self.var, |values| {
            for ((value, (m, v)), g) in values.iter_mut().zip(moments).zip(grad) {
                *m = b1 * *m + c1 * g;
                *v = b2 * *v + c2 * g * g;
                *value = *value * keep - size * *m / (v.sqrt() * inv_c2 + eps);
            }
        })
    }
}
