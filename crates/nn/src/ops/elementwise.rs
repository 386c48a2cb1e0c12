//! Activations, per-channel gates and residual sums.

use super::kernel::{by_float, contiguous, rows_per_task};
use super::simd::{Float, vectorized};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// The function a layer ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// None.
    Identity,
    /// `x * sigmoid(x)` (Elfwing et al. 2017; "swish" in EfficientNet).
    Silu,
    /// `x * Phi(x)` with the normal distribution's Phi (Hendrycks and Gimpel 2016), by the error function.
    Gelu,
    /// `x * sigmoid(1.702 x)`, the approximation of GELU that OpenAI's CLIP was trained with.
    QuickGelu,
}

/// The factor of [`Activation::QuickGelu`].
const QUICK: f64 = 1.702;

impl Activation {
    #[inline(always)]
    pub(crate) fn apply<T: Float>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            Self::Silu => x * x.sigmoid(),
            Self::Gelu => x * normal_cdf(x),
            Self::QuickGelu => x * (x * T::from_f64(QUICK)).sigmoid(),
        }
    }

    /// In place; the choice is made once, so that the loop becomes vector code.
    #[inline(always)]
    pub(crate) fn apply_all<T: Float>(self, values: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Silu => values.iter_mut().for_each(|x| *x = Self::Silu.apply(*x)),
            Self::Gelu => values.iter_mut().for_each(|x| *x = Self::Gelu.apply(*x)),
            Self::QuickGelu => values
                .iter_mut()
                .for_each(|x| *x = Self::QuickGelu.apply(*x)),
        }
    }

    /// The derivative at `x`.
    #[inline(always)]
    pub(crate) fn derivative<T: Float>(self, x: T) -> T {
        match self {
            Self::Identity => T::ONE,
            Self::Silu => {
                let s = x.sigmoid();
                s * (T::ONE + x * (T::ONE - s))
            }
            Self::Gelu => {
                let density = (x * x * T::from_f64(-0.5)).exp();
                x * density * T::from_f64(0.398_942_280_401_432_7) + normal_cdf(x)
            }
            Self::QuickGelu => {
                let k = T::from_f64(QUICK);
                let s = (x * k).sigmoid();
                s * (T::ONE + x * k * (T::ONE - s))
            }
        }
    }
}

/// The normal distribution's Phi: Abramowitz and Stegun 7.1.26 for erfc, off by less than 1e-7, without branches.
#[inline(always)]
fn normal_cdf<T: Float>(x: T) -> T {
    let size = if x < T::ZERO { -x } else { x };
    // 0.3275911 / sqrt(2).
    let t = T::ONE / size.fma(T::from_f64(0.231_641_888), T::ONE);
    let p = T::from_f64(1.061_405_429);
    let p = p.fma(t, T::from_f64(-1.453_152_027));
    let p = p.fma(t, T::from_f64(1.421_413_741));
    let p = p.fma(t, T::from_f64(-0.284_496_736));
    let p = p.fma(t, T::from_f64(0.254_829_592));
    let tail = p * t * (x * x * T::from_f64(-0.5)).exp() * T::from_f64(0.5);
    if x < T::ZERO { tail } else { T::ONE - tail }
}

vectorized! {
    /// `rows += bias`, then the activation, in place; `rows` holds whole rows of `bias.len()` channels.
    pub(crate) fn add_bias_and_activate<T>(activation: Activation, rows: &mut [T], bias: &[T]) {
        for row in rows.chunks_exact_mut(bias.len()) {
            match activation {
                Activation::Identity => {
                    for (y, &b) in row.iter_mut().zip(bias) {
                        *y += b;
                    }
                }
                Activation::Silu => {
                    for (y, &b) in row.iter_mut().zip(bias) {
                        *y = Activation::Silu.apply(*y + b);
                    }
                }
                Activation::Gelu => {
                    for (y, &b) in row.iter_mut().zip(bias) {
                        *y = Activation::Gelu.apply(*y + b);
                    }
                }
                Activation::QuickGelu => {
                    for (y, &b) in row.iter_mut().zip(bias) {
                        *y = Activation::QuickGelu.apply(*y + b);
                    }
                }
            }
        }
    }

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
    x.contiguous()?
        .apply_op2(&gate.contiguous()?, ScaleChannels)
}

struct ScaleChannels;

impl CustomOp2 for ScaleChannels {
    fn name(&self) -> &'static str {
        "scale-channels"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        gate: &CpuStorage,
        gl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            x: &CpuStorage,
            xl: &Layout,
            gate: &CpuStorage,
            gl: &Layout,
        ) -> Result<CpuStorage> {
            let (_, h, w, c) = xl.shape().dims4()?;
            let (x, gate) = (contiguous::<T>(x, xl)?, contiguous::<T>(gate, gl)?);
            let mut out = vec![T::ZERO; x.len()];
            let image = h * w * c;
            out.par_chunks_mut(image.max(1))
                .enumerate()
                .for_each(|(n, out)| {
                    scale_pixels(out, &x[n * image..][..image], &gate[n * c..][..c]);
                });
            Ok(T::storage(out))
        }
        Ok((
            by_float!(self.name(), x, run(x, xl, gate, gl))?,
            xl.shape().clone(),
        ))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gate: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x, gate, grad) = (x.detach(), gate.detach(), grad.detach().contiguous()?);
        let grad_x = scale_channels(&grad, &gate)?;
        let grad_gate = x.apply_op2_no_bwd(&grad, &ChannelDot)?;
        Ok((Some(grad_x), Some(grad_gate)))
    }
}

/// The sum over pixels of `a * b`: (n, h, w, c) twice -> (n, c). The backward half of [`ScaleChannels`].
struct ChannelDot;

impl CustomOp2 for ChannelDot {
    fn name(&self) -> &'static str {
        "channel-dot"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        al: &Layout,
        b: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            a: &CpuStorage,
            al: &Layout,
            b: &CpuStorage,
            bl: &Layout,
        ) -> Result<CpuStorage> {
            let (n, h, w, c) = al.shape().dims4()?;
            let (a, b) = (contiguous::<T>(a, al)?, contiguous::<T>(b, bl)?);
            let mut out = vec![T::ZERO; n * c];
            let image = h * w * c;
            out.par_chunks_mut(c.max(1))
                .enumerate()
                .for_each(|(n, out)| {
                    dot_pixels(out, &a[n * image..][..image], &b[n * image..][..image]);
                });
            Ok(T::storage(out))
        }
        let (n, _, _, c) = al.shape().dims4()?;
        Ok((by_float!(self.name(), a, run(a, al, b, bl))?, (n, c).into()))
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
    x.contiguous()?.apply_op2(
        &branch.contiguous()?,
        ResidualAdd {
            keep: keep.to_vec(),
        },
    )
}

struct ResidualAdd {
    keep: Vec<f32>,
}

impl CustomOp2 for ResidualAdd {
    fn name(&self) -> &'static str {
        "residual-add"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        b: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            keep: &[f32],
            x: &CpuStorage,
            xl: &Layout,
            b: &CpuStorage,
            bl: &Layout,
        ) -> Result<CpuStorage> {
            let (x, branch) = (contiguous::<T>(x, xl)?, contiguous::<T>(b, bl)?);
            let sample = x.len() / keep.len().max(1);
            let mut out = vec![T::ZERO; x.len()];
            let task = rows_per_task(sample, 1);
            out.par_chunks_mut(sample.max(1))
                .enumerate()
                .for_each(|(n, out)| {
                    let k = T::from_f64(f64::from(keep[n]));
                    out.par_chunks_mut(task).enumerate().for_each(|(i, out)| {
                        let start = n * sample + i * task;
                        add_scaled(
                            out,
                            &x[start..][..out.len()],
                            &branch[start..][..out.len()],
                            k,
                        );
                    });
                });
            Ok(T::storage(out))
        }
        Ok((
            by_float!(self.name(), x, run(&self.keep, x, xl, b, bl))?,
            xl.shape().clone(),
        ))
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.detach();
        let grad_branch = if self.keep.iter().all(|&k| k == 1.0) {
            grad.clone()
        } else {
            let mut shape = vec![1; grad.rank()];
            shape[0] = self.keep.len();
            let keep =
                Tensor::from_slice(&self.keep, shape, grad.device())?.to_dtype(grad.dtype())?;
            grad.broadcast_mul(&keep)?
        };
        Ok((Some(grad), Some(grad_branch)))
    }
}
