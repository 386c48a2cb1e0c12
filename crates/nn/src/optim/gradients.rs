use candle_core::backprop::GradStore;
use candle_core::{Result, Var, bail};
use std::collections::BTreeMap;

/// Gradients by parameter name, added up over micro-batches.
///
/// The sum over n micro-batches becomes the mean of the whole batch by [`scale`](Self::scale)`(1.0 / n)`, where each
/// micro-batch's loss is a mean over as many examples.
#[derive(Debug)]
pub struct Gradients {
    by_name: BTreeMap<String, Vec<f32>>,
    /// Scaling and clipping multiply here rather than through all values.
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
    ///
    /// # Errors
    /// A gradient of another size than the one added before.
    pub fn add(&mut self, vars: &BTreeMap<String, Var>, store: &GradStore) -> Result<()> {
        self.settle();
        for (name, var) in vars {
            let Some(grad) = store.get(var) else { continue };
            let grad = grad.flatten_all()?.to_vec1::<f32>()?;
            match self.by_name.get_mut(name) {
                Some(sum) if sum.len() != grad.len() => {
                    bail!(
                        "{name}: expected {} gradients, got {}",
                        sum.len(),
                        grad.len()
                    )
                }
                Some(sum) => sum.iter_mut().zip(grad).for_each(|(s, g)| *s += g),
                None => {
                    self.by_name.insert(name.clone(), grad);
                }
            }
        }
        Ok(())
    }

    /// What is added later is not scaled by what was done before.
    fn settle(&mut self) {
        if self.scale != 1.0 {
            let scale = std::mem::replace(&mut self.scale, 1.0);
            self.by_name
                .values_mut()
                .flatten()
                .for_each(|g| *g *= scale);
        }
    }

    /// One parameter's gradient in row-major order; `None` where the loss does not depend on it.
    pub fn get(&self, name: &str) -> Option<impl Iterator<Item = f32>> {
        let grad = self.by_name.get(name)?;
        Some(grad.iter().map(|g| g * self.scale))
    }

    /// Multiplies all gradients: by 1 / n for the mean of n micro-batches.
    pub fn scale(&mut self, factor: f64) {
        self.scale *= factor as f32;
    }

    /// The Euclidean norm of all gradients together.
    pub fn norm(&self) -> f64 {
        let squares = self
            .by_name
            .values()
            .flatten()
            .map(|&g| f64::from(g) * f64::from(g));
        squares.sum::<f64>().sqrt() * f64::from(self.scale).abs()
    }

    /// Scales so that the norm is at most `max_norm`; returns the norm before, which is not finite where a gradient
    /// is not.
    pub fn clip(&mut self, max_norm: f64) -> f64 {
        let norm = self.norm();
        if norm > max_norm {
            self.scale(max_norm / norm);
        }
        norm
    }
}
