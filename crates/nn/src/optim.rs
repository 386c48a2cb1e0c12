//! Optimisers with named state that can be saved, clipping, averaging and schedules.

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var, bail};
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
    /// Decoupled decay; applied to weights of rank 2 and more only, not to biases and norms.
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

/// AdamW over named parameters; its state is a map of tensors, so that a run can be resumed bit for bit. (Candle's
/// own keeps its moments private.)
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    params: BTreeMap<String, Param>,
    step: usize,
}

#[derive(Debug)]
struct Param {
    var: Var,
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl AdamW {
    /// Starts with empty moments. Parameters must be f32.
    pub fn new(vars: BTreeMap<String, Var>, config: AdamWConfig) -> Result<Self> {
        if let Some((name, var)) = vars.iter().find(|(_, var)| var.dtype() != DType::F32) {
            bail!(
                "{name}: AdamW updates f32 parameters, got {:?}",
                var.dtype()
            );
        }
        let param = |var: Var| {
            let n = var.elem_count();
            Param {
                var,
                mean: vec![0.0; n],
                square: vec![0.0; n],
            }
        };
        Ok(Self {
            config,
            params: vars
                .into_iter()
                .map(|(name, var)| (name, param(var)))
                .collect(),
            step: 0,
        })
    }

    /// One update; `learning_rate` is asked for each parameter by name. A parameter without a gradient, or with a
    /// rate of 0, stays as it is.
    pub fn step(&mut self, grads: &Gradients, learning_rate: impl Fn(&str) -> f64) -> Result<()> {
        self.step += 1;
        let AdamWConfig {
            beta1,
            beta2,
            eps,
            weight_decay,
        } = self.config;
        let correction1 = 1.0 - beta1.powi(self.step as i32);
        let correction2 = (1.0 - beta2.powi(self.step as i32)).sqrt();
        for (name, param) in &mut self.params {
            let rate = learning_rate(name);
            let Some(grad) = grads.by_name.get(name).filter(|_| rate != 0.0) else {
                continue;
            };
            let decay = if param.var.rank() > 1 {
                (1.0 - rate * weight_decay) as f32
            } else {
                1.0
            };
            let (b1, b2) = (beta1 as f32, beta2 as f32);
            let (size, inv_c2, eps) = (
                (rate / correction1) as f32,
                (1.0 / correction2) as f32,
                eps as f32,
            );
            let mut values = param.var.flatten_all()?.to_vec1::<f32>()?;
            let moments = param.mean.iter_mut().zip(&mut param.square);
            for ((value, (m, v)), &g) in values.iter_mut().zip(moments).zip(grad) {
                let g = g * grads.scale;
                *m = b1 * *m + (1.0 - b1) * g;
                *v = b2 * *v + (1.0 - b2) * g * g;
                *value = *value * decay - size * *m / (v.sqrt() * inv_c2 + eps);
            }
            param.var.set(&Tensor::from_vec(
                values,
                param.var.shape(),
                param.var.device(),
            )?)?;
        }
        Ok(())
    }

    /// Moments and step count, to be saved beside the weights.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (name, p) in &self.params {
            let tensor = |v: &Vec<f32>| Tensor::from_slice(v, v.len(), &candle_core::Device::Cpu);
            state.insert(format!("{name}.mean"), tensor(&p.mean)?);
            state.insert(format!("{name}.square"), tensor(&p.square)?);
        }
        state.insert(
            "step".to_owned(),
            Tensor::new(self.step as i64, &candle_core::Device::Cpu)?,
        );
        Ok(state)
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// A moment that is missing or of another length.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let get = |name: &str| match state.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("{name}: missing from the optimiser's state"),
        };
        for (name, p) in &mut self.params {
            for (suffix, moment) in [("mean", &mut p.mean), ("square", &mut p.square)] {
                let saved = get(&format!("{name}.{suffix}"))?.to_vec1::<f32>()?;
                if saved.len() != moment.len() {
                    bail!(
                        "{name}.{suffix}: expected {} values, got {}",
                        moment.len(),
                        saved.len()
                    );
                }
                *moment = saved;
            }
        }
        self.step = get("step")?.to_scalar::<i64>()? as usize;
        Ok(())
    }
}

/// Gradients by parameter name, added up over micro-batches.
#[derive(Debug)]
pub struct Gradients {
    by_name: BTreeMap<String, Vec<f32>>,
    /// Clipping multiplies here rather than through all values.
    scale: f32,
}

impl Default for Gradients {
    fn default() -> Self {
        Self {
            by_name: BTreeMap::new(),
            scale: 1.0,
        }
    }
}

impl Gradients {
    /// Adds a micro-batch's gradients of `vars`. Values are copied out, so that its graph can be freed.
    pub fn add(&mut self, vars: &BTreeMap<String, Var>, store: &GradStore) -> Result<()> {
        for (name, var) in vars {
            let Some(grad) = store.get(var) else { continue };
            let grad = grad.flatten_all()?.to_vec1::<f32>()?;
            match self.by_name.get_mut(name) {
                Some(sum) => sum.iter_mut().zip(grad).for_each(|(s, g)| *s += g),
                None => {
                    self.by_name.insert(name.clone(), grad);
                }
            }
        }
        Ok(())
    }

    /// The Euclidean norm of all gradients together.
    pub fn norm(&self) -> f64 {
        let squares = self
            .by_name
            .values()
            .flatten()
            .map(|&g| f64::from(g) * f64::from(g));
        squares.sum::<f64>().sqrt() * f64::from(self.scale)
    }

    /// Scales so that the norm is at most `max_norm`; returns the norm before.
    pub fn clip(&mut self, max_norm: f64) -> f64 {
        let norm = self.norm();
        if norm > max_norm {
            self.scale *= (max_norm / norm) as f32;
        }
        norm
    }
}

/// An exponential moving average of parameters and running statistics, with a warm-up:
/// decay = `max_decay` * (1 - exp(-updates / tau)).
#[derive(Debug)]
pub struct Ema {
    average: BTreeMap<String, Vec<f32>>,
    max_decay: f64,
    tau: f64,
    updates: usize,
}

impl Ema {
    /// Starts from the current values.
    pub fn new(vars: &BTreeMap<String, Var>, max_decay: f64, tau: f64) -> Result<Self> {
        let average = vars
            .iter()
            .map(|(name, var)| Ok((name.clone(), var.flatten_all()?.to_vec1()?)));
        Ok(Self {
            average: average.collect::<Result<_>>()?,
            max_decay,
            tau,
            updates: 0,
        })
    }

    /// Moves the average towards the current values.
    pub fn update(&mut self, vars: &BTreeMap<String, Var>) -> Result<()> {
        self.updates += 1;
        let decay = (self.max_decay * (1.0 - (-(self.updates as f64) / self.tau).exp())) as f32;
        for (name, average) in &mut self.average {
            let Some(var) = vars.get(name) else {
                bail!("{name}: averaged, but no longer a parameter")
            };
            let values = var.flatten_all()?.to_vec1::<f32>()?;
            average
                .iter_mut()
                .zip(values)
                .for_each(|(a, v)| *a = decay * *a + (1.0 - decay) * v);
        }
        Ok(())
    }

    /// The averaged values, shaped as `vars`.
    pub fn tensors(&self, vars: &BTreeMap<String, Var>) -> Result<BTreeMap<String, Tensor>> {
        let shaped = |(name, values): (&String, &Vec<f32>)| match vars.get(name) {
            Some(var) => Ok((
                name.clone(),
                Tensor::from_slice(values, var.shape(), var.device())?,
            )),
            None => bail!("{name}: averaged, but no longer a parameter"),
        };
        self.average.iter().map(shaped).collect()
    }

    /// How often it was updated.
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// Takes up saved averages.
    ///
    /// # Errors
    /// An average that is missing or of another length.
    pub fn restore(&mut self, values: &BTreeMap<String, Tensor>, updates: usize) -> Result<()> {
        for (name, average) in &mut self.average {
            let Some(saved) = values.get(name) else {
                bail!("{name}: missing from the saved average")
            };
            let saved = saved.flatten_all()?.to_vec1::<f32>()?;
            if saved.len() != average.len() {
                bail!(
                    "{name}: expected an average of {} values, got {}",
                    average.len(),
                    saved.len()
                );
            }
            *average = saved;
        }
        self.updates = updates;
        Ok(())
    }
}

/// The learning rate's factor at `step` of `total`: linear warm-up over `warmup` steps, then half a cosine down to
/// `floor` (Loshchilov and Hutter 2017).
pub fn cosine_schedule(step: usize, total: usize, warmup: usize, floor: f64) -> f64 {
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / (total.saturating_sub(warmup)).max(1) as f64;
    floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
}
