//! The blocks of both towers: pre-norm attention and MLP with residual sums (Vaswani et al. 2017; CLIP's section 2.4).

use super::layers::{Dense, Norm};
use crate::TransformerConfig;
use candle_core::{DType, Result, Tensor, bail};
use candle_nn::VarBuilder;
use wardrobe_nn::ops::AttentionMask;
use wardrobe_nn::packed::{Mask, attention};
use wardrobe_nn::{Activation, Precision, ops};

/// A stack of blocks.
#[derive(Clone, Debug)]
pub(super) struct Transformer {
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    norm1: Norm,
    /// Queries, keys and values as one layer.
    qkv: Dense,
    out: Dense,
    norm2: Norm,
    expand: Dense,
    project: Dense,
    heads: usize,
    mask: Mask,
    folded: bool,
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
        if heads == 0 || width % heads != 0 {
            bail!("a width of {width} is no multiple of {heads} heads");
        }
        let blocks = (0..config.layers).map(|i| Block::new(config, activation, mask, vb.pp(i)));
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
        for block in blocks {
            let attended = block.attend(&x)?;
            x = block.finish(&attended, &x)?;
        }
        let attended = last.attend(&x)?;
        last.finish(&pick(&attended, picked)?, &pick(&x, picked)?)
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

impl Block {
    fn new(
        config: TransformerConfig,
        activation: Activation,
        mask: Mask,
        vb: VarBuilder,
    ) -> Result<Self> {
        let (width, none) = (config.width, Activation::Identity);
        Ok(Self {
            norm1: Norm::new(width, vb.pp("norm1"))?,
            qkv: Dense::new(width, 3 * width, none, vb.pp("qkv"))?,
            out: Dense::new(width, width, none, vb.pp("out"))?,
            norm2: Norm::new(width, vb.pp("norm2"))?,
            expand: Dense::new(width, 4 * width, activation, vb.pp("expand"))?,
            project: Dense::new(4 * width, width, none, vb.pp("project"))?,
            heads: config.heads,
            mask,
            folded: false,
        })
    }

    /// What attention gives, before its output layer.
    fn attend(&self, x: &Tensor) -> Result<Tensor> {
        let qkv = self.qkv.forward(&self.norm1.forward(x)?)?;
        match self.folded {
            true => attention(&qkv, self.heads, self.mask),
            false => plain_attention(&qkv, self.heads, self.mask),
        }
    }

    /// The rest of the block, token by token.
    ///
    /// # Shapes
    /// (..., width) twice -> (..., width)
    fn finish(&self, attended: &Tensor, x: &Tensor) -> Result<Tensor> {
        let x = self.out.forward_add(attended, x)?;
        let hidden = self.expand.forward(&self.norm2.forward(&x)?)?;
        self.project.forward_add(&hidden, &x)
    }

    fn fold(&self, precision: Precision) -> Result<Self> {
        let inner = precision.dtype();
        Ok(Self {
            norm1: self.norm1.fold(inner),
            qkv: self.qkv.fold(precision, inner)?,
            out: self.out.fold(precision, DType::F32)?,
            norm2: self.norm2.fold(inner),
            expand: self.expand.fold(precision, inner)?,
            project: self.project.fold(precision, DType::F32)?,
            folded: true,
            ..*self
        })
    }
}

/// As [`attention`], with gradients.
fn plain_attention(qkv: &Tensor, heads: usize, mask: Mask) -> Result<Tensor> {
    let width = qkv.dim(2)? / 3;
    let part = |i: usize| qkv.narrow(2, i * width, width);
    let mask = AttentionMask {
        causal: mask == Mask::Causal,
        keys: None,
    };
    ops::attention(&part(0)?, &part(1)?, &part(2)?, heads, mask)
}
