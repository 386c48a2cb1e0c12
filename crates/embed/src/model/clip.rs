//! Both towers and their scale.

use super::{ImageTower, TextTower};
use crate::ClipConfig;
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use wardrobe_nn::Precision;

/// CLIP (Radford et al. 2021, <https://arxiv.org/abs/2103.00020>): features of images and of texts in one space.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Images to features.
    pub image: ImageTower,
    /// Texts to features.
    pub text: TextTower,
    logit_scale: Tensor,
}

impl Clip {
    /// Builds both towers from parameters `image.*`, `text.*` and `logit_scale`.
    ///
    /// # Errors
    /// A parameter that the builder lacks or has in another shape, sizes that do not fit.
    pub fn new(config: &ClipConfig, vb: VarBuilder) -> Result<Self> {
        // ln(1 / 0.07), the temperature that training starts from (CLIP's section 2.5).
        let start = Init::Const(2.659_260_036_932_778);
        Ok(Self {
            image: ImageTower::new(config, vb.pp("image"))?,
            text: TextTower::new(config, vb.pp("text"))?,
            logit_scale: vb.get_with_hints((), "logit_scale", start)?,
        })
    }

    /// The logarithm of the factor from cosines to logits, a scalar.
    pub fn logit_scale(&self) -> &Tensor {
        &self.logit_scale
    }

    /// The same function with packed weights, for inference on the CPU.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            image: self.image.fold(precision)?,
            text: self.text.fold(precision)?,
            logit_scale: self.logit_scale.clone(),
        })
    }
}
