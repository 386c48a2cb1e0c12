//! What the wearer said of an outfit, and what it is credited to.

use std::collections::BTreeMap;

use wardrobe_recommend::{Item, share_a_place};
use wardrobe_types::Signal;

use crate::Feature;
use crate::feature::features;

/// What a garment put in another's place says for it, the strongest there is: it was chosen by hand, against what was shown.
pub const INSTEAD: f64 = 3.0;

/// How much a signal says: for an outfit where positive, against it where negative.
pub const fn strength(signal: Signal) -> f64 {
    match signal {
        Signal::Wear => 2.0,
        Signal::Like => 1.0,
        Signal::Skip => -0.3,
        Signal::Dislike => -1.0,
    }
}

/// What the wearer said of an outfit, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Its number; no other has it.
    pub number: i64,
    /// When, in seconds since 1970 (UTC).
    pub at: i64,
    /// What was said.
    pub signal: Signal,
    /// The outfit as it was shown. Embeddings, laundry and seasons do not matter.
    pub items: Vec<Item>,
    /// A garment taken instead of those of `items` whose place it fills; the signal then is about the outfit with it.
    pub instead: Option<Item>,
}

impl Feedback {
    /// What it says for (positive) or against each feature.
    ///
    /// Of an outfit as shown, every feature gets the signal's [`strength`], in proportion where it is the colour of a part
    /// of a garment. With a garment taken instead, what only the worn outfit has gets [`INSTEAD`], what only the shown
    /// outfit had counts as disliked, and what both have gets the signal's strength.
    pub(crate) fn credits(&self) -> BTreeMap<Feature, f64> {
        let shown: Vec<&Item> = self.items.iter().collect();
        let said = strength(self.signal);
        let Some(instead) = &self.instead else {
            return credited(&features(&shown), |_| said);
        };
        let kept = shown.iter().filter(|item| !share_a_place(item, instead));
        let worn: Vec<&Item> = kept.copied().chain([instead]).collect();
        let (shown, worn) = (features(&shown), features(&worn));
        let mut credits = credited(&worn, |feature| {
            if shown.contains_key(feature) { said } else { INSTEAD }
        });
        let lost = credited(&shown, |_| strength(Signal::Dislike));
        let lost = lost.into_iter().filter(|(feature, _)| !worn.contains_key(feature));
        credits.extend(lost);
        credits
    }
}

/// No feature is credited with more than one whole garment of it.
fn credited(
    features: &BTreeMap<Feature, f64>,
    value: impl Fn(&Feature) -> f64,
) -> BTreeMap<Feature, f64> {
    let credit = |(feature, amount): (&Feature, &f64)| (*feature, value(feature) * amount.min(1.0));
    features.iter().map(credit).collect()
}
