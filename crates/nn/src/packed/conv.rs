//! The dense convolution.

use super::Precision;
use super::panels::{Packed, Panels};
use super::sweep::{Job, Kernel, sweep};
use super::taps::Window;
use super::view::{Output, View, borrow, readable, values};
use crate::ops::{Activation, ConvGeometry};
use candle_core::{DType, Device, Result, Tensor, bail};
use half::bf16;
use std::sync::Arc;

/// A convolution with bias and activation, packed for inference on the CPU.
#[derive(Clone, Debug)]
pub struct PackedConv {
    weights: Arc<Weights>,
    bias: Arc<Vec<f32>>,
    geometry: ConvGeometry,
    activation: Activation,
    output: DType,
}

#[derive(Debug)]
enum Weights {
    F32(Panels<f32>),
    Bf16(Panels<bf16>),
    #[cfg(feature = "gpu")]
    Gpu(super::gpu::Dense),
}

impl Weights {
    fn inputs(&self) -> usize {
        match self {
            Self::F32(panels) => panels.inputs,
            Self::Bf16(panels) => panels.inputs,
            #[cfg(feature = "gpu")]
            Self::Gpu(dense) => dense.inputs,
        }
    }

    fn outputs(&self) -> usize {
        match self {
            Self::F32(panels) => panels.outputs,
            Self::Bf16(panels) => panels.outputs,
            #[cfg(feature = "gpu")]
            Self::Gpu(dense) => dense.outputs,
        }
    }

    fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::Bf16(_) => DType::BF16,
            #[cfg(feature = "gpu")]
            Self::Gpu(dense) => dense.dtype(),
        }
    }
}

impl PackedConv {
    /// Packs a convolution's `weight` (o, c, k, k) and `bias` (o), if it has one. An odd number of channels, as a
    /// photo's three, is read in f32 at either precision.
    ///
    /// # Errors
    /// Shapes that do not fit, bf16 on a processor that does not multiply it.
    pub fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        geometry: ConvGeometry,
        activation: Activation,
        precision: Precision,
    ) -> Result<Self> {
        let (outputs, channels, kernel, other) = weight.dims4()?;
        if (kernel, other) != (geometry.kernel, geometry.kernel) {
            bail!(
                "a weight {:?} (o, c, k, k) does not fit {geometry:?}",
                weight.dims()
            );
        }
        #[cfg(feature = "gpu")]
        if let Some(gpu) = crate::gpu::Gpu::of(weight.device()) {
            check_bias(bias, outputs)?;
            let dense = super::gpu::Dense::new(gpu, weight, bias, precision)?;
            return Ok(Self {
                weights: Arc::new(Weights::Gpu(dense)),
                bias: Arc::default(),
                geometry,
                activation,
                output: precision.dtype(),
            });
        }
        if precision == Precision::Bf16 && !super::has_bf16() {
            bail!(
                "this processor does not multiply bf16 (AVX512_BF16): use Precision::F32 or Precision::fastest()"
            );
        }
        let taps = kernel * kernel;
        let flat = values(weight)?;
        let weight = |o: usize, i: usize| flat[(o * channels + i % channels) * taps + i / channels];
        let inputs = taps * channels;
        let (weights, bias) = match precision {
            Precision::Bf16 if channels % 2 == 0 => {
                let panels = Panels::pack(outputs, inputs, weight);
                let bias = padded_bias(&panels, bias)?;
                (Weights::Bf16(panels), bias)
            }
            _ => {
                let panels = Panels::pack(outputs, inputs, weight);
                let bias = padded_bias(&panels, bias)?;
                (Weights::F32(panels), bias)
            }
        };
        Ok(Self {
            weights: Arc::new(weights),
            bias: Arc::new(bias),
            geometry,
            activation,
            output: precision.dtype(),
        })
    }

    /// Packs a linear layer's `weight` (out, in) and `bias` (out).
    ///
    /// # Errors
    /// As [`PackedConv::new`].
    pub fn linear(
        weight: &Tensor,
        bias: Option<&Tensor>,
        activation: Activation,
        precision: Precision,
    ) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let geometry = ConvGeometry::default();
        Self::new(
            &weight.reshape((outputs, inputs, 1, 1))?,
            bias,
            geometry,
            activation,
            precision,
        )
    }

    /// The same layer with results in `dtype`: f32 for those that leave the network.
    pub fn with_output(self, output: DType) -> Self {
        Self { output, ..self }
    }

    /// # Shapes
    /// (n, h, w, c) -> (n, h', w', o); for 1 x 1, (..., c) -> (..., o)
    ///
    /// # Errors
    /// Shapes that do not fit, a tensor that is not on the CPU.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_all(&[x], None)
    }

    /// `forward(x) + residual`.
    ///
    /// # Shapes
    /// as [`PackedConv::forward`], `residual` as its result
    ///
    /// # Errors
    /// As [`PackedConv::forward`].
    pub fn forward_add(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        self.forward_all(&[x], Some(residual))
    }

    /// `forward` of the inputs' concatenation along the channels.
    ///
    /// # Shapes
    /// (n, h, w, c1), (n, h, w, c2) ... with c1 + c2 + ... = c -> (n, h', w', o)
    ///
    /// # Errors
    /// As [`PackedConv::forward`].
    pub fn forward_cat(&self, xs: &[&Tensor]) -> Result<Tensor> {
        self.forward_all(xs, None)
    }

    fn forward_all(&self, xs: &[&Tensor], residual: Option<&Tensor>) -> Result<Tensor> {
        let shape = self.output_shape(xs)?;
        if let Some(residual) = residual
            && residual.dims() != shape
        {
            bail!(
                "a residual {:?} does not fit an output {shape:?}",
                residual.dims()
            );
        }
        match (self.weights.as_ref(), self.output) {
            (Weights::F32(panels), DType::F32) => self.run::<f32, f32>(panels, xs, residual, shape),
            (Weights::F32(panels), _) => self.run::<f32, bf16>(panels, xs, residual, shape),
            (Weights::Bf16(panels), DType::F32) => {
                self.run::<bf16, f32>(panels, xs, residual, shape)
            }
            (Weights::Bf16(panels), _) => self.run::<bf16, bf16>(panels, xs, residual, shape),
            #[cfg(feature = "gpu")]
            (Weights::Gpu(dense), output) => {
                let settings = (self.geometry, self.activation, output);
                dense.forward(xs, residual, &shape, settings)
            }
        }
    }

    fn run<A: Kernel + candle_core::WithDType, O: Output>(
        &self,
        panels: &Panels<A>,
        xs: &[&Tensor],
        residual: Option<&Tensor>,
        shape: Vec<usize>,
    ) -> Result<Tensor> {
        let xs: Vec<Tensor> = xs
            .iter()
            .map(|x| readable(x, A::DTYPE))
            .collect::<Result<_>>()?;
        let residual = residual.map(|r| readable(r, O::DTYPE)).transpose()?;
        let borrowed: Vec<_> = xs.iter().map(borrow).collect();
        let views: Vec<View<A>> = borrowed.iter().map(|x| x.view()).collect::<Result<_>>()?;
        let residual = residual.as_ref().map(borrow);
        let job = Job {
            views: &views,
            window: self.window(xs[0].dims(), &shape),
            panels,
            bias: &self.bias,
            activation: self.activation,
            residual: residual.as_ref().map(|r| r.view::<O>()).transpose()?,
        };
        Tensor::from_vec(sweep(&job), shape, &Device::Cpu)
    }

    fn output_shape(&self, xs: &[&Tensor]) -> Result<Vec<usize>> {
        let (g, inputs, outputs) = (self.geometry, self.weights.inputs(), self.weights.outputs());
        let Some((first, others)) = xs.split_first() else {
            bail!("a convolution needs an input");
        };
        let (dims, rank) = (first.dims(), first.rank());
        let channels: usize = xs
            .iter()
            .map(|x| x.dims().last().copied().unwrap_or(0))
            .sum();
        let same_pixels =
            |x: &&Tensor| x.rank() == rank && x.dims()[..rank - 1] == dims[..rank - 1];
        if rank == 0 || !others.iter().all(same_pixels) || channels * g.kernel * g.kernel != inputs
        {
            let dims: Vec<_> = xs.iter().map(|x| x.dims()).collect();
            let expected = inputs / (g.kernel * g.kernel);
            bail!(
                "inputs of {dims:?} do not fit a convolution of {expected} channels (..., h, w, c)"
            );
        }
        self.check_device(xs)?;
        let mut shape = dims.to_vec();
        shape[rank - 1] = outputs;
        if !g.is_pointwise() {
            if rank != 4 {
                bail!("expected an input (n, h, w, c), got {dims:?}");
            }
            g.check(dims)?;
            shape[1] = g.output(dims[1]);
            shape[2] = g.output(dims[2]);
        }
        Ok(shape)
    }

    fn check_device(&self, xs: &[&Tensor]) -> Result<()> {
        let fits = |x: &&Tensor| {
            #[cfg(feature = "gpu")]
            if matches!(self.weights.as_ref(), Weights::Gpu(_)) {
                return crate::gpu::Gpu::of(x.device()).is_some();
            }
            x.device().is_cpu()
        };
        if !xs.iter().all(fits) {
            bail!("a packed layer runs on the device that its weights were on when it was packed");
        }
        Ok(())
    }

    /// For 1 x 1, all pixels lie in one row.
    fn window(&self, input: &[usize], output: &[usize]) -> Window {
        let g = self.geometry;
        let sizes = |dims: &[usize]| match g.is_pointwise() {
            true => (1, 1, dims[..dims.len() - 1].iter().product()),
            false => (dims[0], dims[1], dims[2]),
        };
        let ((images, height, width), (_, out_height, out_width)) = (sizes(input), sizes(output));
        Window {
            images,
            height,
            width,
            out_height,
            out_width,
            ..Window::of(g)
        }
    }

    /// What activations the layer reads without converting them.
    pub fn input_dtype(&self) -> DType {
        self.weights.dtype()
    }
}

fn check_bias(bias: Option<&Tensor>, outputs: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.elem_count() != outputs => bail!(
            "a bias of {} does not fit {outputs} output channels",
            bias.elem_count()
        ),
        _ => Ok(()),
    }
}

/// A convolution of f32 done once, its weights packed for it: a step of training. `weight` is asked for an output channel
/// and a place in a channels-last patch.
#[cfg(target_arch = "x86_64")]
pub(crate) fn convolve(
    x: &[f32],
    s: crate::ops::Size,
    weight: impl Fn(usize, usize) -> f32,
) -> Vec<f32> {
    let g = s.geometry;
    let panels = Panels::pack(s.out_c, g.taps() * s.c, weight);
    let padded: usize = panels.panels.iter().map(|panel| panel.width).sum();
    let pixels = s.n * s.h * s.w;
    let window = match g.is_pointwise() {
        true => Window {
            images: 1,
            height: 1,
            width: pixels,
            out_height: 1,
            out_width: pixels,
            ..Window::of(g)
        },
        false => Window {
            images: s.n,
            height: s.h,
            width: s.w,
            out_height: s.out_h,
            out_width: s.out_w,
            ..Window::of(g)
        },
    };
    sweep(&Job::<f32, f32> {
        views: &[View::new(x, pixels, s.c, s.c)],
        window,
        panels: &panels,
        bias: &vec![0.0; padded],
        activation: Activation::Identity,
        residual: None,
    })
}

/// The bias of every output channel where its panel has it, and zeros.
fn padded_bias<T: Packed>(panels: &Panels<T>, bias: Option<&Tensor>) -> Result<Vec<f32>> {
    check_bias(bias, panels.outputs)?;
    let bias = match bias {
        Some(bias) => values(bias)?,
        None => vec![0.0; panels.outputs],
    };
    let padded = panels.panels.iter().flat_map(|panel| {
        let own = &bias[panel.first..][..panel.channels];
        own.iter()
            .copied()
            .chain(std::iter::repeat_n(0.0, panel.width - panel.channels))
    });
    Ok(padded.collect())
}
