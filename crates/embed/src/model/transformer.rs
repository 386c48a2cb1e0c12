//! The stack of blocks of either tower (CLIP's section 2.4).

use crate::TransformerConfig;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use wardrobe_nn::packed::Mask;
use wardrobe_nn::transformer::{Block, BlockConfig};
use wardrobe_nn::{Activation, Mode, Precision};

/// A stack of blocks.
#[derive(Clone, Debug)]
pub(super) struct Transformer {
    blocks: Vec<Block>,
}

impl Transformer {
    /// Parameters `0.norm1.weight` and so on, a number a block.
    pub(super) fn new(
        config: TransformerConfig,
        activation: Activation,
        mask: Mask,
        vb: VarBuilder,
    ) -> Result<Self> {
        let TransformerConfig { width, heads, .. } = config;
        let block = BlockConfig {
            width,
            heads,
            hidden: 4 * width,
            activation,
            mask,
        };
        let blocks = (0..config.layers).map(|i| Block::new(block, vb.pp(i)));
        Ok(Self {
            blocks: blocks.collect::<Result<_>>()?,
        })
    }

    /// One token of each sequence after all blocks: what else the last block would give is not computed.
    ///
    /// # Shapes
    /// `x` (n, s, width) in f32, `picked` (n) the token of each -> (n, width)
    pub(super) fn forward(&self, x: &Tensor, picked: &[usize]) -> Result<Tensor> {
        let mut x = x.clone();
        let (last, blocks) = match self.blocks.split_last() {
            Some(split) => split,
            None => return pick(&x, picked),
        };
        // CLIP has no dropout, and so nothing that training would do otherwise.
        for block in blocks {
            x = block.forward(&x, None, Mode::Eval)?;
        }
        let attended = last.attend(&x, None)?;
        last.finish(&pick(&attended, picked)?, &pick(&x, picked)?, Mode::Eval)
    }

    /// With packed weights. Activations are of `precision`; the residual sum, which twelve blocks add to, stays in f32.
    pub(super) fn fold(&self, precision: Precision) -> Result<Self> {
        let blocks = self.blocks.iter().map(|block| block.fold(precision));
        Ok(Self {
            blocks: blocks.collect::<Result<_>>()?,
        })
    }
}

/// # Shapes
/// `x` (n, s, width), `tokens` (n) -> (n, width)
fn pick(x: &Tensor, tokens: &[usize]) -> Result<Tensor> {
    let (n, s, width) = x.dims3()?;
    let rows = tokens
        .iter()
        .enumerate()
        .map(|(i, token)| (i * s + token) as u32);
    let rows = Tensor::from_iter(rows, x.device())?;
    x.reshape((n * s, width))?.index_select(&rows, 0)
}
