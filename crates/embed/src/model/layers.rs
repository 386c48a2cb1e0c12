//! The layers both towers are made of, each as its parameters or, folded, as packed weights.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use wardrobe_nn::packed::{PackedConv, layer_norm};
use wardrobe_nn::{Activation, Linear, Precision, ops};

/// The epsilon of all of CLIP's layer norms.
const EPS: f64 = 1e-5;

/// A linear layer and its activation.
#[derive(Clone, Debug)]
pub(super) enum Dense {
    Plain(Linear, Activation),
    Packed(PackedConv),
}

impl Dense {
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        vb: VarBuilder,
    ) -> Result<Self> {
        Ok(Self::Plain(Linear::new(inputs, outputs, vb)?, activation))
    }

    /// # Shapes
    /// (..., in) -> (..., out)
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
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
    pub(super) fn forward_add(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match self {
            Self::Packed(layer) => layer.forward_add(x, residual),
            Self::Plain(..) => self.forward(x)? + residual,
        }
    }

    /// With packed weights, and results of `output`.
    pub(super) fn fold(&self, precision: Precision, output: DType) -> Result<Self> {
        match self {
            Self::Plain(layer, activation) => {
                let packed = layer.pack(*activation, precision)?;
                Ok(Self::Packed(packed.with_output(output)))
            }
            Self::Packed(_) => Ok(self.clone()),
        }
    }
}

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

/// Layer normalisation.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    weight: Tensor,
    bias: Tensor,
    /// What a folded norm gives.
    folded: Option<DType>,
}

impl Norm {
    pub(super) fn new(size: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: vb.get_with_hints(size, "weight", Init::Const(1.0))?,
            bias: vb.get_with_hints(size, "bias", Init::Const(0.0))?,
            folded: None,
        })
    }

    /// # Shapes
    /// (..., size) -> (..., size)
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.folded {
            Some(output) => layer_norm(x, &self.weight, &self.bias, EPS, output),
            // Candle's fused layer norm passes no gradient on.
            None => ops::layer_norm(x, &self.weight, &self.bias, EPS),
        }
    }

    pub(super) fn fold(&self, output: DType) -> Self {
        Self {
            folded: Some(output),
            ..self.clone()
        }
    }
}
