//! The sizes of a CLIP, and the two editions of ViT-B/32.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use wardrobe_ingest::Preprocess;
use wardrobe_nn::Activation;
use wardrobe_types::EmbedderId;
use wardrobe_weights::Tensors;

/// Which ViT-B/32 a file's weights were trained as: of published files none says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// With the exact GELU: OpenCLIP's `ViT-B-32`, trained on LAION and DataComp.
    #[serde(rename = "vit-b-32")]
    VitB32,
    /// With `x * sigmoid(1.702 x)`: OpenAI's own weights, FashionCLIP, and OpenCLIP's `ViT-B-32-quickgelu`.
    #[serde(rename = "vit-b-32-quickgelu")]
    VitB32QuickGelu,
}

impl Variant {
    /// The network's sizes and activation.
    pub fn config(self) -> ClipConfig {
        let activation = match self {
            Self::VitB32 => Activation::Gelu,
            Self::VitB32QuickGelu => Activation::QuickGelu,
        };
        ClipConfig {
            dimension: 512,
            activation,
            image: ImageConfig {
                size: 224,
                patch: 32,
                transformer: TransformerConfig {
                    width: 768,
                    layers: 12,
                    heads: 12,
                },
            },
            text: TextConfig {
                context: 77,
                vocabulary: 49_408,
                transformer: TransformerConfig {
                    width: 512,
                    layers: 12,
                    heads: 8,
                },
            },
        }
    }

    /// Which of the two a file of weights says it is; `None` where it says nothing, as all but ours do.
    ///
    /// # Errors
    /// [`Error::Metadata`] where the entry is malformed, [`Error::OtherSizes`] where it is of another network.
    pub fn of(weights: &Tensors) -> Result<Option<Self>> {
        let Some(said) = ClipConfig::of(weights)? else {
            return Ok(None);
        };
        let known = [Self::VitB32, Self::VitB32QuickGelu];
        let named = known.into_iter().find(|known| known.config() == said);
        named.map(Some).ok_or_else(|| Error::OtherSizes {
            file: weights.file.clone(),
            dimension: said.dimension,
            image: said.image.size,
        })
    }

    /// How photos are brought to the network: shorter side to 224 (bicubic), centre crop, CLIP's mean and deviation.
    pub fn preprocess(self) -> Preprocess {
        self.config().preprocess()
    }

    /// What the embeddings of both towers are marked with, for weights of this fingerprint (say, the start of their SHA-256).
    /// Embeddings of both towers of the same weights are comparable, those of other weights are not.
    pub fn embedder_id(self, fingerprint: &str) -> EmbedderId {
        let name = match self {
            Self::VitB32 => "clip-vit-b-32",
            Self::VitB32QuickGelu => "clip-vit-b-32-quickgelu",
        };
        EmbedderId::new(format!("{name}-{fingerprint}"))
    }
}

/// A CLIP's sizes (Radford et al. 2021, <https://arxiv.org/abs/2103.00020>, table 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipConfig {
    /// Length of an embedding, the same for both towers.
    pub dimension: usize,
    /// Between a block's two MLP layers: `gelu` or `quick-gelu` in files.
    #[serde(with = "activation")]
    pub activation: Activation,
    /// The image tower.
    pub image: ImageConfig,
    /// The text tower.
    pub text: TextConfig,
}

/// The metadata entry that holds a [`ClipConfig`].
const ENTRY: &str = "clip";

impl ClipConfig {
    /// What a file of weights says of itself; `None` where it says nothing, as all but ours do.
    ///
    /// # Errors
    /// [`Error::Metadata`] where the entry is malformed.
    pub fn of(weights: &Tensors) -> Result<Option<Self>> {
        let entry = weights.metadata.get(ENTRY);
        let parsed = entry.map(|text| serde_json::from_str(text)).transpose();
        parsed.map_err(|problem| Error::Metadata {
            file: weights.file.clone(),
            entry: ENTRY,
            problem: problem.to_string(),
        })
    }

    /// The metadata entry to write beside the weights: name and value.
    ///
    /// # Errors
    /// An activation that no CLIP has.
    pub fn to_metadata(&self) -> Result<(String, String), serde_json::Error> {
        Ok((ENTRY.to_owned(), serde_json::to_string(self)?))
    }

    /// How photos are brought to the network: shorter side to its size (bicubic), centre crop, CLIP's mean and deviation.
    pub fn preprocess(&self) -> Preprocess {
        Preprocess::clip(self.image.size as u32)
    }
}

/// The activations a CLIP may have, by their names in files.
mod activation {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use wardrobe_nn::Activation;

    const NAMES: [(&str, Activation); 2] = [
        ("gelu", Activation::Gelu),
        ("quick-gelu", Activation::QuickGelu),
    ];

    pub(super) fn serialize<S: Serializer>(
        activation: &Activation,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match NAMES.iter().find(|(_, named)| named == activation) {
            Some((name, _)) => to.serialize_str(name),
            None => Err(ser::Error::custom(format!(
                "no CLIP has the activation {activation:?}"
            ))),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Activation, D::Error> {
        let text = String::deserialize(from)?;
        match NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, activation)) => Ok(*activation),
            None => Err(de::Error::unknown_variant(&text, &["gelu", "quick-gelu"])),
        }
    }
}

/// The image tower: a vision transformer (Dosovitskiy et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Side of the square image in pixels.
    pub size: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// The blocks.
    pub transformer: TransformerConfig,
}

impl ImageConfig {
    /// Patches along a side.
    pub(crate) fn grid(&self) -> usize {
        self.size / self.patch
    }

    /// The class token and a token for each patch.
    pub(crate) fn tokens(&self) -> usize {
        self.grid() * self.grid() + 1
    }
}

/// The text tower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// The most tokens of a text.
    pub context: usize,
    /// Different tokens.
    pub vocabulary: usize,
    /// The blocks.
    pub transformer: TransformerConfig,
}

/// A stack of attention blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Values of a token.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads of attention; `width` is a multiple of them.
    pub heads: usize,
}
