//! The image tower: a vision transformer (Dosovitskiy et al. 2021, <https://arxiv.org/abs/2010.11929>) with a layer norm
//! before its blocks.

use super::layers::{Projection, pack};
use super::transformer::Transformer;
use crate::{ClipConfig, ImageConfig};
use candle_core::{DType, Result, Tensor, bail};
use candle_nn::{Init, VarBuilder, init};
use wardrobe_nn::packed::{Mask, PackedConv};
use wardrobe_nn::transformer::LAYER_NORM_EPS;
use wardrobe_nn::{LayerNorm, Mode, Precision};

/// CLIP's image tower.
#[derive(Clone, Debug)]
pub struct ImageTower {
    config: ImageConfig,
    patches: Patches,
    class: Tensor,
    positions: Tensor,
    norm_before: LayerNorm,
    blocks: Transformer,
    norm_after: LayerNorm,
    projection: Projection,
}

/// The first layer: each patch's pixels to a token.
#[derive(Clone, Debug)]
enum Patches {
    /// (width, 3, patch, patch).
    Plain(Tensor),
    Packed(PackedConv),
}

impl ImageTower {
    /// Builds the tower.
    ///
    /// # Errors
    /// A parameter that the builder lacks or has in another shape, sizes that do not fit.
    pub fn new(config: &ClipConfig, vb: VarBuilder) -> Result<Self> {
        let image = config.image;
        let (width, patch) = (image.transformer.width, image.patch);
        if patch == 0 || !image.size.is_multiple_of(patch) {
            bail!(
                "an image of {} pixels is no multiple of patches of {patch}",
                image.size
            );
        }
        let scale = Init::Randn {
            mean: 0.0,
            stdev: (width as f64).powf(-0.5),
        };
        let drawn = init::DEFAULT_KAIMING_UNIFORM;
        let patches = (width, 3, patch, patch);
        Ok(Self {
            config: image,
            patches: Patches::Plain(vb.get_with_hints(patches, "patches.weight", drawn)?),
            class: vb.get_with_hints(width, "class", scale)?,
            positions: vb.get_with_hints((image.tokens(), width), "positions", scale)?,
            norm_before: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm_before"))?,
            blocks: Transformer::new(
                image.transformer,
                config.activation,
                Mask::None,
                vb.pp("blocks"),
            )?,
            norm_after: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm_after"))?,
            projection: Projection::new(width, config.dimension, vb.pp("projection"))?,
        })
    }

    /// Image features, not normalised. The network has neither dropout nor batch statistics: `mode` says whether
    /// gradients are wanted, which a folded tower does not record.
    ///
    /// # Shapes
    /// (n, size, size, 3), channels-last RGB, normalised -> (n, dimension) in f32
    ///
    /// # Errors
    /// Another shape; [`Mode::Train`] of a folded tower.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode == Mode::Train && matches!(self.patches, Patches::Packed(_)) {
            bail!("a folded image tower cannot be trained: keep the one it was folded from");
        }
        let tokens = self.norm_before.forward(&self.tokens(x)?)?;
        let class = self.blocks.forward(&tokens, &vec![0; x.dim(0)?])?;
        self.projection.forward(&self.norm_after.forward(&class)?)
    }

    /// The class token and the patches' tokens, with their positions.
    ///
    /// # Shapes
    /// (n, size, size, 3) -> (n, 1 + patches, width)
    fn tokens(&self, x: &Tensor) -> Result<Tensor> {
        let n = x.dim(0)?;
        let width = self.class.elem_count();
        let patches = self.cut(x)?;
        let embedded = match &self.patches {
            Patches::Packed(layer) => layer.forward(&patches)?,
            Patches::Plain(weight) => {
                let (n, s, inputs) = patches.dims3()?;
                let y = patches
                    .reshape((n * s, inputs))?
                    .matmul(&by_pixel(weight)?.t()?)?;
                y.reshape((n, s, width))?
            }
        };
        let class = self.class.reshape((1, 1, width))?.repeat((n, 1, 1))?;
        Tensor::cat(&[&class, &embedded], 1)?.broadcast_add(&self.positions)
    }

    /// # Shapes
    /// (n, size, size, 3) -> (n, patches, patch * patch * 3)
    fn cut(&self, x: &Tensor) -> Result<Tensor> {
        let ImageConfig { size, patch, .. } = self.config;
        let (n, height, width, channels) = x.dims4()?;
        if (height, width, channels) != (size, size, 3) {
            bail!("expected images (n, {size}, {size}, 3), got {:?}", x.dims());
        }
        let grid = self.config.grid();
        x.reshape((n * grid, patch, grid, patch * 3))?
            .transpose(1, 2)?
            .reshape((n, grid * grid, patch * patch * 3))
    }

    /// The same function with packed weights, for inference on the CPU. The features stay in f32.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        let patches = match &self.patches {
            Patches::Plain(weight) => Patches::Packed(pack(&by_pixel(weight)?, precision)?),
            Patches::Packed(_) => self.patches.clone(),
        };
        Ok(Self {
            patches,
            norm_before: self.norm_before.fold(DType::F32),
            blocks: self.blocks.fold(precision)?,
            norm_after: self.norm_after.fold(precision.dtype()),
            projection: self.projection.fold(precision)?,
            ..self.clone()
        })
    }
}

/// The patches' weights in the order of channels-last pixels.
///
/// # Shapes
/// (width, 3, patch, patch) -> (width, patch * patch * 3)
fn by_pixel(weight: &Tensor) -> Result<Tensor> {
    weight.permute((0, 2, 3, 1))?.flatten_from(1)?.contiguous()
}
