//! Layer normalisation, the norm of transformers.

use crate::{ops, packed};
use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// `weight * (x - mean) / sqrt(var + eps) + bias` over the last axis (Ba et al. 2016).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
    /// What a folded norm gives.
    folded: Option<DType>,
}

impl LayerNorm {
    /// A layer over `size` values with parameters `weight`, 1, and `bias`, 0. PyTorch's `eps` is 1e-5.
    pub fn new(size: usize, eps: f64, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: vb.get_with_hints(size, "weight", Init::Const(1.0))?,
            bias: vb.get_with_hints(size, "bias", Init::Const(0.0))?,
            eps,
            folded: None,
        })
    }

    /// # Shapes
    /// (..., size) -> (..., size)
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.folded {
            Some(output) => packed::layer_norm(x, &self.weight, &self.bias, self.eps, output),
            None => ops::layer_norm(x, &self.weight, &self.bias, self.eps),
        }
    }

    /// The layer for inference, with results of `output`, f32 or bf16.
    #[must_use]
    pub fn fold(&self, output: DType) -> Self {
        Self {
            folded: Some(output),
            ..self.clone()
        }
    }
}
