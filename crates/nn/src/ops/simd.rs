//! Scalars the kernels are generic over, and the choice of instruction set at run time.

use super::gemm::Matrix;
use super::geometry::Size;
use candle_core::{CpuStorage, WithDType};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

/// f32 for work, f64 for gradient checks.
pub(crate) trait Float:
    WithDType
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    const NEG_INFINITY: Self;

    /// The nearest value to a constant; Candle's `from_f64` need not be inlined, and a call ends vector code.
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    /// `self * a + b`, rounded once where the machine can.
    fn fma(self, a: Self, b: Self) -> Self;
    /// The exponential, without branches, so that a loop over it becomes vector code.
    fn exp(self) -> Self;
    /// The error function, without branches in f32.
    fn erf(self) -> Self;
    /// ln(1 + x), exact for small x.
    fn ln_1p(self) -> Self;
    fn atan(self) -> Self;
    fn sqrt(self) -> Self;
    fn storage(values: Vec<Self>) -> CpuStorage;

    /// `out = a . b`, or `out += a . b`, if there are kernels of ours for this type and processor.
    fn product(_a: Matrix<'_, Self>, _b: Matrix<'_, Self>, _out: &mut [Self], _add: bool) -> bool {
        false
    }

    /// A convolution of `x`, if there are kernels of ours for this type and processor; `weight` is asked for an output
    /// channel and a place in a channels-last patch.
    fn convolve(
        _x: &[Self],
        _s: Size,
        _weight: impl Fn(usize, usize) -> Self,
    ) -> Option<Vec<Self>> {
        None
    }

    /// The logistic function.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }

    /// `self` brought into `lo ..= hi`; NaN stays NaN.
    #[inline(always)]
    fn within(self, lo: Self, hi: Self) -> Self {
        let raised = if self < lo { lo } else { self };
        if raised > hi { hi } else { raised }
    }

    /// The greater of two; NaN where either is.
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if is_greater(other, self) { other } else { self }
    }
}

/// Whether a maximum passes from `best` to `x`: at the first of equals it stays, and NaN takes it.
#[allow(clippy::eq_op, reason = "NaN is what differs from itself")]
#[inline(always)]
pub(crate) fn is_greater<T: Float>(x: T, best: T) -> bool {
    (x > best) | (x != x)
}

/// Parallel sums of a reduction: floating-point addition cannot be reordered by the compiler.
const LANES: usize = 16;

/// The sum of `f(a[i], b[i])`; `b` may be longer.
#[inline(always)]
pub(crate) fn sum_of<T: Float>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> T {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [T::ZERO; LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            sums[l] += f(a[l], b[l]);
        }
    }
    let mut total = T::ZERO;
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        total += f(a, b);
    }
    for sum in sums {
        total += sum;
    }
    total
}

/// The greatest value, minus infinity where there is none.
#[inline(always)]
pub(crate) fn max_of<T: Float>(values: &[T]) -> T {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [T::NEG_INFINITY; LANES];
    for chunk in chunks {
        for l in 0..LANES {
            lanes[l] = lanes[l].greater(chunk[l]);
        }
    }
    let all = lanes.iter().chain(rest);
    all.fold(T::NEG_INFINITY, |max, &value| max.greater(value))
}

/// Coefficients from the highest power down.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
    let mut sum = 0.0;
    for c in coefficients {
        sum = x.mul_add(sum, c);
    }
    sum
}

/// [`Float::sigmoid`] in f32.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    Float::sigmoid(x)
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    /// Cody-Waite reduction to |r| <= ln 2 / 2 and a degree-6 polynomial; relative error below 2e-7 on
    /// [-87.3, 88.7], clamped outside (no infinities, no subnormals).
    #[inline(always)]
    fn exp(self) -> Self {
        // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the mantissa.
        const ROUND: f32 = 12_582_912.0;
        // A half below the largest exponent: 2^128 is out of range.
        let x = self.clamp(-87.3, 88.0);
        let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
        let n = rounded - ROUND;
        let r = n.mul_add(-0.693_359_4, x);
        let r = n.mul_add(2.121_944_4e-4, r);
        let p = 1.388_888_9e-3_f32;
        let p = p.mul_add(r, 8.333_334e-3);
        let p = p.mul_add(r, 4.166_666_8e-2);
        let p = p.mul_add(r, 1.666_666_7e-1);
        let p = p.mul_add(r, 0.5);
        let p = p.mul_add(r, 1.0);
        let p = p.mul_add(r, 1.0);
        let exponent = rounded
            .to_bits()
            .wrapping_sub(ROUND.to_bits())
            .wrapping_add(127)
            << 23;
        p * f32::from_bits(exponent)
    }

    /// Two polynomials fitted to the least error: of (erf(x) - x) / x in x^2 below 0.92, and of ln(erfc(x)) / x + 1
    /// above, where 1 - erf would otherwise be all rounding. Off by less than 1e-7 everywhere.
    #[inline(always)]
    fn erf(self) -> Self {
        const NEAR: [f32; 6] = [
            -5.954_048e-4,
            4.986_014e-3,
            -2.676_178_3e-2,
            1.128_168_5e-1,
            -3.761_248_3e-1,
            1.283_791_5e-1,
        ];
        const FAR: [f32; 6] = [
            2.138_579_6e-4,
            -3.214_007_2e-3,
            2.288_727e-2,
            -1.052_582_3e-1,
            -6.357_206e-1,
            -1.285_138_4e-1,
        ];
        let near = self.mul_add(polynomial(NEAR, self * self), self);
        let size = self.abs().within(0.0, 4.0);
        let far = 1.0 - Float::exp(size.mul_add(polynomial(FAR, size), -size));
        if size < 0.92 {
            near
        } else {
            far.copysign(self)
        }
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        f32::ln_1p(self)
    }

    #[inline(always)]
    fn atan(self) -> Self {
        f32::atan(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }

    fn storage(values: Vec<Self>) -> CpuStorage {
        CpuStorage::F32(values)
    }

    #[cfg(target_arch = "x86_64")]
    fn product(a: Matrix<'_, f32>, b: Matrix<'_, f32>, out: &mut [f32], add: bool) -> bool {
        let (wide, _) = widths();
        if wide {
            // SAFETY: the processor has these instructions.
            unsafe { super::gemm::avx512::product(a, b, out, add) };
        }
        wide
    }

    #[cfg(target_arch = "x86_64")]
    fn convolve(x: &[f32], s: Size, weight: impl Fn(usize, usize) -> f32) -> Option<Vec<f32>> {
        let (wide, _) = widths();
        wide.then(|| crate::packed::convolve(x, s, weight))
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn erf(self) -> Self {
        libm::erf(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }

    #[inline(always)]
    fn atan(self) -> Self {
        f64::atan(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    fn storage(values: Vec<Self>) -> CpuStorage {
        CpuStorage::F64(values)
    }
}

/// Defines functions that are compiled three times, for AVX-512, AVX2 and the baseline, and choose at run time.
///
/// What they call must be `#[inline(always)]`: a function that is not inlined keeps the baseline instruction set (and
/// its fused multiply-add is then a library call).
macro_rules! vectorized {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident<T>($($arg:ident: $ty:ty),* $(,)?) $body:block)*) => {$(
        $(#[$doc])*
        $vis fn $name<T: Float>($($arg: $ty),*) {
            #[inline(always)]
            fn body<T: Float>($($arg: $ty),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
                fn avx512<T: Float>($($arg: $ty),*) {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<T: Float>($($arg: $ty),*) {
                    body($($arg),*)
                }
                let (wide, narrow) = $crate::ops::simd::widths();
                if wide {
                    // SAFETY: the processor has these instructions.
                    return unsafe { avx512($($arg),*) };
                }
                if narrow {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*)
        }
    )*};
}
pub(crate) use vectorized;

/// Whether kernels may use (AVX-512, AVX2 with fused multiply-add): what this processor has, or less where the
/// environment variable `WARDROBE_INSTRUCTIONS` says `avx2` or `none`, so that every kernel can be tested on one machine.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn widths() -> (bool, bool) {
    static WIDTHS: std::sync::LazyLock<(bool, bool)> = std::sync::LazyLock::new(|| {
        let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let wide = is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match std::env::var("WARDROBE_INSTRUCTIONS").as_deref() {
            Ok("none") => (false, false),
            Ok("avx2") => (false, narrow),
            _ => (wide && narrow, narrow),
        }
    });
    *WIDTHS
}

#[cfg(test)]
mod tests {
    use super::Float;

    #[test]
    fn exp_is_close_over_its_range() {
        let mut worst = 0f64;
        let mut x = -87.0f32;
        while x < 88.0 {
            let expected = f64::from(x).exp();
            worst = worst.max((f64::from(Float::exp(x)) - expected).abs() / expected);
            x += 0.001_7;
        }
        assert!(worst < 3e-7, "worst relative error {worst}");
        assert_eq!(Float::exp(0f32), 1.0);
        assert!(Float::exp(-1e4f32) < 2e-38);
        assert!(Float::exp(1e4f32).is_finite());
    }

    #[test]
    fn erf_is_close_everywhere() {
        let mut x = -5.0f32;
        while x < 5.0 {
            let error = (f64::from(Float::erf(x)) - libm::erf(f64::from(x))).abs();
            assert!(error < 1e-7, "erf({x}) is off by {error}");
            x += 0.000_37;
        }
        for (x, erf) in [(0f32, 0.0), (1e30, 1.0), (f32::NEG_INFINITY, -1.0)] {
            assert_eq!(Float::erf(x), erf);
        }
        assert!(Float::erf(f32::NAN).is_nan());
        // Small values keep their digits.
        assert!((f64::from(Float::erf(1e-20f32)) / 1.128_379_167_095_512_6e-20 - 1.0).abs() < 2e-7);
    }

    #[test]
    fn reductions_take_every_value() {
        for len in [0usize, 1, 15, 16, 17, 50] {
            let values: Vec<f64> = (0..len).map(|i| (i as f64 * 0.7).sin()).collect();
            let sum: f64 = values.iter().map(|v| v * v).sum();
            assert!((super::sum_of(&values, &values, |a, b| a * b) - sum).abs() < 1e-12);
            let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(super::max_of(&values), max);
        }
        for at in [0usize, 20, 33] {
            let mut values = [1f32; 35];
            values[at] = f32::NAN;
            assert!(super::max_of(&values).is_nan());
        }
    }
}
