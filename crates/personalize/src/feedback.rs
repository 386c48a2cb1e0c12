//! What the wearer said of an outfit.

use wardrobe_recommend::{Item, share_a_place};
use wardrobe_types::Signal;

use crate::Rule;
use crate::feature::{Amounts, amounts};

/// What a garment taken in another's place says for the outfit with it, against the one that was shown: the strongest
/// there is, for it was chosen by hand.
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
    /// On which day, counted from 1970-01-01 (UTC).
    pub day: i64,
    /// What was said.
    pub signal: Signal,
    /// The outfit as it was shown. Embeddings, laundry and seasons do not matter.
    pub items: Vec<Item>,
    /// A garment that was worn instead of those of `items` whose place it fills. The feedback then is a comparison: the
    /// outfit with it is better than the one shown by [`INSTEAD`], and nothing is said of what both have.
    pub instead: Option<Item>,
}

impl Feedback {
    /// How much was said.
    pub(crate) fn strength(&self) -> f64 {
        match self.instead {
            Some(_) => INSTEAD,
            None => strength(self.signal),
        }
    }

    /// What it was said of: how much of each feature.
    pub(crate) fn amounts(&self, rule: &Rule) -> Amounts {
        let shown: Vec<&Item> = self.items.iter().collect();
        let of_shown = amounts(&shown, rule);
        let Some(instead) = &self.instead else {
            return of_shown;
        };
        let kept = shown.iter().filter(|item| !share_a_place(item, instead));
        let worn: Vec<&Item> = kept.copied().chain([instead]).collect();
        let mut difference = amounts(&worn, rule);
        for (feature, amount) in of_shown {
            *difference.entry(feature).or_insert(0.0) -= amount;
        }
        difference.retain(|_, amount| amount.abs() > f64::EPSILON);
        difference
    }
}
