//! What lies between convolutions: the mean over pixels, and gates.

use super::view::{Output, View, borrow, readable};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Result, Tensor, bail};
use half::bf16;
use rayon::prelude::*;

/// The mean over all pixels, in f32.
///
/// # Shapes
/// (n, h, w, c) in f32 or bf16 -> (n, c)
///
/// # Errors
/// Another shape or type.
pub fn mean_pixels(x: &Tensor) -> Result<Tensor> {
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(x.device()) {
        return super::gpu::mean_pixels(&gpu, x);
    }
    match x.dtype() {
        DType::BF16 => mean::<bf16>(x),
        _ => mean::<f32>(x),
    }
}

fn mean<T: Output>(x: &Tensor) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let x = readable(x, T::DTYPE)?;
    let borrowed = borrow(&x);
    let view = borrowed.view::<T>()?;
    let mut means = vec![0f32; n * c];
    let factor = 1.0 / (h * w) as f32;
    means
        .par_chunks_mut(c.max(1))
        .enumerate()
        .for_each(|(image, mean)| {
            sum_pixels(&view, image * h * w, h * w, mean);
            mean.iter_mut().for_each(|mean| *mean *= factor);
        });
    Tensor::from_vec(means, (n, c), &Device::Cpu)
}

/// `x * sigmoid(gate)`, a gate for each channel and image: squeeze-and-excitation's last step. On the CPU it is done in
/// the place of `x`: tensors that share its values see them change.
///
/// # Shapes
/// `x` (n, h, w, c) in f32 or bf16, `gate` (n, c) in f32 -> as `x`
///
/// # Errors
/// Other shapes or types.
pub fn gate_pixels(x: Tensor, gate: &Tensor) -> Result<Tensor> {
    let (n, _, _, c) = x.dims4()?;
    if gate.dims() != [n, c] {
        bail!(
            "a gate {:?} does not fit activations {:?} (n, h, w, c)",
            gate.dims(),
            x.dims()
        );
    }
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(x.device()) {
        return super::gpu::gate_pixels(&gpu, &x, gate);
    }
    let mut gates: Vec<f32> = super::view::values(gate)?;
    sigmoid_all(&mut gates);
    let x = x.contiguous()?;
    x.inplace_op1(&Gates(gates))?;
    Ok(x)
}

/// Gates of a batch, image by image.
struct Gates(Vec<f32>);

impl InplaceOp1 for Gates {
    fn name(&self) -> &'static str {
        "gate_pixels"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let values = layout.start_offset()..layout.start_offset() + layout.shape().elem_count();
        let (_, h, w, c) = layout.shape().dims4()?;
        match storage {
            CpuStorage::F32(all) => self.scale(&mut all[values], h, w * c),
            CpuStorage::BF16(all) => self.scale(&mut all[values], h, w * c),
            other => bail!("gate_pixels: expected f32 or bf16, got {:?}", other.dtype()),
        }
        Ok(())
    }
}

impl Gates {
    /// Images of `h` rows of `row` values.
    fn scale<T: Output>(&self, pixels: &mut [T], h: usize, row: usize) {
        let channels = self.0.len() * h * row / pixels.len().max(1);
        // A row of pixels is little work in the last layers.
        let rows = (1 << 15) / row.max(1);
        pixels
            .par_chunks_mut(row.max(1))
            .with_min_len(rows.max(1))
            .enumerate()
            .for_each(|(i, pixels)| scale(pixels, &self.0[i / h * channels..][..channels]));
    }
}

/// Defines a function over activations that is compiled for AVX-512, AVX2 and any processor.
macro_rules! compiled {
    ($(#[$doc:meta])* fn $name:ident<$($t:ident)?>($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        fn $name<$($t: Output)?>($($arg: $ty),*) {
            #[inline(always)]
            fn body<$($t: Output)?>($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$($t: Output)?>($($arg: $ty),*) {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$($t: Output)?>($($arg: $ty),*) {
                    body($($arg),*)
                }
                let (wide, narrow) = crate::ops::widths();
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
    };
}

compiled! {
    /// Adds pixels `first .. first + count` up, channel by channel.
    fn sum_pixels<T>(x: &View<'_, T>, first: usize, count: usize, sums: &mut [f32]) {
        for pixel in first..first + count {
            for (sum, &x) in sums.iter_mut().zip(x.row(pixel)) {
                *sum += x.to_f32();
            }
        }
    }
}

compiled! {
    /// Pixels times a factor a channel.
    fn scale<T>(pixels: &mut [T], gates: &[f32]) {
        for pixel in pixels.chunks_exact_mut(gates.len().max(1)) {
            for (x, gate) in pixel.iter_mut().zip(gates) {
                *x = T::of(x.to_f32() * gate);
            }
        }
    }
}

compiled! {
    fn sigmoid_all<>(values: &mut [f32]) {
        for value in values {
            *value = crate::ops::sigmoid(*value);
        }
    }
}

/// The maximum of each `kernel` x `kernel` window at stride 1, padded to keep the size; outside counts as -inf, as in
/// PyTorch. A square's maximum is its rows' and then its columns'.
///
/// # Shapes
/// (n, h, w, c) in f32 or bf16 -> as `x`
///
/// # Errors
/// Another shape or type, an even kernel.
pub fn max_pixels(x: &Tensor, kernel: usize) -> Result<Tensor> {
    if kernel.is_multiple_of(2) {
        bail!("max_pixels keeps the size for odd kernels, got {kernel}");
    }
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(x.device()) {
        return super::gpu::max_pixels(&gpu, x, kernel);
    }
    match x.dtype() {
        DType::BF16 => maxima::<bf16>(x, kernel / 2),
        _ => maxima::<f32>(x, kernel / 2),
    }
}

fn maxima<T: Output>(x: &Tensor, reach: usize) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let x = x.to_dtype(T::DTYPE)?.contiguous()?;
    let borrowed = borrow(&x);
    let view = borrowed.view::<T>()?;
    let near = |i: usize, len: usize| i.saturating_sub(reach)..(i + reach + 1).min(len);
    let mut by_row = vec![T::of(0.0); n * h * w * c];
    by_row
        .par_chunks_mut((w * c).max(1))
        .enumerate()
        .for_each(|(row, out)| {
            for (i, out) in out.chunks_exact_mut(c).enumerate() {
                out.copy_from_slice(view.row(row * w + i));
                near(i, w).for_each(|j| larger(out, view.row(row * w + j)));
            }
        });
    let mut out = by_row.clone();
    out.par_chunks_mut((w * c).max(1))
        .enumerate()
        .for_each(|(row, out)| {
            let (image, y) = (row / h, row % h);
            for other in near(y, h).filter(|&other| other != y) {
                larger(out, &by_row[(image * h + other) * w * c..][..w * c]);
            }
        });
    Tensor::from_vec(out, (n, h, w, c), &Device::Cpu)
}

compiled! {
    /// The larger of two values, each by each.
    fn larger<T>(out: &mut [T], other: &[T]) {
        for (out, &other) in out.iter_mut().zip(other) {
            *out = if other.to_f32() > out.to_f32() { other } else { *out };
        }
    }
}

/// Every pixel twice in each direction.
///
/// # Shapes
/// (n, h, w, c) in f32 or bf16 -> (n, 2 h, 2 w, c)
///
/// # Errors
/// Another shape or type.
pub fn double_pixels(x: &Tensor) -> Result<Tensor> {
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(x.device()) {
        return super::gpu::double_pixels(&gpu, x);
    }
    match x.dtype() {
        DType::BF16 => doubled::<bf16>(x),
        _ => doubled::<f32>(x),
    }
}

fn doubled<T: Output>(x: &Tensor) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let x = readable(x, T::DTYPE)?;
    let borrowed = borrow(&x);
    let view = borrowed.view::<T>()?;
    let mut out = Vec::with_capacity(n * h * w * c * 4);
    for row in 0..n * h {
        let start = out.len();
        for pixel in row * w..(row + 1) * w {
            out.extend_from_slice(view.row(pixel));
            out.extend_from_slice(view.row(pixel));
        }
        out.extend_from_within(start..);
    }
    Tensor::from_vec(out, (n, 2 * h, 2 * w, c), &Device::Cpu)
}
