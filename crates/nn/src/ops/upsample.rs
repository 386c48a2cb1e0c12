//! Upsampling.

use super::kernel::{Kernel, Slice, apply1, fill, if_tracked, run1};
use super::simd::{Float, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input};
use candle_core::{Result, Shape, Tensor, bail};

/// Each pixel repeated to a square of side `factor`. (Candle's own operator forgets, backward, what the other consumers
/// of its input sent.)
///
/// # Shapes
/// (n, h, w, c) -> (n, h * factor, w * factor, c)
pub fn upsample_nearest(x: &Tensor, factor: usize) -> Result<Tensor> {
    x.dims4()?;
    if factor == 0 {
        bail!(
            "upsample_nearest: expected a factor of at least 1 for an input {:?} (n, h, w, c), got 0",
            x.dims()
        );
    }
    apply1(Upsample(factor), x)
}

struct Upsample(usize);

impl Kernel<1> for Upsample {
    const NAME: &'static str = "upsample-nearest";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok((x[0], x[1] * self.0, x[2] * self.0, x[3]).into())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let (factor, c) = (self.0, x.dims[3]);
        let row = x.dims[2] * c;
        let mut out = vec![T::ZERO; x.data.len() * factor * factor];
        fill(&mut out, row * factor * factor, |start, out| {
            let pixels = x.data[start / (factor * factor)..][..row].chunks_exact(c);
            let (first, copies) = out.split_at_mut(row * factor);
            for (out, pixel) in first.chunks_exact_mut(c * factor).zip(pixels) {
                for out in out.chunks_exact_mut(c) {
                    out.copy_from_slice(pixel);
                }
            }
            for copy in copies.chunks_exact_mut(first.len()) {
                copy.copy_from_slice(first);
            }
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        let n = x.len() * self.0 * self.0;
        gpu.kernel("upsample", "nearest", x.dtype)
            .read(x)
            .write(out)
            .int(n)
            .int(x.dims[1])
            .int(x.dims[2])
            .int(x.dims[3])
            .int(self.0)
            .for_each(n)
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        Ok([if_tracked(x, || run1(UpsampleGrad(self.0), grad))?])
    }
}

/// The sum of each square.
struct UpsampleGrad(usize);

impl Kernel<1> for UpsampleGrad {
    const NAME: &'static str = "upsample-nearest-grad";

    fn shape(&self, [grad]: [&[usize]; 1]) -> Result<Shape> {
        Ok((grad[0], grad[1] / self.0, grad[2] / self.0, grad[3]).into())
    }

    fn run<T: Float>(&self, [grad]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let (factor, c) = (self.0, grad.dims[3]);
        let squares = factor * factor;
        let mut out = vec![T::ZERO; grad.data.len() / squares];
        fill(&mut out, grad.dims[2] / factor * c, |start, out| {
            let rows = &grad.data[start * squares..][..out.len() * squares];
            add_squares(out, rows, factor, c);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [grad]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        let n = grad.len() / (self.0 * self.0);
        gpu.kernel("upsample", "gradient", grad.dtype)
            .read(grad)
            .write(out)
            .int(n)
            .int(grad.dims[1] / self.0)
            .int(grad.dims[2] / self.0)
            .int(grad.dims[3])
            .int(self.0)
            .for_each(n)
    }
}

vectorized! {
    /// One row of pixels from the `factor` rows it was repeated to.
    fn add_squares<T>(out: &mut [T], rows: &[T], factor: usize, c: usize) {
        for row in rows.chunks_exact(out.len() * factor) {
            for (out, pixels) in out.chunks_exact_mut(c).zip(row.chunks_exact(c * factor)) {
                for pixel in pixels.chunks_exact(c) {
                    for (sum, &g) in out.iter_mut().zip(pixel) {
                        *sum += g;
                    }
                }
            }
        }
    }
}
