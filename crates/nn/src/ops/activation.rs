//! Activations: their values and derivatives, over slices and over tensors.

use super::kernel::{Kernel, Slice, apply1, fill, if_tracked, rows_per_task, run2};
use super::simd::{Float, vectorized};
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input};
use candle_core::{Result, Shape, Tensor};

/// The function a layer ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// None.
    Identity,
    /// `max(x, 0)`; the derivative at 0 is 0, as PyTorch's.
    Relu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x * sigmoid(x)` (Elfwing et al. 2017; "swish" in EfficientNet).
    Silu,
    /// `x * Phi(x)` with the normal distribution's Phi (Hendrycks and Gimpel 2016), by the error function.
    Gelu,
    /// `x * sigmoid(1.702 x)`, the approximation of GELU that OpenAI's CLIP was trained with.
    QuickGelu,
    /// `clamp(x + 3, 0, 6) / 6` (Howard et al. 2019, MobileNetV3).
    HardSigmoid,
}

impl Activation {
    /// The value at `x`. In a loop, take the activation by [`by_activation!`]: the loop is then free of branches.
    #[inline(always)]
    pub(crate) fn apply<T: Float>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            // Not `x > 0`: NaN must stay NaN.
            Self::Relu => {
                if x < T::ZERO {
                    T::ZERO
                } else {
                    x
                }
            }
            Self::Sigmoid => x.sigmoid(),
            Self::Silu => x * x.sigmoid(),
            Self::Gelu => x * normal_cdf(x),
            Self::QuickGelu => x * (x * T::of(QUICK)).sigmoid(),
            Self::HardSigmoid => (x + T::of(3.0)).within(T::ZERO, T::of(6.0)) * T::of(1.0 / 6.0),
        }
    }

    /// In place. The choice is made once, so that the loop becomes vector code.
    #[inline(always)]
    pub(crate) fn apply_all<T: Float>(self, values: &mut [T]) {
        by_activation!(self, A => {
            for value in values {
                *value = A.apply(*value);
            }
        });
    }

    /// The derivative at `x`.
    #[inline(always)]
    pub(crate) fn derivative<T: Float>(self, x: T) -> T {
        let inside = |inside: bool, slope: f64| if inside { T::of(slope) } else { T::ZERO };
        match self {
            Self::Identity => T::ONE,
            Self::Relu => inside(x > T::ZERO, 1.0),
            Self::Sigmoid => {
                let s = x.sigmoid();
                s * (T::ONE - s)
            }
            Self::Silu => gate_derivative(x, T::ONE),
            Self::Gelu => {
                let density = (x * x * T::of(-0.5)).exp() * T::of(FRAC_1_SQRT_2_PI);
                x.fma(density, normal_cdf(x))
            }
            Self::QuickGelu => gate_derivative(x, T::of(QUICK)),
            Self::HardSigmoid => inside((x > T::of(-3.0)) & (x < T::of(3.0)), 1.0 / 6.0),
        }
    }
}

const QUICK: f64 = 1.702;
const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

#[inline(always)]
fn normal_cdf<T: Float>(x: T) -> T {
    let erf = (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf();
    erf.fma(T::of(0.5), T::of(0.5))
}

/// The derivative of `x * sigmoid(k x)`.
#[inline(always)]
fn gate_derivative<T: Float>(x: T, k: T) -> T {
    let s = (x * k).sigmoid();
    s * (T::ONE + x * k * (T::ONE - s))
}

/// Evaluates an expression with a constant for an activation known at run time, so that its loops hold no branch:
/// `by_activation!(activation, A => loop over A.apply(x))`.
macro_rules! by_activation {
    ($activation:expr, $name:ident => $body:expr) => {
        $crate::ops::by_activation!(
            $activation, $name => $body,
            Identity, Relu, Sigmoid, Silu, Gelu, QuickGelu, HardSigmoid
        )
    };
    ($activation:expr, $name:ident => $body:expr, $($variant:ident),*) => {
        match $activation {
            $($crate::ops::Activation::$variant => {
                const $name: $crate::ops::Activation =
                    $crate::ops::Activation::$variant;
                $body
            })*
        }
    };
}
pub(crate) use by_activation;

vectorized! {
    fn activate_values<T>(activation: Activation, out: &mut [T], x: &[T]) {
        by_activation!(activation, A => {
            for (y, &x) in out.iter_mut().zip(x) {
                *y = A.apply(x);
            }
        });
    }

    /// The derivative at `x` times `grad`.
    fn activate_backward<T>(activation: Activation, out: &mut [T], x: &[T], grad: &[T]) {
        by_activation!(activation, A => {
            for ((y, &x), &g) in out.iter_mut().zip(x).zip(grad) {
                *y = g * A.derivative(x);
            }
        });
    }
}

/// An activation, value by value. Where it follows a convolution or a batch norm, those apply it in their own pass.
///
/// # Shapes
/// any -> the same
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    apply1(Activate(activation), x)
}

struct Activate(Activation);

impl Kernel<1> for Activate {
    const NAME: &'static str = "activate";

    fn shape(&self, [x]: [&[usize]; 1]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x]: [Slice<'_, T>; 1]) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, rows_per_task(x.data.len(), 1), |start, out| {
            activate_values(self.0, out, &x.data[start..][..out.len()]);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x]: [Input<'_>; 1], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "activate", x.dtype)
            .read(x)
            .write(out)
            .int(x.len())
            .activation(self.0)
            .for_each(x.len())
    }

    fn backward(
        &self,
        [x]: [&Tensor; 1],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 1]> {
        Ok([if_tracked(x, || run2(ActivateGrad(self.0), x, grad))?])
    }
}

struct ActivateGrad(Activation);

impl Kernel<2> for ActivateGrad {
    const NAME: &'static str = "activate-grad";

    fn shape(&self, [x, _]: [&[usize]; 2]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, grad]: [Slice<'_, T>; 2]) -> Result<Vec<T>> {
        let mut out = vec![T::ZERO; x.data.len()];
        fill(&mut out, rows_per_task(x.data.len(), 1), |start, out| {
            let (x, grad) = (&x.data[start..], &grad.data[start..]);
            activate_backward(self.0, out, &x[..out.len()], &grad[..out.len()]);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [x, grad]: [Input<'_>; 2], out: &mut Buffer) -> Result<()> {
        gpu.kernel("elementwise", "activate_grad", x.dtype)
            .read(x)
            .read(grad)
            .write(out)
            .int(x.len())
            .activation(self.0)
            .for_each(x.len())
    }
}
