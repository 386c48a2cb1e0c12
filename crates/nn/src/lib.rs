//! Layers, optimisers and checkpoints that training and inference can both trust.
//!
//! Activations are channels-last everywhere: `(batch, height, width, channels)`, contiguous. A pointwise convolution
//! is then one matrix product, and a depthwise one a stencil whose inner loop runs over contiguous channels. Weights
//! keep PyTorch's layout, `(out, in / groups, kernel height, kernel width)`, so that checkpoints load as they are.
//!
//! [`ops`] holds the operators with their backward passes (Candle's own are used where they are right and fast; see
//! each module for why one was written anew), the other modules the layers built on them, [`optim`] the optimisers,
//! [`VarStore`] the trainable parameters.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use wardrobe_nn::{Activation, ConvConfig, ConvNormAct, Mode, VarStore};
//!
//! # fn main() -> candle_core::Result<()> {
//! let store = VarStore::new(7, DType::F32, &Device::Cpu);
//! let conv = ConvConfig { kernel: 3, stride: 2, ..ConvConfig::new(3, 16) };
//! let stem = ConvNormAct::new(conv, 1e-5, Activation::Silu, store.builder().pp("stem"))?;
//! let photo = Tensor::zeros((1, 64, 48, 3), DType::F32, &Device::Cpu)?;
//! assert_eq!(stem.forward(&photo, Mode::Eval)?.dims4()?, (1, 32, 24, 16));
//! # Ok(())
//! # }
//! ```

pub mod conv;
mod dense;
pub mod device;
pub mod dropout;
#[cfg(feature = "gpu")]
mod gpu;
pub mod layer_norm;
pub mod linear;
pub mod loss;
pub mod ops;
pub mod optim;
pub mod packed;
pub mod squeeze_excite;
mod store;
pub mod transformer;

pub use conv::{ConvConfig, ConvNormAct};
pub use dense::Dense;
pub use dropout::{Dropout, Rng, StochasticDepth};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use ops::Activation;
pub use packed::Precision;
pub use squeeze_excite::SqueezeExcite;
pub use store::{VarStore, parameter_shapes};

/// Whether a network is learning or being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics in batch norm, dropout active, gradients recorded.
    Train,
    /// Running statistics, no dropout.
    Eval,
}
