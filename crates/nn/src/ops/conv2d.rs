//! Dense convolution as matrix products: pointwise directly, any other kernel through patches (im2col) of a few
//! hundred output pixels at a time, so that the patches stay in the cache.

use super::depthwise::depthwise_conv2d;
use super::gemm::{Matrix, matmul};
use super::geometry::{ConvGeometry, Size};
use super::kernel::{Kernel, Slice, apply2, fill, if_tracked, rows_per_task, run2, sum_in_order};
use super::simd::Float;
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input, conv};
use candle_core::{Result, Shape, Tensor, bail};
use std::borrow::Cow;

/// Convolution over all input channels, without bias.
///
/// # Shapes
/// `x` (n, h, w, c), `weight` (o, c, k, k) -> (n, h', w', o) with h' = [`ConvGeometry::output`] of h
pub fn conv2d(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    check(x, weight, geometry)?;
    apply2(Conv2d(geometry), x, weight)
}

/// Convolution in `groups` groups: each of as many runs of output channels sees one run of input channels. A group a
/// channel is [`depthwise_conv2d`] and as fast; any other number is a convolution for each group.
///
/// # Shapes
/// `x` (n, h, w, c), `weight` (o, c / groups, k, k) -> (n, h', w', o)
pub fn conv2d_grouped(
    x: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
    groups: usize,
) -> Result<Tensor> {
    let (c, o) = (x.dims4()?.3, weight.dims4()?.0);
    if groups == 0 || c % groups != 0 || o % groups != 0 {
        let (x, weight) = (x.dims(), weight.dims());
        bail!(
            "conv2d_grouped: expected a number of groups that divides the channels of an input {x:?} (n, h, w, c) and \
             of a weight {weight:?} (o, c / groups, k, k), got {groups}"
        );
    }
    if groups == 1 {
        return conv2d(x, weight, geometry);
    }
    if groups == c && o == c {
        return depthwise_conv2d(x, weight, geometry);
    }
    let group = |g: usize| {
        let x = x.narrow(3, g * (c / groups), c / groups)?;
        conv2d(
            &x,
            &weight.narrow(0, g * (o / groups), o / groups)?,
            geometry,
        )
    };
    let outputs: Vec<Tensor> = (0..groups).map(group).collect::<Result<_>>()?;
    Tensor::cat(&outputs, 3)
}

fn check(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<()> {
    let c = x.dims4()?.3;
    let (_, w_c, kh, kw) = weight.dims4()?;
    if (w_c, kh, kw) != (c, geometry.kernel, geometry.kernel) {
        let (x, weight, k) = (x.dims(), weight.dims(), geometry.kernel);
        bail!(
            "conv2d: for an input {x:?} (n, h, w, c) expected a weight (o, {c}, {k}, {k}), got {weight:?}"
        );
    }
    geometry.check(x.dims())
}

struct Conv2d(ConvGeometry);

impl Kernel<2> for Conv2d {
    const NAME: &'static str = "conv2d";

    fn shape(&self, [x, weight]: [&[usize]; 2]) -> Result<Shape> {
        Ok(Size::new(x, weight[0], self.0)?.output_shape())
    }

    fn run<T: Float>(&self, [x, weight]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = Size::new(x.dims, weight.dims[0], self.0)?;
        let (w, taps) = (weight.data, s.geometry.taps());
        let direct = T::convolve(x.data, s, |o, i| w[(o * s.c + i % s.c) * taps + i / s.c]);
        Ok(direct.unwrap_or_else(|| forward(x.data, &by_patch(w, s), s)))
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, weight]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let reordered = patches_order(gpu, weight, self.0)?;
        let by_patch = reordered.as_ref().map_or(weight, |w| w.read(weight.dims));
        conv::forward(gpu, x, by_patch, weight.dims[0], self.0, out)
    }

    fn backward(
        &self,
        [x, weight]: [&Tensor; 2],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        let s = Size::new(x.dims(), weight.dim(0)?, self.0)?;
        Ok([
            if_tracked(x, || run2(Conv2dGradInput(s), grad, weight))?,
            if_tracked(weight, || run2(Conv2dGradWeight(s), x, grad))?,
        ])
    }
}

/// Output pixels a task takes at a time.
fn pixels_per_task(s: Size) -> usize {
    rows_per_task(s.output_pixels(), s.patch().max(s.out_c))
}

/// (o, c, k, k) -> (o, k * k * c): in the order of a channels-last patch.
fn by_patch<T: Float>(weight: &[T], s: Size) -> Cow<'_, [T]> {
    let taps = s.geometry.taps();
    if taps == 1 {
        return Cow::Borrowed(weight);
    }
    let reorder = |i: usize| {
        let (o, rest) = (i / s.patch(), i % s.patch());
        weight[(o * s.c + rest % s.c) * taps + rest / s.c]
    };
    (0..weight.len()).map(reorder).collect()
}

/// The same on a GPU; none where both orders are one.
#[cfg(feature = "gpu")]
fn patches_order(gpu: &Gpu, weight: Input<'_>, g: ConvGeometry) -> Result<Option<Buffer>> {
    if g.taps() == 1 {
        return Ok(None);
    }
    let mut out = gpu.alloc(weight.dtype, weight.len())?;
    conv::reorder(gpu, weight, [weight.dims[1], g.taps()], true, &mut out)?;
    Ok(Some(out))
}

/// The inverse of [`by_patch`].
fn by_channel<T: Float>(weight: Vec<T>, s: Size) -> Vec<T> {
    let taps = s.geometry.taps();
    if taps == 1 {
        return weight;
    }
    let reorder = |i: usize| {
        let (o, rest) = (i / s.patch(), i % s.patch());
        weight[o * s.patch() + (rest % taps) * s.c + rest / taps]
    };
    (0..weight.len()).map(reorder).collect()
}

/// The patches under output pixels `first .. first + rows`; for a pointwise kernel, the input itself.
fn patches<'a, T: Float>(x: &'a [T], first: usize, rows: usize, s: Size) -> Cow<'a, [T]> {
    if s.geometry.is_pointwise() {
        return Cow::Borrowed(&x[first * s.c..][..rows * s.c]);
    }
    let pixels = s.out_h * s.out_w;
    let mut out = vec![T::ZERO; rows * s.patch()];
    for (row, out) in out.chunks_exact_mut(s.patch().max(1)).enumerate() {
        let (n, pixel) = ((first + row) / pixels, (first + row) % pixels);
        let image = &x[n * s.input_image()..][..s.input_image()];
        s.for_each_tap(pixel / s.out_w, pixel % s.out_w, |from, tap| {
            out[tap * s.c..][..s.c].copy_from_slice(&image[from * s.c..][..s.c]);
        });
    }
    Cow::Owned(out)
}

fn forward<T: Float>(x: &[T], weight: &[T], s: Size) -> Vec<T> {
    let weight = Matrix::new(weight, s.out_c, s.patch()).transposed();
    let mut out = vec![T::ZERO; s.output_pixels() * s.out_c];
    fill(&mut out, pixels_per_task(s) * s.out_c, |start, out| {
        let rows = out.len() / s.out_c;
        let patches = patches(x, start / s.out_c, rows, s);
        matmul(Matrix::new(&patches, rows, s.patch()), weight, out, false);
    });
    out
}

struct Conv2dGradInput(Size);

impl Kernel<2> for Conv2dGradInput {
    const NAME: &'static str = "conv2d-grad-input";

    fn shape(&self, _: [&[usize]; 2]) -> Result<Shape> {
        Ok(self.0.input_shape())
    }

    fn run<T: Float>(&self, [grad, weight]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let s = self.0;
        if let Some(t) = s.transposed() {
            let (w, taps) = (weight.data, s.geometry.taps());
            let turned = |c: usize, i: usize| w[(i % t.c * s.c + c) * taps + taps - 1 - i / t.c];
            if let Some(out) = T::convolve(grad.data, t, turned) {
                return Ok(out);
            }
        }
        let weight = by_patch(weight.data, s);
        let weight = Matrix::new(&weight, s.out_c, s.patch());
        let mut out = vec![T::ZERO; s.n * s.input_image()];
        if s.geometry.is_pointwise() {
            fill(&mut out, pixels_per_task(s) * s.c, |start, out| {
                let (first, rows) = (start / s.c, out.len() / s.c);
                let grad = &grad.data[first * s.out_c..][..rows * s.out_c];
                matmul(Matrix::new(grad, rows, s.out_c), weight, out, false);
            });
        } else {
            // Patches overlap, so an image is one task: its pixels are added up by one thread.
            fill(&mut out, s.input_image(), |start, out| {
                let n = start / s.input_image();
                let grad = &grad.data[n * s.output_image()..][..s.output_image()];
                add_patches(out, grad, weight, s);
            });
        }
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [grad, weight]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let (s, g) = (self.0, self.0.geometry);
        let reordered = patches_order(gpu, weight, g)?;
        let by_patch = reordered.as_ref().map_or(weight, |w| w.read(weight.dims));
        conv::gradient_input(gpu, grad, by_patch, s.input_shape().dims(), g, out)
    }
}

/// Adds to an image's gradient those of its patches, `grad . weight`.
fn add_patches<T: Float>(image: &mut [T], grad: &[T], weight: Matrix<'_, T>, s: Size) {
    let pixels = s.out_h * s.out_w;
    let task = pixels_per_task(s).min(pixels.max(1));
    let mut patches = vec![T::ZERO; task * s.patch()];
    for first in (0..pixels).step_by(task) {
        let rows = task.min(pixels - first);
        let patches = &mut patches[..rows * s.patch()];
        let grad = &grad[first * s.out_c..][..rows * s.out_c];
        matmul(Matrix::new(grad, rows, s.out_c), weight, patches, false);
        for (row, patch) in patches.chunks_exact(s.patch()).enumerate() {
            let pixel = first + row;
            s.for_each_tap(pixel / s.out_w, pixel % s.out_w, |to, tap| {
                image[to * s.c..][..s.c]
                    .iter_mut()
                    .zip(&patch[tap * s.c..])
                    .for_each(|(x, &p)| *x += p);
            });
        }
    }
}

struct Conv2dGradWeight(Size);

impl Kernel<2> for Conv2dGradWeight {
    const NAME: &'static str = "conv2d-grad-weight";

    fn shape(&self, _: [&[usize]; 2]) -> Result<Shape> {
        let (s, k) = (self.0, self.0.geometry.kernel);
        Ok((s.out_c, s.c, k, k).into())
    }

    fn run<T: Float>(&self, [x, grad]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        /// Parts of the sum, each over a run of rows.
        const PARTIALS: usize = 8;
        let s = self.0;
        let rows = s.output_pixels();
        let run = rows.div_ceil(PARTIALS).max(1);
        let task = pixels_per_task(s);
        let sum = sum_in_order::<T, T>(rows.div_ceil(run), s.out_c * s.patch(), |i, sum| {
            let end = ((i + 1) * run).min(rows);
            for first in (i * run..end).step_by(task) {
                let rows = task.min(end - first);
                let patches = patches(x.data, first, rows, s);
                let patches = Matrix::new(&patches, rows, s.patch());
                let grad = &grad.data[first * s.out_c..][..rows * s.out_c];
                let grad = Matrix::new(grad, rows, s.out_c).transposed();
                matmul(grad, patches, sum, true);
            }
        });
        Ok(by_channel(sum, s))
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, grad]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let s = self.0;
        let (g, taps) = (s.geometry, s.geometry.taps());
        if taps == 1 {
            return conv::gradient_weight(gpu, x, grad, g, out);
        }
        let len = s.out_c * s.patch();
        let mut by_patch = gpu.alloc(x.dtype, len)?;
        conv::gradient_weight(gpu, x, grad, g, &mut by_patch)?;
        conv::reorder(gpu, by_patch.read(&[len]), [s.c, taps], false, out)
    }
}
