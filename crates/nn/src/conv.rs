//! Convolution with batch norm and activation, the block that convolutional networks are made of.

use crate::Mode;
use crate::ops::{
    Activation, BatchStatistics, ConvGeometry, batch_norm_train, conv2d, depthwise_conv2d,
};
use crate::packed::{PackedConv, PackedDepthwise, Precision, mean_pixels};
use candle_core::{D, Result, Tensor, Var, bail};
use candle_nn::{Init, VarBuilder};

/// What a convolution looks like.
#[derive(Clone, Copy, Debug)]
pub struct ConvConfig {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Each channel with its own kernel (`groups == inputs == outputs`).
    pub depthwise: bool,
}

impl ConvConfig {
    /// Pointwise, stride 1.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel: 1,
            stride: 1,
            depthwise: false,
        }
    }

    /// Depthwise with a `kernel` x `kernel` window.
    pub fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self {
            inputs: channels,
            outputs: channels,
            kernel,
            stride,
            depthwise: true,
        }
    }

    /// Padded by half a kernel on every side, as PyTorch's models are.
    fn geometry(&self) -> ConvGeometry {
        ConvGeometry {
            kernel: self.kernel,
            stride: self.stride,
            padding: (self.kernel - 1) / 2,
            dilation: 1,
        }
    }
}

/// Convolution, batch norm, activation. [`ConvNormAct::fold`] makes one pass of them for inference.
#[derive(Clone, Debug)]
pub struct ConvNormAct {
    config: ConvConfig,
    activation: Activation,
    layers: Layers,
}

#[derive(Clone, Debug)]
enum Layers {
    Separate { weight: Tensor, norm: BatchNorm },
    Dense(PackedConv),
    Depthwise(PackedDepthwise),
}

#[derive(Clone, Debug)]
struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    eps: f64,
    /// The share of a new batch in the running statistics.
    momentum: f64,
}

impl ConvNormAct {
    /// The share of a new batch in batch norm's running statistics, PyTorch's default.
    pub const MOMENTUM: f64 = 0.1;

    /// Parameters `conv.weight` and `norm.{weight, bias, running_mean, running_var}`.
    pub fn new(
        config: ConvConfig,
        eps: f64,
        activation: Activation,
        vb: VarBuilder,
    ) -> Result<Self> {
        let (o, k) = (config.outputs, config.kernel);
        if config.depthwise && config.inputs != o {
            bail!(
                "a depthwise convolution keeps its channels, got {} -> {o}",
                config.inputs
            );
        }
        let in_channels = if config.depthwise { 1 } else { config.inputs };
        // He et al. 2015 by fan-out, as torchvision initialises its convolutional networks.
        let fan_out = if config.depthwise { k * k } else { o * k * k };
        let init = Init::Randn {
            mean: 0.0,
            stdev: (2.0 / fan_out as f64).sqrt(),
        };
        let weight = vb
            .pp("conv")
            .get_with_hints((o, in_channels, k, k), "weight", init)?;
        let vb = vb.pp("norm");
        let norm = BatchNorm {
            weight: vb.get_with_hints(o, "weight", Init::Const(1.0))?,
            bias: vb.get_with_hints(o, "bias", Init::Const(0.0))?,
            running_mean: vb.get_with_hints(o, "running_mean", Init::Const(0.0))?,
            running_var: vb.get_with_hints(o, "running_var", Init::Const(1.0))?,
            eps,
            momentum: Self::MOMENTUM,
        };
        Ok(Self {
            config,
            activation,
            layers: Layers::Separate { weight, norm },
        })
    }

    /// The same layer with another share of a new batch in batch norm's running statistics than
    /// [`ConvNormAct::MOMENTUM`].
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        if let Layers::Separate { norm, .. } = &mut self.layers {
            norm.momentum = momentum;
        }
        self
    }

    /// # Shapes
    /// (n, h, w, inputs) -> (n, ceil(h / stride), ceil(w / stride), outputs) for odd kernels
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match (&self.layers, mode) {
            (Layers::Separate { weight, norm }, Mode::Train) => {
                let convolve = if self.config.depthwise {
                    depthwise_conv2d
                } else {
                    conv2d
                };
                let y = convolve(x, weight, self.config.geometry())?;
                norm.forward_train(&y, self.activation)
            }
            (Layers::Separate { .. }, Mode::Eval) => {
                self.fold(Precision::F32)?.forward(x, Mode::Eval)
            }
            (Layers::Dense(conv), Mode::Eval) => conv.forward(x),
            (Layers::Depthwise(conv), Mode::Eval) => conv.forward(x),
            (_, Mode::Train) => bail!("a folded convolution has no batch norm left to train"),
        }
    }

    /// `forward(x)` and its mean over pixels, for inference: a depthwise convolution takes it while its result is at hand.
    ///
    /// # Shapes
    /// as [`ConvNormAct::forward`], (n, outputs)
    pub fn forward_with_mean(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        match &self.layers {
            Layers::Separate { .. } => self.fold(Precision::F32)?.forward_with_mean(x),
            Layers::Depthwise(conv) => conv.forward_with_mean(x),
            Layers::Dense(conv) => {
                let y = conv.forward(x)?;
                let mean = mean_pixels(&y)?;
                Ok((y, mean))
            }
        }
    }

    /// `forward(x) + residual`, for inference.
    ///
    /// # Shapes
    /// as [`ConvNormAct::forward`], `residual` as its result
    pub fn forward_add(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match &self.layers {
            Layers::Separate { .. } => self.fold(Precision::F32)?.forward_add(x, residual),
            Layers::Dense(conv) => conv.forward_add(x, residual),
            Layers::Depthwise(conv) => conv.forward(x)? + residual,
        }
    }

    /// `forward` of the inputs' concatenation along the channels, for inference: none is made.
    ///
    /// # Shapes
    /// (n, h, w, c1), (n, h, w, c2) ... with c1 + c2 + ... = inputs -> as [`ConvNormAct::forward`]
    pub fn forward_cat(&self, xs: &[&Tensor]) -> Result<Tensor> {
        match &self.layers {
            Layers::Separate { .. } => self.fold(Precision::F32)?.forward_cat(xs),
            Layers::Dense(conv) => conv.forward_cat(xs),
            Layers::Depthwise(conv) => conv.forward(&Tensor::cat(xs, D::Minus1)?),
        }
    }

    /// The same function with batch norm's running statistics merged into weight and bias, packed for inference on
    /// the CPU.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        let Layers::Separate { weight, norm } = &self.layers else {
            return Ok(self.clone());
        };
        let (weight, bias) = norm.folded_into(weight)?;
        let (geometry, activation) = (self.config.geometry(), self.activation);
        let layers = if self.config.depthwise {
            Layers::Depthwise(PackedDepthwise::new(
                &weight, &bias, geometry, activation, precision,
            )?)
        } else {
            Layers::Dense(PackedConv::new(
                &weight,
                Some(&bias),
                geometry,
                activation,
                precision,
            )?)
        };
        Ok(Self {
            layers,
            ..self.clone()
        })
    }
}

impl BatchNorm {
    fn forward_train(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        let (y, statistics) = batch_norm_train(x, &self.weight, &self.bias, self.eps, activation)?;
        self.update_running(&statistics)?;
        Ok(y)
    }

    fn update_running(&self, s: &BatchStatistics) -> Result<()> {
        // PyTorch keeps the unbiased variance, though it normalises by the biased one.
        let unbiased = s.count as f64 / (s.count as f64 - 1.0);
        let var = (&s.var * unbiased)?;
        for (running, batch) in [(&self.running_mean, &s.mean), (&self.running_var, &var)] {
            if !running.is_variable() {
                bail!(
                    "batch norm in training needs running statistics it can update: build it from a VarStore"
                );
            }
            let batch = batch.to_dtype(running.dtype())?;
            let updated = ((running.detach() * (1.0 - self.momentum))? + (batch * self.momentum)?)?;
            Var::from_tensor(running)?.set(&updated)?;
        }
        Ok(())
    }

    /// Weight and bias of the convolution that does `conv` and this norm in one:
    /// `w * gamma / sqrt(var + eps)` and `beta - mean * gamma / sqrt(var + eps)`.
    fn folded_into(&self, conv: &Tensor) -> Result<(Tensor, Tensor)> {
        let rstd = (self.running_var.detach() + self.eps)?.sqrt()?.recip()?;
        let scale = (self.weight.detach() * rstd)?;
        let bias = (self.bias.detach() - (self.running_mean.detach() * &scale)?)?;
        let weight = conv
            .detach()
            .broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?;
        Ok((weight, bias))
    }
}
