//! The contrastive losses: worked by hand, against their definitions in plain loops, and against finite differences.

mod common;

use candle_core::{DType, Tensor, Var};
use common::{DEVICE, Plain, draw};
use wardrobe_nn::loss::{MAX_LOGIT_SCALE, info_nce, supervised_contrastive};
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

/// Masks of rows with these labels, `None` for a row of which nothing is known.
fn masks(labels: &[Option<u8>]) -> [Tensor; 2] {
    let n = labels.len();
    let mask = |is: &dyn Fn(usize, usize) -> bool| {
        let cells = (0..n * n).map(|i| f64::from(u8::from(is(i / n, i % n))));
        Tensor::from_iter(cells, &DEVICE)
            .and_then(|mask| mask.reshape((n, n)))
            .unwrap()
    };
    let known = |a: usize, b: usize| a != b && labels[a].is_some() && labels[b].is_some();
    [
        mask(&|a, b| known(a, b) && labels[a] == labels[b]),
        mask(&known),
    ]
}

#[test]
fn a_pair_and_a_stranger_worked_by_hand() {
    // Cosines: the pair 0.6, the stranger 0 and 0.8 with its members. Only the pair has positives.
    let features = Tensor::new(&[[3f64, 0.0], [0.6, 0.8], [0.0, 2.0]], &DEVICE).unwrap();
    let [positives, compared] = masks(&[Some(1), Some(1), Some(2)]);
    let softplus = |x: f64| x.exp().ln_1p();
    let expected = (softplus((0.0 - 0.6) / 0.5) + softplus((0.8 - 0.6) / 0.5)) / 2.0;
    let got = supervised_contrastive(&features, &positives, &compared, 0.5).unwrap();
    let got: f64 = got.to_scalar().unwrap();
    assert!((got - expected).abs() < 1e-9, "{got}, {expected}");
}

#[test]
fn supervised_contrastive_is_its_definition() {
    let random = &mut Random::new(5);
    let labels = [0, 1, 0, 2, 1, 0, 3, 9, 1].map(|label| (label != 9).then_some(label));
    let (n, d, temperature) = (labels.len(), 5, 0.1);
    let features = draw(random, &[n, d], DType::F64);
    let [positives, compared] = masks(&labels);
    let unit = |i: usize| -> Vec<f64> {
        let row = &Plain::of(&features).values[i * d..][..d].to_vec();
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter().map(|v| v / length).collect()
    };
    let logit = |a: usize, b: usize| -> f64 {
        unit(a).iter().zip(unit(b)).map(|(a, b)| a * b).sum::<f64>() / temperature
    };
    let (mut sum, mut anchors) = (0.0, 0);
    for (i, label) in labels.iter().enumerate() {
        let others = (0..n).filter(|&o| o != i && label.is_some() && labels[o].is_some());
        let all: f64 = others.clone().map(|o| logit(i, o).exp()).sum();
        let same: Vec<usize> = others.filter(|&o| labels[o] == *label).collect();
        if !same.is_empty() {
            let shares = same.iter().map(|&o| all.ln() - logit(i, o));
            sum += shares.sum::<f64>() / same.len() as f64;
            anchors += 1;
        }
    }
    let got = supervised_contrastive(&features, &positives, &compared, temperature).unwrap();
    let got: f64 = got.to_scalar().unwrap();
    let expected = sum / f64::from(anchors);
    assert!((got - expected).abs() < 1e-9, "{got}, {expected}");
}

#[test]
fn gradients_of_features_that_are_drawn_together() {
    let random = &mut Random::new(6);
    let features = draw(random, &[6, 4], DType::F64);
    let [positives, compared] = masks(&[Some(0), Some(1), Some(0), None, Some(1), Some(2)]);
    assert_gradients(
        |t| supervised_contrastive(&t[0], &positives, &compared, 0.2),
        &[features],
        &GradCheck::f64(),
    );
}

#[test]
fn strangers_alone_are_an_error() {
    let features = draw(&mut Random::new(7), &[3, 2], DType::F64);
    let [positives, compared] = masks(&[Some(0), Some(1), Some(2)]);
    let error = supervised_contrastive(&features, &positives, &compared, 0.1).unwrap_err();
    assert!(error.to_string().contains("larger batches"), "{error}");
}
