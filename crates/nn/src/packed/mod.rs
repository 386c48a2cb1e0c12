//! Inference on the CPU with weights laid out for the machine, once, when a network is made ready for use.
//!
//! [`PackedConv`] is a convolution (a linear layer is a 1 x 1 one) with bias, activation and residual sum in one pass.
//! It reads channels-last activations where they lie: a slice of channels needs no copy, and several inputs are read
//! as their concatenation without one being made. Sums are kept in registers over all inputs, in tiles of 6 x 64, 8 x 48,
//! 8 x 32 or 12 x 16 outputs, as in direct convolution (Georganas et al. 2018, <https://arxiv.org/abs/1808.05567>);
//! pixels outside are read from a row of zeros (indirect convolution, Dukhan 2019, <https://arxiv.org/abs/1907.02129>).
//!
//! [`Precision::Bf16`] keeps weights and activations in bf16 and sums in f32: half the memory traffic, and twice the
//! arithmetic on processors with AVX512_BF16. No gradient is recorded.

// Before those that use its macro.
#[macro_use]
mod pixels;

mod activate;
mod attention;
mod awake;
mod conv;
mod depthwise;
#[cfg(feature = "gpu")]
mod gpu;
mod layer_norm;
mod panels;
mod sweep;
mod taps;
mod tile;
mod view;

pub use attention::{Mask, attention};
pub use conv::PackedConv;
pub use depthwise::PackedDepthwise;
pub use layer_norm::layer_norm;
pub use pixels::{double_pixels, gate_pixels, max_pixels, mean_pixels};
#[cfg(target_arch = "x86_64")]
pub(crate) use {
    conv::convolve,
    panels::{Panel, deal},
    tile::{Avx512, Inputs, accumulate},
};

#[cfg(feature = "gpu")]
use crate::gpu::Gpu;
use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

/// What weights and activations are held in between layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of f32 and 8 bits of precision; sums are in f32.
    Bf16,
}

impl Precision {
    /// bf16 where the processor multiplies it, else f32.
    pub fn fastest() -> Self {
        if has_bf16() { Self::Bf16 } else { Self::F32 }
    }

    /// [`Precision::fastest`] of a device.
    pub fn fastest_on(device: &Device) -> Self {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = Gpu::of(device) {
            return match gpu.multiplies_bf16() {
                true => Self::Bf16,
                false => Self::F32,
            };
        }
        match device {
            Device::Cpu => Self::fastest(),
            _ => Self::F32,
        }
    }

    /// The type of activations.
    pub fn dtype(self) -> candle_core::DType {
        match self {
            Self::F32 => candle_core::DType::F32,
            Self::Bf16 => candle_core::DType::BF16,
        }
    }
}

/// Runs a network on a batch image by image, as many at a time as there are threads: an image's activations stay in its
/// core's cache, and no layer waits for all threads. On a GPU the batch goes through as it is.
///
/// # Shapes
/// `x` (n, ...), `network` (1, ...) -> (1, ...) -> (n, ...)
///
/// # Errors
/// The network's first.
pub fn by_image(x: &Tensor, network: impl Fn(&Tensor) -> Result<Tensor> + Sync) -> Result<Tensor> {
    #[cfg(feature = "gpu")]
    if Gpu::of(x.device()).is_some() {
        return network(x);
    }
    match &for_each_image(x, network)?[..] {
        [one] => Ok(one.clone()),
        results => Tensor::cat(results, 0),
    }
}

/// [`by_image`] for results of any kind, one an image.
///
/// # Errors
/// The network's first.
pub fn for_each_image<R: Send>(
    x: &Tensor,
    network: impl Fn(&Tensor) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    match x.dim(0)? {
        // On one of rayon's threads, so that handing work to them costs no switch of threads at every layer.
        0 | 1 => Ok(vec![awake::awake(|| network(x))?]),
        images => (0..images)
            .into_par_iter()
            .with_max_len(1)
            .map(|i| network(&x.narrow(0, i, 1)?))
            .collect(),
    }
}

/// Whether this processor multiplies bf16.
fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        crate::ops::widths().0 && is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}
