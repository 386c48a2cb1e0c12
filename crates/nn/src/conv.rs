//! Convolution with batch norm and activation, the block that convolutional networks are made of.

use crate::Mode;
use crate::ops::{
    Activation, BatchStatistics, ConvGeometry, batch_norm_train, conv2d, conv2d_fused,
    depthwise_conv2d, depthwise_conv2d_fused,
};
use candle_core::{Result, Tensor, Var, bail};
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

/// Convolution, batch norm, activation. [`ConvNormAct::fold`] merges the first two for inference.
#[derive(Clone, Debug)]
pub struct ConvNormAct {
    config: ConvConfig,
    weight: Tensor,
    norm: Norm,
    activation: Activation,
}

#[derive(Clone, Debug)]
enum Norm {
    Batch(BatchNorm),
    Folded { bias: Tensor },
}

#[derive(Clone, Debug)]
struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    eps: f64,
}

/// The share of a new batch in the running statistics, PyTorch's default.
const MOMENTUM: f64 = 0.1;

impl ConvNormAct {
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
        };
        Ok(Self {
            config,
            weight,
            norm: Norm::Batch(norm),
            activation,
        })
    }

    /// # Shapes
    /// (n, h, w, inputs) -> (n, ceil(h / stride), ceil(w / stride), outputs) for odd kernels
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match (&self.norm, mode) {
            (Norm::Folded { bias }, Mode::Eval) => self.fused(x, &self.weight, bias),
            (Norm::Folded { .. }, Mode::Train) => {
                bail!("a folded convolution has no batch norm left to train")
            }
            (Norm::Batch(norm), Mode::Eval) => {
                let (weight, bias) = norm.folded_into(&self.weight)?;
                self.fused(x, &weight, &bias)
            }
            (Norm::Batch(norm), Mode::Train) => {
                let convolve = if self.config.depthwise {
                    depthwise_conv2d
                } else {
                    conv2d
                };
                norm.forward_train(
                    &convolve(x, &self.weight, self.config.geometry())?,
                    self.activation,
                )
            }
        }
    }

    fn fused(&self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let convolve = if self.config.depthwise {
            depthwise_conv2d_fused
        } else {
            conv2d_fused
        };
        convolve(x, weight, bias, self.config.geometry(), self.activation)
    }

    /// The same function with batch norm's running statistics merged into weight and bias.
    pub fn fold(&self) -> Result<Self> {
        let Norm::Batch(norm) = &self.norm else {
            return Ok(self.clone());
        };
        let (weight, bias) = norm.folded_into(&self.weight)?;
        Ok(Self {
            weight,
            norm: Norm::Folded { bias },
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
        let var: Vec<f64> = s.var.iter().map(|v| v * unbiased).collect();
        for (running, batch) in [(&self.running_mean, &s.mean), (&self.running_var, &var)] {
            if !running.is_variable() {
                bail!(
                    "batch norm in training needs running statistics it can update: build it from a VarStore"
                );
            }
            let batch = Tensor::from_slice(batch, batch.len(), running.device())?
                .to_dtype(running.dtype())?;
            let updated = ((running.detach() * (1.0 - MOMENTUM))? + (batch * MOMENTUM)?)?;
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
