//! Operators on channels-last activations, each with its own backward pass, in f32 and f64 on the CPU.
//!
//! Every operator has a slow, plain twin in `tests/` that it is held to, and finite differences for its gradients.

mod batch_norm;
mod conv2d;
mod depthwise;
mod elementwise;
mod gemm;
mod kernel;
mod pool;
mod simd;

pub use batch_norm::{BatchStatistics, batch_norm_train};
pub use conv2d::{ConvGeometry, conv2d, conv2d_fused};
pub(crate) use depthwise::taps_inside;
pub use depthwise::{depthwise_conv2d, depthwise_conv2d_fused};
pub use elementwise::{Activation, residual_add, scale_channels};
pub use pool::global_avg_pool;
#[cfg(target_arch = "x86_64")]
pub(crate) use simd::widths;
pub(crate) use simd::{Float, sigmoid};
