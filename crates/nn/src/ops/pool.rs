//! Pooling.

use super::depthwise::depthwise_conv2d;
use super::geometry::{ConvGeometry, Size};
use super::kernel::{Kernel, Slice, apply1, fill, if_tracked, run2};
use super::simd::{Float, is_greater, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input, Window, reduce};
#[cfg(feature = "gpu")]
use candle_core::DType;
use candle_core::{Result, Shape, Tensor};

/// The mean over all pixels.
///
/// # Shapes
/// (n, h, w, c) -> (n, c)
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    x.dims4()?;
    apply1(GlobalAvgPool, x)
}

/// The mean under the kernel. Padding counts as zeros, PyTorch's `count_include_pad=True`.
///
/// # Shapes
/// (n, h, w, c) -> (n, h', w', c) with h' = [`ConvGeometry::output`] of h
pub fn avg_pool2d(x: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    let c = x.dims4()?.3;
    geometry.check_pool(x.dims())?;
    // A depthwise convolution whose taps are all alike.
    let (k, tap) = (geometry.kernel, 1.0 / geometry.taps() as f64);
    let weight = Tensor::full(tap, (c, 1, k, k), x.device())?.to_dtype(x.dtype())?;
    depthwise_conv2d(x, &weight, geometry)
}

/// The maximum under the kernel, padded with minus infinities. The gradient goes to the first maximum, row by row, as
/// PyTorch's does; NaN is the maximum of its window. (Candle's own operator has a gradient only where kernel and
/// stride are equal, off by a factor of the kernel's area.)
///
/// # Shapes
/// (n, h, w, c) -> (n, h', w', c) with h' = [`ConvGeometry::output`] of h
pub fn max_pool2d(x: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    x.dims4()?;
    geometry.check_pool(x.dims())?;
    apply1(MaxPool(geometry), x)
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

    /// One row of output pixels.
    fn max_row<T>(out: &mut [T], image: &[T], s: Size, oy: usize) {
        for (ox, best) in out.chunks_exact_mut(s.c).enumerate() {
            best.fill(T::NEG_INFINITY);
            s.for_each_tap(oy, ox, |pixel, _| {
                for (best, &x) in best.iter_mut().zip(&image[pixel * s.c..][..s.c]) {
                    *best = best.greater(x);
                }
            });
        }
    }

    /// Each channel's maximum at an output pixel, and the input pixel where it was first.
    fn find_max<T>(best: &mut [T], at: &mut [u32], image: &[T], s: Size, pixel: usize) {
        best.fill(T::NEG_INFINITY);
        let mut first = true;
        s.for_each_tap(pixel / s.out_w, pixel % s.out_w, |pixel, _| {
            if first {
                // Of minus infinities alone, too, the first is the maximum.
                at.fill(pixel as u32);
                first = false;
            }
            let channels = best.iter_mut().zip(at.iter_mut());
            for ((best, at), &x) in channels.zip(&image[pixel * s.c..][..s.c]) {
                let greater = is_greater(x, *best);
                *best = if greater { x } else { *best };
                *at = if greater { pixel as u32 } else { *at };
            }
        });
    }
}

struct GlobalAvgPool;

impl Kernel<1> for GlobalAvgPool {
    const NAME: &'static str = "global-avg-pool";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok((x[0], x[3]).into())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let (pixels, c) = (x.dims[1] * x.dims[2], x.dims[3]);
        let factor = T::of(1.0 / pixels as f64);
        let mut out = vec![T::ZERO; x.dims[0] * c];
        fill(&mut out, c, |start, out| {
            mean_of_pixels(out, &x.data[start * pixels..][..pixels * c], factor);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        let pixels = x.dims[1] * x.dims[2];
        let sizes = [x.dims[0], pixels, x.dims[3]];
        reduce::sum_pixels(gpu, x, None, sizes, 1.0 / pixels as f64, out)
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        let (n, h, w, c) = x.dims4()?;
        let pixel = (grad / (h * w) as f64)?.reshape((n, 1, 1, c))?;
        Ok([Some(pixel.broadcast_as(x.shape())?.contiguous()?)])
    }
}

struct MaxPool(ConvGeometry);

impl Kernel<1> for MaxPool {
    const NAME: &'static str = "max-pool2d";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok(Size::new(x, x[3], self.0)?.output_shape())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let s = Size::new(x.dims, x.dims[3], self.0)?;
        let row = s.out_w * s.c;
        let mut out = vec![T::ZERO; s.n * s.output_image()];
        fill(&mut out, row, |start, out| {
            let (n, oy) = (start / row / s.out_h, start / row % s.out_h);
            max_row(
                out,
                &x.data[n * s.input_image()..][..s.input_image()],
                s,
                oy,
            );
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        let n = self.shape([x.dims])?.elem_count();
        gpu.kernel("pool", "max_pool", x.dtype)
            .read(x)
            .write(out)
            .int(n)
            .window(Window::new(x.dims, self.0)?)
            .for_each(n)
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        Ok([if_tracked(x, || run2(MaxPoolGrad(self.0), x, grad))?])
    }
}

struct MaxPoolGrad(ConvGeometry);

impl Kernel<2> for MaxPoolGrad {
    const NAME: &'static str = "max-pool2d-grad";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, grad]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = Size::new(x.dims, x.dims[3], self.0)?;
        let mut out = vec![T::ZERO; x.data.len()];
        // Windows overlap, so an image is one task.
        fill(&mut out, s.input_image(), |start, out| {
            let image = &x.data[start..][..out.len()];
            let n = start / s.input_image();
            let grad = &grad.data[n * s.output_image()..][..s.output_image()];
            let (mut best, mut at) = (vec![T::ZERO; s.c], vec![0; s.c]);
            for (pixel, grad) in grad.chunks_exact(s.c).enumerate() {
                find_max(&mut best, &mut at, image, s, pixel);
                for (c, (&at, &g)) in at.iter().zip(grad).enumerate() {
                    out[at as usize * s.c + c] += g;
                }
            }
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, grad]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let window = Window::new(x.dims, self.0)?;
        let mut found = gpu.alloc(DType::I32, grad.len())?;
        gpu.kernel("pool", "find_max", x.dtype)
            .read(x)
            .write(&mut found)
            .int(grad.len())
            .window(window)
            .for_each(grad.len())?;
        gpu.kernel("pool", "max_pool_grad", x.dtype)
            .read(found.read(&[]))
            .read(grad)
            .write(out)
            .int(x.len())
            .window(window)
            .for_each(x.len())
    }
}
