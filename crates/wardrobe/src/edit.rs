//! Corrections: what the wearer says wins over what a model saw, for good.

use serde::{Deserialize, Serialize};
use wardrobe_types::{
    Category, Color, ColorName, Fit, Formality, Material, Pattern, Season, Style,
};

/// What the wearer says of a garment; `None` leaves a field to the models.
///
/// Corrections are stored apart from what the models saw and laid over it on reading, so analysing
/// a photo again never loses one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// What it is. Its slots, and the formality and seasons nobody stated, follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Its colours, largest first; the fractions sum to 1. See [`Edit::named_colors`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colors: Option<Vec<Color>>,
    /// Its pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// Its fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// What it is mostly made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<Material>,
    /// Whether it leaves the foot open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// How formal it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formality: Option<Formality>,
    /// The seasons it is worn in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seasons: Option<Vec<Season>>,
    /// The manners of dressing it suits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub styles: Option<Vec<Style>>,
    /// Whether it is in the laundry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub laundry: Option<bool>,
    /// What it cost, at least 0, in the wearer's own currency. [`crate::Wardrobe::reset`] leaves it: no model could know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

impl Edit {
    /// Colours of the palette's own values, with equal shares; `None` for no names.
    pub fn named_colors(names: &[ColorName]) -> Option<Vec<Color>> {
        let fraction = 1.0 / names.len().max(1) as f32;
        let colors = names.iter().map(|&name| Color {
            fraction,
            ..Color::plain(name)
        });
        (!names.is_empty()).then(|| colors.collect())
    }
}
