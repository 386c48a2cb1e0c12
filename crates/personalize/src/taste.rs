//! What is known of the wearer, as a term of the score.

use std::collections::BTreeMap;

use wardrobe_recommend::{Item, Liking, Taste};

use crate::feature::{Amounts, Kind, amounts};
use crate::{Feature, Rule};

/// The wearer's taste on a day. See [`crate::Preferences::taste`].
#[derive(Debug, Clone)]
pub struct TasteNow {
    rule: Rule,
    weights: BTreeMap<Feature, f64>,
}

/// Below this, of a scale from -1 to 1, an outfit is not worth a word about taste.
const REMARKABLE: f64 = 0.1;

impl TasteNow {
    pub(crate) fn new(rule: Rule, weights: BTreeMap<Feature, f64>) -> Self {
        Self { rule, weights }
    }

    /// What each feature of an outfit adds to what is thought of it, in likes.
    fn parts(&self, items: &[&Item]) -> Amounts {
        let amounts = amounts(items, &self.rule).into_iter();
        let part = |(feature, amount)| Some((feature, amount * self.weights.get(&feature)?));
        amounts.filter_map(part).collect()
    }
}

impl Taste for TasteNow {
    /// `None` where nothing was ever said.
    fn judge(&self, items: &[&Item]) -> Option<Liking> {
        if self.weights.is_empty() {
            return None;
        }
        let parts = self.parts(items);
        let felt = parts.values().sum::<f64>().tanh();
        Some(Liking {
            term: (0.5 + 0.5 * felt) as f32,
            because: because(&parts, felt),
        })
    }
}

/// "to your taste: navy chinos".
fn because(parts: &Amounts, felt: f64) -> Option<String> {
    let strongest = parts
        .iter()
        .max_by(|a, b| (a.1 * felt).total_cmp(&(b.1 * felt)));
    let (feature, _) = strongest.filter(|_| felt.abs() >= REMARKABLE)?;
    let manner = if felt > 0.0 { "to" } else { "not to" };
    Some(format!("{manner} your taste: {}", feature.words()))
}

/// How much these changes of weights can change what is thought of an outfit at most, whatever it is made of: of each
/// kind, the feature that changed most and nothing else.
pub(crate) fn most(changes: &Amounts, rule: &Rule) -> f64 {
    let mut of_kind = [0.0_f64; Kind::COUNT];
    for (feature, change) in changes {
        let share = rule.shares.of_kind(feature.kind());
        let most = &mut of_kind[feature.kind() as usize];
        *most = most.max(share * change.abs());
    }
    rule.scale * of_kind.iter().sum::<f64>()
}
