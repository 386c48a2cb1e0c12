//! Activations on sums that are still in the cache.

use crate::ops::Activation;

/// Applies `activation` in place; `AVX512` says that the caller was compiled for it.
///
/// # Safety
/// With `AVX512`, the processor has it and `values` is a multiple of 16 long.
#[inline(always)]
pub(super) unsafe fn activate<const AVX512: bool>(activation: Activation, values: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if AVX512 && activation == Activation::Silu {
        // SAFETY: as the caller promises.
        return unsafe { silu_avx512(values) };
    }
    activation.apply_all(values);
}

/// `x / (1 + 2^(-x log2 e))`: the exponent's whole part by `vscalef`, its fraction in -0.5..=0.5 by a polynomial, the quotient by an estimate and a Newton step. Half the instructions of the
/// portable form; relative error below 1e-6.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn silu_avx512(values: &mut [f32]) {
    use std::arch::x86_64::*;
    // SAFETY: the processor has these instructions, and loads and stores stay within chunks of 16.
    unsafe {
        let constant = |value: f32| _mm512_set1_ps(value);
        let minus_log2e = constant(-std::f32::consts::LOG2_E);
        // Minimax for 2^r on -0.5..=0.5.
        let coefficients = [
            1.326_472_7e-3,
            9.671_513e-3,
            5.550_733_7e-2,
            2.402_224_2e-1,
            std::f32::consts::LN_2,
            1.0,
        ]
        .map(constant);
        let (one, two) = (constant(1.0), constant(2.0));
        let (limit, minus_limit) = (constant(125.0), constant(-125.0));
        for chunk in values.chunks_exact_mut(16) {
            let x = _mm512_loadu_ps(chunk.as_ptr());
            // Above 2^125 the estimate of the quotient would be 0 / 0 in the Newton step.
            let scaled = _mm512_min_ps(_mm512_mul_ps(x, minus_log2e), limit);
            let scaled = _mm512_max_ps(scaled, minus_limit);
            let whole =
                _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(scaled);
            let r = _mm512_sub_ps(scaled, whole);
            let mut power = coefficients[0];
            for &coefficient in &coefficients[1..] {
                power = _mm512_fmadd_ps(power, r, coefficient);
            }
            let divisor = _mm512_add_ps(_mm512_scalef_ps(power, whole), one);
            let estimate = _mm512_rcp14_ps(divisor);
            let quotient = _mm512_mul_ps(estimate, _mm512_fnmadd_ps(divisor, estimate, two));
            _mm512_storeu_ps(chunk.as_mut_ptr(), _mm512_mul_ps(x, quotient));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn silu_is_close_everywhere() {
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn run(values: &mut [f32]) {
            // SAFETY: called where the processor has AVX-512, with 16 values.
            unsafe { activate::<true>(Activation::Silu, values) }
        }
        if !crate::ops::widths().0 {
            eprintln!("skipped: no AVX-512");
            return;
        }
        let mut first = -120f32;
        while first < 120.0 {
            let x: [f32; 16] = std::array::from_fn(|i| first + i as f32 * 0.001_3);
            let mut y = x;
            // SAFETY: the processor has AVX-512.
            unsafe { run(&mut y) };
            for (x, y) in x.into_iter().zip(y) {
                let expected = f64::from(x) / (1.0 + (-f64::from(x)).exp());
                let error = (f64::from(y) - expected).abs();
                // Far below 0 the result is lost beside anything it is added to.
                assert!(
                    error <= 1e-6 * expected.abs() + 1e-12,
                    "{x}: {y}, expected {expected}"
                );
            }
            first += 0.02;
        }
        for extreme in [1e30, -1e30, 0.0] {
            let mut y = [extreme; 16];
            // SAFETY: as above.
            unsafe { run(&mut y) };
            assert!(
                y[0] == extreme.max(0.0) || y[0].abs() < 1e-6,
                "{extreme}: {}",
                y[0]
            );
        }
    }
}
