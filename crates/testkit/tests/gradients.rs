//! The gradient check accepts right gradients and catches wrong ones, among them the two that
//! candle 0.11.1 computes wrongly without saying so.

use candle_core::{DType, Device, Result, Tensor};
use wardrobe_testkit::{GradCheck, Random, assert_gradients, grad_check};

fn inputs(seed: u64, shapes: &[&[usize]], dtype: DType) -> Vec<Tensor> {
    let mut random = Random::new(seed);
    shapes
        .iter()
        .map(|shape| {
            random
                .tensor(shape, (-1.0, 1.0), dtype, &Device::Cpu)
                .unwrap()
        })
        .collect()
}

#[test]
fn right_gradients_pass() {
    let linear = |x: &[Tensor]| x[0].matmul(&x[1])?.broadcast_add(&x[2])?.silu();
    let shapes: [&[usize]; 3] = [&[3, 5], &[5, 7], &[7]];
    assert_gradients(linear, &inputs(1, &shapes, DType::F64), &GradCheck::f64());
    assert_gradients(linear, &inputs(2, &shapes, DType::F32), &GradCheck::f32());

    let convolution = |x: &[Tensor]| x[0].conv2d(&x[1], 1, 2, 1, 1);
    let shapes: [&[usize]; 2] = [&[2, 3, 7, 5], &[4, 3, 3, 3]];
    assert_gradients(
        convolution,
        &inputs(3, &shapes, DType::F64),
        &GradCheck::f64(),
    );
}

#[test]
fn only_some_elements_of_a_large_input_are_perturbed() {
    let options = GradCheck {
        elements: 10,
        ..GradCheck::f64()
    };
    let x = inputs(4, &[&[50, 3], &[4]], DType::F64);
    let report = grad_check(
        |x| x[0].sqr()?.sum_all()? + x[1].exp()?.sum_all()?,
        &x,
        &options,
    );
    let report = report.unwrap();
    assert_eq!(report.checked, 14);
    assert!(report.passes(), "{report}");
}

#[test]
fn a_rescaled_gradient_is_caught() {
    // Max-pooling's gradient is a quarter of the true one.
    let pooled = |x: &[Tensor]| x[0].max_pool2d(2);
    let report = grad_check(
        pooled,
        &inputs(5, &[&[1, 2, 4, 6]], DType::F64),
        &GradCheck::f64(),
    );
    let report = report.unwrap();
    assert!(!report.passes());
    assert!(
        (report.worst.analytic / report.worst.numeric - 0.25).abs() < 1e-6,
        "{report}"
    );
    assert!(report.to_string().contains("input 0 at ["), "{report}");
}

#[test]
fn an_overwritten_gradient_is_caught() {
    // Upsampling forgets what its input's other consumer sent back.
    fn neck(x: &Tensor, private_node: bool) -> Result<Tensor> {
        let h = x.sqr()?;
        let (_, _, height, width) = h.dims4()?;
        let source = if private_node {
            h.affine(1.0, 0.0)?
        } else {
            h.clone()
        };
        let up = source.upsample_nearest2d(2 * height, 2 * width)?;
        Tensor::cat(&[up.avg_pool2d(2)?, h], 1)
    }
    let x = inputs(6, &[&[1, 2, 3, 5]], DType::F64);
    let report = grad_check(|x| neck(&x[0], false), &x, &GradCheck::f64());
    assert!(!report.unwrap().passes());
    assert_gradients(|x| neck(&x[0], true), &x, &GradCheck::f64());
}

#[test]
fn a_gradient_that_is_zero_but_for_rounding_passes() {
    // The mean is subtracted again: the second input has no effect.
    let centred = |x: &[Tensor]| {
        let y = x[0].broadcast_add(&x[1])?;
        y.broadcast_sub(&y.mean_keepdim(1)?)
    };
    let x = inputs(10, &[&[3, 5], &[3, 1]], DType::F64);
    assert_gradients(centred, &x, &GradCheck::f64());
}

#[test]
fn a_missing_gradient_is_caught() {
    let cut = |x: &[Tensor]| &x[0] + x[1].detach();
    let x = inputs(7, &[&[3], &[3]], DType::F64);
    let report = grad_check(cut, &x, &GradCheck::f64()).unwrap();
    assert!(!report.passes());
    assert_eq!(report.worst.input, 1);
    assert!(
        report
            .to_string()
            .ends_with("no gradient reached this input"),
        "{report}"
    );
    // A branch of a sum is enough.
    let half = |x: &[Tensor]| x[0].sqr()? + x[0].detach();
    assert!(
        !grad_check(half, &x[..1], &GradCheck::f64())
            .unwrap()
            .passes()
    );
}

#[test]
#[should_panic(expected = "wrong gradient: worst of 3 elements")]
fn assert_gradients_panics() {
    let x = inputs(8, &[&[3]], DType::F64);
    assert_gradients(|x| x[0].detach().sqr(), &x, &GradCheck::f64());
}

#[test]
fn what_cannot_be_checked_is_an_error() {
    let nan = |x: &[Tensor]| x[0].log();
    let x = inputs(9, &[&[8]], DType::F64);
    assert!(grad_check(nan, &x, &GradCheck::f64()).is_err());
    let integers = [Tensor::new(&[1u32, 2], &Device::Cpu).unwrap()];
    let report = grad_check(|x| x[0].to_dtype(DType::F64), &integers, &GradCheck::f64());
    assert!(report.is_err());
}
