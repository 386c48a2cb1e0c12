use std::fmt;
use std::str::FromStr;

use wardrobe_embed::Variant;
use wardrobe_types::did_you_mean;
use wardrobe_weights::Tensors;

use crate::{Error, Result};

/// A network that weights can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// YOLOv8, n to x.
    YoloV8,
    /// EfficientNet-B0.
    EfficientNetB0,
    /// CLIP ViT-B/32 with the exact GELU: OpenCLIP's.
    ClipVitB32,
    /// CLIP ViT-B/32 with `x * sigmoid(1.702 x)`: OpenAI's.
    ClipVitB32QuickGelu,
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::YoloV8,
        Self::EfficientNetB0,
        Self::ClipVitB32,
        Self::ClipVitB32QuickGelu,
    ];

    /// Its name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::YoloV8 => "yolov8",
            Self::EfficientNetB0 => "efficientnet-b0",
            Self::ClipVitB32 => "clip-vit-b-32",
            Self::ClipVitB32QuickGelu => "clip-vit-b-32-quickgelu",
        }
    }

    /// The network whose tensors have these names; `told` is what the manifest says, where it knows the file.
    ///
    /// # Errors
    /// Where they are no known network's, or a CLIP's of which nothing tells the activation.
    pub fn of(weights: &Tensors, told: Option<&str>) -> Result<Self> {
        let noted = weights.metadata.get("architecture").map(String::as_str);
        if let Some(known) = noted.or(told) {
            return known.parse();
        }
        match Variant::of(weights)? {
            Some(Variant::VitB32) => return Ok(Self::ClipVitB32),
            Some(Variant::VitB32QuickGelu) => return Ok(Self::ClipVitB32QuickGelu),
            None => {}
        }
        let has = |name: &str| weights.map.contains_key(name);
        let ends = |end: &str| weights.map.keys().any(|name| name.ends_with(end));
        if has("visual.conv1.weight")
            || has("vision_model.embeddings.class_embedding")
            || has("image.patches.weight")
        {
            // OpenAI's archives note their sizes among the parameters, and no one else's do.
            return match has("input_resolution") {
                true => Ok(Self::ClipVitB32QuickGelu),
                false => Err(Error::WhichClip {
                    file: weights.file.clone(),
                }),
            };
        }
        if has("backbone.stem.conv.weight") || ends("22.cv2.0.0.conv.weight") {
            return Ok(Self::YoloV8);
        }
        if has("conv_stem.weight") || has("features.0.0.weight") || has("stem.conv.weight") {
            return Ok(Self::EfficientNetB0);
        }
        Err(Error::WhichNetwork {
            file: weights.file.clone(),
            tensors: weights.map.keys().take(3).cloned().collect(),
        })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Architecture {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|a| a.as_str() == name);
        named.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str);
            let near = did_you_mean(name, known);
            let expected = if near.is_empty() {
                known.to_vec()
            } else {
                near
            };
            Error::UnknownArchitecture {
                name: name.to_owned(),
                expected: expected.join(", "),
            }
        })
    }
}
