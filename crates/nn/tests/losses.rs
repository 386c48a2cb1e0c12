//! Losses of detectors: worked by hand, at extremes, and against finite differences.

mod common;

use candle_core::{DType, Tensor, Var};
use common::{DEVICE, Plain, draw};
use std::f64::consts::PI;
use wardrobe_nn::loss::{
    bce_with_logits, complete_iou, distribution_expectation, distribution_focal_loss,
    focal_with_logits,
};
use wardrobe_testkit::{GradCheck, Random, assert_gradients};

fn vector(tensor: &Tensor) -> Vec<f64> {
    Plain::of(tensor).values
}

#[track_caller]
fn assert_near(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance, "{got}, {expected}");
    }
}

#[test]
fn bce_is_the_definition_and_finite_at_any_logit() {
    let logits = Tensor::new(&[0f64, 2.0, -1.0, 0.5], &DEVICE).unwrap();
    let targets = Tensor::new(&[1f64, 0.0, 0.25, 1.0], &DEVICE).unwrap();
    let expected: Vec<f64> = [(0f64, 1.0), (2.0, 0.0), (-1.0, 0.25), (0.5, 1.0)]
        .into_iter()
        .map(|(x, y)| {
            let p = 1.0 / (1.0 + (-x).exp());
            -y * p.ln() - (1.0 - y) * (1.0 - p).ln()
        })
        .collect();
    let loss = bce_with_logits(&logits, &targets).unwrap();
    assert_near(&vector(&loss), &expected, 1e-12);

    let logits = Tensor::new(&[1000f32, -1000.0, 1000.0, -1000.0, 40.0], &DEVICE).unwrap();
    let logits = Var::from_tensor(&logits).unwrap();
    let targets = Tensor::new(&[1f32, 0.0, 0.0, 1.0, 1.0], &DEVICE).unwrap();
    let loss = bce_with_logits(&logits, &targets).unwrap();
    assert_near(&vector(&loss), &[0.0, 0.0, 1000.0, 1000.0, 0.0], 1e-6);
    let gradients = loss.sum_all().unwrap().backward().unwrap();
    let gradient = vector(gradients.get(&logits).unwrap());
    assert_near(&gradient, &[0.0, 0.0, 1.0, -1.0, 0.0], 1e-6);
}

#[test]
fn bce_gradients() {
    let random = &mut Random::new(1);
    let inputs = [
        draw(random, &[3, 5], DType::F64),
        draw(random, &[3, 5], DType::F64),
    ];
    assert_gradients(
        |t| bce_with_logits(&t[0], &t[1]),
        &inputs,
        &GradCheck::f64(),
    );
}

#[test]
fn focal_loss_is_the_definition_and_finite_at_any_logit() {
    let logits = Tensor::new(&[0f64, 2.0, -1.0, 3.0], &DEVICE).unwrap();
    let targets = Tensor::new(&[1f64, 0.0, 0.0, 1.0], &DEVICE).unwrap();
    let expected: Vec<f64> = [(0f64, 1.0), (2.0, 0.0), (-1.0, 0.0), (3.0, 1.0)]
        .into_iter()
        .map(|(x, y): (f64, f64)| {
            let p = 1.0 / (1.0 + (-x).exp());
            let right = if y == 1.0 { p } else { 1.0 - p };
            -(1.0 - right).powi(2) * right.ln()
        })
        .collect();
    let loss = focal_with_logits(&logits, &targets, 2.0).unwrap();
    assert_near(&vector(&loss), &expected, 1e-12);
    let plain = focal_with_logits(&logits, &targets, 0.0).unwrap();
    let bce = bce_with_logits(&logits, &targets).unwrap();
    assert_eq!(vector(&plain), vector(&bce));

    let logits = Tensor::new(&[1000f32, -1000.0, 1000.0], &DEVICE).unwrap();
    let logits = Var::from_tensor(&logits).unwrap();
    let targets = Tensor::new(&[1f32, 1.0, 0.0], &DEVICE).unwrap();
    let loss = focal_with_logits(&logits, &targets, 2.0).unwrap();
    assert_near(&vector(&loss), &[0.0, 1000.0, 1000.0], 1e-6);
    let gradients = loss.sum_all().unwrap().backward().unwrap();
    let gradient = vector(gradients.get(&logits).unwrap());
    assert_near(&gradient, &[0.0, -1.0, 1.0], 1e-6);
}

#[test]
fn focal_loss_gradients() {
    let logits = draw(&mut Random::new(2), &[3, 5], DType::F64);
    let targets: Vec<f64> = (0..15).map(|i| f64::from(i % 3 == 0)).collect();
    let targets = Tensor::from_vec(targets, (3, 5), &DEVICE).unwrap();
    let focal = |t: &[Tensor]| focal_with_logits(&t[0], &targets, 1.5);
    assert_gradients(focal, &[logits], &GradCheck::f64());
}

#[test]
fn a_target_between_two_bins_is_shared_by_nearness() {
    let logits = [0.5f64, -1.0, 2.0, 0.25];
    let log_sum = logits.iter().map(|x| x.exp()).sum::<f64>().ln();
    let log_prob = |bin: usize| logits[bin] - log_sum;
    let of = |target: f64| {
        let logits = Tensor::new(&[logits], &DEVICE).unwrap();
        let target = Tensor::new(&[target], &DEVICE).unwrap();
        vector(&distribution_focal_loss(&logits, &target).unwrap())[0]
    };
    let expected = -0.7 * log_prob(1) - 0.3 * log_prob(2);
    assert!((of(1.3) - expected).abs() < 1e-12);
    assert!((of(2.0) + log_prob(2)).abs() < 1e-12);
    assert!((of(0.0) + log_prob(0)).abs() < 1e-12);
    // Past the bins: the last one less a hundredth, and the first.
    let last = -0.01 * log_prob(2) - 0.99 * log_prob(3);
    assert!((of(3.0) - last).abs() < 1e-12);
    assert!((of(17.0) - last).abs() < 1e-12);
    assert!((of(-2.0) + log_prob(0)).abs() < 1e-12);
}

#[test]
fn the_expectation_is_the_mean_of_the_bins() {
    let mut logits = [[[-50f32; 4]; 3]; 2];
    logits[1][2][3] = 50.0;
    logits[0][0] = [1.0; 4];
    logits[0][1] = [3f32.ln(), 0.0, -50.0, -50.0];
    let y = distribution_expectation(&Tensor::new(&logits, &DEVICE).unwrap()).unwrap();
    assert_eq!(y.dims(), [2, 3]);
    assert_near(&vector(&y), &[1.5, 0.25, 1.5, 1.5, 1.5, 3.0], 1e-6);
}

#[test]
fn distribution_gradients() {
    let random = &mut Random::new(2);
    let logits = draw(random, &[5, 4, 7], DType::F64);
    let targets = random
        .tensor(&[5, 4], (-1.0, 8.0), DType::F64, &DEVICE)
        .unwrap();
    let options = GradCheck::f64();
    assert_gradients(
        |t| distribution_focal_loss(&t[0], &targets),
        std::slice::from_ref(&logits),
        &options,
    );
    assert_gradients(|t| distribution_expectation(&t[0]), &[logits], &options);
}

/// IoU, centre distance and aspect terms by their definitions.
fn terms(a: [f64; 4], b: [f64; 4]) -> (f64, f64, f64) {
    let overlap = |i: usize| (a[i + 2].min(b[i + 2]) - a[i].max(b[i])).max(0.0);
    let area = |x: [f64; 4]| (x[2] - x[0]) * (x[3] - x[1]);
    let both = overlap(0) * overlap(1);
    let iou = both / (area(a) + area(b) - both);
    let around = |i: usize| a[i + 2].max(b[i + 2]) - a[i].min(b[i]);
    let apart = |i: usize| (a[i] + a[i + 2] - b[i] - b[i + 2]) / 2.0;
    let distance = (apart(0).powi(2) + apart(1).powi(2)) / (around(0).powi(2) + around(1).powi(2));
    let angle = |x: [f64; 4]| ((x[2] - x[0]) / (x[3] - x[1])).atan();
    let aspect = 4.0 / (PI * PI) * (angle(a) - angle(b)).powi(2);
    (iou, distance, aspect)
}

#[test]
fn complete_iou_worked_by_hand() {
    let ciou = |a: [f64; 4], b: [f64; 4]| {
        let (a, b) = (Tensor::new(&[a], &DEVICE), Tensor::new(&[b], &DEVICE));
        vector(&complete_iou(&a.unwrap(), &b.unwrap()).unwrap())[0]
    };
    assert!((ciou([1.0, 2.0, 4.0, 9.0], [1.0, 2.0, 4.0, 9.0]) - 1.0).abs() < 1e-6);
    // Side by side, of one shape: IoU 0, centres 2 apart, a diagonal of sqrt(20) around both.
    let aside = ciou([0.0, 0.0, 2.0, 2.0], [2.0, 0.0, 4.0, 2.0]);
    assert!((aside + 4.0 / 20.0).abs() < 1e-6, "{aside}");
    // A quarter of the larger one, about the same centre: IoU and nothing else.
    let inside = ciou([1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 4.0, 4.0]);
    assert!((inside - 0.25).abs() < 1e-6, "{inside}");
    // 2 x 4 and 4 x 2 about one centre: 4 / 12 and the aspect ratio's penalty.
    let crossed = ciou([1.0, 0.0, 3.0, 4.0], [0.0, 1.0, 4.0, 3.0]);
    let aspect = 4.0 / (PI * PI) * (0.5f64.atan() - 2f64.atan()).powi(2);
    let expected = 1.0 / 3.0 - aspect * aspect / (aspect - 1.0 / 3.0 + 1.0);
    assert!((crossed - expected).abs() < 1e-6, "{crossed} {expected}");
    // An empty box has no overlap, and no NaN.
    assert!(ciou([1.0; 4], [1.0; 4]).is_finite());
    assert!(ciou([1.0; 4], [0.0, 0.0, 3.0, 2.0]).is_finite());
}

#[test]
fn complete_iou_gradients_with_the_weight_of_the_aspect_ratio_held() {
    let targets = [
        [0.0, 0.0, 4.0, 3.0],
        [1.0, 2.0, 3.0, 7.0],
        [5.0, 5.0, 6.0, 9.0],
    ];
    // Overlapping, inside, and far away.
    let boxes = [
        [1.0, -1.0, 3.5, 2.0],
        [1.5, 3.0, 2.5, 5.0],
        [0.0, 1.0, 2.0, 2.5],
    ];
    let var = Var::from_tensor(&Tensor::new(&boxes, &DEVICE).unwrap()).unwrap();
    let y = complete_iou(&var, &Tensor::new(&targets, &DEVICE).unwrap()).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    let gradient = vector(gradients.get(&var).unwrap());
    for (i, (a, b)) in boxes.into_iter().zip(targets).enumerate() {
        let (iou, distance, aspect) = terms(a, b);
        let weight = aspect / (aspect - iou + 1.0);
        let expected = iou - distance - aspect * weight;
        assert_near(&vector(&y)[i..=i], &[expected], 1e-6);
        for side in 0..4 {
            let moved = |step: f64| {
                let mut a = a;
                a[side] += step;
                let (iou, distance, aspect) = terms(a, b);
                iou - distance - aspect * weight
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert_near(&[gradient[4 * i + side]], &[slope], 1e-6);
        }
    }
    assert!(gradient[8..].iter().any(|g| g.abs() > 1e-3), "far boxes");
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &DEVICE).unwrap();
    let assert_names = |result: candle_core::Result<Tensor>, shapes: [&str; 2]| {
        let error = result.unwrap_err().to_string();
        for shape in shapes {
            assert!(error.contains(shape), "{error}");
        }
    };
    assert_names(
        bce_with_logits(&zeros(&[2, 3]), &zeros(&[3, 2])),
        ["[2, 3]", "[3, 2]"],
    );
    assert_names(
        complete_iou(&zeros(&[5, 4]), &zeros(&[1, 4])),
        ["[5, 4]", "[1, 4]"],
    );
    assert_names(
        complete_iou(&zeros(&[5, 3]), &zeros(&[5, 3])),
        ["(m, 4)", "[5, 3]"],
    );
    assert_names(
        distribution_focal_loss(&zeros(&[5, 4, 16]), &zeros(&[5])),
        ["[5, 4, 16]", "[5]"],
    );
    assert_names(
        distribution_expectation(&zeros(&[5, 1])),
        ["2 bins", "[5, 1]"],
    );
    let none = complete_iou(&zeros(&[0, 4]), &zeros(&[0, 4])).unwrap();
    assert_eq!(none.dims(), [0]);
}
