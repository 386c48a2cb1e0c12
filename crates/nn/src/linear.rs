//! The fully connected layer.

use crate::ops::Activation;
use crate::packed::{PackedConv, Precision};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder, init};

/// `x . weightᵀ + bias`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// A layer with parameters `weight` (out, in), drawn as PyTorch draws it, and `bias` (out), 0.
    ///
    /// Two layers in a row whose weights start at 0, which is what a builder gives unasked, never learn: neither
    /// passes a gradient to the other.
    pub fn new(inputs: usize, outputs: usize, vb: VarBuilder) -> Result<Self> {
        let drawn = init::DEFAULT_KAIMING_UNIFORM;
        Ok(Self {
            weight: vb.get_with_hints((outputs, inputs), "weight", drawn)?,
            bias: vb.get_with_hints(outputs, "bias", Init::Const(0.0))?,
        })
    }

    /// The layer for inference, with an activation after it.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn pack(&self, activation: Activation, precision: Precision) -> Result<PackedConv> {
        PackedConv::linear(&self.weight, Some(&self.bias), activation, precision)
    }

    /// # Shapes
    /// (n, in) -> (n, out)
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}
