//! What holds for every history of feedback.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use wardrobe_personalize::{Feedback, INSTEAD, Preferences, Rule, strength};
use wardrobe_recommend::{Item, Recommendation, Request, Taste, WEIGHTS, recommend_for};
use wardrobe_types::{Category, ColorName, Pattern, Signal, Slot, Style};

/// Scores are f32.
const ROUNDING: f64 = 1e-5;

fn garment() -> impl Strategy<Value = Item> {
    (
        select(&Category::ALL[..]),
        select(&ColorName::ALL[..]),
        prop::option::of(select(&Pattern::ALL[..])),
        subsequence(Style::ALL.to_vec(), 0..=2),
        0.0_f32..=1.0,
    )
        .prop_map(|(category, color, pattern, styles, formality)| Item {
            pattern,
            styles,
            formality,
            ..Item::new("", category, color)
        })
}

fn garments(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(garment(), size).prop_map(|mut items| {
        for (place, item) in items.iter_mut().enumerate() {
            item.id = format!("g{place:02}").into();
        }
        items
    })
}

fn feedback() -> impl Strategy<Value = Feedback> {
    (
        select(&Signal::ALL[..]),
        garments(1..6),
        prop::option::weighted(0.2, garment()),
        0_i64..400,
    )
        .prop_map(|(signal, items, instead, day)| Feedback {
            number: 0,
            day,
            signal,
            items,
            instead,
        })
}

/// Numbered as they come; days in any order.
fn history(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Feedback>> {
    prop::collection::vec(feedback(), size).prop_map(|mut history| {
        for (number, said) in history.iter_mut().enumerate() {
            said.number = number as i64;
        }
        history
    })
}

fn of(history: &[Feedback]) -> Preferences {
    Preferences::from_history(history.iter().cloned())
}

/// What is thought of an outfit, in likes: the term before it is bent into 0..=1.
fn liking(preferences: &Preferences, items: &[Item], day: i64) -> f64 {
    let items: Vec<&Item> = items.iter().collect();
    let judged = preferences.taste(day).judge(&items);
    judged.map_or(0.0, |liking| 2.0 * f64::from(liking.term) - 1.0)
}

/// By how much one feedback may change what is thought of an outfit.
fn most(said: &Feedback) -> f64 {
    let said = said
        .instead
        .as_ref()
        .map_or(strength(said.signal), |_| INSTEAD);
    Rule::default().most_a_like * said.abs()
}

fn all(wardrobe: &[Item], taste: Option<&dyn Taste>) -> Recommendation {
    let request = Request {
        n: 200,
        candidates: 200,
        ..Request::default()
    };
    recommend_for(wardrobe, &request, taste).unwrap()
}

/// Small enough to be tried whole, and always with an outfit in it. Without what an outfit can do without: of two outfits
/// one of which contains the other, only the better is shown.
fn wardrobe() -> impl Strategy<Value = Vec<Item>> {
    garments(0..10).prop_map(|mut wardrobe| {
        let extra = |slot: &Slot| matches!(slot, Slot::Outerwear | Slot::Accessory);
        wardrobe.retain(|item| !item.category.slots().iter().any(extra));
        for (id, category) in [
            ("t", Category::Shirt),
            ("b", Category::Jeans),
            ("s", Category::Boots),
        ] {
            wardrobe.push(Item::new(id, category, ColorName::Navy));
        }
        wardrobe
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_by_one_or_all_again_is_the_same((history, shuffled) in history(0..20).prop_flat_map(|history| {
        (Just(history.clone()), Just(history).prop_shuffle())
    })) {
        let mut incremental = Preferences::default();
        history.iter().cloned().for_each(|said| incremental.learn(said));
        let again = of(&shuffled);
        prop_assert_eq!(incremental.weights(500), again.weights(500));
        prop_assert_eq!(incremental.history(), again.history());
    }

    #[test]
    fn undo_is_as_if_never_said(history in history(1..20), which in any::<prop::sample::Index>()) {
        let mut preferences = of(&history);
        let number = which.index(history.len());
        let undone = preferences.undo(number as i64);
        prop_assert_eq!(undone.as_ref(), Some(&history[number]));
        prop_assert_eq!(preferences.undo(number as i64), None);
        let mut without = history;
        without.remove(number);
        prop_assert_eq!(preferences.weights(500), of(&without).weights(500));
        preferences.reset();
        prop_assert!(preferences.is_empty() && preferences.weights(500).is_empty());
    }

    #[test]
    fn every_weight_is_the_sum_of_its_feedback(history in history(0..20), day in 0_i64..500) {
        let preferences = of(&history);
        let weights = preferences.weights(day);
        let explained = preferences.explain(day);
        prop_assert_eq!(explained.len(), weights.len());
        prop_assert!(explained.is_sorted_by(|a, b| a.weight.abs() >= b.weight.abs()));
        for why in explained {
            let sum: f64 = why.because.iter().map(|part| part.part).sum();
            prop_assert!((sum - why.weight).abs() < 1e-9 && why.weight == weights[&why.feature]);
            prop_assert!((0.0..=1.0).contains(&why.certainty));
            prop_assert!(why.evidence == why.because.len() && why.evidence > 0);
        }
    }

    /// The bound of one tap, on any outfit after any history.
    #[test]
    fn one_feedback_moves_no_outfit_far(history in history(1..20), outfit in garments(1..6)) {
        let mut history = history;
        let last = history.len() - 1;
        history[last].day = 400;
        let (before, after) = (of(&history[..last]), of(&history));
        let moved = liking(&after, &outfit, 400) - liking(&before, &outfit, 400);
        prop_assert!(moved.abs() <= most(&history[last]) + ROUNDING, "{}", moved);
    }

    #[test]
    fn praise_lowers_nothing_it_is_for(mut history in history(1..20), praise in any::<bool>()) {
        let last = history.len() - 1;
        history[last].day = 400;
        history[last].instead = None;
        history[last].signal = if praise { Signal::Like } else { Signal::Dislike };
        let before = of(&history[..last]).weights(400);
        for (feature, after) in of(&history).weights(400) {
            let change = after - before.get(&feature).copied().unwrap_or_default();
            let wrong = if praise { -change } else { change };
            prop_assert!(wrong <= 1e-12, "{} {}", feature, change);
        }
    }

    /// Taste reorders, within its reach, and leaves nothing out.
    #[test]
    fn no_outfit_is_left_out_and_none_moves_beyond_the_reach(wardrobe in wardrobe(), history in history(1..20)) {
        let taste = of(&history).taste(400);
        let (without, with) = (all(&wardrobe, None), all(&wardrobe, Some(&taste)));
        let ids = |answer: &Recommendation| -> BTreeSet<String> {
            answer.outfits.iter().map(|outfit| outfit.id.to_string()).collect()
        };
        prop_assert_eq!(ids(&without), ids(&with));
        for outfit in &with.outfits {
            let same = without.outfits.iter().find(|other| other.id == outfit.id).unwrap();
            let moved = f64::from(outfit.scored.score - same.scored.score);
            prop_assert!(moved.abs() <= f64::from(WEIGHTS.preference) + ROUNDING);
            prop_assert!(same.scored.breakdown.preference.is_none());
            let term = outfit.scored.breakdown.preference.unwrap();
            prop_assert!((0.0..=1.0).contains(&term));
        }
    }

    /// One tap flips nothing that is further apart than twice what it can move.
    #[test]
    fn one_tap_flips_nothing_that_is_far_apart(wardrobe in wardrobe(), said in feedback()) {
        let most = 2.0 * f64::from(WEIGHTS.preference) * most(&said) + ROUNDING;
        let taste = of(&[said]).taste(400);
        let (without, with) = (all(&wardrobe, None), all(&wardrobe, Some(&taste)));
        let score = |id| {
            let same = with.outfits.iter().find(|outfit| outfit.id == id).unwrap();
            f64::from(same.scored.score)
        };
        for better in &without.outfits {
            for worse in &without.outfits {
                if f64::from(better.scored.score - worse.scored.score) > most {
                    prop_assert!(score(better.id.clone()) >= score(worse.id.clone()));
                }
            }
        }
    }
}
