//! A garment as the recommender sees it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use wardrobe_types::{
    Category, Color, ColorName, Garment, GarmentId, Material, Pattern, Season, Slot, Style,
};

use crate::{Error, Result};

/// What the recommender needs to know of a garment.
///
/// Make one from a stored [`Garment`] with `Item::from(&garment)`, or from a category with [`Item::new`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name.
    pub id: GarmentId,
    /// What it is.
    pub category: Category,
    /// Its dominant colours with their shares; empty where unknown.
    pub colors: Vec<Color>,
    /// How formal it is, 0..=1.
    pub formality: f32,
    /// Its pattern, where known.
    pub pattern: Option<Pattern>,
    /// What it is mostly made of, where known.
    #[serde(default)]
    pub material: Option<Material>,
    /// Whether it leaves the foot open, where that is not as its category has it.
    #[serde(default)]
    pub open: Option<bool>,
    /// The seasons it is worn in; empty where unknown.
    pub seasons: Vec<Season>,
    /// The manners of dressing it suits; empty where unknown.
    pub styles: Vec<Style>,
    /// Its embedding, where there is one: finite, of the same length for all garments of a wardrobe.
    pub embedding: Option<Vec<f32>>,
    /// In the laundry, so not to be recommended.
    pub laundry: bool,
    /// How sure it is that `category` is right, 0..=1; 1 where the wearer said so.
    pub certainty: f32,
    /// When it was worn: days before the day to dress for, each day once, 0 for that day itself. Nothing of the
    /// garment's own, so it is not kept with it.
    #[serde(skip)]
    pub worn: Vec<u32>,
}

/// Below this [`Item::certainty`], a garment is recommended only where there is little else: on phone photos one in
/// three of them fills another slot than its category says, above it one in eighteen.
pub const UNSURE_BELOW: f32 = 0.4;

impl Item {
    /// A garment of which only the category and one plain colour are known; its formality is the category's prior.
    pub fn new(id: impl Into<GarmentId>, category: Category, color: ColorName) -> Self {
        Self {
            id: id.into(),
            category,
            colors: vec![Color::plain(color)],
            formality: category.formality().value(),
            pattern: None,
            material: None,
            open: None,
            seasons: Vec::new(),
            styles: Vec::new(),
            embedding: None,
            laundry: false,
            certainty: 1.0,
            worn: Vec::new(),
        }
    }

    /// The same garment with its embedding, which candidates are spread over.
    #[must_use]
    pub fn with_embedding(mut self, embedding: Vec<f32>) -> Self {
        self.embedding = Some(embedding);
        self
    }

    /// Whether its category may well be wrong.
    pub(crate) fn is_unsure(&self) -> bool {
        self.certainty < UNSURE_BELOW
    }

    /// How many days ago it was worn last; `None` where that is not known.
    pub(crate) fn days_since_worn(&self) -> Option<u32> {
        self.worn.iter().copied().min()
    }

    /// Whether it fills `slot`.
    pub(crate) fn fills(&self, slot: Slot) -> bool {
        self.category.slots().contains(&slot)
    }

    /// Whether it fills top and bottom at once.
    pub(crate) fn is_one_piece(&self) -> bool {
        self.fills(Slot::Top) && self.fills(Slot::Bottom)
    }

    /// Whether it is an accessory, and so weighs less in what an outfit looks like.
    pub(crate) fn is_accessory(&self) -> bool {
        self.fills(Slot::Accessory)
    }

    /// The colour with the largest share.
    pub(crate) fn main_color(&self) -> Option<ColorName> {
        self.colors
            .iter()
            .max_by(|a, b| a.fraction.total_cmp(&b.fraction).then(b.name.cmp(&a.name)))
            .map(|color| color.name)
    }

    /// Checks the numbers that scores are computed from.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |what, got, expected| Error::BadItem {
            id: self.id.clone(),
            what,
            got,
            expected,
        };
        if !(0.0..=1.0).contains(&self.formality) {
            return Err(bad("formality", self.formality, "a number from 0 to 1"));
        }
        if !(0.0..=1.0).contains(&self.certainty) {
            return Err(bad("certainty", self.certainty, "a number from 0 to 1"));
        }
        let mut fractions = self.colors.iter().map(|color| color.fraction);
        if let Some(got) = fractions.find(|fraction| !(0.0..=1.001).contains(fraction)) {
            return Err(bad("color fraction", got, "a number from 0 to 1"));
        }
        let embedding = self.embedding.as_deref().unwrap_or_default();
        // Without an early exit this runs on vector registers: a wardrobe has millions of these numbers.
        let finite = embedding
            .iter()
            .fold(true, |finite, value| finite & value.is_finite());
        if !finite {
            let value = embedding.iter().find(|value| !value.is_finite());
            let got = value.copied().unwrap_or(f32::NAN);
            return Err(bad("embedding", got, "finite numbers"));
        }
        Ok(())
    }

    /// An order by content alone, so that a score cannot depend on the order its items were given in.
    pub(crate) fn content_cmp(&self, other: &Self) -> Ordering {
        self.category
            .cmp(&other.category)
            .then_with(|| self.formality.total_cmp(&other.formality))
            .then_with(|| colors_cmp(&self.colors, &other.colors))
            .then_with(|| self.pattern.cmp(&other.pattern))
            .then_with(|| self.material.cmp(&other.material))
            .then_with(|| self.open.cmp(&other.open))
            .then_with(|| self.seasons.cmp(&other.seasons))
            .then_with(|| self.styles.cmp(&other.styles))
            .then_with(|| self.laundry.cmp(&other.laundry))
            .then_with(|| self.worn.cmp(&other.worn))
    }
}

fn colors_cmp(left: &[Color], right: &[Color]) -> Ordering {
    let by_color = left.iter().zip(right).map(|(a, b)| {
        let by_name = a.name.cmp(&b.name);
        by_name.then_with(|| a.fraction.total_cmp(&b.fraction))
    });
    let by_length = left.len().cmp(&right.len());
    by_color
        .fold(Ordering::Equal, Ordering::then)
        .then(by_length)
}

impl From<&Garment> for Item {
    fn from(garment: &Garment) -> Self {
        Self {
            id: garment.id.clone(),
            category: garment.category,
            colors: garment.colors.clone(),
            formality: garment.formality,
            pattern: garment.pattern,
            material: garment.material,
            open: garment.open,
            seasons: garment.seasons.clone(),
            styles: garment.styles.clone(),
            embedding: None,
            laundry: garment.laundry,
            certainty: garment.category_confidence,
            worn: Vec::new(),
        }
    }
}
