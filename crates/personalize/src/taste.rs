//! What is known of the wearer, as a term of the score.

use std::collections::BTreeMap;

use wardrobe_recommend::{Item, Liking, Taste};

use crate::feature::{Kind, features};
use crate::{Feature, Rule, Shares};

/// The wearer's taste at a time. See [`crate::Preferences::taste`].
#[derive(Debug, Clone)]
pub struct TasteNow {
    gain: f64,
    shares: Shares,
    weights: BTreeMap<Feature, f64>,
}

/// Below this, of a scale from -1 to 1, an outfit is not worth a word about taste.
const REMARKABLE: f64 = 0.1;

/// One feature's part in what is thought of an outfit.
type Part = (Feature, f64);

impl TasteNow {
    pub(crate) fn new(rule: &Rule, weights: BTreeMap<Feature, f64>) -> Self {
        Self {
            gain: rule.gain,
            shares: rule.shares,
            weights,
        }
    }

    /// What each feature of an outfit adds; the sum is a mean of weights, and so within -1..=1.
    ///
    /// Each kind of feature has its share, each feature of a kind its amount: an outfit of many garments is not liked
    /// more for their number.
    fn parts(&self, items: &[&Item]) -> Vec<Part> {
        let found = features(items);
        let mut amounts = [0.0; Kind::COUNT];
        for (feature, amount) in &found {
            amounts[feature.kind() as usize] += amount;
        }
        let kinds: BTreeMap<usize, f64> = found
            .keys()
            .map(|feature| (feature.kind() as usize, self.shares.of_kind(feature.kind())))
            .collect();
        let all: f64 = kinds.values().sum();
        let part = |(feature, amount): (Feature, f64)| {
            let weight = self.weights.get(&feature)?;
            let kind = feature.kind();
            let share = self.shares.of_kind(kind) / all * amount / amounts[kind as usize];
            Some((feature, share * weight))
        };
        found.into_iter().filter_map(part).collect()
    }

    /// "to your taste: navy and chinos".
    fn because(&self, parts: Vec<Part>, felt: f64) -> Option<String> {
        let strongest = |a: &Part, b: &Part| (a.1 * felt).total_cmp(&(b.1 * felt));
        let (feature, _) = parts.into_iter().max_by(strongest)?;
        let manner = if felt > 0.0 { "" } else { "not " };
        (felt.abs() >= REMARKABLE).then(|| format!("{manner}to your taste: {}", feature.words()))
    }
}

impl Taste for TasteNow {
    /// `None` where nothing was ever said; else half the range up or down, by the mean weight of what the outfit has.
    fn judge(&self, items: &[&Item]) -> Option<Liking> {
        if self.weights.is_empty() {
            return None;
        }
        let parts = self.parts(items);
        let mean: f64 = parts.iter().map(|(_, part)| part).sum();
        let felt = (self.gain * mean).tanh();
        Some(Liking {
            term: (0.5 + 0.5 * felt) as f32,
            because: self.because(parts, felt),
        })
    }
}
