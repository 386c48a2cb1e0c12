//! Every operator with a backward pass of ours against finite differences, in f64, on odd and asymmetric shapes.

use candle_core::{DType, Device, Result, Tensor};
use wardrobe_nn::loss;
use wardrobe_nn::ops::{self, Activation, ConvGeometry};
use wardrobe_testkit::{GradCheck, Random, assert_gradients};

const DEVICE: Device = Device::Cpu;

fn tensors(random: &mut Random, shapes: &[&[usize]]) -> Vec<Tensor> {
    let draw = |shape: &&[usize]| {
        random
            .tensor(shape, (-1.0, 1.0), DType::F64, &DEVICE)
            .unwrap()
    };
    shapes.iter().map(draw).collect()
}

fn check(seed: u64, shapes: &[&[usize]], function: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let inputs = tensors(&mut Random::new(seed), shapes);
    assert_gradients(
        function,
        &inputs,
        &GradCheck {
            seed,
            ..GradCheck::f64()
        },
    );
}

#[test]
fn conv2d() {
    // Kernel, stride, padding, height, width: odd and even sides, a kernel wider than a side's half, stride 2 on sides
    // of different parity (where Candle's own backward fails).
    for (seed, (kernel, stride, padding, h, w)) in [
        (1, 1, 0, 5, 3),
        (3, 1, 1, 6, 5),
        (3, 2, 1, 6, 5),
        (3, 2, 1, 5, 6),
        (5, 2, 2, 7, 4),
        (2, 3, 0, 8, 7),
    ]
    .into_iter()
    .enumerate()
    {
        let geometry = ConvGeometry {
            kernel,
            stride,
            padding,
        };
        check(
            seed as u64,
            &[&[2, h, w, 3], &[4, 3, kernel, kernel]],
            |t| ops::conv2d(&t[0], &t[1], geometry),
        );
    }
}

#[test]
fn depthwise_conv2d() {
    // Channel counts that end in every block width: 64 + 32 + 16 + 8 + 1.
    for (seed, (kernel, stride, c, h, w)) in [
        (3, 1, 121, 4, 3),
        (3, 2, 9, 6, 5),
        (3, 2, 8, 5, 6),
        (5, 1, 3, 7, 4),
        (5, 2, 40, 4, 7),
    ]
    .into_iter()
    .enumerate()
    {
        let geometry = ConvGeometry {
            kernel,
            stride,
            padding: kernel / 2,
        };
        check(
            seed as u64,
            &[&[2, h, w, c], &[c, 1, kernel, kernel]],
            |t| ops::depthwise_conv2d(&t[0], &t[1], geometry),
        );
    }
}

#[test]
fn batch_norm() {
    for (seed, activation) in [Activation::Identity, Activation::Silu]
        .into_iter()
        .enumerate()
    {
        check(seed as u64, &[&[2, 3, 4, 5], &[5], &[5]], |t| {
            Ok(ops::batch_norm_train(&t[0], &t[1], &t[2], 1e-3, activation)?.0)
        });
    }
}

#[test]
fn gates_pools_and_residuals() {
    check(1, &[&[3, 2, 5, 4], &[3, 4]], |t| {
        ops::scale_channels(&t[0], &t[1])
    });
    check(2, &[&[3, 2, 5, 4]], |t| ops::global_avg_pool(&t[0]));
    check(3, &[&[3, 2, 5, 4], &[3, 2, 5, 4]], |t| {
        ops::residual_add(&t[0], &t[1], &[1.0, 0.0, 1.25])
    });
    check(4, &[&[3, 2, 5, 4], &[3, 2, 5, 4]], |t| {
        ops::residual_add(&t[0], &t[1], &[1.0; 3])
    });
}

#[test]
fn losses() {
    let targets = Tensor::new(&[[0.0, 0.25, 0.75, 0.0], [1.0, 0.0, 0.0, 0.0]], &DEVICE).unwrap();
    check(1, &[&[2, 4]], |t| loss::cross_entropy(&t[0], &targets));
    let members = Tensor::new(&[[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]], &DEVICE).unwrap();
    for smoothing in [0.0, 0.1] {
        check(2, &[&[2, 4]], |t| {
            loss::set_cross_entropy(&t[0], &members, smoothing)
        });
    }
}

#[test]
fn gradients_add_up_where_a_tensor_is_used_twice() {
    let geometry = ConvGeometry {
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    check(5, &[&[2, 4, 5, 3], &[3, 3, 3, 3]], |t| {
        let y = ops::conv2d(&t[0], &t[1], geometry)?;
        let pooled = ops::global_avg_pool(&y)?;
        ops::residual_add(&ops::scale_channels(&y, &pooled)?, &t[0], &[1.0, 0.5])
    });
}

#[test]
fn inputs_need_not_be_contiguous() {
    let geometry = ConvGeometry {
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    check(6, &[&[2, 3, 5, 4], &[4, 1, 3, 3]], |t| {
        ops::depthwise_conv2d(&t[0].transpose(1, 2)?, &t[1].transpose(2, 3)?, geometry)
    });
    check(7, &[&[2, 3, 5, 4], &[2, 4, 3, 3]], |t| {
        ops::conv2d(&t[0].transpose(1, 2)?, &t[1].transpose(2, 3)?, geometry)
    });
}
