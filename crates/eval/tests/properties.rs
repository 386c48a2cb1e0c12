//! Every metric against the plainest version of itself, on random input.

use proptest::prelude::*;
use wardrobe_eval::*;

const CLASSES: usize = 6;

/// Pairs of true and predicted class; low classes are likelier, so that some are absent.
fn pairs() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let class = prop_oneof![3 => 0..2usize, 1 => 0..CLASSES];
    prop::collection::vec((class.clone(), class), 1..80).prop_map(|pairs| pairs.into_iter().unzip())
}

/// F1 of one class as the harmonic mean of precision and recall, counted sample by sample.
fn naive_f1(truth: &[usize], predicted: &[usize], class: usize) -> f64 {
    let count = |test: &dyn Fn(usize, usize) -> bool| {
        truth
            .iter()
            .zip(predicted)
            .filter(|(t, p)| test(**t, **p))
            .count() as f64
    };
    let right = count(&|t, p| t == class && p == class);
    if right == 0.0 {
        return 0.0;
    }
    let precision = right / count(&|_, p| p == class);
    let recall = right / count(&|t, _| t == class);
    2.0 * precision * recall / (precision + recall)
}

proptest! {
    #[test]
    fn macro_f1_is_the_naive_one((truth, predicted) in pairs()) {
        let present: Vec<usize> = (0..CLASSES).filter(|c| truth.contains(c)).collect();
        let naive = present.iter().map(|c| naive_f1(&truth, &predicted, *c)).sum::<f64>()
            / present.len() as f64;
        let got = macro_f1(&confusion(&truth, &predicted, CLASSES).unwrap()).unwrap();
        prop_assert!((got - naive).abs() < 1e-12, "got {got}, naive {naive}");
    }

    #[test]
    fn confusion_adds_up((truth, predicted) in pairs()) {
        let matrix = confusion(&truth, &predicted, CLASSES).unwrap();
        prop_assert_eq!(matrix.total(), truth.len());
        let right = truth.iter().zip(&predicted).filter(|(t, p)| t == p).count();
        prop_assert_eq!(accuracy(&matrix).unwrap(), right as f64 / truth.len() as f64);
        let classes = per_class(&matrix);
        prop_assert_eq!(classes.iter().map(|c| c.support).sum::<usize>(), truth.len());
        prop_assert_eq!(classes.iter().map(|c| c.predicted).sum::<usize>(), truth.len());
        let wrong: usize = confused_pairs(&matrix, usize::MAX).iter().map(|p| p.count).sum();
        prop_assert_eq!(wrong, truth.len() - right);
    }

    #[test]
    fn renaming_the_classes_changes_no_average((truth, predicted) in pairs(), shift in 1..CLASSES) {
        let renamed = |classes: &[usize]| -> Vec<usize> {
            classes.iter().map(|c| (c + shift) % CLASSES).collect()
        };
        let before = confusion(&truth, &predicted, CLASSES).unwrap();
        let after = confusion(&renamed(&truth), &renamed(&predicted), CLASSES).unwrap();
        prop_assert!((macro_f1(&before).unwrap() - macro_f1(&after).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn top_k_grows_with_k_up_to_one(
        samples in prop::collection::vec(
            (0..CLASSES, Just((0..CLASSES).collect::<Vec<_>>()).prop_shuffle()), 1..40)
    ) {
        let (truth, ranked): (Vec<usize>, Vec<Vec<usize>>) = samples.into_iter().unzip();
        let mut before = 0.0;
        for k in 1..=CLASSES {
            let naive = truth
                .iter()
                .zip(&ranked)
                .filter(|(t, r)| r.iter().position(|c| c == *t).unwrap() < k)
                .count() as f64 / truth.len() as f64;
            let got = top_k_accuracy(&truth, &ranked, k).unwrap();
            prop_assert_eq!(got, naive);
            prop_assert!(got >= before);
            before = got;
        }
        prop_assert_eq!(before, 1.0);
    }

    #[test]
    fn wilson_solves_its_own_equation(trials in 1..5_000usize, share in 0.0..=1.0f64) {
        let successes = (share * trials as f64).round() as usize;
        let p = successes as f64 / trials as f64;
        let ci = wilson_ci95(successes, trials).unwrap();
        prop_assert!(ci.contains(p) && ci.low >= 0.0 && ci.high <= 1.0);
        // The ends are where the score test just rejects: |p - end| = z sqrt(end (1 - end) / n).
        for end in [ci.low, ci.high] {
            let z = 1.959_963_984_540_054;
            let bound = z * (end * (1.0 - end) / trials as f64).sqrt();
            prop_assert!(((p - end).abs() - bound).abs() < 1e-9, "{p} {end} {bound}");
        }
    }

    #[test]
    fn calibration_is_the_naive_one(
        samples in prop::collection::vec((0..=100u32, any::<bool>()), 1..100),
        bins in 1..25usize,
    ) {
        let confidence: Vec<f32> = samples.iter().map(|(c, _)| *c as f32 / 100.0).collect();
        let correct: Vec<bool> = samples.iter().map(|(_, right)| *right).collect();
        let got = expected_calibration_error(&confidence, &correct, bins).unwrap();
        let mut naive = 0.0;
        for bin in 0..bins {
            // In units of 1/bins, the way the edges are defined, so that both round alike.
            let inside: Vec<usize> = (0..samples.len())
                .filter(|i| {
                    let scaled = f64::from(confidence[*i]) * bins as f64;
                    (scaled > bin as f64 || bin == 0) && scaled <= (bin + 1) as f64
                })
                .collect();
            let n = inside.len() as f64;
            if inside.is_empty() {
                continue;
            }
            let mean = inside.iter().map(|i| f64::from(confidence[*i])).sum::<f64>() / n;
            let right = inside.iter().filter(|i| correct[**i]).count() as f64 / n;
            naive += (mean - right).abs() * n / samples.len() as f64;
        }
        prop_assert!((got.ece - naive).abs() < 1e-9, "got {}, naive {naive}", got.ece);
        prop_assert!(got.ece <= got.mce + 1e-12 && got.mce <= 1.0);
        prop_assert_eq!(got.bins.iter().map(|b| b.samples).sum::<usize>(), samples.len());
    }

    #[test]
    fn bootstrap_lies_within_the_values(
        values in prop::collection::vec(-5.0..5.0f64, 1..30), seed in any::<u64>()
    ) {
        let bootstrap = Bootstrap { resamples: 50, seed };
        let mean = |drawn: &[usize]| {
            Some(drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len() as f64)
        };
        let got = bootstrap.ci95(values.len(), mean).unwrap().interval;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(low - 1e-9 <= got.low && got.low <= got.high && got.high <= high + 1e-9);
    }
}
