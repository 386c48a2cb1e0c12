//! Which garments to list.

use serde::Serialize;
use wardrobe_recommend::UNSURE_BELOW;
use wardrobe_types::{BasicColor, Category, ColorName, Error, Garment, Season, Slot, Style};

/// A colour as people ask for it: one of the palette's names, or one of the twelve basic colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorQuery {
    /// Exactly this name.
    Name(ColorName),
    /// Every name of this basic colour. `blue` is both; the basic colour is meant, for it holds
    /// the other.
    Basic(BasicColor),
}

impl ColorQuery {
    pub(crate) fn matches(self, name: ColorName) -> bool {
        match self {
            Self::Name(asked) => name == asked,
            Self::Basic(asked) => name.basic() == asked,
        }
    }
}

impl std::str::FromStr for ColorQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(basic) = BasicColor::ALL
            .into_iter()
            .find(|basic| basic.as_str() == text)
        {
            return Ok(Self::Basic(basic));
        }
        text.parse().map(Self::Name)
    }
}

/// Which garments to list; every condition given must hold, an empty filter lets all through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// It fills this slot.
    pub slot: Option<Slot>,
    /// It is this.
    pub category: Option<Category>,
    /// One of its dominant colours is this.
    pub color: Option<ColorQuery>,
    /// It is worn in this season.
    pub season: Option<Season>,
    /// It suits this style.
    pub style: Option<Style>,
    /// Every word is part of its description: category, slots, colours, pattern, fit, seasons,
    /// styles, id. Case does not matter.
    pub text: Option<String>,
    /// It is unsure what it is, and the wearer has not said.
    pub unsure: bool,
}

impl Filter {
    /// Whether a garment passes.
    pub fn matches(&self, garment: &Garment) -> bool {
        self.slot.is_none_or(|slot| garment.slots.contains(&slot))
            && self
                .category
                .is_none_or(|category| garment.category == category)
            && self
                .color
                .is_none_or(|color| garment.colors.iter().any(|c| color.matches(c.name)))
            && self
                .season
                .is_none_or(|season| garment.seasons.contains(&season))
            && self
                .style
                .is_none_or(|style| garment.styles.contains(&style))
            && self
                .text
                .as_deref()
                .is_none_or(|text| has_words(garment, text))
            && (!self.unsure || garment.category_confidence < UNSURE_BELOW)
    }
}

/// Whether each word of `text` is found in the garment's description.
fn has_words(garment: &Garment, text: &str) -> bool {
    let description = description(garment);
    text.to_lowercase()
        .split_whitespace()
        .all(|word| description.contains(word))
}

/// Everything about a garment that has a name, in lower case.
fn description(garment: &Garment) -> String {
    let mut words = vec![garment.id.to_string(), garment.category.to_string()];
    // Both spellings, so that "long sleeve" finds a long-sleeve-top.
    words.push(garment.category.as_str().replace('-', " "));
    words.extend(garment.slots.iter().map(ToString::to_string));
    words.extend(
        garment
            .colors
            .iter()
            .flat_map(|c| [c.name.as_str(), c.name.basic().as_str()].map(String::from)),
    );
    words.extend(garment.pattern.map(|pattern| pattern.to_string()));
    words.extend(garment.fit.map(|fit| fit.to_string()));
    words.extend(garment.seasons.iter().map(ToString::to_string));
    words.extend(garment.styles.iter().map(ToString::to_string));
    words.join(" ").to_lowercase()
}
