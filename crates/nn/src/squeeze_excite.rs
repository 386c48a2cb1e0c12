//! Squeeze-and-excitation: a gate for each channel, from the mean of all (Hu et al. 2018).

use crate::Linear;
use crate::ops::{Activation, global_avg_pool, scale_channels};
use crate::packed::{PackedConv, Precision, gate_pixels};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// `x * sigmoid(fc2(silu(fc1(mean over pixels of x))))`.
#[derive(Clone, Debug)]
pub struct SqueezeExcite {
    reduce: Linear,
    expand: Linear,
    packed: Option<(PackedConv, PackedConv)>,
}

impl SqueezeExcite {
    /// A gate for `channels` channels through `squeezed` values, with parameters `fc1` and `fc2`.
    pub fn new(channels: usize, squeezed: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            reduce: Linear::new(channels, squeezed, vb.pp("fc1"))?,
            expand: Linear::new(squeezed, channels, vb.pp("fc2"))?,
            packed: None,
        })
    }

    /// # Shapes
    /// (n, h, w, c) -> (n, h, w, c)
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let squeezed = self.reduce.forward(&global_avg_pool(x)?)?.silu()?;
        let gate = candle_nn::ops::sigmoid(&self.expand.forward(&squeezed)?)?;
        scale_channels(x, &gate)
    }

    /// [`SqueezeExcite::forward`] where the mean over pixels is known; for inference, in the
    /// place of `x` ([`gate_pixels`]).
    ///
    /// # Shapes
    /// (n, h, w, c), (n, c) -> (n, h, w, c)
    pub fn forward_mean(&self, x: Tensor, mean: &Tensor) -> Result<Tensor> {
        let Some((reduce, expand)) = &self.packed else {
            return self.fold()?.forward_mean(x, mean);
        };
        gate_pixels(x, &expand.forward(&reduce.forward(mean)?)?)
    }

    /// The same gate with packed weights, for inference. They stay in f32: they are few.
    ///
    /// # Errors
    /// Where a tensor operation fails.
    pub fn fold(&self) -> Result<Self> {
        let reduce = self.reduce.pack(Activation::Silu, Precision::F32)?;
        let expand = self.expand.pack(Activation::Identity, Precision::F32)?;
        Ok(Self {
            packed: Some((reduce, expand)),
            ..self.clone()
        })
    }
}
