//! Whether the garments are equally dressy, and as dressy as the occasion.

use wardrobe_types::{Formality, FormalityBand};

use crate::Item;
use crate::explain::Reason;
use crate::phrase;
use crate::weights::{WEIGHTS, rule};

/// Garments further apart than this (after [`rule::ACCESSORY_REACH`]) are worth naming.
const NOTICEABLE: f32 = 0.25;

/// The judgement of an outfit's formality.
#[derive(Debug)]
pub(crate) struct Dressiness {
    /// 0..=1.
    pub score: f32,
    agreement: f32,
    spread: Spread,
    level: Formality,
    target: Option<(Formality, f32)>,
}

/// The two garments furthest apart.
#[derive(Debug, Clone, Copy)]
struct Spread {
    distance: f32,
    /// Indices of the dressiest and the most casual of the two.
    dressy: usize,
    casual: usize,
}

/// Judges `items` (at least one).
///
/// Agreement is 1 - variance x scale, where the variance is that of the two garments furthest apart, (distance / 2)^2.
/// It is the largest variance any part of the outfit has: with the mean variance, a belt in the middle of the scale
/// would mend a suit worn with sandals. So adding a garment never raises it.
pub(crate) fn judge(items: &[&Item], asked: Option<Formality>) -> Dressiness {
    let spread = spread(items);
    let variance = (spread.distance / 2.0).powi(2);
    let agreement = (1.0 - rule::FORMALITY_SCALE * variance).max(0.0);
    let level = level(items);
    let target = asked.map(|asked| (asked, closeness(level, asked)));
    Dressiness {
        score: agreement * target.map_or(1.0, |(_, closeness)| closeness),
        agreement,
        spread,
        level,
        target,
    }
}

fn spread(items: &[&Item]) -> Spread {
    let reach = |item: &Item| {
        if item.is_accessory() {
            rule::ACCESSORY_REACH
        } else {
            1.0
        }
    };
    let mut widest = Spread {
        distance: 0.0,
        dressy: 0,
        casual: 0,
    };
    for (i, a) in items.iter().enumerate() {
        for (j, b) in items.iter().enumerate() {
            let distance = (a.formality - b.formality) * reach(a) * reach(b);
            if distance > widest.distance {
                widest = Spread {
                    distance,
                    dressy: i,
                    casual: j,
                };
            }
        }
    }
    widest
}

/// How dressy the outfit is as a whole: the mean over its garments, without accessories unless there is nothing else.
fn level(items: &[&Item]) -> Formality {
    let mean = |items: &[&&Item]| {
        let sum: f32 = items.iter().map(|item| item.formality).sum();
        sum / items.len().max(1) as f32
    };
    let garments: Vec<&&Item> = items.iter().filter(|item| !item.is_accessory()).collect();
    let value = if garments.is_empty() {
        mean(&items.iter().collect::<Vec<_>>())
    } else {
        mean(&garments)
    };
    // A mean of checked formalities is in range; a rounding error above 1 is not worth an error.
    Formality::new(value.clamp(0.0, 1.0)).unwrap_or_else(|_| FormalityBand::SmartCasual.center())
}

fn closeness(level: Formality, asked: Formality) -> f32 {
    let off = (level.value() - asked.value()).abs() - rule::FORMALITY_TOLERANCE;
    (1.0 - rule::FORMALITY_DISTANCE * off.max(0.0)).max(0.0)
}

impl Dressiness {
    /// The reasons in words: agreement, and where asked for, the occasion.
    pub(crate) fn reasons(&self, items: &[&Item]) -> Vec<Reason> {
        let strength = |term: f32| WEIGHTS.formality * (term - rule::UNREMARKABLE).abs();
        let mut reasons = Vec::new();
        if items.len() > 1 {
            reasons.push(Reason {
                strength: strength(self.agreement),
                text: self.agreement_text(items),
            });
        }
        if let Some((asked, closeness)) = self.target {
            reasons.push(Reason {
                strength: strength(closeness),
                text: self.target_text(asked),
            });
        }
        reasons
    }

    fn agreement_text(&self, items: &[&Item]) -> String {
        let Spread {
            distance,
            dressy,
            casual,
        } = self.spread;
        if distance < NOTICEABLE {
            let only_accessories = items.iter().all(|item| item.is_accessory());
            let garments = items
                .iter()
                .filter(|item| !item.is_accessory() || only_accessories);
            let names = garments.map(|item| phrase::item(item));
            return format!("{}: {}", all_of(self.level.band()), phrase::list(names));
        }
        let much = if self.agreement < 0.5 {
            "much"
        } else {
            "a little"
        };
        format!(
            "{} {} {much} dressier than {}",
            phrase::the(items[dressy]),
            phrase::is_or_are(items[dressy].category),
            phrase::the(items[casual])
        )
    }

    fn target_text(&self, asked: Formality) -> String {
        let off = self.level.value() - asked.value();
        let wanted = asked.band();
        if off.abs() <= rule::FORMALITY_TOLERANCE {
            format!("as {wanted} as asked for")
        } else if off > 0.0 {
            format!("dressier than the {wanted} asked for")
        } else {
            format!("more casual than the {wanted} asked for")
        }
    }
}

fn all_of(band: FormalityBand) -> &'static str {
    match band {
        FormalityBand::Casual => "all casual",
        FormalityBand::SmartCasual => "all smart casual",
        FormalityBand::Business => "all business",
        FormalityBand::Formal => "all formal",
    }
}
