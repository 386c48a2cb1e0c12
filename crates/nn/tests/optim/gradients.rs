//! Adding up, scaling and clipping.

use crate::*;
use wardrobe_nn::optim::{AdamW, AdamWConfig};

#[test]
fn gradients_add_up_over_micro_batches() {
    let a = var(&[1.0, 2.0], &[2]);
    let params = vars(&[("a", &a)]);
    let mut sum = gradients(&params, &named(&[("a", &[3.0, 0.0])]));
    let more = (a.as_tensor() * 4.0).unwrap().sum_all().unwrap();
    sum.add(&params, &more.backward().unwrap()).unwrap();
    // (3, 0) + (4, 4).
    assert!((sum.norm() - 65f64.sqrt()).abs() < 1e-6);
}

#[test]
fn clipping_scales_to_the_norm_and_no_further() {
    let (a, b) = (var(&[0.0, 0.0], &[2]), var(&[0.0], &[1]));
    let params = vars(&[("a", &a), ("b", &b)]);
    let grads = named(&[("a", &[2.0, 3.0]), ("b", &[6.0])]);
    let mut clipped = gradients(&params, &grads);
    assert_eq!(clipped.norm(), 7.0);
    assert_eq!(
        clipped.clip(8.0),
        7.0,
        "a norm that is small enough is left"
    );
    assert_eq!(clipped.norm(), 7.0);
    assert_eq!(clipped.clip(3.5), 7.0, "what comes back is the norm before");
    assert_eq!(clipped.norm(), 3.5);
    // Without moments (betas 0) and with a large eps, the step is the gradient: g / (|g| + eps).
    let config = AdamWConfig {
        beta1: 0.0,
        beta2: 0.0,
        eps: 1.0,
        weight_decay: 0.0,
    };
    let mut adamw = AdamW::new(params, config).unwrap();
    adamw.step(&clipped, |_| 1.0).unwrap();
    for (got, halved) in [values(&a), values(&b)]
        .concat()
        .iter()
        .zip([1.0, 1.5, 3.0])
    {
        let expected: f32 = -halved / (halved + 1.0);
        assert!((got - expected).abs() < 1e-6, "{got} {expected}");
    }
}

#[test]
fn a_gradient_that_overflows_shows_in_the_norm() {
    let a = var(&[1.0, 1.0], &[2]);
    let params = vars(&[("a", &a)]);
    for bad in [f32::INFINITY, f32::NAN] {
        let mut grads = gradients(&params, &named(&[("a", &[1.0, bad])]));
        assert!(!grads.clip(5.0).is_finite());
    }
}

#[test]
fn micro_batches_are_averaged_by_scaling() {
    let a = var(&[0.0, 0.0], &[2]);
    let params = vars(&[("a", &a)]);
    let mut mean = Gradients::default();
    for part in [[1.0, 8.0], [3.0, -2.0], [5.0, 0.0]] {
        let loss = (a.as_tensor()
            * &Tensor::new(&part, &DEVICE)
                .unwrap()
                .to_dtype(DType::F32)
                .unwrap())
            .unwrap();
        mean.add(&params, &loss.sum_all().unwrap().backward().unwrap())
            .unwrap();
    }
    mean.scale(1.0 / 3.0);
    let got: Vec<f32> = mean.get("a").unwrap().collect();
    assert!(
        (got[0] - 3.0).abs() < 1e-6 && (got[1] - 2.0).abs() < 1e-6,
        "{got:?}"
    );
    assert!(mean.get("b").is_none());
}

#[test]
fn what_is_added_after_scaling_is_not_scaled() {
    let a = var(&[0.0, 0.0], &[2]);
    let params = vars(&[("a", &a)]);
    let mut grads = gradients(&params, &named(&[("a", &[4.0, 6.0])]));
    grads.scale(0.5);
    grads
        .add(
            &params,
            &a.as_tensor().sum_all().unwrap().backward().unwrap(),
        )
        .unwrap();
    assert_eq!(grads.get("a").unwrap().collect::<Vec<_>>(), [3.0, 4.0]);
    assert_eq!(grads.norm(), 5.0);
}
