//! The blocks that transformers are made of, as their parameters or, folded, as packed weights.

use crate::ops::AttentionMask;
use crate::packed::{Mask, attention};
use crate::{Activation, Dense, Dropout, LayerNorm, Mode, Precision, ops};
use candle_core::{DType, Result, Tensor, bail};
use candle_nn::VarBuilder;

/// The epsilon of PyTorch's layer norms, and CLIP's.
pub const LAYER_NORM_EPS: f64 = 1e-5;

/// What a [`Block`] is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockConfig {
    /// Values a token.
    pub width: usize,
    /// Heads of the attention, a divisor of `width`.
    pub heads: usize,
    /// Values a token within the MLP; 4 `width` in most transformers.
    pub hidden: usize,
    /// The MLP's.
    pub activation: Activation,
    /// What a token looks at.
    pub mask: Mask,
}

/// Pre-norm attention and MLP with residual sums (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>; pre-norm:
/// Xiong et al. 2020, <https://arxiv.org/abs/2002.04745>).
#[derive(Clone, Debug)]
pub struct Block {
    norm1: LayerNorm,
    /// Queries, keys and values as one layer.
    qkv: Dense,
    out: Dense,
    norm2: LayerNorm,
    expand: Dense,
    project: Dense,
    heads: usize,
    mask: Mask,
    dropout: Option<Dropout>,
    folded: bool,
}

impl Block {
    /// A block with parameters `norm1`, `qkv`, `out`, `norm2`, `expand` and `project`.
    ///
    /// # Errors
    /// A width that is no multiple of the heads.
    pub fn new(config: BlockConfig, vb: VarBuilder) -> Result<Self> {
        let BlockConfig {
            width,
            heads,
            hidden,
            activation,
            mask,
        } = config;
        if heads == 0 || width % heads != 0 {
            bail!("a width of {width} is no multiple of {heads} heads");
        }
        let none = Activation::Identity;
        Ok(Self {
            norm1: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm1"))?,
            qkv: Dense::new(width, 3 * width, none, vb.pp("qkv"))?,
            out: Dense::new(width, width, none, vb.pp("out"))?,
            norm2: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm2"))?,
            expand: Dense::new(width, hidden, activation, vb.pp("expand"))?,
            project: Dense::new(hidden, width, none, vb.pp("project"))?,
            heads,
            mask,
            dropout: None,
            folded: false,
        })
    }

    /// The block with dropout of what it adds, in training.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self {
            dropout: Some(dropout),
            ..self
        }
    }

    /// `finish` of `attend`.
    ///
    /// # Shapes
    /// `x` (n, s, width), `keys` (n, s) in u8, 0 for tokens that are padding -> (n, s, width)
    ///
    /// # Errors
    /// As [`Block::attend`].
    pub fn forward(&self, x: &Tensor, keys: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        self.finish(&self.attend(x, keys)?, x, mode)
    }

    /// What attention gives, before its output layer.
    ///
    /// # Shapes
    /// `x` (n, s, width), `keys` (n, s) in u8, 0 for tokens that are padding -> (n, s, width)
    ///
    /// # Errors
    /// `keys` of a folded block: packed attention sees all tokens.
    pub fn attend(&self, x: &Tensor, keys: Option<&Tensor>) -> Result<Tensor> {
        let qkv = self.qkv.forward(&self.norm1.forward(x)?)?;
        match (self.folded, keys) {
            (true, None) => attention(&qkv, self.heads, self.mask),
            (true, Some(_)) => bail!("a folded block takes no padding: give sets of one size"),
            (false, keys) => plain_attention(&qkv, self.heads, self.mask, keys),
        }
    }

    /// The rest of the block, token by token.
    ///
    /// # Shapes
    /// (..., width) twice -> (..., width)
    pub fn finish(&self, attended: &Tensor, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = self.add(&self.out, attended, x, mode)?;
        let hidden = self.expand.forward(&self.norm2.forward(&x)?)?;
        self.add(&self.project, &hidden, &x, mode)
    }

    fn add(&self, layer: &Dense, x: &Tensor, residual: &Tensor, mode: Mode) -> Result<Tensor> {
        match &self.dropout {
            Some(dropout) if mode == Mode::Train => {
                dropout.forward(&layer.forward(x)?, mode)? + residual
            }
            _ => layer.forward_add(x, residual),
        }
    }

    /// With packed weights. Activations are of `precision`; the residual sum, which all blocks add to, stays in f32.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        let inner = precision.dtype();
        Ok(Self {
            norm1: self.norm1.fold(inner),
            qkv: self.qkv.fold(precision, inner)?,
            out: self.out.fold(precision, DType::F32)?,
            norm2: self.norm2.fold(inner),
            expand: self.expand.fold(precision, inner)?,
            project: self.project.fold(precision, DType::F32)?,
            dropout: None,
            folded: true,
            ..*self
        })
    }
}

/// As [`attention`], with gradients and padding.
fn plain_attention(
    qkv: &Tensor,
    heads: usize,
    mask: Mask,
    keys: Option<&Tensor>,
) -> Result<Tensor> {
    let width = qkv.dim(2)? / 3;
    let part = |i: usize| qkv.narrow(2, i * width, width);
    let mask = AttentionMask {
        causal: mask == Mask::Causal,
        keys,
    };
    ops::attention(&part(0)?, &part(1)?, &part(2)?, heads, mask)
}
