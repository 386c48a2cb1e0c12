//! The network.

use super::{Pooling, SetConfig};
use candle_core::{DType, Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};
use wardrobe_nn::dropout::Rng;
use wardrobe_nn::packed::Mask;
use wardrobe_nn::transformer::{Block, BlockConfig, LAYER_NORM_EPS};
use wardrobe_nn::{Activation, Dense, Dropout, LayerNorm, Mode, Precision};

/// Spread of what is learned for each class and for the task, at the start: that of a projected embedding.
const SPREAD: f64 = 0.5;

/// Sets of garments, padded to one length.
#[derive(Clone, Debug)]
pub struct SetBatch {
    /// (n, s) in u32: the class of each garment; anything known where there is none.
    pub classes: Tensor,
    /// (n, s, embedding), each of length 1; `None` where garments are their class alone.
    pub embeddings: Option<Tensor>,
    /// (n, s, text), each of length 1.
    pub texts: Option<Tensor>,
    /// (n, s) in u8: 0 where there is no garment.
    pub present: Tensor,
}

/// Pre-norm transformer blocks over a set of garments, one logit a set: how much it looks like what people wear.
#[derive(Clone, Debug)]
pub struct SetTransformer {
    config: SetConfig,
    /// (classes, width)
    classes: Tensor,
    embedding: Option<Dense>,
    text: Option<Dense>,
    /// (1, 1, width)
    task: Option<Tensor>,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Dense,
    logit: Dense,
    dropout: Dropout,
}

impl SetTransformer {
    /// The network with parameters `classes`, `embedding`, `text`, `task`, `blocks.0` and so on, `norm`, `head` and `logit`;
    /// those alone that `config` asks for.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(config: &SetConfig, rng: &DropoutRng, vb: VarBuilder) -> Result<Self> {
        if let Err(problem) = config.check() {
            bail!("a set transformer: {problem}");
        }
        let width = config.width;
        let drawn = Init::Randn {
            mean: 0.0,
            stdev: SPREAD,
        };
        let projection = |values: usize, name: &str| {
            let dense = || Dense::new(values, width, Activation::Identity, vb.pp(name));
            (values > 0).then(dense).transpose()
        };
        let task = || vb.get_with_hints((1, 1, width), "task", drawn);
        let block = BlockConfig {
            width,
            heads: config.heads,
            hidden: config.hidden,
            activation: Activation::Gelu,
            mask: Mask::None,
        };
        let dropout = Dropout::new(config.dropout, rng.0.clone());
        let blocks = (0..config.layers)
            .map(|i| Ok(Block::new(block, vb.pp("blocks").pp(i))?.with_dropout(dropout.clone())));
        Ok(Self {
            classes: vb.get_with_hints((config.classes.len(), width), "classes", drawn)?,
            embedding: projection(config.embedding, "embedding")?,
            text: projection(config.text, "text")?,
            task: match config.pooling {
                Pooling::TaskToken => Some(task()?),
                Pooling::Mean => None,
            },
            blocks: blocks.collect::<Result<_>>()?,
            norm: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm"))?,
            head: Dense::new(width, width, Activation::Gelu, vb.pp("head"))?,
            logit: Dense::new(width, 1, Activation::Identity, vb.pp("logit"))?,
            config: config.clone(),
            dropout,
        })
    }

    /// # Shapes
    /// (n, s) garments -> (n) logits
    ///
    /// # Errors
    /// Embeddings that are there and not asked for, or the other way round; a folded network.
    pub fn forward(&self, sets: &SetBatch, mode: Mode) -> Result<Tensor> {
        let tokens = self.tokens(
            &sets.classes,
            sets.embeddings.as_ref(),
            sets.texts.as_ref(),
            mode,
        )?;
        self.judge(&tokens, Some(&sets.present), mode)
    }

    /// Each garment as the blocks see it, whatever set it is in.
    ///
    /// # Shapes
    /// `classes` (...), `embeddings` (..., embedding), `texts` (..., text) -> (..., width)
    pub(super) fn tokens(
        &self,
        classes: &Tensor,
        embeddings: Option<&Tensor>,
        texts: Option<&Tensor>,
        mode: Mode,
    ) -> Result<Tensor> {
        let mut shape = classes.dims().to_vec();
        shape.push(self.config.width);
        let known = self.classes.index_select(&classes.flatten_all()?, 0)?;
        let mut tokens = known.reshape(shape)?;
        for (layer, vectors, what) in [
            (&self.embedding, embeddings, "embeddings"),
            (&self.text, texts, "texts' embeddings"),
        ] {
            match (layer, vectors) {
                (None, None) => {}
                (Some(layer), Some(vectors)) => {
                    // Of length 1, a vector's values are small: scaled to a spread of 1, as layers' weights are drawn for.
                    let scale = (vectors.dims().last().copied().unwrap_or(1) as f64).sqrt();
                    let vectors = self.dropout.forward(&(vectors * scale)?, mode)?;
                    tokens = (tokens + layer.forward(&vectors)?)?;
                }
                (Some(_), None) => bail!("a set transformer over {what}: there are none"),
                (None, Some(_)) => bail!("a set transformer that knows no {what}: there are some"),
            }
        }
        Ok(tokens)
    }

    /// # Shapes
    /// `tokens` (n, s, width), `present` (n, s) in u8, all where it is `None` -> (n)
    pub(super) fn judge(
        &self,
        tokens: &Tensor,
        present: Option<&Tensor>,
        mode: Mode,
    ) -> Result<Tensor> {
        let (n, _, width) = tokens.dims3()?;
        let (mut x, keys) = match &self.task {
            None => (tokens.clone(), present.cloned()),
            Some(task) => {
                let task = task.broadcast_as((n, 1, width))?;
                let ones = || Tensor::ones((n, 1), DType::U8, tokens.device());
                let keys = present
                    .map(|p| Tensor::cat(&[&ones()?, p], 1))
                    .transpose()?;
                (Tensor::cat(&[&task, tokens], 1)?, keys)
            }
        };
        let (last, blocks) = match self.blocks.split_last() {
            Some(split) => split,
            None => bail!("a set transformer without blocks"),
        };
        for block in blocks {
            x = block.forward(&x, keys.as_ref(), mode)?;
        }
        let pooled = match self.config.pooling {
            // What else the last block would give is not computed.
            Pooling::TaskToken => {
                let first = |x: &Tensor| x.narrow(1, 0, 1)?.squeeze(1)?.contiguous();
                let attended = last.attend(&x, keys.as_ref())?;
                last.finish(&first(&attended)?, &first(&x)?, mode)?
            }
            Pooling::Mean => mean(&last.forward(&x, keys.as_ref(), mode)?, keys.as_ref())?,
        };
        let pooled = self.norm.forward(&pooled)?;
        let hidden = self.dropout.forward(&self.head.forward(&pooled)?, mode)?;
        self.logit.forward(&hidden)?.squeeze(1)
    }

    /// What the network is like.
    pub fn config(&self) -> &SetConfig {
        &self.config
    }

    /// With packed weights, for sets of one size at a time.
    pub(super) fn fold(&self) -> Result<Self> {
        let fold = |layer: &Dense| layer.fold(Precision::F32, DType::F32);
        let blocks = self.blocks.iter().map(|block| block.fold(Precision::F32));
        Ok(Self {
            embedding: self.embedding.as_ref().map(fold).transpose()?,
            text: self.text.as_ref().map(fold).transpose()?,
            blocks: blocks.collect::<Result<_>>()?,
            norm: self.norm.fold(DType::F32),
            head: fold(&self.head)?,
            logit: fold(&self.logit)?,
            ..self.clone()
        })
    }
}

/// The mean over the tokens that are present.
///
/// # Shapes
/// `x` (n, s, width), `present` (n, s) in u8 -> (n, width)
fn mean(x: &Tensor, present: Option<&Tensor>) -> Result<Tensor> {
    let Some(present) = present else {
        return x.mean(1);
    };
    let present = present.to_dtype(x.dtype())?.unsqueeze(2)?;
    let count = present.sum(1)?;
    x.broadcast_mul(&present)?.sum(1)?.broadcast_div(&count)
}

/// The generator of dropout, which a training loop reseeds.
#[derive(Clone, Debug)]
pub struct DropoutRng(pub Rng);

impl Default for DropoutRng {
    fn default() -> Self {
        Self(Rng::new(0))
    }
}
