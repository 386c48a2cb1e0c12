//! InfoNCE: worked by hand, against its definition in plain loops, and against finite differences.

mod common;

use candle_core::{DType, Tensor, Var};
use common::{DEVICE, Plain, draw};
use wardrobe_nn::loss::{MAX_LOGIT_SCALE, info_nce};
use wardrobe_testkit::{GradCheck, Random, assert_gradients};

fn scalar(value: f64) -> Tensor {
    Tensor::new(value, &DEVICE).unwrap()
}

fn loss(images: &Tensor, texts: &Tensor, scale: f64) -> f64 {
    let loss = info_nce(images, texts, &scalar(scale)).unwrap();
    assert_eq!(loss.rank(), 0);
    loss.to_scalar().unwrap()
}

/// The definition: for each row and each column, minus the logarithm of the match's share.
fn reference(images: &Plain, texts: &Plain, scale: f64) -> f64 {
    let (n, d) = (images.dims[0], images.dims[1]);
    let row = |x: &Plain, i: usize| -> Vec<f64> {
        let row = &x.values[i * d..][..d];
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter().map(|v| v / length).collect()
    };
    let logit = |i: usize, t: usize| -> f64 {
        let (image, text) = (row(images, i), row(texts, t));
        scale.exp() * image.iter().zip(&text).map(|(a, b)| a * b).sum::<f64>()
    };
    let mut sum = 0.0;
    for i in 0..n {
        let texts: f64 = (0..n).map(|t| logit(i, t).exp()).sum();
        let images: f64 = (0..n).map(|other| logit(other, i).exp()).sum();
        sum += texts.ln() + images.ln() - 2.0 * logit(i, i);
    }
    sum / (2 * n) as f64
}

#[test]
fn two_pairs_worked_by_hand() {
    // Lengths do not matter. Cosines: the first pair 1, the second 0.6, across 0 and 0.8.
    let images = Tensor::new(&[[2f64, 0.0], [0.0, 5.0]], &DEVICE).unwrap();
    let texts = Tensor::new(&[[0.1f64, 0.0], [8.0, 6.0]], &DEVICE).unwrap();
    // Logits at a scale of 10: rows (10, 8) and (0, 6); columns (10, 0) and (8, 6).
    let softplus = |x: f64| x.exp().ln_1p();
    let of_images = (softplus(8.0 - 10.0) + softplus(0.0 - 6.0)) / 2.0;
    let of_texts = (softplus(0.0 - 10.0) + softplus(8.0 - 6.0)) / 2.0;
    let expected = (of_images + of_texts) / 2.0;
    let got = loss(&images, &texts, 10f64.ln());
    assert!((got - expected).abs() < 1e-9, "{got}, {expected}");
    // One pair alone is always right.
    let one = |x: &Tensor| x.narrow(0, 0, 1).unwrap();
    assert!(loss(&one(&images), &one(&texts), 1.0).abs() < 1e-12);
}

#[test]
fn it_is_its_definition() {
    let random = &mut Random::new(3);
    for (n, d) in [(2, 7), (5, 3), (9, 16)] {
        let images = draw(random, &[n, d], DType::F64);
        let texts = draw(random, &[n, d], DType::F64);
        for scale in [0.0, 2.66, MAX_LOGIT_SCALE] {
            let expected = reference(&Plain::of(&images), &Plain::of(&texts), scale);
            let got = loss(&images, &texts, scale);
            assert!((got - expected).abs() < 1e-9, "{n} {d}: {got}, {expected}");
        }
    }
}

#[test]
fn gradients_of_both_sides_and_of_the_scale() {
    let random = &mut Random::new(4);
    let inputs = [
        draw(random, &[4, 3], DType::F64),
        draw(random, &[4, 3], DType::F64),
        scalar(1.3),
    ];
    assert_gradients(
        |t| info_nce(&t[0], &t[1], &t[2]),
        &inputs,
        &GradCheck::f64(),
    );
}

#[test]
fn extremes_stay_finite() {
    let zeros = Tensor::zeros((3, 4), DType::F32, &DEVICE).unwrap();
    let zeros = Var::from_tensor(&zeros).unwrap();
    let scale = Tensor::new(MAX_LOGIT_SCALE as f32, &DEVICE).unwrap();
    let loss = info_nce(&zeros, &zeros, &scale).unwrap();
    let expected = 3f32.ln();
    assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
    let gradient = loss.backward().unwrap();
    let gradient = Plain::of(gradient.get(&zeros).unwrap());
    assert!(gradient.values.iter().all(|g| g.is_finite()));
    assert!((MAX_LOGIT_SCALE.exp() - 100.0).abs() < 1e-9);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F64, &DEVICE).unwrap();
    for (images, texts) in [
        (&[3, 4][..], &[2, 4][..]),
        (&[3, 4], &[3, 5]),
        (&[0, 4], &[0, 4]),
    ] {
        let error = info_nce(&zeros(images), &zeros(texts), &scalar(0.0)).unwrap_err();
        assert!(error.to_string().contains(&format!("{texts:?}")), "{error}");
    }
}
