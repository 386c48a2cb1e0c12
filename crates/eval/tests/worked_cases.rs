//! Cases worked by hand, and every undefined metric.

use wardrobe_eval::*;

/// Twelve samples, three of four classes present, asymmetric.
/// truth 0: predicted 0 0 0 1 1 2 | truth 1: 1 1 0 3 | truth 2: 2 0; class 3 is predicted once.
const TRUTH: [usize; 12] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2];
const PREDICTED: [usize; 12] = [0, 0, 0, 1, 1, 2, 1, 1, 0, 3, 2, 0];

fn close(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() < 1e-12,
        "got {got}, expected {expected}"
    );
}

#[test]
fn confusion_counts_rows_by_truth() {
    let matrix = confusion(&TRUTH, &PREDICTED, 5).unwrap();
    assert_eq!(matrix.row(0), Some(&[3, 2, 1, 0, 0][..]));
    assert_eq!(matrix.row(1), Some(&[1, 2, 0, 1, 0][..]));
    assert_eq!(matrix.row(2), Some(&[1, 0, 1, 0, 0][..]));
    assert_eq!(matrix.row(3), Some(&[0; 5][..]));
    assert_eq!(
        (matrix.get(0, 1), matrix.get(1, 0), matrix.get(5, 0)),
        (Some(2), Some(1), None)
    );
    assert_eq!((matrix.total(), matrix.classes()), (12, 5));
    close(accuracy(&matrix).unwrap(), 6.0 / 12.0);
}

#[test]
fn precision_recall_and_f1_by_class() {
    let classes = per_class(&confusion(&TRUTH, &PREDICTED, 5).unwrap());
    let row = |c: &ClassMetrics| (c.support, c.predicted, c.precision, c.recall, c.f1);
    assert_eq!(
        row(&classes[0]),
        (6, 5, Some(3.0 / 5.0), Some(0.5), Some(6.0 / 11.0))
    );
    assert_eq!(row(&classes[1]), (4, 4, Some(0.5), Some(0.5), Some(0.5)));
    assert_eq!(row(&classes[2]), (2, 2, Some(0.5), Some(0.5), Some(0.5)));
    // Predicted, never true: a precision of 0 is measured, a recall is not.
    assert_eq!(row(&classes[3]), (0, 1, Some(0.0), None, Some(0.0)));
    assert_eq!(row(&classes[4]), (0, 0, None, None, None));
}

#[test]
fn macro_f1_is_the_mean_over_the_classes_present() {
    let matrix = confusion(&TRUTH, &PREDICTED, 5).unwrap();
    close(macro_f1(&matrix).unwrap(), (6.0 / 11.0 + 0.5 + 0.5) / 3.0);
    // A present class that is never predicted right counts as 0: that one is measured.
    let never = confusion(&[0, 1], &[0, 0], 2).unwrap();
    close(macro_f1(&never).unwrap(), (2.0 / 3.0 + 0.0) / 2.0);
}

#[test]
fn confused_pairs_by_count_then_share() {
    let matrix = confusion(&TRUTH, &PREDICTED, 5).unwrap();
    let pairs = confused_pairs(&matrix, 10);
    let brief: Vec<_> = pairs
        .iter()
        .map(|p| (p.truth, p.predicted, p.count))
        .collect();
    assert_eq!(
        brief,
        [(0, 1, 2), (2, 0, 1), (1, 0, 1), (1, 3, 1), (0, 2, 1)]
    );
    close(pairs[0].share, 2.0 / 6.0);
    assert_eq!(confused_pairs(&matrix, 2).len(), 2);
}

#[test]
fn top_k_counts_the_first_k_only() {
    let truth = [2, 0, 1];
    let ranked = [vec![2, 1, 0], vec![1, 0, 2], vec![0, 2, 1]];
    assert_eq!(
        top_k_hits(&truth, &ranked, 1).unwrap(),
        [true, false, false]
    );
    close(top_k_accuracy(&truth, &ranked, 1).unwrap(), 1.0 / 3.0);
    close(top_k_accuracy(&truth, &ranked, 2).unwrap(), 2.0 / 3.0);
    close(top_k_accuracy(&truth, &ranked, 3).unwrap(), 1.0);
}

#[test]
fn wilson_is_the_published_interval() {
    // Newcombe (1998), table I, method 3, to four decimals.
    for (successes, trials, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let ci = wilson_ci95(successes, trials).unwrap();
        assert!(
            (ci.low - low).abs() < 5.1e-5,
            "{successes}/{trials}: low {}",
            ci.low
        );
        assert!(
            (ci.high - high).abs() < 5.1e-5,
            "{successes}/{trials}: high {}",
            ci.high
        );
    }
    // By hand for 0 of n: high = z^2 / (n + z^2); and the mirror image.
    close(wilson_ci95(0, 10).unwrap().high, 0.277_532_799_862_889_2);
    close(
        wilson_ci95(10, 10).unwrap().low,
        1.0 - 0.277_532_799_862_889_2,
    );
    assert_eq!(wilson_ci95(10, 10).unwrap().high, 1.0);
}

#[test]
fn calibration_by_hand() {
    // Two bins. (0, 0.5]: confidences 0.5, 0.25 (mean 0.375), one right of two: gap 0.125.
    // (0.5, 1]: 0.75, 1.0 (mean 0.875), none right: gap 0.875.
    let got = expected_calibration_error(&[0.5, 0.25, 0.75, 1.0], &[true, false, false, false], 2)
        .unwrap();
    close(got.ece, (2.0 * 0.125 + 2.0 * 0.875) / 4.0);
    close(got.mce, 0.875);
    assert_eq!(got.bins[0].samples, 2);
    assert_eq!(
        (got.bins[0].mean_confidence, got.bins[0].accuracy),
        (Some(0.375), Some(0.5))
    );
    assert_eq!((got.bins[1].low, got.bins[1].high), (0.5, 1.0));
    // Confident and right, unsure and wrong: nothing to correct.
    assert_eq!(
        expected_calibration_error(&[1.0, 0.0], &[true, false], 15)
            .unwrap()
            .ece,
        0.0
    );
    let empty = expected_calibration_error(&[1.0], &[true], 4).unwrap().bins[0];
    assert_eq!(
        (empty.samples, empty.mean_confidence, empty.accuracy),
        (0, None, None)
    );
}

#[test]
fn bootstrap_is_seeded_and_agrees_with_wilson_on_a_proportion() {
    let hits: Vec<bool> = (0..400).map(|i| i % 4 != 0).collect();
    let mean = |drawn: &[usize]| {
        Some(drawn.iter().filter(|i| hits[**i]).count() as f64 / drawn.len() as f64)
    };
    let bootstrap = Bootstrap {
        resamples: 4_000,
        seed: 7,
    };
    let got = bootstrap.ci95(400, mean).unwrap();
    assert_eq!(got, bootstrap.ci95(400, mean).unwrap());
    assert_ne!(
        got,
        Bootstrap {
            seed: 8,
            ..bootstrap
        }
        .ci95(400, mean)
        .unwrap()
    );
    let wilson = wilson_ci95(300, 400).unwrap();
    assert!(
        (got.interval.low - wilson.low).abs() < 0.006,
        "{got:?} {wilson:?}"
    );
    assert!(
        (got.interval.high - wilson.high).abs() < 0.006,
        "{got:?} {wilson:?}"
    );
}

#[test]
fn bootstrap_counts_undefined_resamples_and_refuses_too_many() {
    // Undefined where sample 0 was not drawn: (1 - 1/n)^n, about 0.35 of resamples at n = 10.
    let has_first = |drawn: &[usize]| drawn.contains(&0).then_some(1.0);
    let refused = Bootstrap::default().ci95(10, has_first).unwrap_err();
    assert!(matches!(
        refused,
        EvalError::UndefinedOnResamples {
            undefined: 280..420,
            ..
        }
    ));
    // Undefined where only sample 0 was drawn: 1/27 of resamples at n = 3.
    let has_other = |drawn: &[usize]| drawn.iter().any(|i| *i != 0).then_some(0.5);
    let got = Bootstrap::default().ci95(3, has_other).unwrap();
    assert!((15..=50).contains(&got.undefined), "{got:?}");
    assert_eq!(
        got.interval,
        Interval {
            low: 0.5,
            high: 0.5
        }
    );
}

#[test]
fn undefined_is_an_error_never_zero() {
    use EvalError::*;
    assert!(matches!(top_k_accuracy(&[], &[], 1), Err(Empty { .. })));
    assert!(matches!(
        top_k_accuracy(&[0], &[], 1),
        Err(LengthMismatch { .. })
    ));
    assert_eq!(top_k_accuracy(&[0], &[vec![0]], 0), Err(ZeroK));
    assert_eq!(
        top_k_accuracy(&[0], &[vec![1, 0]], 5),
        Err(RankingTooShort {
            sample: 0,
            len: 2,
            k: 5
        })
    );
    assert_eq!(
        top_k_accuracy(&[0, 0], &[vec![0, 1], vec![1, 1]], 2),
        Err(RepeatedClass {
            sample: 1,
            class: 1,
            k: 2
        })
    );
    assert!(matches!(confusion(&[], &[], 3), Err(Empty { .. })));
    assert!(matches!(
        confusion(&[0], &[0, 1], 3),
        Err(LengthMismatch { .. })
    ));
    assert!(matches!(
        confusion(&[0, 1], &[0, 3], 3),
        Err(ClassOutOfRange {
            sample: 1,
            role: "predicted",
            class: 3,
            classes: 3
        })
    ));
    assert!(matches!(wilson_ci95(0, 0), Err(Empty { .. })));
    assert!(matches!(wilson_ci95(2, 1), Err(NotAProportion { .. })));
    assert!(matches!(
        expected_calibration_error(&[], &[], 15),
        Err(Empty { .. })
    ));
    assert!(matches!(
        expected_calibration_error(&[0.5], &[true], 0),
        Err(ZeroBins)
    ));
    for value in [1.5, -0.1, f32::NAN] {
        let got = expected_calibration_error(&[0.5, value], &[true, true], 15);
        assert!(matches!(got, Err(BadConfidence { sample: 1, .. })));
    }
    let one = |_: &[usize]| Some(1.0);
    assert!(matches!(
        Bootstrap::default().ci95(0, one),
        Err(Empty { .. })
    ));
    let few = Bootstrap {
        resamples: 39,
        seed: 0,
    };
    assert!(matches!(few.ci95(5, one), Err(TooFewResamples { .. })));
}
