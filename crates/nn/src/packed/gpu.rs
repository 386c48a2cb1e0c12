//! The same layers on a GPU: convolution, bias, activation and residual of weights that lie there in the order of its
//! kernels. Weights are packed for the device that they are on.

use super::Precision;
use crate::gpu::{Block, Buffer, Gpu, Heads, Input, Rows, Window, conv, hold, reduce};
use crate::ops::{Activation, ConvGeometry, taps_on_gpu};
use candle_core::{D, DType, Result, Tensor};

/// A dense convolution's weights.
#[derive(Debug)]
pub(super) struct Dense {
    gpu: Gpu,
    /// (o, k, k, c).
    weight: Tensor,
    /// (o), in f32.
    bias: Option<Tensor>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Dense {
    /// Takes `weight` (o, c, k, k) and `bias` (o) to where and what they are multiplied as.
    pub(super) fn new(
        gpu: Gpu,
        weight: &Tensor,
        bias: Option<&Tensor>,
        precision: Precision,
    ) -> Result<Self> {
        let (outputs, channels, kernel, _) = weight.dims4()?;
        let dtype = match precision {
            Precision::Bf16 if channels % 2 == 0 => DType::BF16,
            _ => DType::F32,
        };
        let weight = weight.detach().permute((0, 2, 3, 1))?.contiguous()?;
        let bias = bias.map(|bias| bias.detach().to_dtype(DType::F32)?.contiguous());
        Ok(Self {
            gpu,
            weight: weight.to_dtype(dtype)?,
            bias: bias.transpose()?,
            inputs: channels * kernel * kernel,
            outputs,
        })
    }

    pub(super) fn dtype(&self) -> DType {
        self.weight.dtype()
    }

    /// `activation(conv(cat(xs)) + bias) + residual`, of `shape` in `output`.
    pub(super) fn forward(
        &self,
        xs: &[&Tensor],
        residual: Option<&Tensor>,
        shape: &[usize],
        (g, activation, output): (ConvGeometry, Activation, DType),
    ) -> Result<Tensor> {
        let (gpu, len) = (&self.gpu, shape.iter().product());
        let xs: Vec<Tensor> = xs
            .iter()
            .map(|x| x.to_dtype(self.dtype()))
            .collect::<Result<_>>()?;
        let x = match &xs[..] {
            [x] => x.contiguous()?,
            xs => Tensor::cat(xs, D::Minus1)?.contiguous()?,
        };
        // Sums of bf16 leave the product in the type wanted; those of f32 are rounded at the end.
        let inner = match self.dtype() {
            DType::BF16 => output,
            other => other,
        };
        let residual = residual
            .map(|r| r.to_dtype(inner)?.contiguous())
            .transpose()?;
        let mut out = gpu.alloc(inner, len)?;
        let channels = x.dim(D::Minus1)?;
        let pixels = [1, 1, x.elem_count() / channels.max(1), channels];
        {
            let (x, weight) = (hold(&x), hold(&self.weight));
            let mut x = x.input()?;
            if g.is_pointwise() {
                // Of any rank.
                x.dims = &pixels;
            }
            conv::forward(gpu, x, weight.input()?, self.outputs, g, &mut out)?;
            let (bias, residual) = (self.bias.as_ref().map(hold), residual.as_ref().map(hold));
            gpu.kernel("elementwise", "bias_activate", inner)
                .write(&mut out)
                .read_if(bias.as_ref().map(|bias| bias.input()).transpose()?)
                .read_if(residual.as_ref().map(|r| r.input()).transpose()?)
                .int(len)
                .int(self.outputs)
                .activation(activation)
                .for_each(len)?;
        }
        out.into_tensor(shape).to_dtype(output)
    }
}

/// A depthwise convolution's weights.
#[derive(Clone, Debug)]
pub(super) struct Depthwise {
    gpu: Gpu,
    /// (k * k, c), in f32.
    taps: Tensor,
    /// (c), in f32.
    bias: Tensor,
}

impl Depthwise {
    /// Takes `weight` (c, 1, k, k) and `bias` (c).
    pub(super) fn new(gpu: Gpu, weight: &Tensor, bias: &Tensor, g: ConvGeometry) -> Result<Self> {
        let weight = weight.detach().to_dtype(DType::F32)?.contiguous()?;
        let taps = taps_on_gpu(&gpu, hold(&weight).input()?, g)?;
        Ok(Self {
            taps: taps.into_tensor((g.taps(), weight.dim(0)?)),
            bias: bias.detach().to_dtype(DType::F32)?.contiguous()?,
            gpu,
        })
    }

    /// `activation(conv(x) + bias)` in `dtype`.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        (g, activation, dtype): (ConvGeometry, Activation, DType),
    ) -> Result<Tensor> {
        let x = x.to_dtype(dtype)?.contiguous()?;
        let (n, h, w, c) = x.dims4()?;
        let shape = (n, g.output(h), g.output(w), c);
        let len = n * shape.1 * shape.2 * c;
        let mut out = self.gpu.alloc(dtype, len)?;
        self.gpu
            .kernel("depthwise", "forward", dtype)
            .read(hold(&x).input()?)
            .read(hold(&self.taps).input()?)
            .read(hold(&self.bias).input()?)
            .write(&mut out)
            .int(len)
            .window(Window::new(x.dims(), g)?)
            .activation(activation)
            .for_each(len)?;
        Ok(out.into_tensor(shape))
    }
}

/// A tensor of `x`'s type that `fill` fills, from `x` contiguous.
fn filled(
    gpu: &Gpu,
    x: &Tensor,
    shape: &[usize],
    fill: impl FnOnce(Input<'_>, &mut Buffer) -> Result<()>,
) -> Result<Tensor> {
    let x = x.contiguous()?;
    let mut out = gpu.alloc(x.dtype(), shape.iter().product())?;
    let held = hold(&x);
    fill(held.input()?, &mut out)?;
    drop(held);
    Ok(out.into_tensor(shape))
}

/// [`super::mean_pixels`].
pub(super) fn mean_pixels(gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let x = x.contiguous()?;
    let mut out = gpu.alloc(DType::F32, n * c)?;
    let factor = 1.0 / (h * w) as f64;
    reduce::sum_pixels(
        gpu,
        hold(&x).input()?,
        None,
        [n, h * w, c],
        factor,
        &mut out,
    )?;
    Ok(out.into_tensor((n, c)))
}

/// [`super::gate_pixels`].
pub(super) fn gate_pixels(gpu: &Gpu, x: &Tensor, gate: &Tensor) -> Result<Tensor> {
    let (_, h, w, c) = x.dims4()?;
    let gate = gate.to_dtype(DType::F32)?.contiguous()?;
    filled(gpu, x, x.dims(), |x, out| {
        gpu.kernel("elementwise", "gate_channels", x.dtype)
            .read(x)
            .read(hold(&gate).input()?)
            .write(out)
            .int(x.len())
            .int(h * w * c)
            .int(c)
            .for_each(x.len())
    })
}

/// [`super::max_pixels`].
pub(super) fn max_pixels(gpu: &Gpu, x: &Tensor, kernel: usize) -> Result<Tensor> {
    let geometry = ConvGeometry {
        kernel,
        padding: kernel / 2,
        ..ConvGeometry::default()
    };
    filled(gpu, x, x.dims(), |x, out| {
        gpu.kernel("pool", "max_pool", x.dtype)
            .read(x)
            .write(out)
            .int(x.len())
            .window(Window::new(x.dims, geometry)?)
            .for_each(x.len())
    })
}

/// [`super::double_pixels`].
pub(super) fn double_pixels(gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    filled(gpu, x, &[n, 2 * h, 2 * w, c], |x, out| {
        gpu.kernel("upsample", "nearest", x.dtype)
            .read(x)
            .write(out)
            .int(4 * x.len())
            .int(h)
            .int(w)
            .int(c)
            .int(2)
            .for_each(4 * x.len())
    })
}

/// [`super::layer_norm`].
pub(super) fn layer_norm(
    gpu: &Gpu,
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    eps: f64,
    output: DType,
) -> Result<Tensor> {
    let wide = |t: &Tensor| t.detach().to_dtype(DType::F32)?.contiguous();
    let (weight, bias, c) = (wide(weight)?, wide(bias)?, weight.elem_count());
    let rows = x.elem_count() / c.max(1);
    let y = filled(gpu, x, x.dims(), |x, out| {
        gpu.kernel("layer_norm", "forward", x.dtype)
            .read(x)
            .read(hold(&weight).input()?)
            .read(hold(&bias).input()?)
            .write(out)
            .int(rows)
            .int(c)
            .real(eps)
            .for_rows(rows)
    })?;
    y.to_dtype(output)
}

/// [`super::attention`].
pub(super) fn attention(gpu: &Gpu, qkv: &Tensor, heads: usize, causal: bool) -> Result<Tensor> {
    /// Queries of a block, a warp each.
    const QUERIES: usize = 4;
    let (n, tokens, columns) = qkv.dims3()?;
    let width = columns / 3;
    let rows = |row: usize| Rows {
        sample: (tokens * row) as i32,
        row: row as i32,
    };
    let sizes = Heads {
        heads: heads as i32,
        dim: (width / heads) as i32,
        queries: tokens as i32,
        keys: tokens as i32,
        causal: causal.into(),
    };
    filled(gpu, qkv, &[n, tokens, width], |qkv, out| {
        gpu.kernel("attention", "forward", qkv.dtype)
            .read(qkv)
            .read(qkv.skip(width))
            .read(qkv.skip(2 * width))
            .read_if(None)
            .write(out)
            .heads(sizes)
            .rows(rows(columns))
            .rows(rows(columns))
            .rows(rows(columns))
            .rows(rows(width))
            .run(
                [tokens.div_ceil(QUERIES), n * heads, 1],
                Block(32, QUERIES as u32),
                QUERIES * tokens * DType::F32.size_in_bytes(),
            )
    })
}
