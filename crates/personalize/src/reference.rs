//! The rule once more, the slow way: each belief fades on its own and only when it is touched.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use wardrobe_recommend::Item;
use wardrobe_types::{Category, ColorName, Signal};

use crate::taste::most;
use crate::{Feature, Feedback, Preferences, Rule};

/// Mean, variance and the day of the last change.
type Belief = (f64, f64, i64);
type Beliefs = BTreeMap<Feature, Belief>;

fn fade(belief: &mut Belief, day: i64, rule: &Rule) {
    let left = 0.5_f64.powf((day - belief.2) as f64 / rule.half_life_days);
    *belief = (belief.0 * left, 1.0 - (1.0 - belief.1) * left.powi(2), day);
}

fn learn(beliefs: &mut Beliefs, said: &Feedback, rule: &Rule) {
    let amounts = said.amounts(rule);
    for feature in amounts.keys() {
        fade(
            beliefs.entry(*feature).or_insert((0.0, 1.0, said.day)),
            said.day,
            rule,
        );
    }
    let sum = |term: fn(f64, &Belief) -> f64| -> f64 {
        amounts
            .iter()
            .map(|(feature, &amount)| term(amount, &beliefs[feature]))
            .sum()
    };
    let expected = sum(|amount, belief| amount * belief.0);
    let spread = sum(|amount, belief| amount * amount * belief.1);
    let strength = said.strength();
    let missing = (strength - expected) * strength.signum();
    let surprise = missing.max(0.0).min(strength.abs()) * strength.signum();
    let change = |noise: f64, feature: &Feature, amount: f64| {
        beliefs[feature].1 * amount * surprise / (noise + spread)
    };
    let changes = amounts
        .iter()
        .map(|(f, &amount)| (*f, change(rule.noise, f, amount)))
        .collect();
    // The noise at which the largest change there can be is what is allowed.
    let allowed = rule.most_a_like * strength.abs();
    let noise = (most(&changes, rule) / allowed).max(1.0) * (rule.noise + spread) - spread;
    for (feature, amount) in amounts {
        let change = beliefs[&feature].1 * amount * surprise / (noise + spread);
        if let Some(belief) = beliefs.get_mut(&feature) {
            belief.0 += change;
            belief.1 -= (belief.1 * amount).powi(2) / (noise + spread);
        }
    }
}

fn outfit() -> impl Strategy<Value = Vec<Item>> {
    let garment = (select(&Category::ALL[..]), select(&ColorName::ALL[..]));
    prop::collection::vec(garment, 1..5).prop_map(|garments| {
        let named = |(place, (category, color))| Item::new(format!("g{place}"), category, color);
        garments.into_iter().enumerate().map(named).collect()
    })
}

fn feedback() -> impl Strategy<Value = Feedback> {
    let instead = prop::option::weighted(0.2, outfit());
    (select(&Signal::ALL[..]), outfit(), instead, 0_i64..400).prop_map(
        |(signal, items, instead, day)| Feedback {
            number: 0,
            day,
            signal,
            items,
            instead: instead.and_then(|mut items| items.pop()),
        },
    )
}

proptest! {
    #[test]
    fn preferences_are_the_rule(mut history in prop::collection::vec(feedback(), 0..30), later in 0_i64..200) {
        for (number, said) in history.iter_mut().enumerate() {
            said.number = number as i64;
        }
        history.sort_by_key(|said| (said.day, said.number));
        let rule = Rule::default();
        let mut beliefs = Beliefs::new();
        history.iter().for_each(|said| learn(&mut beliefs, said, &rule));
        let today = history.last().map_or(0, |said| said.day) + later;
        let weights = Preferences::from_history(history).weights(today);
        prop_assert_eq!(weights.len(), beliefs.len());
        for (feature, mut belief) in beliefs {
            fade(&mut belief, today, &rule);
            prop_assert!((weights[&feature] - belief.0).abs() < 1e-9, "{}", feature);
        }
    }
}
