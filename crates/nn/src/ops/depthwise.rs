//! Depthwise convolution: each channel with its own kernel.
//!
//! Candle loops over the groups, one convolution call a channel: 24 to 100 times slower than this stencil. Here the
//! channels are the vector lanes: for each output pixel a block of channels is accumulated in registers over the taps.

#[cfg(feature = "gpu")]
use super::Activation;
use super::geometry::{ConvGeometry, Size};
use super::kernel::{Kernel, Slice, apply2, fill, if_tracked, run2, sum_in_order};
use super::simd::{Float, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input, Window, reduce::Columns, sums};
use candle_core::{Result, Shape, Tensor, bail};

/// Convolves each channel with its own kernel.
///
/// # Shapes
/// `x` (n, h, w, c), `weight` (c, 1, k, k) -> (n, h', w', c) with h' = [`ConvGeometry::output`] of h
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    check(x, weight, geometry)?;
    apply2(Depthwise(geometry), x, weight)
}

fn check(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<()> {
    let c = x.dims4()?.3;
    if weight.dims() != [c, 1, geometry.kernel, geometry.kernel] {
        let (x, weight, k) = (x.dims(), weight.dims(), geometry.kernel);
        bail!(
            "depthwise_conv2d: for an input {x:?} (n, h, w, c) expected a weight ({c}, 1, {k}, {k}), got {weight:?}"
        );
    }
    geometry.check(x.dims())
}

struct Depthwise(ConvGeometry);

impl Kernel<2> for Depthwise {
    const NAME: &'static str = "depthwise-conv2d";

    fn shape(&self, [x, weight]: [&[usize]; 2]) -> Result<Shape> {
        Ok(Size::new(x, weight[0], self.0)?.output_shape())
    }

    fn run<T: Float>(&self, [x, weight]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = Size::new(x.dims, weight.dims[0], self.0)?;
        Ok(forward(x.data, &by_tap(weight.data, s), s))
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, weight]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let taps = taps_on_gpu(gpu, weight, self.0)?;
        let n = self.shape([x.dims, weight.dims])?.elem_count();
        gpu.kernel("depthwise", "forward", x.dtype)
            .read(x)
            .read(taps.read(&[]))
            .read_if(None)
            .write(out)
            .int(n)
            .window(Window::new(x.dims, self.0)?)
            .activation(Activation::Identity)
            .for_each(n)
    }

    fn backward(
        &self,
        [x, weight]: [&Tensor; 2],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        let s = Size::new(x.dims(), weight.dim(0)?, self.0)?;
        Ok([
            if_tracked(x, || run2(DepthwiseGradInput(s), grad, weight))?,
            if_tracked(weight, || run2(DepthwiseGradWeight(s), x, grad))?,
        ])
    }
}

/// (c, 1, k, k) -> (k * k, c): a tap's weights for neighbouring channels lie side by side.
fn by_tap<T: Float>(weight: &[T], s: Size) -> Vec<T> {
    let taps = s.geometry.taps();
    let reorder = |i: usize| weight[(i % s.c) * taps + i / s.c];
    (0..weight.len()).map(reorder).collect()
}

/// The same on a GPU, in the type of sums.
#[cfg(feature = "gpu")]
pub(crate) fn taps_on_gpu(gpu: &Gpu, weight: Input<'_>, geometry: ConvGeometry) -> Result<Buffer> {
    let mut taps = gpu.alloc(sums(weight.dtype), weight.len())?;
    gpu.kernel("depthwise", "by_tap", weight.dtype)
        .read(weight)
        .write(&mut taps)
        .int(weight.len())
        .int(geometry.taps())
        .for_each(weight.len())?;
    Ok(taps)
}

/// The inverse of [`by_tap`].
fn by_channel<T: Float>(weight: &[T], s: Size) -> Vec<T> {
    let taps = s.geometry.taps();
    let reorder = |i: usize| weight[(i % taps) * s.c + i / taps];
    (0..weight.len()).map(reorder).collect()
}

fn forward<T: Float>(x: &[T], taps: &[T], s: Size) -> Vec<T> {
    let mut out = vec![T::ZERO; s.n * s.output_image()];
    let row = s.out_w * s.c;
    fill(&mut out, row, |start, out| {
        let (n, oy) = (start / row / s.out_h, start / row % s.out_h);
        let image = &x[n * s.input_image()..][..s.input_image()];
        forward_channels(image, taps, s, oy, out);
    });
    out
}

vectorized! {
    /// One row of output pixels, in blocks of channels that fit the registers.
    fn forward_channels<T>(image: &[T], taps: &[T], s: Size, oy: usize, out: &mut [T]) {
        let mut c0 = 0;
        while c0 < s.c {
            c0 += match s.c - c0 {
                64.. => forward_row::<T, 64>(image, taps, s, oy, c0, out),
                32.. => forward_row::<T, 32>(image, taps, s, oy, c0, out),
                16.. => forward_row::<T, 16>(image, taps, s, oy, c0, out),
                8.. => forward_row::<T, 8>(image, taps, s, oy, c0, out),
                _ => forward_row::<T, 1>(image, taps, s, oy, c0, out),
            };
        }
    }

    /// The same for one row of the input's gradient.
    fn grad_input_channels<T>(grad: &[T], taps: &[T], s: Size, iy: usize, out: &mut [T]) {
        let mut c0 = 0;
        while c0 < s.c {
            c0 += match s.c - c0 {
                64.. => grad_input_row::<T, 64>(grad, taps, s, iy, c0, out),
                32.. => grad_input_row::<T, 32>(grad, taps, s, iy, c0, out),
                16.. => grad_input_row::<T, 16>(grad, taps, s, iy, c0, out),
                8.. => grad_input_row::<T, 8>(grad, taps, s, iy, c0, out),
                _ => grad_input_row::<T, 1>(grad, taps, s, iy, c0, out),
            };
        }
    }

    /// The same for the taps' gradient from one image.
    fn grad_weight_channels<T>(x: &[T], grad: &[T], s: Size, sum: &mut [T]) {
        for oy in 0..s.out_h {
            let mut c0 = 0;
            while c0 < s.c {
                c0 += match s.c - c0 {
                    32.. => grad_weight_row::<T, 32>(x, grad, s, oy, c0, sum),
                    16.. => grad_weight_row::<T, 16>(x, grad, s, oy, c0, sum),
                    8.. => grad_weight_row::<T, 8>(x, grad, s, oy, c0, sum),
                    _ => grad_weight_row::<T, 1>(x, grad, s, oy, c0, sum),
                };
            }
        }
    }
}

/// One row of output pixels for `LANES` channels from `c0`; returns `LANES`.
#[inline(always)]
fn forward_row<T: Float, const LANES: usize>(
    image: &[T],
    taps: &[T],
    s: Size,
    oy: usize,
    c0: usize,
    out: &mut [T],
) -> usize {
    let g = s.geometry;
    let rows = g.taps_inside(oy, s.h);
    for ox in 0..s.out_w {
        let mut sum = [T::ZERO; LANES];
        let cols = g.taps_inside(ox, s.w);
        for ky in rows.clone() {
            let iy = g.input_at(oy, ky);
            for kx in cols.clone() {
                let ix = g.input_at(ox, kx);
                let x = &image[(iy * s.w + ix) * s.c + c0..][..LANES];
                let w = &taps[(ky * g.kernel + kx) * s.c + c0..][..LANES];
                for l in 0..LANES {
                    sum[l] = x[l].fma(w[l], sum[l]);
                }
            }
        }
        out[ox * s.c + c0..][..LANES].copy_from_slice(&sum);
    }
    LANES
}

/// The gradient with respect to the input: each input pixel gathers from the outputs it fed.
struct DepthwiseGradInput(Size);

impl Kernel<2> for DepthwiseGradInput {
    const NAME: &'static str = "depthwise-conv2d-grad-input";

    fn shape(&self, _: [&[usize]; 2]) -> Result<Shape> {
        Ok(self.0.input_shape())
    }

    fn run<T: Float>(&self, [grad, weight]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = self.0;
        let taps = by_tap(weight.data, s);
        let mut out = vec![T::ZERO; s.n * s.input_image()];
        let row = s.w * s.c;
        fill(&mut out, row, |start, out| {
            let (n, iy) = (start / row / s.h, start / row % s.h);
            let grad = &grad.data[n * s.output_image()..][..s.output_image()];
            grad_input_channels(grad, &taps, s, iy, out);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [grad, weight]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let (s, g) = (self.0, self.0.geometry);
        let taps = taps_on_gpu(gpu, weight, g)?;
        let n = s.n * s.input_image();
        gpu.kernel("depthwise", "gradient_input", grad.dtype)
            .read(grad)
            .read(taps.read(&[]))
            .write(out)
            .int(n)
            .window(Window::new(s.input_shape().dims(), g)?)
            .for_each(n)
    }
}

#[inline(always)]
fn grad_input_row<T: Float, const LANES: usize>(
    grad: &[T],
    taps: &[T],
    s: Size,
    iy: usize,
    c0: usize,
    out: &mut [T],
) -> usize {
    let g = s.geometry;
    for ix in 0..s.w {
        let mut sum = [T::ZERO; LANES];
        for ky in 0..g.kernel {
            let Some(oy) = g.output_at(iy, ky, s.out_h) else {
                continue;
            };
            for kx in 0..g.kernel {
                let Some(ox) = g.output_at(ix, kx, s.out_w) else {
                    continue;
                };
                let d = &grad[(oy * s.out_w + ox) * s.c + c0..][..LANES];
                let w = &taps[(ky * g.kernel + kx) * s.c + c0..][..LANES];
                for l in 0..LANES {
                    sum[l] = d[l].fma(w[l], sum[l]);
                }
            }
        }
        out[ix * s.c + c0..][..LANES].copy_from_slice(&sum);
    }
    LANES
}

/// The gradient with respect to the weight: for each tap, the sum over output pixels of input times gradient.
struct DepthwiseGradWeight(Size);

impl Kernel<2> for DepthwiseGradWeight {
    const NAME: &'static str = "depthwise-conv2d-grad-weight";

    fn shape(&self, _: [&[usize]; 2]) -> Result<Shape> {
        let (s, k) = (self.0, self.0.geometry.kernel);
        Ok((s.c, 1, k, k).into())
    }

    fn run<T: Float>(&self, [x, grad]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = self.0;
        let sum = sum_in_order::<T, T>(s.n, s.patch(), |n, sum| {
            let x = &x.data[n * s.input_image()..][..s.input_image()];
            let grad = &grad.data[n * s.output_image()..][..s.output_image()];
            grad_weight_channels(x, grad, s, sum);
        });
        Ok(by_channel(&sum, s))
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, grad]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let (s, taps) = (self.0, self.0.geometry.taps());
        let split = Columns::new(taps, s.output_pixels(), s.c);
        let mut partials = split.partials(gpu, x.dtype, 1)?;
        gpu.kernel("depthwise", "gradient_weight", x.dtype)
            .read(x)
            .read(grad)
            .write(&mut partials)
            .int(s.output_pixels())
            .window(Window::new(x.dims, s.geometry)?)
            .int(split.rows_per_chunk)
            .run(split.grid(), Columns::BLOCK, 0)?;
        gpu.kernel("depthwise", "by_channel", x.dtype)
            .read(partials.read(&[]))
            .write(out)
            .int(s.c * taps)
            .int(taps)
            .int(split.chunks)
            .for_each(s.c * taps)
    }
}

#[inline(always)]
fn grad_weight_row<T: Float, const LANES: usize>(
    x: &[T],
    grad: &[T],
    s: Size,
    oy: usize,
    c0: usize,
    total: &mut [T],
) -> usize {
    let g = s.geometry;
    for ky in g.taps_inside(oy, s.h) {
        let iy = g.input_at(oy, ky);
        for kx in 0..g.kernel {
            let total = &mut total[(ky * g.kernel + kx) * s.c + c0..][..LANES];
            let mut sum = [T::ZERO; LANES];
            sum.copy_from_slice(total);
            for ox in g.outputs_of(kx, s.w, s.out_w) {
                let ix = g.input_at(ox, kx);
                let x = &x[(iy * s.w + ix) * s.c + c0..][..LANES];
                let d = &grad[(oy * s.out_w + ox) * s.c + c0..][..LANES];
                for l in 0..LANES {
                    sum[l] = x[l].fma(d[l], sum[l]);
                }
            }
            total.copy_from_slice(&sum);
        }
    }
    LANES
}
