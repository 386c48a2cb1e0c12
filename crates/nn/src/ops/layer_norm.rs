//! Layer normalisation. (Candle's own has no gradient, and takes the variance as E[x^2] - mean^2.)

use super::kernel::{Kernel, Slice, apply3, fill, rows_per_task, run3, sum_in_order, unpack};
use super::simd::{Float, sum_of, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input, reduce::Columns, sums};
use candle_core::{Result, Shape, Tensor, bail};

/// `weight * (x - mean) / sqrt(var + eps) + bias` with mean and variance of the last axis (Ba et al. 2016).
///
/// # Shapes
/// `x` (..., c), `weight` and `bias` (c) -> (..., c)
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let last = x.dims().last().copied();
    if last != weight.dims().last().copied() || weight.rank() != 1 || bias.dims() != weight.dims() {
        let (x, weight, bias) = (x.dims(), weight.dims(), bias.dims());
        bail!(
            "layer_norm: for an input {x:?} (..., c) expected weight and bias (c), got {weight:?} and {bias:?}"
        );
    }
    apply3(LayerNorm { eps }, x, weight, bias)
}

struct LayerNorm {
    eps: f64,
}

impl Kernel<3> for LayerNorm {
    const NAME: &'static str = "layer-norm";

    fn shape(&self, [x, _, _]: [&[usize]; 3]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, weight, bias]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, task(x.data.len(), weight), |start, out| {
            let x = &x.data[start..][..out.len()];
            normalize_rows(out, x, weight.data, bias.data, T::of(self.eps));
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(
        &self,
        gpu: &Gpu,
        [x, weight, bias]: [Input<'_>; 3],
        out: &mut Buffer,
    ) -> Result<()> {
        let c = weight.dims[0];
        let rows = x.len() / c.max(1);
        gpu.kernel("layer_norm", "forward", x.dtype)
            .read(x)
            .read(weight)
            .read(bias)
            .write(out)
            .int(rows)
            .int(c)
            .real(self.eps)
            .for_rows(rows)
    }

    fn backward(
        &self,
        [x, weight, bias]: [&Tensor; 3],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 3]> {
        let gradients = run3(LayerNormGrad { eps: self.eps }, x, grad, weight)?;
        unpack(&gradients, [x, weight, bias])
    }
}

/// Values a task takes at a time, whole rows.
fn task<T>(len: usize, weight: Slice<'_, T>) -> usize {
    let c = weight.dims[0];
    rows_per_task(len / c.max(1), c) * c
}

/// (x, gradient of the output, weight) -> gradients of x, weight and bias one after the other.
struct LayerNormGrad {
    eps: f64,
}

impl Kernel<3> for LayerNormGrad {
    const NAME: &'static str = "layer-norm-grad";

    fn shape(&self, [x, _, weight]: [&[usize]; 3]) -> Result<Shape> {
        Ok((x.iter().product::<usize>() + 2 * weight[0]).into())
    }

    fn run<T: Float>(&self, [x, grad, weight]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let (len, c, eps) = (x.data.len(), weight.data.len(), T::of(self.eps));
        let task = task(len, weight);
        let mut out = vec![T::ZERO; len + 2 * c];
        fill(&mut out[..len], task, |start, out| {
            let span = start..start + out.len();
            let (x, grad) = (&x.data[span.clone()], &grad.data[span]);
            write_gradient(out, x, grad, weight.data, eps);
        });
        let tasks = len.div_ceil(task.max(1));
        let sums = sum_in_order::<T, f64>(tasks, 2 * c, |i, sums| {
            let span = i * task..((i + 1) * task).min(len);
            add_gradients(sums, &x.data[span.clone()], &grad.data[span], eps);
        });
        for (out, sum) in out[len..].iter_mut().zip(sums) {
            *out = T::of(sum);
        }
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(
        &self,
        gpu: &Gpu,
        [x, grad, weight]: [Input<'_>; 3],
        out: &mut Buffer,
    ) -> Result<()> {
        let c = weight.dims[0];
        let rows = x.len() / c.max(1);
        let mut moments = gpu.alloc(sums(x.dtype), 2 * rows)?;
        gpu.kernel("layer_norm", "gradient", x.dtype)
            .read(x)
            .read(grad)
            .read(weight)
            .write(out)
            .write(&mut moments)
            .int(rows)
            .int(c)
            .real(self.eps)
            .for_rows(rows)?;
        let split = Columns::new(1, rows, c);
        let mut partials = split.partials(gpu, x.dtype, 2)?;
        gpu.kernel("layer_norm", "gradient_sums", x.dtype)
            .read(x)
            .read(grad)
            .read(moments.read(&[]))
            .write(&mut partials)
            .int(rows)
            .int(c)
            .int(split.rows_per_chunk)
            .run(split.grid(), Columns::BLOCK, 0)?;
        gpu.kernel("elementwise", "sum_partials", x.dtype)
            .read(partials.read(&[]))
            .write_at(out, x.len())
            .int(2 * c)
            .int(split.chunks)
            .int(2 * c)
            .real(1.0)
            .for_each(2 * c)
    }
}

/// A row's mean and 1 / sqrt(var + eps), in two passes: a mean far from zero costs no precision.
#[inline(always)]
fn mean_rstd<T: Float>(row: &[T], eps: T) -> (T, T) {
    let share = T::ONE / T::of(row.len() as f64);
    let mean = sum_of(row, row, |x, _| x) * share;
    let var = sum_of(row, row, |x, _| (x - mean) * (x - mean)) * share;
    (mean, T::ONE / (var + eps).sqrt())
}

vectorized! {
    fn normalize_rows<T>(out: &mut [T], x: &[T], weight: &[T], bias: &[T], eps: T) {
        let c = weight.len();
        for (out, x) in out.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
            let (mean, rstd) = mean_rstd(x, eps);
            for (((y, &x), &w), &b) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = ((x - mean) * rstd).fma(w, b);
            }
        }
    }

    /// The input's gradient: `rstd * (d - mean(d) - xhat * mean(d * xhat))` with `d = weight * grad`.
    fn write_gradient<T>(out: &mut [T], x: &[T], grad: &[T], weight: &[T], eps: T) {
        let c = weight.len();
        let share = T::ONE / T::of(c as f64);
        let rows = out.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(grad.chunks_exact(c));
        for ((out, x), g) in rows {
            let (mean, rstd) = mean_rstd(x, eps);
            for ((d, &g), &w) in out.iter_mut().zip(g).zip(weight) {
                *d = g * w;
            }
            let mean_d = sum_of(out, out, |d, _| d) * share;
            let mean_d_xhat = sum_of(out, x, |d, x| d * (x - mean)) * rstd * share;
            for (d, &x) in out.iter_mut().zip(x) {
                *d = rstd * (*d - mean_d - (x - mean) * rstd * mean_d_xhat);
            }
        }
    }

    /// Adds the gradients of weight and bias, one after the other in `sums`.
    fn add_gradients<T>(sums: &mut [T], x: &[T], grad: &[T], eps: T) {
        let c = sums.len() / 2;
        let (weight, bias) = sums.split_at_mut(c);
        for (x, g) in x.chunks_exact(c).zip(grad.chunks_exact(c)) {
            let (mean, rstd) = mean_rstd(x, eps);
            for (((w, b), &x), &g) in weight.iter_mut().zip(bias.iter_mut()).zip(x).zip(g) {
                *w = g.fma((x - mean) * rstd, *w);
                *b += g;
            }
        }
    }
}
