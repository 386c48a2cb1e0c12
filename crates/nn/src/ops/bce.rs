//! Binary cross entropy with logits, value by value.

use super::kernel::{Kernel, Slice, apply2, fill, if_tracked, rows_per_task, run2};
use super::simd::{Float, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input};
use candle_core::{Result, Shape, Tensor};

/// `max(x, 0) - x y + ln(1 + exp(-|x|))` for tensors of one shape.
pub(crate) fn bce(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    apply2(Bce, logits, targets)
}

struct Bce;

impl Kernel<2> for Bce {
    const NAME: &'static str = "bce-with-logits";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, y]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, rows_per_task(x.data.len(), 1), |start, out| {
            let pairs = x.data[start..].iter().zip(&y.data[start..]);
            for (out, (&x, &y)) in out.iter_mut().zip(pairs) {
                let size = if x < T::ZERO { -x } else { x };
                *out = x.greater(T::ZERO) - x * y + (-size).exp().ln_1p();
            }
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, y]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "bce", x.dtype)
            .read(x)
            .read(y)
            .write(out)
            .int(x.len())
            .for_each(x.len())
    }

    fn backward(
        &self,
        [x, y]: [&Tensor; 2],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        Ok([
            if_tracked(x, || grad * run2(BceSlope, x, y)?)?,
            if_tracked(y, || (grad * x.detach())?.neg())?,
        ])
    }
}

/// The derivative in the logit, `sigmoid(x) - y`.
struct BceSlope;

impl Kernel<2> for BceSlope {
    const NAME: &'static str = "bce-with-logits-slope";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, y]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, rows_per_task(x.data.len(), 1), |start, out| {
            let (x, y) = (&x.data[start..], &y.data[start..]);
            slopes(out, &x[..out.len()], &y[..out.len()]);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, y]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "bce_slope", x.dtype)
            .read(x)
            .read(y)
            .write(out)
            .int(x.len())
            .for_each(x.len())
    }
}

vectorized! {
    fn slopes<T>(out: &mut [T], x: &[T], y: &[T]) {
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = x.sigmoid() - y;
        }
    }
}
