//! Pooling.

use super::kernel::{by_float, contiguous};
use super::simd::{Float, vectorized};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The mean over all pixels.
///
/// # Shapes
/// (n, h, w, c) -> (n, c)
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    let (_, h, w, _) = x.dims4()?;
    x.contiguous()?.apply_op1(GlobalAvgPool { h, w })
}

vectorized! {
    /// The sum over an image's pixels times `factor`.
    fn mean_of_pixels<T>(mean: &mut [T], image: &[T], factor: T) {
        for pixel in image.chunks_exact(mean.len()) {
            for (sum, &x) in mean.iter_mut().zip(pixel) {
                *sum += x;
            }
        }
        for sum in mean {
            *sum *= factor;
        }
    }
}

struct GlobalAvgPool {
    h: usize,
    w: usize,
}

impl CustomOp1 for GlobalAvgPool {
    fn name(&self) -> &'static str {
        "global-avg-pool"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(x: &CpuStorage, layout: &Layout) -> Result<CpuStorage> {
            let (n, h, w, c) = layout.shape().dims4()?;
            let x = contiguous::<T>(x, layout)?;
            let factor = T::from_f64(1.0 / (h * w) as f64);
            let mut out = vec![T::ZERO; n * c];
            out.par_chunks_mut(c.max(1))
                .enumerate()
                .for_each(|(n, out)| {
                    mean_of_pixels(out, &x[n * h * w * c..][..h * w * c], factor);
                });
            Ok(T::storage(out))
        }
        let (n, _, _, c) = layout.shape().dims4()?;
        Ok((by_float!(self.name(), x, run(x, layout))?, (n, c).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (n, _, _, c) = x.dims4()?;
        let pixel = (grad.detach() / (self.h * self.w) as f64)?.reshape((n, 1, 1, c))?;
        Ok(Some(pixel.broadcast_as(x.shape())?.contiguous()?))
    }
}
