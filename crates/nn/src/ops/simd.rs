//! Scalars the kernels are generic over, and the choice of instruction set at run time.

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

    /// `self * a + b`, rounded once where the machine can.
    fn fma(self, a: Self, b: Self) -> Self;
    /// The exponential, without branches, so that a loop over it becomes vector code.
    fn exp(self) -> Self;
    fn storage(values: Vec<Self>) -> CpuStorage;

    /// The logistic function.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }
}

/// [`Float::sigmoid`] in f32.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    Float::sigmoid(x)
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

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

    fn storage(values: Vec<Self>) -> CpuStorage {
        CpuStorage::F32(values)
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
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

/// Whether this processor has (AVX-512, AVX2 with fused multiply-add).
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn widths() -> (bool, bool) {
    let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let wide = is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    (wide && narrow, narrow)
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
}
