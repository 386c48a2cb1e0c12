//! The projection both towers end with, as its parameter or, folded, as packed weights.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use wardrobe_nn::packed::PackedConv;
use wardrobe_nn::{Activation, Precision};

/// A layer without bias: the projection to the space that both towers share.
#[derive(Clone, Debug)]
pub(super) enum Projection {
    Plain(Tensor),
    Packed(PackedConv),
}

impl Projection {
    /// A parameter `weight` (out, in).
    pub(super) fn new(inputs: usize, outputs: usize, vb: VarBuilder) -> Result<Self> {
        let init = Init::Randn {
            mean: 0.0,
            stdev: (inputs as f64).powf(-0.5),
        };
        let weight = vb.get_with_hints((outputs, inputs), "weight", init)?;
        Ok(Self::Plain(weight))
    }

    /// # Shapes
    /// (n, in) -> (n, out) in f32
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Plain(weight) => x.matmul(&weight.t()?),
            Self::Packed(layer) => layer.forward(x),
        }
    }

    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        match self {
            Self::Plain(weight) => Ok(Self::Packed(pack(weight, precision)?)),
            Self::Packed(_) => Ok(self.clone()),
        }
    }
}

/// A linear layer without bias or activation, with results in f32.
pub(super) fn pack(weight: &Tensor, precision: Precision) -> Result<PackedConv> {
    let packed = PackedConv::linear(weight, None, Activation::Identity, precision)?;
    Ok(packed.with_output(DType::F32))
}
