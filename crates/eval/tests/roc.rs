//! The ROC of cases worked by hand, and of any scores against counting pairs.

use proptest::prelude::*;
use wardrobe_eval::{
    Bootstrap, EvalError, RocPoint, roc, roc_auc, roc_auc_ci95, threshold_missing_at_most,
};

const POSITIVE: [f64; 4] = [0.9, 0.7, 0.7, 0.2];
const NEGATIVE: [f64; 3] = [0.7, 0.3, 0.1];

#[test]
fn four_against_three_with_a_tie() {
    let point = |threshold, hits: f64, alarms: f64| RocPoint {
        threshold,
        true_positive_rate: hits / 4.0,
        false_positive_rate: alarms / 3.0,
    };
    let expected = [
        point(0.9, 1.0, 0.0),
        point(0.7, 3.0, 1.0),
        point(0.3, 3.0, 2.0),
        point(0.2, 4.0, 2.0),
        point(0.1, 4.0, 3.0),
    ];
    assert_eq!(roc(&POSITIVE, &NEGATIVE).unwrap(), expected);
    // Pairs won: 0.9 all 3; 0.7 twice 2 and a half; 0.2 one. 9 of 12.
    assert!((roc_auc(&POSITIVE, &NEGATIVE).unwrap() - 9.0 / 12.0).abs() < 1e-12);
}

#[test]
fn the_interval_holds_the_area_and_narrows_with_samples() {
    let repeated = |scores: &[f64]| scores.repeat(50);
    let width = |positive: &[f64], negative: &[f64]| {
        let found = roc_auc_ci95(positive, negative, &Bootstrap::default()).unwrap();
        assert!(found.interval.contains(0.75), "{found:?}");
        found.interval.high - found.interval.low
    };
    let few = width(&POSITIVE.repeat(3), &NEGATIVE.repeat(3));
    let many = width(&repeated(&POSITIVE), &repeated(&NEGATIVE));
    assert!(many < 0.5 * few, "{many} {few}");
}

#[test]
fn a_threshold_misses_no_more_than_asked() {
    let scores: Vec<f64> = (0..200).rev().map(f64::from).collect();
    assert_eq!(threshold_missing_at_most(&scores, 0.01), Ok(2.0));
    assert_eq!(threshold_missing_at_most(&scores, 0.0), Ok(0.0));
    assert_eq!(threshold_missing_at_most(&scores, 1.0), Ok(199.0));
    // Of equal scores none is missed where not all may be.
    assert_eq!(threshold_missing_at_most(&[0.5; 9], 0.5), Ok(0.5));
}

#[test]
fn what_has_no_roc_says_so() {
    assert!(matches!(
        roc_auc::<f64>(&[], &[0.1]),
        Err(EvalError::OneSided { .. })
    ));
    assert!(matches!(
        roc_auc::<f64>(&[0.1], &[]),
        Err(EvalError::OneSided { .. })
    ));
    let nan = roc(&[0.1], &[0.2, f64::NAN]);
    assert_eq!(nan, Err(EvalError::NotAScore { sample: 2 }));
    assert!(threshold_missing_at_most(&[], 0.1).is_err());
    assert!(threshold_missing_at_most(&[0.1], 1.5).is_err());
}

proptest! {
    #[test]
    fn the_area_is_the_share_of_pairs_won(
        positive in prop::collection::vec(0i32..12, 1..40), negative in prop::collection::vec(0i32..12, 1..40), share in 0.0f64..1.0,
    ) {
        let scores = |values: &[i32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let (positive, negative) = (scores(&positive), scores(&negative));
        let pairs = positive.iter().flat_map(|p| negative.iter().map(move |n| (p, n)));
        let won: f64 = pairs.map(|(p, n)| match p.total_cmp(n) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        }).sum();
        let area = roc_auc(&positive, &negative).unwrap();
        prop_assert!((area - won / (positive.len() * negative.len()) as f64).abs() < 1e-9);

        let threshold = threshold_missing_at_most(&positive, share).unwrap();
        let missed = positive.iter().filter(|&&score| score < threshold).count();
        prop_assert!(missed as f64 <= share * positive.len() as f64);
    }
}
