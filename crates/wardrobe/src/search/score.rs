//! How well a garment's tags answer a query.
//!
//! Each thing asked for gives a match in 0..=1, and a word that means any of several things the best of theirs:
//!
//! | asked | match |
//! |---|---|
//! | category | 1 for that category, [`SAME_FAMILY`] for a near one (a blouse for a shirt), [`SAME_SLOT`] for one worn in the same place, else 0; the less sure the category, the less it counts ([`LEAST_SURE`]) |
//! | colour | over the garment's colours, each by its share: 1 for the name asked, [`SAME_BASIC`] for another shade of a basic colour asked for, and for any colour at most [`NEAR`], falling to 0 at a CIEDE2000 of [`REACH`]. The root of the sum, so that a colour of half the garment is more than half the answer |
//! | season, style, pattern, fit | 1 if the garment has it, 0 if it has others, [`UNKNOWN`] if it has none stated |
//! | formality, and a style that says how formal (casual, business, formal) | 1 inside the band, falling to 0 at [`BAND_REACH`] from it |
//!
//! What is asked of one facet twice ("red and white") counts by its mean, and the score is the mean of the facets asked about,
//! weighted by [`weight`]. It is halved where a category was asked and the garment is not even worn in the same place. A garment
//! that has what is not wanted is no answer at all.
//!
//! The numbers were set by reason and looked over on 920 queries made of the training part of a catalogue, where no change of one
//! of them by a quarter moves precision at 5 by more than 0.007 (`wardrobe eval search` measures it).

use wardrobe_attributes::color::delta_e;
use wardrobe_types::{Category, Color, FormalityBand, Garment, Style};

use super::query::{Facet, Query, Term, Wish};
use crate::ColorQuery;
use crate::describe::TELLING_SHARE;

/// A category of the same family.
const SAME_FAMILY: f32 = 0.6;
/// A category worn in the same place.
const SAME_SLOT: f32 = 0.25;
/// What is left of a category's match where the classifier is not sure of it at all.
const LEAST_SURE: f32 = 0.7;
/// Another shade of the basic colour asked for.
const SAME_BASIC: f32 = 0.8;
/// The most that a colour of another name is worth.
const NEAR: f32 = 0.8;
/// The CIEDE2000 at which two colours have nothing in common.
const REACH: f32 = 25.0;
/// The distance from a band of formality at which nothing is left of it.
const BAND_REACH: f32 = 0.4;
/// What nobody has said.
const UNKNOWN: f32 = 0.25;
/// The match from which a garment counts as having what is asked.
const HAS: f32 = 0.5;

/// The match from which a garment has it for certain, and is left out where it is not wanted.
const CERTAINLY: f32 = 0.75;

/// Categories that are taken for each other, by people and by classifiers.
const FAMILIES: &[&[Category]] = {
    use Category as C;
    &[
        &[C::TShirt, C::Polo, C::TankTop, C::LongSleeveTop],
        &[C::Shirt, C::Blouse, C::Polo],
        &[C::Blouse, C::LongSleeveTop, C::TankTop],
        &[
            C::Sweater,
            C::Cardigan,
            C::Hoodie,
            C::Sweatshirt,
            C::LongSleeveTop,
        ],
        &[C::TankTop, C::Bodysuit],
        &[C::Jeans, C::Trousers, C::Chinos],
        &[C::Trousers, C::Joggers, C::Leggings],
        &[C::Skirt, C::MiniSkirt],
        &[C::Dress, C::EveningDress],
        &[C::Jumpsuit, C::Romper],
        &[C::Jacket, C::DenimJacket, C::LeatherJacket, C::PufferJacket],
        &[C::Blazer, C::SuitJacket],
        &[C::Coat, C::TrenchCoat, C::PufferJacket],
        &[C::Boots, C::AnkleBoots],
        &[C::DressShoes, C::Loafers],
        &[C::Sneakers, C::Loafers],
        &[C::Flats, C::Heels],
        &[C::Flats, C::Sandals],
        &[C::Heels, C::Sandals],
    ]
};

/// How much a facet counts.
fn weight(facet: Facet) -> f32 {
    match facet {
        Facet::Kind => 1.0,
        Facet::Color => 0.8,
        Facet::Pattern | Facet::Style => 0.4,
        Facet::Season | Facet::Fit => 0.25,
    }
}

impl Query {
    /// How well a garment's tags answer, 0..=1; `None` for a garment that has what is not wanted. A query that wants nothing
    /// in particular is answered by every other garment.
    pub fn score(&self, garment: &Garment) -> Option<f32> {
        if self.unwanted.iter().any(|wish| wish.is_had_by(garment)) {
            return None;
        }
        let (mut sum, mut weights, mut misplaced) = (0.0, 0.0, false);
        for facet in Facet::ALL {
            let wishes = self.wanted.iter().filter(|wish| wish.is_about(facet));
            let matches: Vec<f32> = wishes.map(|wish| wish.matched_by(garment)).collect();
            if matches.is_empty() {
                continue;
            }
            let mean = matches.iter().sum::<f32>() / matches.len() as f32;
            misplaced |= facet == Facet::Kind && mean == 0.0;
            sum += weight(facet) * mean;
            weights += weight(facet);
        }
        let score = if weights == 0.0 { 1.0 } else { sum / weights };
        Some(if misplaced { 0.5 * score } else { score })
    }
}

impl Wish {
    /// How well a garment answers this alone, 0..=1.
    pub fn matched_by(&self, garment: &Garment) -> f32 {
        let matches = self.any_of.iter().map(|term| term.matched_by(garment));
        matches.fold(0.0, f32::max)
    }

    /// Whether a garment answers this more than not.
    pub fn is_answered_by(&self, garment: &Garment) -> bool {
        self.matched_by(garment) >= HAS
    }

    /// Whether a garment has exactly this, and no near miss.
    fn is_had_by(&self, garment: &Garment) -> bool {
        self.any_of.iter().any(|term| term.is_had_by(garment))
    }
}

impl Term {
    fn matched_by(self, garment: &Garment) -> f32 {
        match self {
            Self::Category(asked) => kind(asked, garment),
            Self::Color(asked) => color(asked, &garment.colors),
            Self::Pattern(asked) => stated(asked, garment.pattern.as_slice()),
            Self::Fit(asked) => stated(asked, garment.fit.as_slice()),
            Self::Season(asked) => stated(asked, &garment.seasons),
            Self::Style(asked) => {
                let stated = stated(asked, &garment.styles);
                band_of(asked).map_or(stated, |band| stated.max(within(band, garment.formality)))
            }
            Self::Formality(band) => within(band, garment.formality),
        }
    }

    fn is_had_by(self, garment: &Garment) -> bool {
        match self {
            Self::Category(asked) => garment.category == asked,
            Self::Color(asked) => garment
                .colors
                .iter()
                .any(|color| asked.matches(color.name) && color.fraction >= TELLING_SHARE),
            _ => self.matched_by(garment) >= CERTAINLY,
        }
    }
}

fn kind(asked: Category, garment: &Garment) -> f32 {
    let of = garment.category;
    let one_family = |family: &&[Category]| family.contains(&asked) && family.contains(&of);
    let near = if of == asked {
        1.0
    } else if FAMILIES.iter().any(one_family) {
        SAME_FAMILY
    } else if of.slots() == asked.slots() && !is_accessory(of) {
        SAME_SLOT
    } else {
        0.0
    };
    near * (LEAST_SURE + (1.0 - LEAST_SURE) * garment.category_confidence)
}

/// Accessories have a slot each, in effect: a belt is no kind of watch.
fn is_accessory(category: Category) -> bool {
    category.slots() == [wardrobe_types::Slot::Accessory]
}

fn color(asked: ColorQuery, colors: &[Color]) -> f32 {
    let share = |color: &Color| color.fraction * shade(asked, color);
    colors.iter().map(share).sum::<f32>().clamp(0.0, 1.0).sqrt()
}

/// How much a colour is the one asked for.
fn shade(asked: ColorQuery, color: &Color) -> f32 {
    let (name, same_basic) = match asked {
        ColorQuery::Name(name) => (Some(name), false),
        ColorQuery::Basic(basic) => (basic.as_str().parse().ok(), color.name.basic() == basic),
    };
    if name == Some(color.name) {
        return 1.0;
    }
    let near = name.map_or(0.0, |name| {
        NEAR * (1.0 - delta_e(color.hex, name.srgb()) / REACH).max(0.0)
    });
    if same_basic {
        near.max(SAME_BASIC)
    } else {
        near
    }
}

fn stated<T: PartialEq>(asked: T, of: &[T]) -> f32 {
    match of {
        [] => UNKNOWN,
        of if of.contains(&asked) => 1.0,
        _ => 0.0,
    }
}

/// How formal a style is, where it says so.
fn band_of(style: Style) -> Option<FormalityBand> {
    match style {
        Style::Casual => Some(FormalityBand::Casual),
        Style::Business => Some(FormalityBand::Business),
        Style::Formal => Some(FormalityBand::Formal),
        _ => None,
    }
}

fn within(band: FormalityBand, formality: f32) -> f32 {
    let (low, high) = band.range();
    let beyond = (low - formality).max(formality - high).max(0.0);
    1.0 - (beyond / BAND_REACH).min(1.0)
}
