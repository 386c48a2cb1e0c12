//! Patterns: one loud pattern is a statement, two are an argument.

use wardrobe_types::Pattern;

use crate::Item;
use crate::phrase;
use crate::weights::rule;

/// The pattern mix that costs most.
#[derive(Debug)]
pub(crate) struct Mix {
    /// What it takes from the category term.
    pub penalty: f32,
    first: usize,
    second: usize,
}

/// The loudest two patterns, where two garments have any; accessories may always be patterned.
pub(crate) fn judge(items: &[&Item]) -> Option<Mix> {
    let mut worst: Option<Mix> = None;
    for (first, a) in items.iter().enumerate() {
        for (second, b) in items.iter().enumerate().skip(first + 1) {
            let penalty = cost(a, b);
            if penalty > worst.as_ref().map_or(0.0, |mix| mix.penalty) {
                worst = Some(Mix {
                    penalty,
                    first,
                    second,
                });
            }
        }
    }
    worst
}

fn cost(a: &Item, b: &Item) -> f32 {
    if a.is_accessory() || b.is_accessory() {
        return 0.0;
    }
    match (a.pattern.map(loudness), b.pattern.map(loudness)) {
        (Some(Loudness::Loud), Some(Loudness::Loud)) => rule::LOUD_PATTERNS,
        (Some(Loudness::Loud), Some(Loudness::Regular))
        | (Some(Loudness::Regular), Some(Loudness::Loud)) => rule::STRIPES_AND_LOUD,
        _ => 0.0,
    }
}

enum Loudness {
    /// Not a pattern to the eye.
    Quiet,
    /// Lines and dots: they go with each other.
    Regular,
    /// Draws the eye on its own.
    Loud,
}

fn loudness(pattern: Pattern) -> Loudness {
    match pattern {
        Pattern::Solid => Loudness::Quiet,
        Pattern::Striped | Pattern::Dotted => Loudness::Regular,
        Pattern::Plaid
        | Pattern::Floral
        | Pattern::Graphic
        | Pattern::Animal
        | Pattern::Geometric
        | Pattern::Colorblock => Loudness::Loud,
    }
}

impl Mix {
    pub(crate) fn text(&self, items: &[&Item]) -> String {
        let named = |index: usize| {
            let item = items[index];
            let pattern = item.pattern.map_or("", Pattern::as_str);
            format!("the {pattern} {}", phrase::category(item.category))
        };
        format!(
            "{} and {} compete: one loud pattern is enough",
            named(self.first),
            named(self.second)
        )
    }
}
