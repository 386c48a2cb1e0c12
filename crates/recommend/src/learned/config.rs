//! What a set transformer is like; kept with its weights.

use serde::{Deserialize, Serialize};

/// How a set becomes one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// A learned token that is in every set and looks at its garments.
    #[default]
    TaskToken,
    /// The mean over the garments.
    Mean,
}

/// The shape of a [`crate::learned::SetTransformer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetConfig {
    /// The names of the classes of garments, by number ([`crate::learned::Vocabulary`]).
    pub classes: Vec<String>,
    /// Values of a garment's embedding; 0 where a garment is its class alone.
    pub embedding: usize,
    /// Values of the embedding of a garment's text; 0 for none.
    pub text: usize,
    /// Values a token.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads of the attention, a divisor of `width`.
    pub heads: usize,
    /// Values a token within a block's MLP.
    pub hidden: usize,
    /// How the set becomes one vector.
    pub pooling: Pooling,
    /// Share of what is zeroed in training: within blocks, before the head, and of the embeddings.
    pub dropout: f32,
}

impl SetConfig {
    /// The usual shape: 64 values, 2 blocks of 4 heads, no embeddings.
    pub fn new<S: Into<String>>(classes: impl IntoIterator<Item = S>) -> Self {
        Self {
            classes: classes.into_iter().map(Into::into).collect(),
            embedding: 0,
            text: 0,
            width: 64,
            layers: 2,
            heads: 4,
            hidden: 128,
            pooling: Pooling::TaskToken,
            dropout: 0.3,
        }
    }

    /// Finds a value that cannot work.
    ///
    /// # Errors
    /// In words, the first of them.
    pub fn check(&self) -> Result<(), String> {
        let above_zero = [
            ("classes", self.classes.len()),
            ("width", self.width),
            ("layers", self.layers),
            ("heads", self.heads),
            ("hidden", self.hidden),
        ];
        if let Some((name, _)) = above_zero.into_iter().find(|(_, value)| *value == 0) {
            return Err(format!("{name} must be at least 1"));
        }
        if !self.width.is_multiple_of(self.heads) {
            let Self { width, heads, .. } = self;
            return Err(format!(
                "a width of {width} is no multiple of {heads} heads"
            ));
        }
        match (0.0..1.0).contains(&self.dropout) {
            true => Ok(()),
            false => Err(format!("dropout = {} is not in 0..1", self.dropout)),
        }
    }
}
