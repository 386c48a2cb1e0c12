//! The softmax. (Candle's fused one has no gradient; the composed one makes five passes.)

use super::kernel::{Kernel, Slice, apply1, fill, if_tracked, rows_per_task, run2};
use super::simd::{Float, max_of, sum_of, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input};
use candle_core::{Result, Shape, Tensor};

/// `exp(x) / sum(exp(x))` over the last axis.
///
/// # Shapes
/// (..., c) -> (..., c)
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    x.dim(candle_core::D::Minus1)?;
    apply1(Softmax, x)
}

struct Softmax;

impl Kernel<1> for Softmax {
    const NAME: &'static str = "softmax";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let c = x.dims[x.dims.len() - 1];
        let mut out = x.data.to_vec();
        let task = rows_per_task(out.len() / c.max(1), c) * c;
        fill(&mut out, task, |_, rows| softmax_rows(rows, c));
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        let c = x.dims[x.dims.len() - 1];
        let rows = x.len() / c.max(1);
        gpu.kernel("softmax", "forward", x.dtype)
            .read(x)
            .write(out)
            .int(rows)
            .int(c)
            .for_rows(rows)
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        output: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        Ok([if_tracked(x, || run2(SoftmaxGrad, output, grad))?])
    }
}

/// (softmax, gradient of it) -> gradient of its input.
struct SoftmaxGrad;

impl Kernel<2> for SoftmaxGrad {
    const NAME: &'static str = "softmax-grad";

    fn shape(&self, [y, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(y.into())
    }

    fn run<T: Float>(&self, [y, grad]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let c = y.dims[y.dims.len() - 1];
        let mut out = grad.data.to_vec();
        let task = rows_per_task(out.len() / c.max(1), c) * c;
        fill(&mut out, task, |start, rows| {
            softmax_rows_backward(rows, &y.data[start..][..rows.len()], c);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [y, grad]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let c = y.dims[y.dims.len() - 1];
        let rows = y.len() / c.max(1);
        gpu.kernel("softmax", "gradient", y.dtype)
            .read(y)
            .read(grad)
            .write(out)
            .int(rows)
            .int(c)
            .for_rows(rows)
    }
}

/// The softmax of a row whose greatest value is `max`, in place.
#[inline(always)]
pub(super) fn softmax_row<T: Float>(row: &mut [T], max: T) {
    // The exponential is held above the smallest normal f32; minus infinity must give 0.
    let least = T::of(-87.0);
    for x in row.iter_mut() {
        let d = *x - max;
        *x = if d < least { T::ZERO } else { d.exp() };
    }
    let share = T::ONE / sum_of(row, row, |x, _| x);
    for x in row.iter_mut() {
        *x *= share;
    }
}

vectorized! {
    /// The softmax of each row of `c`, in place.
    fn softmax_rows<T>(rows: &mut [T], c: usize) {
        for row in rows.chunks_exact_mut(c) {
            let max = max_of(row);
            softmax_row(row, max);
        }
    }

    /// From the gradient of each row of the softmax `y` to that of its input, `y * (grad - sum(grad * y))`, in place.
    pub(super) fn softmax_rows_backward<T>(grad: &mut [T], y: &[T], c: usize) {
        for (grad, y) in grad.chunks_exact_mut(c.max(1)).zip(y.chunks_exact(c.max(1))) {
            let dot = sum_of(grad, y, |g, y| g * y);
            for (g, &y) in grad.iter_mut().zip(y) {
                *g = y * (*g - dot);
            }
        }
    }
}
