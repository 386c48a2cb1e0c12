//! Operators on channels-last activations, each with its own backward pass, in f32 and f64 on the CPU.
//!
//! Every operator has a slow, plain twin in `tests/` that it is held to, and finite differences for its gradients.

mod activation;
mod attention;
mod batch_norm;
mod bce;
mod conv2d;
mod depthwise;
mod elementwise;
mod gemm;
mod geometry;
mod kernel;
mod layer_norm;
mod pool;
mod simd;
mod softmax;
mod upsample;

pub(crate) use activation::by_activation;
pub use activation::{Activation, activate};
pub use attention::{AttentionMask, attention};
pub use batch_norm::{BatchStatistics, batch_norm_frozen, batch_norm_train};
pub(crate) use bce::bce;
pub use conv2d::{conv2d, conv2d_grouped};
pub use depthwise::depthwise_conv2d;
#[cfg(feature = "gpu")]
pub(crate) use depthwise::taps_on_gpu;
pub use elementwise::{atan, residual_add, scale_channels};
pub use geometry::ConvGeometry;
#[cfg(target_arch = "x86_64")]
pub(crate) use geometry::Size;
pub use layer_norm::layer_norm;
pub use pool::{avg_pool2d, global_avg_pool, max_pool2d};
#[cfg(target_arch = "x86_64")]
pub(crate) use simd::widths;
pub(crate) use simd::{Float, sigmoid};
pub use softmax::softmax;
pub use upsample::upsample_nearest;
