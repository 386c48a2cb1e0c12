//! Per-channel gates, residual sums and the arc tangent.

use super::kernel::{Kernel, Slice, apply1, apply2, fill, if_tracked, rows_per_task, run2};
use super::simd::{Float, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input, hold, reduce};
use candle_core::{Result, Shape, Tensor, bail};

vectorized! {
    /// An image's pixels times a factor a channel.
    fn scale_pixels<T>(out: &mut [T], image: &[T], gate: &[T]) {
        for (out, x) in out.chunks_exact_mut(gate.len()).zip(image.chunks_exact(gate.len())) {
            for ((y, &x), &g) in out.iter_mut().zip(x).zip(gate) {
                *y = x * g;
            }
        }
    }

    /// The sum over pixels of `a * b`, a channel each.
    fn dot_pixels<T>(sums: &mut [T], a: &[T], b: &[T]) {
        let c = sums.len();
        for (a, b) in a.chunks_exact(c).zip(b.chunks_exact(c)) {
            for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
                *sum = a.fma(b, *sum);
            }
        }
    }

    /// `x + factor * branch`.
    fn add_scaled<T>(out: &mut [T], x: &[T], branch: &[T], factor: T) {
        for ((y, &x), &b) in out.iter_mut().zip(x).zip(branch) {
            *y = b.fma(factor, x);
        }
    }
}

/// `x * gate`, where the gate holds one factor a channel and sample: squeeze-and-excitation's last step.
///
/// # Shapes
/// `x` (n, h, w, c), `gate` (n, c) -> (n, h, w, c)
pub fn scale_channels(x: &Tensor, gate: &Tensor) -> Result<Tensor> {
    let (n, _, _, c) = x.dims4()?;
    if gate.dims() != [n, c] {
        bail!(
            "scale_channels: a gate of shape {:?} does not fit activations {:?}",
            gate.dims(),
            x.dims()
        );
    }
    apply2(ScaleChannels, x, gate)
}

struct ScaleChannels;

impl Kernel<2> for ScaleChannels {
    const NAME: &'static str = "scale-channels";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, gate]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let image: usize = x.dims[1..].iter().product();
        let c = gate.dims[1];
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, image, |start, out| {
            let gate = &gate.data[start / image * c..][..c];
            scale_pixels(out, &x.data[start..][..image], gate);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, gate]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "scale_channels", x.dtype)
            .read(x)
            .read(gate)
            .write(out)
            .int(x.len())
            .int(x.dims[1..].iter().product())
            .int(gate.dims[1])
            .for_each(x.len())
    }

    fn backward(
        &self,
        [x, gate]: [&Tensor; 2],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        Ok([
            if_tracked(x, || run2(ScaleChannels, grad, gate))?,
            if_tracked(gate, || run2(ChannelDot, x, grad))?,
        ])
    }
}

/// The sum over pixels of `a * b`: (n, h, w, c) twice -> (n, c). The backward half of [`ScaleChannels`].
struct ChannelDot;

impl Kernel<2> for ChannelDot {
    const NAME: &'static str = "channel-dot";

    fn shape(&self, [a, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok((a[0], a[3]).into())
    }

    fn run<T: Float>(&self, [a, b]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let image: usize = a.dims[1..].iter().product();
        let (n, c) = (a.dims[0], a.dims[3]);
        let mut out = vec![T::ZERO; n * c];
        fill(&mut out, c, |start, out| {
            let first = start / c * image;
            dot_pixels(out, &a.data[first..][..image], &b.data[first..][..image]);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [a, b]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let sizes = [a.dims[0], a.dims[1] * a.dims[2], a.dims[3]];
        reduce::sum_pixels(gpu, a, Some(b), sizes, 1.0, out)
    }
}

/// `x + keep[n] * branch`: a residual sum in which each sample's branch may be dropped (stochastic depth) or kept
/// and scaled. Pass all ones for a plain sum. `keep` gets no gradient.
///
/// # Shapes
/// `x`, `branch` (n, ...), `keep` of length n -> (n, ...)
pub fn residual_add(x: &Tensor, branch: &Tensor, keep: &[f32]) -> Result<Tensor> {
    if x.dims() != branch.dims() || keep.len() != x.dim(0)? {
        bail!(
            "residual_add: {:?} + {} factors . {:?} do not fit",
            x.dims(),
            keep.len(),
            branch.dims()
        );
    }
    let keep = keep.to_vec();
    apply2(ResidualAdd { keep }, x, branch)
}

struct ResidualAdd {
    keep: Vec<f32>,
}

impl Kernel<2> for ResidualAdd {
    const NAME: &'static str = "residual-add";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, branch]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let sample = x.data.len() / self.keep.len().max(1);
        let task = rows_per_task(sample, 1);
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, sample, |first, out| {
            let factor = T::of(f64::from(self.keep[first / sample]));
            fill(out, task, |start, out| {
                let (x, branch) = (&x.data[first + start..], &branch.data[first + start..]);
                add_scaled(out, &x[..out.len()], &branch[..out.len()], factor);
            });
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, branch]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        let keep = gpu.upload(&self.keep)?;
        let keep = hold(&keep);
        gpu.kernel("elementwise", "residual_add", x.dtype)
            .read(x)
            .read(branch)
            .read(keep.input()?)
            .write(out)
            .int(x.len())
            .int(x.dims[1..].iter().product())
            .for_each(x.len())
    }

    fn backward(
        &self,
        [_, branch]: [&Tensor; 2],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        let scaled = || {
            if self.keep.iter().all(|&k| k == 1.0) {
                return Ok(grad.clone());
            }
            let mut shape = vec![1; grad.rank()];
            shape[0] = self.keep.len();
            let keep = Tensor::from_slice(&self.keep, shape, grad.device())?;
            grad.broadcast_mul(&keep.to_dtype(grad.dtype())?)
        };
        Ok([Some(grad.clone()), if_tracked(branch, scaled)?])
    }
}

/// The arc tangent, value by value. Candle has none.
///
/// # Shapes
/// any -> the same
pub fn atan(x: &Tensor) -> Result<Tensor> {
    apply1(Atan, x)
}

struct Atan;

impl Kernel<1> for Atan {
    const NAME: &'static str = "atan";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        Ok(x.data.iter().map(|x| x.atan()).collect())
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "arc_tangents", x.dtype)
            .read(x)
            .write(out)
            .int(x.len())
            .for_each(x.len())
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        Ok([Some((grad / (x.detach().sqr()? + 1.0)?)?)])
    }
}
