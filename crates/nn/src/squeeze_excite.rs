//! Squeeze-and-excitation: a gate for each channel, from the mean of all (Hu et al. 2018).

use crate::Linear;
use crate::ops::{global_avg_pool, scale_channels};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// `x * sigmoid(fc2(silu(fc1(mean over pixels of x))))`.
#[derive(Clone, Debug)]
pub struct SqueezeExcite {
    reduce: Linear,
    expand: Linear,
}

impl SqueezeExcite {
    /// A gate for `channels` channels through `squeezed` values, with parameters `fc1` and `fc2`.
    pub fn new(channels: usize, squeezed: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            reduce: Linear::new(channels, squeezed, vb.pp("fc1"))?,
            expand: Linear::new(squeezed, channels, vb.pp("fc2"))?,
        })
    }

    /// # Shapes
    /// (n, h, w, c) -> (n, h, w, c)
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let squeezed = self.reduce.forward(&global_avg_pool(x)?)?.silu()?;
        let gate = candle_nn::ops::sigmoid(&self.expand.forward(&squeezed)?)?;
        scale_channels(x, &gate)
    }
}
