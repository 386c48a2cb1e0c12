//! Layer normalisation between packed layers.

use super::view::{Output, View, borrow, readable, values};
use candle_core::{DType, Device, Result, Tensor, bail};
use half::bf16;
use rayon::prelude::*;

/// `weight * (x - mean) / sqrt(var + eps) + bias` over the last axis (Ba et al. 2016,
/// <https://arxiv.org/abs/1607.06450>), with results in `output`, f32 or bf16. The variance is that of the differences
/// from the mean, in f32: `E[x^2] - mean^2` would lose all digits of a row far from 0.
///
/// # Shapes
/// `x` (..., c) in f32 or bf16, `weight` and `bias` (c) -> (..., c)
///
/// # Errors
/// Other shapes or types, a tensor that is not on the CPU.
pub fn layer_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    output: DType,
) -> Result<Tensor> {
    let c = x.dims().last().copied();
    if c != Some(weight.elem_count()) || c != Some(bias.elem_count()) {
        bail!(
            "layer_norm: activations {:?} (..., c) do not fit a weight {:?} and a bias {:?} (c)",
            x.dims(),
            weight.dims(),
            bias.dims()
        );
    }
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(x.device()) {
        return super::gpu::layer_norm(&gpu, x, [weight, bias], eps, output);
    }
    let affine = Affine {
        weight: values(weight)?,
        bias: values(bias)?,
        eps: eps as f32,
    };
    match (x.dtype(), output) {
        (DType::F32, DType::F32) => run::<f32, f32>(x, &affine),
        (DType::F32, DType::BF16) => run::<f32, bf16>(x, &affine),
        (DType::BF16, DType::F32) => run::<bf16, f32>(x, &affine),
        (DType::BF16, DType::BF16) => run::<bf16, bf16>(x, &affine),
        (from, to) => bail!("layer_norm: takes and gives f32 or bf16, got {from:?} -> {to:?}"),
    }
}

struct Affine {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

fn run<T: Output, O: Output>(x: &Tensor, affine: &Affine) -> Result<Tensor> {
    /// Values below which a second thread does not pay.
    const WORTH_SHARING: usize = 1 << 14;
    let c = affine.weight.len();
    let mut out = vec![O::of(0.0); x.elem_count()];
    if !out.is_empty() {
        let readable = readable(x, T::DTYPE)?;
        let borrowed = borrow(&readable);
        let view = borrowed.view::<T>()?;
        out.par_chunks_mut(c)
            .with_min_len((WORTH_SHARING / c).max(1))
            .enumerate()
            .for_each_init(
                || vec![0.0; c],
                |wide, (row, out)| {
                    widen(&view, row, wide);
                    normalize(wide, affine, out);
                },
            );
    }
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Sums that are kept apart, so that they are one vector register.
const LANES: usize = 16;

/// The sum of `(x - center)^POWER`, POWER 1 or 2.
#[inline(always)]
fn moment<const POWER: usize>(x: &[f32], center: f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for l in 0..LANES {
            let d = chunk[l] - center;
            lanes[l] += if POWER == 2 { d * d } else { d };
        }
    }
    let mut sum = 0.0;
    for &x in rest {
        let d = x - center;
        sum += if POWER == 2 { d * d } else { d };
    }
    for lane in lanes {
        sum += lane;
    }
    sum
}

compiled! {
    fn widen<T>(x: &View<'_, T>, row: usize, wide: &mut [f32]) {
        for (wide, &x) in wide.iter_mut().zip(x.row(row)) {
            *wide = x.to_f32();
        }
    }
}

compiled! {
    fn normalize<O>(x: &[f32], affine: &Affine, out: &mut [O]) {
        let share = 1.0 / x.len() as f32;
        let mean = moment::<1>(x, 0.0) * share;
        let rstd = 1.0 / (moment::<2>(x, mean) * share + affine.eps).sqrt();
        let weights = affine.weight.iter().zip(&affine.bias);
        for ((out, &x), (&weight, &bias)) in out.iter_mut().zip(x).zip(weights) {
            *out = O::of((x - mean) * rstd * weight + bias);
        }
    }
}
