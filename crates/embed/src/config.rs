//! The sizes of a CLIP, and the two editions of ViT-B/32.

use serde::{Deserialize, Serialize};
use wardrobe_ingest::Preprocess;
use wardrobe_nn::Activation;
use wardrobe_types::EmbedderId;

/// Which ViT-B/32 a file's weights were trained as: no file of weights says so itself.
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

    /// How photos are brought to the network: shorter side to 224 (bicubic), centre crop, CLIP's mean and deviation.
    pub fn preprocess(self) -> Preprocess {
        Preprocess::clip(224)
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipConfig {
    /// Length of an embedding, the same for both towers.
    pub dimension: usize,
    /// Between a block's two MLP layers.
    pub activation: Activation,
    /// The image tower.
    pub image: ImageConfig,
    /// The text tower.
    pub text: TextConfig,
}

/// The image tower: a vision transformer (Dosovitskiy et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextConfig {
    /// The most tokens of a text.
    pub context: usize,
    /// Different tokens.
    pub vocabulary: usize,
    /// The blocks.
    pub transformer: TransformerConfig,
}

/// A stack of attention blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformerConfig {
    /// Values of a token.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads of attention; `width` is a multiple of them.
    pub heads: usize,
}
