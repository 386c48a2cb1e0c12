//! The text tower: a causal transformer whose last token, the end of the text, stands for all of it.

use super::layers::Projection;
use super::transformer::Transformer;
use crate::{ClipConfig, TextConfig};
use candle_core::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};
use wardrobe_nn::packed::Mask;
use wardrobe_nn::transformer::LAYER_NORM_EPS;
use wardrobe_nn::{LayerNorm, Mode, Precision};

/// CLIP's text tower.
#[derive(Clone, Debug)]
pub struct TextTower {
    config: TextConfig,
    vocabulary: Tensor,
    positions: Tensor,
    blocks: Transformer,
    norm_after: LayerNorm,
    projection: Projection,
    folded: bool,
}

impl TextTower {
    /// Builds the tower.
    ///
    /// # Errors
    /// A parameter that the builder lacks or has in another shape, sizes that do not fit.
    pub fn new(config: &ClipConfig, vb: VarBuilder) -> Result<Self> {
        let text = config.text;
        let width = text.transformer.width;
        // As OpenAI draws them.
        let drawn = |stdev| Init::Randn { mean: 0.0, stdev };
        let tokens = (text.vocabulary, width);
        Ok(Self {
            config: text,
            vocabulary: vb.get_with_hints(tokens, "tokens.weight", drawn(0.02))?,
            positions: vb.get_with_hints((text.context, width), "positions", drawn(0.01))?,
            blocks: Transformer::new(
                text.transformer,
                config.activation,
                Mask::Causal,
                vb.pp("blocks"),
            )?,
            norm_after: LayerNorm::new(width, LAYER_NORM_EPS, vb.pp("norm_after"))?,
            projection: Projection::new(width, config.dimension, vb.pp("projection"))?,
            folded: false,
        })
    }

    /// Text features, not normalised. A text ends with its largest token, the vocabulary's last; no token looks at those
    /// after it, so what lies behind the end of the longest text is not computed. `mode` as [`super::ImageTower::forward`].
    ///
    /// # Shapes
    /// tokens (n, s) in u32 with 1 <= s <= context -> (n, dimension) in f32
    ///
    /// # Errors
    /// Another shape or type, a token that is not in the vocabulary; [`Mode::Train`] of a folded tower.
    pub fn forward(&self, tokens: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode == Mode::Train && self.folded {
            bail!("a folded text tower cannot be trained: keep the one it was folded from");
        }
        let rows = self.checked(tokens)?;
        let ends: Vec<usize> = rows.iter().map(|row| end(row)).collect();
        let seen = ends.iter().max().map_or(1, |end| end + 1);
        let shown: Vec<u32> = rows.iter().flat_map(|row| &row[..seen]).copied().collect();
        let shown = Tensor::from_vec(shown, rows.len() * seen, tokens.device())?;
        let x = self.vocabulary.index_select(&shown, 0)?;
        let x = x
            .reshape((rows.len(), seen, self.config.transformer.width))?
            .broadcast_add(&self.positions.narrow(0, 0, seen)?)?;
        let ended = self.blocks.forward(&x, &ends)?;
        self.projection.forward(&self.norm_after.forward(&ended)?)
    }

    fn checked(&self, tokens: &Tensor) -> Result<Vec<Vec<u32>>> {
        let (_, s) = tokens.dims2()?;
        let TextConfig {
            context,
            vocabulary,
            ..
        } = self.config;
        if s == 0 || s > context {
            bail!(
                "expected texts of 1 to {context} tokens, got {:?} (n, s)",
                tokens.dims()
            );
        }
        let rows = tokens.to_vec2::<u32>()?;
        match rows.iter().flatten().find(|&&id| id as usize >= vocabulary) {
            Some(id) => bail!("there is no token {id}: the vocabulary has {vocabulary}"),
            None => Ok(rows),
        }
    }

    /// The same function with packed weights, for inference on the CPU. The features stay in f32.
    ///
    /// # Errors
    /// bf16 on a processor that does not multiply it.
    pub fn fold(&self, precision: Precision) -> Result<Self> {
        Ok(Self {
            blocks: self.blocks.fold(precision)?,
            norm_after: self.norm_after.fold(precision.dtype()),
            projection: self.projection.fold(precision)?,
            folded: true,
            ..self.clone()
        })
    }
}

/// Where the largest token lies, the first of equals.
fn end(row: &[u32]) -> usize {
    let largest = (0..row.len()).rev().max_by_key(|&i| row[i]);
    largest.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_ends_at_its_first_largest_token() {
        assert_eq!(super::end(&[5, 9, 3, 9, 0]), 1);
        assert_eq!(super::end(&[7]), 0);
        assert_eq!(super::end(&[1, 2, 3]), 2);
    }
}
