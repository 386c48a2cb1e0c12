//! Depthwise convolution: each channel with its own kernel.
//!
//! Candle loops over the groups, one convolution call a channel: 24 to 100 times slower than this stencil. Here the
//! channels are the vector lanes: for each output pixel a block of channels is accumulated in registers over the taps.

use super::conv2d::{ConvGeometry, check_bias};
use super::elementwise::{Activation, add_bias_and_activate};
use super::kernel::{by_float, contiguous};
use super::simd::{Float, vectorized};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::ops::Range;

/// Convolves each channel with its own kernel.
///
/// # Shapes
/// `x` (n, h, w, c), `weight` (c, 1, k, k) -> (n, h', w', c) with h' = [`ConvGeometry::output`] of h
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    check(x, weight, geometry)?;
    x.contiguous()?
        .apply_op2(&weight.contiguous()?, Depthwise(geometry))
}

/// [`depthwise_conv2d`] with bias and activation in the same pass; for inference, records no gradient.
///
/// # Shapes
/// as [`depthwise_conv2d`], `bias` (c)
pub fn depthwise_conv2d_fused(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    geometry: ConvGeometry,
    activation: Activation,
) -> Result<Tensor> {
    check(x, weight, geometry)?;
    check_bias(weight, bias)?;
    let op = DepthwiseFused {
        geometry,
        activation,
    };
    x.contiguous()?
        .apply_op3_no_bwd(&weight.contiguous()?, &bias.contiguous()?, &op)
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

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise-conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            g: ConvGeometry,
            x: &CpuStorage,
            xl: &Layout,
            w: &CpuStorage,
            wl: &Layout,
        ) -> Result<CpuStorage> {
            let taps = taps_by_channel(contiguous::<T>(w, wl)?, g.kernel);
            let size = Size::new(xl, g)?;
            Ok(T::storage(forward(
                contiguous::<T>(x, xl)?,
                &taps,
                size,
                g,
                &|_| (),
            )))
        }
        let size = Size::new(xl, self.0)?;
        Ok((
            by_float!(self.name(), x, run(self.0, x, xl, w, wl))?,
            size.output_shape(),
        ))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x, weight, grad) = (x.detach(), weight.detach(), grad.detach().contiguous()?);
        let (_, h, w, _) = x.dims4()?;
        let grad_x = grad.apply_op2_no_bwd(
            &weight,
            &DepthwiseGradInput {
                geometry: self.0,
                h,
                w,
            },
        )?;
        let grad_w = x.apply_op2_no_bwd(&grad, &DepthwiseGradWeight(self.0))?;
        Ok((Some(grad_x), Some(grad_w)))
    }
}

struct DepthwiseFused {
    geometry: ConvGeometry,
    activation: Activation,
}

impl candle_core::CustomOp3 for DepthwiseFused {
    fn name(&self) -> &'static str {
        "depthwise-conv2d-fused"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
        b: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let size = Size::new(xl, self.geometry)?;
        let out = by_float!(self.name(), x, fused(self, size, (x, xl), (w, wl), (b, bl)))?;
        Ok((out, size.output_shape()))
    }
}

fn fused<T: Float>(
    op: &DepthwiseFused,
    s: Size,
    (x, xl): (&CpuStorage, &Layout),
    (w, wl): (&CpuStorage, &Layout),
    (b, bl): (&CpuStorage, &Layout),
) -> Result<CpuStorage> {
    let taps = taps_by_channel(contiguous::<T>(w, wl)?, op.geometry.kernel);
    let bias = contiguous::<T>(b, bl)?;
    let finish = |row: &mut [T]| add_bias_and_activate(op.activation, row, bias);
    let out = forward(contiguous::<T>(x, xl)?, &taps, s, op.geometry, &finish);
    Ok(T::storage(out))
}

#[derive(Clone, Copy)]
struct Size {
    n: usize,
    h: usize,
    w: usize,
    c: usize,
    out_h: usize,
    out_w: usize,
}

impl Size {
    fn new(layout: &Layout, geometry: ConvGeometry) -> Result<Self> {
        let (n, h, w, c) = layout.shape().dims4()?;
        Ok(Self {
            n,
            h,
            w,
            c,
            out_h: geometry.output(h),
            out_w: geometry.output(w),
        })
    }

    fn output_shape(self) -> Shape {
        (self.n, self.out_h, self.out_w, self.c).into()
    }
}

/// (c, 1, k, k) -> (k * k, c): a tap's weights for neighbouring channels lie side by side.
fn taps_by_channel<T: Float>(weight: &[T], kernel: usize) -> Vec<T> {
    let taps = kernel * kernel;
    let c = weight.len() / taps;
    (0..taps * c)
        .map(|i| weight[(i % c) * taps + i / c])
        .collect()
}

/// The kernel positions whose input lies inside: `0 <= out * stride + k - padding < len`.
#[inline(always)]
pub(crate) fn taps_inside(out: usize, g: ConvGeometry, len: usize) -> Range<usize> {
    let first = (out * g.stride) as isize - g.padding as isize;
    let start = (-first).max(0) as usize;
    let end = (len as isize - first).clamp(0, g.kernel as isize) as usize;
    start.min(end)..end
}

fn forward<T: Float>(
    x: &[T],
    taps: &[T],
    s: Size,
    g: ConvGeometry,
    finish: &(impl Fn(&mut [T]) + Sync),
) -> Vec<T> {
    let mut out = vec![T::ZERO; s.n * s.out_h * s.out_w * s.c];
    out.par_chunks_mut((s.out_w * s.c).max(1))
        .enumerate()
        .for_each(|(row, out)| {
            let (n, oy) = (row / s.out_h, row % s.out_h);
            let image = &x[n * s.h * s.w * s.c..][..s.h * s.w * s.c];
            forward_channels(image, taps, s, g, oy, out);
            finish(out);
        });
    out
}

vectorized! {
    /// One row of output pixels, in blocks of channels that fit the registers.
    fn forward_channels<T>(image: &[T], taps: &[T], s: Size, g: ConvGeometry, oy: usize, out: &mut [T]) {
        let mut c0 = 0;
        while c0 < s.c {
            c0 += match s.c - c0 {
                64.. => forward_row::<T, 64>(image, taps, s, g, oy, c0, out),
                32.. => forward_row::<T, 32>(image, taps, s, g, oy, c0, out),
                16.. => forward_row::<T, 16>(image, taps, s, g, oy, c0, out),
                8.. => forward_row::<T, 8>(image, taps, s, g, oy, c0, out),
                _ => forward_row::<T, 1>(image, taps, s, g, oy, c0, out),
            };
        }
    }

    /// The same for one row of the input's gradient.
    fn grad_input_channels<T>(grad: &[T], taps: &[T], s: Size, g: ConvGeometry, iy: usize, out: &mut [T]) {
        let mut c0 = 0;
        while c0 < s.c {
            c0 += match s.c - c0 {
                64.. => grad_input_row::<T, 64>(grad, taps, s, g, iy, c0, out),
                32.. => grad_input_row::<T, 32>(grad, taps, s, g, iy, c0, out),
                16.. => grad_input_row::<T, 16>(grad, taps, s, g, iy, c0, out),
                8.. => grad_input_row::<T, 8>(grad, taps, s, g, iy, c0, out),
                _ => grad_input_row::<T, 1>(grad, taps, s, g, iy, c0, out),
            };
        }
    }

    /// The same for the taps' gradient from one image.
    fn grad_weight_channels<T>(x: &[T], grad: &[T], s: Size, g: ConvGeometry, sum: &mut [T]) {
        for oy in 0..s.out_h {
            let mut c0 = 0;
            while c0 < s.c {
                c0 += match s.c - c0 {
                    32.. => grad_weight_row::<T, 32>(x, grad, s, g, oy, c0, sum),
                    16.. => grad_weight_row::<T, 16>(x, grad, s, g, oy, c0, sum),
                    8.. => grad_weight_row::<T, 8>(x, grad, s, g, oy, c0, sum),
                    _ => grad_weight_row::<T, 1>(x, grad, s, g, oy, c0, sum),
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
    g: ConvGeometry,
    oy: usize,
    c0: usize,
    out: &mut [T],
) -> usize {
    let rows = taps_inside(oy, g, s.h);
    for ox in 0..s.out_w {
        let mut sum = [T::ZERO; LANES];
        let cols = taps_inside(ox, g, s.w);
        for ky in rows.clone() {
            let iy = oy * g.stride + ky - g.padding;
            for kx in cols.clone() {
                let ix = ox * g.stride + kx - g.padding;
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
struct DepthwiseGradInput {
    geometry: ConvGeometry,
    h: usize,
    w: usize,
}

impl CustomOp2 for DepthwiseGradInput {
    fn name(&self) -> &'static str {
        "depthwise-conv2d-grad-input"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        gl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            op: &DepthwiseGradInput,
            grad: &CpuStorage,
            gl: &Layout,
            w: &CpuStorage,
            wl: &Layout,
        ) -> Result<CpuStorage> {
            let (n, out_h, out_w, c) = gl.shape().dims4()?;
            let size = Size {
                n,
                h: op.h,
                w: op.w,
                c,
                out_h,
                out_w,
            };
            let taps = taps_by_channel(contiguous::<T>(w, wl)?, op.geometry.kernel);
            Ok(T::storage(grad_input(
                contiguous::<T>(grad, gl)?,
                &taps,
                size,
                op.geometry,
            )))
        }
        let (n, _, _, c) = gl.shape().dims4()?;
        Ok((
            by_float!(self.name(), grad, run(self, grad, gl, w, wl))?,
            (n, self.h, self.w, c).into(),
        ))
    }
}

fn grad_input<T: Float>(grad: &[T], taps: &[T], s: Size, g: ConvGeometry) -> Vec<T> {
    let mut out = vec![T::ZERO; s.n * s.h * s.w * s.c];
    out.par_chunks_mut((s.w * s.c).max(1))
        .enumerate()
        .for_each(|(row, out)| {
            let (n, iy) = (row / s.h, row % s.h);
            let image = &grad[n * s.out_h * s.out_w * s.c..][..s.out_h * s.out_w * s.c];
            grad_input_channels(image, taps, s, g, iy, out);
        });
    out
}

/// The output that tap `k` carries input `i` to, if there is one.
#[inline(always)]
fn output_of(i: usize, k: usize, g: ConvGeometry, len: usize) -> Option<usize> {
    let shifted = (i + g.padding).checked_sub(k)?;
    (shifted % g.stride == 0 && shifted / g.stride < len).then_some(shifted / g.stride)
}

#[inline(always)]
fn grad_input_row<T: Float, const LANES: usize>(
    grad: &[T],
    taps: &[T],
    s: Size,
    g: ConvGeometry,
    iy: usize,
    c0: usize,
    out: &mut [T],
) -> usize {
    for ix in 0..s.w {
        let mut sum = [T::ZERO; LANES];
        for ky in 0..g.kernel {
            let Some(oy) = output_of(iy, ky, g, s.out_h) else {
                continue;
            };
            for kx in 0..g.kernel {
                let Some(ox) = output_of(ix, kx, g, s.out_w) else {
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
struct DepthwiseGradWeight(ConvGeometry);

impl CustomOp2 for DepthwiseGradWeight {
    fn name(&self) -> &'static str {
        "depthwise-conv2d-grad-weight"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        grad: &CpuStorage,
        gl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            g: ConvGeometry,
            x: &CpuStorage,
            xl: &Layout,
            grad: &CpuStorage,
            gl: &Layout,
        ) -> Result<CpuStorage> {
            let size = Size::new(xl, g)?;
            let by_tap = grad_weight(contiguous::<T>(x, xl)?, contiguous::<T>(grad, gl)?, size, g);
            let taps = g.kernel * g.kernel;
            let c = size.c;
            Ok(T::storage(
                (0..taps * c)
                    .map(|i| by_tap[(i % taps) * c + i / taps])
                    .collect(),
            ))
        }
        let (k, c) = (self.0.kernel, xl.dims()[3]);
        Ok((
            by_float!(self.name(), x, run(self.0, x, xl, grad, gl))?,
            (c, 1, k, k).into(),
        ))
    }
}

fn grad_weight<T: Float>(x: &[T], grad: &[T], s: Size, g: ConvGeometry) -> Vec<T> {
    let taps = g.kernel * g.kernel;
    // One partial sum an image, added in order: the same result on any number of threads.
    let partials: Vec<Vec<T>> = (0..s.n)
        .into_par_iter()
        .map(|n| {
            let x = &x[n * s.h * s.w * s.c..][..s.h * s.w * s.c];
            let grad = &grad[n * s.out_h * s.out_w * s.c..][..s.out_h * s.out_w * s.c];
            let mut sum = vec![T::ZERO; taps * s.c];
            grad_weight_channels(x, grad, s, g, &mut sum);
            sum
        })
        .collect();
    let mut total = vec![T::ZERO; taps * s.c];
    for partial in partials {
        total.iter_mut().zip(partial).for_each(|(t, p)| *t += p);
    }
    total
}

#[inline(always)]
fn grad_weight_row<T: Float, const LANES: usize>(
    x: &[T],
    grad: &[T],
    s: Size,
    g: ConvGeometry,
    oy: usize,
    c0: usize,
    total: &mut [T],
) -> usize {
    for ky in taps_inside(oy, g, s.h) {
        let iy = oy * g.stride + ky - g.padding;
        for kx in 0..g.kernel {
            let total = &mut total[(ky * g.kernel + kx) * s.c + c0..][..LANES];
            let mut sum = [T::ZERO; LANES];
            sum.copy_from_slice(total);
            // Outputs whose input column ox * stride + kx - padding lies inside.
            let first = g.padding.saturating_sub(kx).div_ceil(g.stride);
            let last = ((s.w + g.padding).saturating_sub(kx))
                .div_ceil(g.stride)
                .min(s.out_w);
            for ox in first..last {
                let ix = ox * g.stride + kx - g.padding;
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
