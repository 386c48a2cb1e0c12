//! The fully connected layer with its activation, for training and for inference.

use crate::packed::PackedConv;
use crate::{Activation, Linear, Precision, ops};
use candle_core::{DType, Result, Tensor};
use candle_nn::VarBuilder;

/// A linear layer and its activation.
#[derive(Clone, Debug)]
pub enum Dense {
    /// For training.
    Plain(Linear, Activation),
    /// For inference.
    Packed(PackedConv),
}

impl Dense {
    /// A layer with parameters `weight` (out, in) and `bias` (out).
    pub fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        vb: VarBuilder,
    ) -> Result<Self> {
        Ok(Self::Plain(Linear::new(inputs, outputs, vb)?, activation))
    }

    /// # Shapes
    /// (..., in) -> (..., out)
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Packed(layer) => layer.forward(x),
            Self::Plain(layer, activation) => {
                let mut shape = x.dims().to_vec();
                let inputs = shape.pop().unwrap_or(1);
                let y = layer.forward(&x.reshape(((), inputs))?)?;
                shape.push(y.dim(1)?);
                ops::activate(&y.reshape(shape)?, *activation)
            }
        }
    }

    /// `forward(x) + residual`.
    pub fn forward_add(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match self {
            Self::Packed(layer) => layer.forward_add(x, residual),
            Self::Plain(..) => self.forward(x)? + residual,
        }
    }

    /// With packed weights, and results of `output`.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision, output: DType) -> Result<Self> {
        match self {
            Self::Plain(layer, activation) => {
                let packed = layer.pack(*activation, precision)?;
                Ok(Self::Packed(packed.with_output(output)))
            }
            Self::Packed(_) => Ok(self.clone()),
        }
    }
}
