//! The innermost loops: a tile of output pixels by output channels, accumulated in registers over all inputs.

use half::bf16;

/// One instruction set's way to take a step of many inner products at once.
///
/// # Safety
/// All methods need a processor that has the instructions, and pointers that may be read or written over
/// [`Step::LANES`] values.
pub(crate) trait Step {
    /// An activation in memory.
    type Value: Copy;
    /// A register of weights, and one of sums.
    type Weights: Copy;
    type Sums: Copy;
    /// Inputs taken by a step.
    const GROUP: usize;
    /// Output channels of a register.
    const LANES: usize;
    /// Whether what this is compiled into may use AVX-512.
    const AVX512: bool = false;

    /// As many sums as there are lanes.
    unsafe fn load_sums(from: *const f32) -> Self::Sums;
    unsafe fn load(weights: *const Self::Value) -> Self::Weights;
    /// `sums + inputs . weights`, with the [`Step::GROUP`] inputs at `inputs`.
    unsafe fn multiply_add(
        sums: Self::Sums,
        inputs: Self::Splat,
        weights: Self::Weights,
    ) -> Self::Sums;
    /// A group of inputs, repeated in every lane.
    type Splat: Copy;
    unsafe fn splat(inputs: *const Self::Value) -> Self::Splat;
    unsafe fn store(sums: Self::Sums, to: *mut f32);
    /// Brings a cache line nearer; any address will do.
    #[inline(always)]
    fn prefetch(_line: *const Self::Value) {}
}

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// What a tile of `ROWS` pixels reads: runs of inputs.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a, V, const ROWS: usize> {
    /// Where each run begins for each pixel.
    pub(crate) segments: &'a [[*const V; ROWS]],
    /// Values of each run, a multiple of [`Step::GROUP`].
    pub(crate) lengths: &'a [usize],
    /// From one group of a run to the next: [`Step::GROUP`] where they lie side by side.
    pub(crate) step: usize,
}

/// `bias` plus sums over `inputs` for `ROWS` pixels and `REGISTERS` registers of channels:
/// `out[row][channel]`, rows of `REGISTERS * LANES`.
///
/// On the way, the cache lines from `ahead` on are prefetched, one a step.
///
/// # Safety
/// Every pointer is to a run of its length; `weights` to as many rows of
/// `row_len` weights times the group, of which the first registers are used; `bias` holds a row and `out` has room.
#[inline(always)]
pub(crate) unsafe fn accumulate<S: Step, const ROWS: usize, const REGISTERS: usize>(
    inputs: Inputs<'_, S::Value, ROWS>,
    mut weights: *const S::Value,
    row_len: usize,
    bias: *const f32,
    out: *mut f32,
    mut ahead: *const S::Value,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut first = [S::load_sums(bias); REGISTERS];
        for (r, sums) in first.iter_mut().enumerate() {
            *sums = S::load_sums(bias.add(r * S::LANES));
        }
        let mut sums = [first; ROWS];
        let step = inputs.step;
        for (pixels, &length) in inputs.segments.iter().zip(inputs.lengths) {
            let pixels = *pixels;
            let mut at = 0;
            for _ in 0..length / S::GROUP {
                let mut w = [S::load(weights); REGISTERS];
                for (r, w) in w.iter_mut().enumerate().skip(1) {
                    *w = S::load(weights.add(r * S::LANES * S::GROUP));
                }
                for (sums, pixel) in sums.iter_mut().zip(pixels) {
                    let input = S::splat(pixel.add(at));
                    for (sum, &w) in sums.iter_mut().zip(&w) {
                        *sum = S::multiply_add(*sum, input, w);
                    }
                }
                at += step;
                weights = weights.add(row_len * S::GROUP);
                S::prefetch(ahead);
                ahead = ahead.wrapping_byte_add(LINE);
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (r, &sum) in sums.iter().enumerate() {
                S::store(sum, out.add((row * REGISTERS + r) * S::LANES));
            }
        }
    }
}

/// Any processor: eight channels, which the compiler maps to what there is.
pub(super) struct Plain;

impl Step for Plain {
    type Value = f32;
    type Weights = [f32; 8];
    type Sums = [f32; 8];
    type Splat = f32;
    const GROUP: usize = 1;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn load_sums(from: *const f32) -> [f32; 8] {
        // SAFETY: as the trait demands.
        unsafe { from.cast::<[f32; 8]>().read() }
    }
    #[inline(always)]
    unsafe fn load(weights: *const f32) -> [f32; 8] {
        // SAFETY: as the trait demands.
        unsafe { weights.cast::<[f32; 8]>().read() }
    }
    #[inline(always)]
    unsafe fn splat(inputs: *const f32) -> f32 {
        // SAFETY: as the trait demands.
        unsafe { inputs.read() }
    }
    #[inline(always)]
    unsafe fn multiply_add(sums: [f32; 8], x: f32, weights: [f32; 8]) -> [f32; 8] {
        // Without the instruction, a fused multiply-add would be a library call.
        std::array::from_fn(|lane| sums[lane] + x * weights[lane])
    }
    #[inline(always)]
    unsafe fn store(sums: [f32; 8], to: *mut f32) {
        // SAFETY: as the trait demands.
        unsafe { to.cast::<[f32; 8]>().write(sums) }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Avx512;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512Bf16};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Step, bf16};
    use std::arch::x86_64::*;

    /// AVX2 with fused multiply-add.
    pub(in super::super) struct Avx2;

    impl Step for Avx2 {
        type Value = f32;
        type Weights = __m256;
        type Sums = __m256;
        type Splat = __m256;
        const GROUP: usize = 1;
        const LANES: usize = 8;

        #[inline(always)]
        unsafe fn load_sums(from: *const f32) -> __m256 {
            // SAFETY (here and below): as the trait demands.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn load(weights: *const f32) -> __m256 {
            unsafe { _mm256_loadu_ps(weights) }
        }
        #[inline(always)]
        unsafe fn splat(inputs: *const f32) -> __m256 {
            unsafe { _mm256_set1_ps(*inputs) }
        }
        #[inline(always)]
        unsafe fn multiply_add(sums: __m256, inputs: __m256, weights: __m256) -> __m256 {
            unsafe { _mm256_fmadd_ps(inputs, weights, sums) }
        }
        #[inline(always)]
        unsafe fn store(sums: __m256, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, sums) }
        }
        #[inline(always)]
        fn prefetch(line: *const f32) {
            // SAFETY: prefetching never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
        }
    }

    /// AVX-512.
    pub(crate) struct Avx512;

    impl Step for Avx512 {
        type Value = f32;
        type Weights = __m512;
        type Sums = __m512;
        type Splat = __m512;
        const GROUP: usize = 1;
        const LANES: usize = 16;
        const AVX512: bool = true;

        #[inline(always)]
        unsafe fn load_sums(from: *const f32) -> __m512 {
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn load(weights: *const f32) -> __m512 {
            unsafe { _mm512_loadu_ps(weights) }
        }
        #[inline(always)]
        unsafe fn splat(inputs: *const f32) -> __m512 {
            unsafe { _mm512_set1_ps(*inputs) }
        }
        #[inline(always)]
        unsafe fn multiply_add(sums: __m512, inputs: __m512, weights: __m512) -> __m512 {
            unsafe { _mm512_fmadd_ps(inputs, weights, sums) }
        }
        #[inline(always)]
        unsafe fn store(sums: __m512, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, sums) }
        }
        #[inline(always)]
        fn prefetch(line: *const f32) {
            // SAFETY: prefetching never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
        }
    }

    /// AVX-512's dot products of bf16 pairs, summed in f32.
    pub(in super::super) struct Avx512Bf16;

    impl Step for Avx512Bf16 {
        type Value = bf16;
        type Weights = __m512bh;
        type Sums = __m512;
        type Splat = __m512bh;
        const GROUP: usize = 2;
        const LANES: usize = 16;
        const AVX512: bool = true;

        #[inline(always)]
        unsafe fn load_sums(from: *const f32) -> __m512 {
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn load(weights: *const bf16) -> __m512bh {
            unsafe { std::mem::transmute(_mm512_loadu_si512(weights.cast())) }
        }
        #[inline(always)]
        unsafe fn splat(inputs: *const bf16) -> __m512bh {
            unsafe { std::mem::transmute(_mm512_set1_epi32(inputs.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        unsafe fn multiply_add(sums: __m512, inputs: __m512bh, weights: __m512bh) -> __m512 {
            unsafe { _mm512_dpbf16_ps(sums, inputs, weights) }
        }
        #[inline(always)]
        unsafe fn store(sums: __m512, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, sums) }
        }
        #[inline(always)]
        fn prefetch(line: *const bf16) {
            // SAFETY: prefetching never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
        }
    }
}
