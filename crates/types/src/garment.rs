//! Garments, outfits and their scores, as stored and as printed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{BoxXyxy, Category, Color, Fit, Material, Pattern, Season, Slot, Style};

/// Declares a transparent text identifier.
macro_rules! text_id {
    ($(#[$meta:meta])* $Name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $Name(String);

        impl $Name {
            /// The identifier with this text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<String> for $Name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $Name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$Name> for String {
            fn from(id: $Name) -> Self {
                id.0
            }
        }

        impl FromStr for $Name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::new(text))
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// Names one garment of a wardrobe.
    GarmentId
}

text_id! {
    /// Names one outfit: the same garments have the same id.
    OutfitId
}

text_id! {
    /// Names the model whose space an embedding lives in.
    EmbedderId
}

/// One garment of a wardrobe, as stored and as printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Garment {
    /// Its name in the wardrobe.
    pub id: GarmentId,
    /// The stored photo, relative to the wardrobe's folder.
    pub photo: String,
    /// The stored crop of the garment, relative to the wardrobe's folder.
    pub crop: String,
    /// Where the garment is, in pixels of the upright photo.
    pub bbox: BoxXyxy,
    /// What it is.
    pub category: Category,
    /// How sure the classifier is of the category, 0..=1; 1 where a person said so.
    pub category_confidence: f32,
    /// The places of an outfit it fills.
    pub slots: Vec<Slot>,
    /// Its dominant colours, the main one first; the fractions sum to 1.
    pub colors: Vec<Color>,
    /// Its pattern, where known.
    pub pattern: Option<Pattern>,
    /// Its fit, where known.
    pub fit: Option<Fit>,
    /// What it is mostly made of, where the wearer has said so.
    pub material: Option<Material>,
    /// Whether it leaves the foot open, where the wearer has said so.
    pub open: Option<bool>,
    /// How formal it is, 0..=1.
    pub formality: f32,
    /// The seasons it is worn in; empty where unknown.
    pub seasons: Vec<Season>,
    /// The manners of dressing it suits; empty where unknown.
    pub styles: Vec<Style>,
    /// The model that made its embedding.
    pub embedder: EmbedderId,
    /// In the laundry, so not to be recommended.
    pub laundry: bool,
    /// When it was stored, RFC 3339.
    pub created_at: String,
}

/// Garments worn together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outfit {
    /// Its name.
    pub id: OutfitId,
    /// Its garments; the order means nothing.
    pub garments: Vec<GarmentId>,
}

/// How well garments go together, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The whole, 0..=1.
    pub score: f32,
    /// The terms it is made of.
    pub breakdown: Breakdown,
    /// Reasons in plain words, the strongest first.
    pub explanation: Vec<String>,
}

/// The terms of a score, each 0..=1; `None` (JSON null) where a term does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Breakdown {
    /// Harmony of the colours.
    pub color: Option<f32>,
    /// Agreement of the formalities, with each other and with the occasion.
    pub formality: Option<f32>,
    /// Whether such categories are worn together.
    pub category: Option<f32>,
    /// A trained model's opinion.
    pub learned: Option<f32>,
    /// The wearer's own preferences.
    pub preference: Option<f32>,
    /// Whether its garments are worn less than others in their place: 0.5 as often, 1 never.
    pub rotation: Option<f32>,
}
