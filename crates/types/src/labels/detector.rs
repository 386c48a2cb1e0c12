//! The detector's classes: what can be told from a garment's outline, coarser than the categories.

use super::{CCP, ClothingLabel, DEEPFASHION2};
use crate::vocabulary::vocabulary;
use crate::{Category, Slot};

vocabulary! {
    /// A class of the garment detector. Their order is that of its outputs.
    enum DetectorClass, "detector class" {
        Top = "top",
        Outerwear = "outerwear",
        Dress = "dress",
        Skirt = "skirt",
        Trousers = "trousers",
        Shorts = "shorts",
        Shoes = "shoes",
        Bag = "bag",
        Hat = "hat",
    }
}

impl DetectorClass {
    /// The class of garments of this category; `None` for the accessories but bags and hats.
    pub fn of_category(category: Category) -> Option<Self> {
        use Category as C;
        match category {
            C::Shorts => Some(Self::Shorts),
            C::Skirt | C::MiniSkirt => Some(Self::Skirt),
            C::Bag => Some(Self::Bag),
            C::Hat => Some(Self::Hat),
            _ => match category.slots() {
                [Slot::Top] => Some(Self::Top),
                [Slot::Top, Slot::Bottom] => Some(Self::Dress),
                [Slot::Bottom] => Some(Self::Trousers),
                [Slot::Outerwear] => Some(Self::Outerwear),
                [Slot::Shoes] => Some(Self::Shoes),
                _ => None,
            },
        }
    }

    /// The categories of the class, in the taxonomy's order.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        Category::ALL
            .into_iter()
            .filter(move |&category| Self::of_category(category) == Some(self))
    }

    /// The class that another detector's or data set's name for a garment means: a class, a category, or a label of
    /// DeepFashion2, the clothing photos or Clothing Co-Parsing. Case, and `_` for a space or hyphen, do not matter.
    /// A `vest` is DeepFashion2's, a sleeveless top, since detectors are trained on that more than on the taxonomy.
    pub fn of_name(name: &str) -> Option<Self> {
        let spaced = name.to_ascii_lowercase().replace(['_', '-'], " ");
        let kebab = spaced.replace(' ', "-");
        kebab
            .parse()
            .ok()
            .or_else(|| Self::of_label(DEEPFASHION2.categories(&spaced)?))
            .or_else(|| kebab.parse().ok().and_then(Self::of_category))
            .or_else(|| Self::of_label(kebab.parse::<ClothingLabel>().ok()?.categories()))
            .or_else(|| Self::of_label(CCP.categories(&kebab)?))
    }

    /// The class of a label that covers `categories`: that of the most usual, the first.
    pub fn of_label(categories: &[Category]) -> Option<Self> {
        Self::of_category(*categories.first()?)
    }
}
