//! The whole network.

use super::backbone::{Backbone, Neck};
use super::head::{Head, Level};
use crate::Config;
use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;
use wardrobe_nn::{Mode, Precision};

/// YOLOv8 for detection (Jocher, Chaurasia and Qiu 2023; reviewed in Terven et al. 2023,
/// <https://arxiv.org/abs/2304.00501>): a CSP backbone, a path-aggregation neck, and a decoupled head without anchor
/// boxes.
#[derive(Clone, Debug)]
pub struct Yolo {
    config: Config,
    backbone: Backbone,
    neck: Neck,
    head: Head,
}

impl Yolo {
    /// Builds the network from parameters under this project's names.
    ///
    /// # Errors
    /// No classes; a parameter that the builder lacks or has in another shape.
    pub fn new(config: &Config, vb: VarBuilder) -> Result<Self> {
        if config.classes == 0 {
            bail!("a detector needs at least one class, got 0");
        }
        Ok(Self {
            config: *config,
            backbone: Backbone::new(config.variant, vb.pp("backbone"))?,
            neck: Neck::new(config.variant, vb.pp("neck"))?,
            head: Head::new(config, vb.pp("head"))?,
        })
    }

    /// The settings it was built with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The levels of strides 8, 16 and 32; [`decode`](crate::decode()) makes boxes of them.
    ///
    /// # Shapes
    /// (n, h, w, 3), RGB in 0..=1, h and w multiples of 32 -> (n, h / stride, w / stride, ...) for each stride
    ///
    /// # Errors
    /// Another shape; [`Mode::Train`] on a folded network.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Vec<Level>> {
        let (_, h, w, channels) = x.dims4()?;
        let coarsest = Config::STRIDES[2];
        let fits = |side: usize| side > 0 && side.is_multiple_of(coarsest);
        if channels != 3 || !fits(h) || !fits(w) {
            let dims = x.dims();
            bail!("expected (n, h, w, 3) with h and w multiples of {coarsest}, got {dims:?}");
        }
        let features = self.backbone.forward(x, mode)?;
        let features = self.neck.forward(&features, mode)?;
        self.head.forward(&features, mode)
    }

    /// The same function with every batch norm merged into its convolution, and weights packed: for inference.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            config: self.config,
            backbone: self.backbone.fold(precision)?,
            neck: self.neck.fold(precision)?,
            head: self.head.fold(precision)?,
        })
    }
}
