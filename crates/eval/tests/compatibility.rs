//! AUC, thresholds and multiple choice against cases worked by hand.

use proptest::prelude::*;
use wardrobe_eval::{EvalError, best_threshold, choice_points, roc_auc, threshold_accuracy};

#[test]
fn auc_counts_pairs() {
    assert_eq!(roc_auc(&[2.0, 3.0], &[0.0, 1.0]).unwrap(), 1.0);
    assert_eq!(roc_auc(&[0.0], &[1.0, 2.0]).unwrap(), 0.0);
    assert_eq!(roc_auc(&[1.0; 3], &[1.0; 5]).unwrap(), 0.5);
    // sklearn.metrics.roc_auc_score([1, 1, 0, 0, 0], [.8, .3, .5, .3, .1]): of 6 pairs 4 and a tie.
    assert_eq!(roc_auc(&[0.8, 0.3], &[0.5, 0.3, 0.1]).unwrap(), 4.5 / 6.0);
    assert!(matches!(
        roc_auc::<f32>(&[], &[1.0]),
        Err(EvalError::OneSided {
            positives: 0,
            negatives: 1
        })
    ));
    assert!(matches!(
        roc_auc(&[1.0], &[f32::NAN]),
        Err(EvalError::NotAScore { sample: 1 })
    ));
}

#[test]
fn the_best_threshold_divides_best() {
    let (positives, negatives) = ([0.9, 0.8, 0.4], [0.5, 0.3, 0.2]);
    // At 0.8: two of three positives, all negatives. At 0.4: all positives, two of three negatives. The higher one.
    let threshold = best_threshold(&positives, &negatives).unwrap();
    assert_eq!(threshold, 0.8);
    let accuracy = threshold_accuracy(&positives, &negatives, threshold).unwrap();
    assert!((accuracy - 5.0 / 6.0).abs() < 1e-12);
    // Uneven numbers: (2/2 + 3/4) / 2.
    let accuracy = threshold_accuracy(&[1.0, 2.0], &[0.0, 0.0, 0.5, 3.0], 1.0).unwrap();
    assert_eq!(accuracy, 0.875);
    assert_eq!(threshold_accuracy(&[1.0], &[1.0], 1.0).unwrap(), 0.5);
}

#[test]
fn ties_share_the_point() {
    let scores = [
        vec![0.1, 0.9, 0.2, 0.3],
        vec![0.9, 0.1, 0.2, 0.3],
        vec![0.5, 0.5, 0.2, 0.5],
        vec![1.0; 4],
    ];
    let points = choice_points(&scores, &[1, 1, 0, 3]).unwrap();
    assert_eq!(points, [1.0, 0.0, 1.0 / 3.0, 0.25]);
    assert!(choice_points(&scores, &[1, 1, 0]).is_err());
    assert!(choice_points(&[vec![1.0]], &[1]).is_err());
    assert!(choice_points(&[], &[]).is_err());
}

proptest! {
    #[test]
    fn auc_is_the_share_of_pairs_in_order(
        positives in prop::collection::vec(0_u8..8, 1..20),
        negatives in prop::collection::vec(0_u8..8, 1..20),
    ) {
        let scores = |values: &[u8]| values.iter().map(|v| f32::from(*v)).collect::<Vec<_>>();
        let pairs = positives.iter().flat_map(|p| negatives.iter().map(move |n| (p, n)));
        let points: f64 = pairs.map(|(p, n)| if p > n { 1.0 } else if p == n { 0.5 } else { 0.0 }).sum();
        let expected = points / (positives.len() * negatives.len()) as f64;
        let (positives, negatives) = (scores(&positives), scores(&negatives));
        let auc = roc_auc(&positives, &negatives).unwrap();
        prop_assert!((auc - expected).abs() < 1e-12);
        prop_assert!((auc + roc_auc(&negatives, &positives).unwrap() - 1.0).abs() < 1e-12);

        let threshold = best_threshold(&positives, &negatives).unwrap();
        let best = threshold_accuracy(&positives, &negatives, threshold).unwrap();
        for other in positives.iter().chain(&negatives).chain(&[f32::INFINITY]) {
            prop_assert!(best + 1e-9 >= threshold_accuracy(&positives, &negatives, *other).unwrap());
        }
    }
}
