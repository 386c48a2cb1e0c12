//! Dense convolution as matrix products: pointwise directly, any other kernel through patches (im2col) of a few
//! hundred output pixels at a time, so that the patches stay in the cache.

use super::elementwise::{Activation, add_bias_and_activate};
use super::gemm::{Matrix, matmul};
use super::kernel::{by_float, contiguous, rows_per_task};
use super::simd::Float;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::borrow::Cow;

/// How a square kernel walks over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
}

impl ConvGeometry {
    /// The output's length along an axis of length `input`.
    pub fn output(&self, input: usize) -> usize {
        (input + 2 * self.padding - self.kernel) / self.stride + 1
    }

    pub(crate) fn check(&self, dims: &[usize]) -> Result<()> {
        if self.stride == 0
            || self.kernel == 0
            || dims[1..3]
                .iter()
                .any(|&len| len + 2 * self.padding < self.kernel)
        {
            bail!("a kernel with {self:?} does not fit an input of {dims:?} (n, h, w, c)");
        }
        Ok(())
    }

    /// 1 x 1: every output pixel sees the input pixel it replaces.
    pub fn pointwise() -> Self {
        Self {
            kernel: 1,
            stride: 1,
            padding: 0,
        }
    }

    pub(crate) fn is_pointwise(&self) -> bool {
        *self == Self::pointwise()
    }
}

/// Convolution over all input channels, without bias.
///
/// # Shapes
/// `x` (n, h, w, c), `weight` (o, c, k, k) -> (n, h', w', o) with h' = [`ConvGeometry::output`] of h
pub fn conv2d(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    check(x, weight, geometry)?;
    x.contiguous()?
        .apply_op2(&weight.contiguous()?, Conv2d(geometry))
}

/// [`conv2d`] with bias and activation applied while the output is in the cache; for inference, records no gradient.
///
/// # Shapes
/// as [`conv2d`], `bias` (o)
pub fn conv2d_fused(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    geometry: ConvGeometry,
    activation: Activation,
) -> Result<Tensor> {
    check(x, weight, geometry)?;
    check_bias(weight, bias)?;
    let op = Conv2dFused {
        geometry,
        activation,
    };
    x.contiguous()?
        .apply_op3_no_bwd(&weight.contiguous()?, &bias.contiguous()?, &op)
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

pub(super) fn check_bias(weight: &Tensor, bias: &Tensor) -> Result<()> {
    if bias.dims() != [weight.dim(0)?] {
        let (weight, bias) = (weight.dims(), bias.dims());
        bail!(
            "a bias {bias:?} does not fit a weight {weight:?}: expected a value for each output channel"
        );
    }
    Ok(())
}

struct Conv2d(ConvGeometry);

impl CustomOp2 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            s: Size,
            x: &CpuStorage,
            xl: &Layout,
            w: &CpuStorage,
            wl: &Layout,
        ) -> Result<CpuStorage> {
            let weight = by_patch(contiguous::<T>(w, wl)?, s);
            Ok(T::storage(forward(
                contiguous::<T>(x, xl)?,
                &weight,
                s,
                &|_| (),
            )))
        }
        let size = Size::new(xl.shape(), wl.dims()[0], self.0)?;
        Ok((
            by_float!(self.name(), x, run(size, x, xl, w, wl))?,
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
        let grad = grad.detach().contiguous()?;
        let size = Size::new(x.shape(), weight.dim(0)?, self.0)?;
        // The first layer's input is a photo: nobody asks for its gradient.
        let grad_x = if x.track_op() {
            Some(grad.apply_op2_no_bwd(&weight.detach(), &Conv2dGradInput(size))?)
        } else {
            None
        };
        let grad_w = x
            .detach()
            .apply_op2_no_bwd(&grad, &Conv2dGradWeight(size))?;
        Ok((grad_x, Some(grad_w)))
    }
}

struct Conv2dFused {
    geometry: ConvGeometry,
    activation: Activation,
}

impl CustomOp3 for Conv2dFused {
    fn name(&self) -> &'static str {
        "conv2d-fused"
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
        let size = Size::new(xl.shape(), wl.dims()[0], self.geometry)?;
        let out = by_float!(
            self.name(),
            x,
            fused(size, self.activation, (x, xl), (w, wl), (b, bl))
        )?;
        Ok((out, size.output_shape()))
    }
}

fn fused<T: Float>(
    s: Size,
    activation: Activation,
    (x, xl): (&CpuStorage, &Layout),
    (w, wl): (&CpuStorage, &Layout),
    (b, bl): (&CpuStorage, &Layout),
) -> Result<CpuStorage> {
    let weight = by_patch(contiguous::<T>(w, wl)?, s);
    let bias = contiguous::<T>(b, bl)?;
    let finish = |rows: &mut [T]| add_bias_and_activate(activation, rows, bias);
    let out = forward(contiguous::<T>(x, xl)?, &weight, s, &finish);
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
    out_c: usize,
    geometry: ConvGeometry,
}

impl Size {
    fn new(input: &Shape, out_c: usize, geometry: ConvGeometry) -> Result<Self> {
        let (n, h, w, c) = input.dims4()?;
        Ok(Self {
            n,
            h,
            w,
            c,
            out_h: geometry.output(h),
            out_w: geometry.output(w),
            out_c,
            geometry,
        })
    }

    fn output_shape(self) -> Shape {
        (self.n, self.out_h, self.out_w, self.out_c).into()
    }

    fn output_pixels(self) -> usize {
        self.n * self.out_h * self.out_w
    }

    /// Values under the kernel at one output pixel.
    fn patch(self) -> usize {
        self.geometry.kernel * self.geometry.kernel * self.c
    }

    /// Output pixels a task takes at a time.
    fn rows_per_task(self) -> usize {
        rows_per_task(self.output_pixels(), self.patch().max(self.out_c))
    }
}

/// (o, c, k, k) -> (o, k * k * c): in the order of a channels-last patch.
fn by_patch<T: Float>(weight: &[T], s: Size) -> Cow<'_, [T]> {
    let taps = s.geometry.kernel * s.geometry.kernel;
    if taps == 1 {
        return Cow::Borrowed(weight);
    }
    let reorder = |i: usize| {
        let (o, rest) = (i / s.patch(), i % s.patch());
        weight[(o * s.c + rest % s.c) * taps + rest / s.c]
    };
    (0..weight.len()).map(reorder).collect()
}

/// The inverse of [`by_patch`].
fn by_channel<T: Float>(weight: Vec<T>, s: Size) -> Vec<T> {
    let taps = s.geometry.kernel * s.geometry.kernel;
    if taps == 1 {
        return weight;
    }
    let reorder = |i: usize| {
        let (o, rest) = (i / s.patch(), i % s.patch());
        weight[o * s.patch() + (rest % taps) * s.c + rest / taps]
    };
    (0..weight.len()).map(reorder).collect()
}

/// Calls `f(input offset, patch offset)` for each tap of output pixel `row` that lies inside the input.
#[inline(always)]
fn for_each_tap(row: usize, s: Size, mut f: impl FnMut(usize, usize)) {
    let g = s.geometry;
    let (n, pixel) = (row / (s.out_h * s.out_w), row % (s.out_h * s.out_w));
    let (oy, ox) = (pixel / s.out_w, pixel % s.out_w);
    for ky in 0..g.kernel {
        let Some(iy) = (oy * g.stride + ky)
            .checked_sub(g.padding)
            .filter(|&iy| iy < s.h)
        else {
            continue;
        };
        for kx in 0..g.kernel {
            let Some(ix) = (ox * g.stride + kx)
                .checked_sub(g.padding)
                .filter(|&ix| ix < s.w)
            else {
                continue;
            };
            f(
                ((n * s.h + iy) * s.w + ix) * s.c,
                (ky * g.kernel + kx) * s.c,
            );
        }
    }
}

/// The patches under output pixels `first .. first + rows`; for a pointwise kernel, the input itself.
fn patches<'a, T: Float>(x: &'a [T], first: usize, rows: usize, s: Size) -> Cow<'a, [T]> {
    if s.geometry.is_pointwise() {
        return Cow::Borrowed(&x[first * s.c..][..rows * s.c]);
    }
    let mut out = vec![T::ZERO; rows * s.patch()];
    for (row, out) in out.chunks_exact_mut(s.patch()).enumerate() {
        for_each_tap(first + row, s, |from, to| {
            out[to..][..s.c].copy_from_slice(&x[from..][..s.c])
        });
    }
    Cow::Owned(out)
}

fn forward<T: Float>(
    x: &[T],
    weight: &[T],
    s: Size,
    finish: &(impl Fn(&mut [T]) + Sync),
) -> Vec<T> {
    let weight = Matrix::new(weight, s.out_c, s.patch()).transposed();
    let task = s.rows_per_task();
    let mut out = vec![T::ZERO; s.output_pixels() * s.out_c];
    out.par_chunks_mut((task * s.out_c).max(1))
        .enumerate()
        .for_each(|(i, out)| {
            let rows = out.len() / s.out_c;
            let patches = patches(x, i * task, rows, s);
            matmul(Matrix::new(&patches, rows, s.patch()), weight, out, false);
            finish(out);
        });
    out
}

struct Conv2dGradInput(Size);

impl CustomOp2 for Conv2dGradInput {
    fn name(&self) -> &'static str {
        "conv2d-grad-input"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        gl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            s: Size,
            grad: &CpuStorage,
            gl: &Layout,
            w: &CpuStorage,
            wl: &Layout,
        ) -> Result<CpuStorage> {
            let weight = by_patch(contiguous::<T>(w, wl)?, s);
            Ok(T::storage(grad_input(
                contiguous::<T>(grad, gl)?,
                &weight,
                s,
            )))
        }
        let s = self.0;
        Ok((
            by_float!(self.name(), grad, run(s, grad, gl, w, wl))?,
            (s.n, s.h, s.w, s.c).into(),
        ))
    }
}

fn grad_input<T: Float>(grad: &[T], weight: &[T], s: Size) -> Vec<T> {
    let weight = Matrix::new(weight, s.out_c, s.patch());
    let mut out = vec![T::ZERO; s.n * s.h * s.w * s.c];
    if s.geometry.is_pointwise() {
        let task = s.rows_per_task();
        out.par_chunks_mut((task * s.c).max(1))
            .enumerate()
            .for_each(|(i, out)| {
                let rows = out.len() / s.c;
                matmul(
                    Matrix::new(&grad[i * task * s.out_c..][..rows * s.out_c], rows, s.out_c),
                    weight,
                    out,
                    false,
                );
            });
        return out;
    }
    // Patches overlap, so an image is one task: its pixels are added up by one thread.
    let pixels = s.out_h * s.out_w;
    out.par_chunks_mut((s.h * s.w * s.c).max(1))
        .enumerate()
        .for_each(|(n, out)| {
            let task = s.rows_per_task().min(pixels.max(1));
            let mut patches = vec![T::ZERO; task * s.patch()];
            for first in (0..pixels).step_by(task) {
                let rows = task.min(pixels - first);
                let patches = &mut patches[..rows * s.patch()];
                let grad = &grad[(n * pixels + first) * s.out_c..][..rows * s.out_c];
                matmul(Matrix::new(grad, rows, s.out_c), weight, patches, false);
                for (row, patch) in patches.chunks_exact(s.patch()).enumerate() {
                    for_each_tap(first + row, s, |to, from| {
                        out[to..][..s.c]
                            .iter_mut()
                            .zip(&patch[from..])
                            .for_each(|(x, &p)| *x += p);
                    });
                }
            }
        });
    out
}

struct Conv2dGradWeight(Size);

impl CustomOp2 for Conv2dGradWeight {
    fn name(&self) -> &'static str {
        "conv2d-grad-weight"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        grad: &CpuStorage,
        gl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            s: Size,
            x: &CpuStorage,
            xl: &Layout,
            grad: &CpuStorage,
            gl: &Layout,
        ) -> Result<CpuStorage> {
            let sum = grad_weight(contiguous::<T>(x, xl)?, contiguous::<T>(grad, gl)?, s);
            Ok(T::storage(by_channel(sum, s)))
        }
        let (s, k) = (self.0, self.0.geometry.kernel);
        Ok((
            by_float!(self.name(), x, run(s, x, xl, grad, gl))?,
            (s.out_c, s.c, k, k).into(),
        ))
    }
}

fn grad_weight<T: Float>(x: &[T], grad: &[T], s: Size) -> Vec<T> {
    /// Partial sums, each over a run of rows; added in order, they come out the same on any number of threads.
    const PARTIALS: usize = 8;
    let (rows, len) = (s.output_pixels(), s.out_c * s.patch());
    let run = rows.div_ceil(PARTIALS).max(1);
    let task = s.rows_per_task();
    let partials: Vec<Vec<T>> = (0..rows.div_ceil(run))
        .into_par_iter()
        .map(|i| {
            let mut sum = vec![T::ZERO; len];
            let end = ((i + 1) * run).min(rows);
            for first in (i * run..end).step_by(task) {
                let rows = task.min(end - first);
                let patches = patches(x, first, rows, s);
                let grad = Matrix::new(&grad[first * s.out_c..][..rows * s.out_c], rows, s.out_c);
                matmul(
                    grad.transposed(),
                    Matrix::new(&patches, rows, s.patch()),
                    &mut sum,
                    true,
                );
            }
            sum
        })
        .collect();
    let mut total = vec![T::ZERO; len];
    for partial in partials {
        total.iter_mut().zip(partial).for_each(|(t, p)| *t += p);
    }
    total
}
