//! Every operator's forward pass against a plain loop written here, on lopsided shapes, in f32 and f64.
//!
//! References are computed in f64 from the very values the operator gets, so the tolerances are the operator's own
//! rounding: 1e-5 relative to the largest value in f32, 1e-12 in f64.

mod common;

use candle_core::{DType, Tensor};
use common::{ACTIVATIONS, DEVICE, PRECISIONS, Plain, activate, draw};
use wardrobe_nn::ops::{self, Activation, ConvGeometry};
use wardrobe_testkit::{Random, assert_close};

/// Channel counts that end in every block width of the depthwise kernel: 64, 32, 16, 8, 1 and their sums.
const CHANNELS: [usize; 12] = [1, 3, 8, 9, 16, 23, 32, 40, 64, 71, 121, 129];

/// Kernel, stride, padding, dilation, height, width.
const GEOMETRIES: [[usize; 6]; 16] = [
    [1, 1, 0, 1, 5, 3],
    [1, 2, 0, 1, 6, 5],
    [1, 1, 1, 1, 3, 4],
    [3, 1, 1, 1, 7, 4],
    [3, 2, 1, 1, 7, 4],
    [3, 2, 1, 1, 6, 9],
    [3, 3, 0, 1, 8, 5],
    [5, 1, 2, 1, 3, 6],
    [5, 2, 2, 1, 9, 4],
    [2, 2, 0, 1, 5, 8],
    [4, 1, 2, 1, 3, 6],
    [3, 1, 1, 1, 1, 1],
    [3, 1, 2, 2, 7, 4],
    [3, 2, 3, 3, 9, 10],
    [2, 2, 1, 5, 6, 8],
    [1, 1, 0, 3, 5, 3],
];

fn geometry([kernel, stride, padding, dilation, ..]: [usize; 6]) -> ConvGeometry {
    ConvGeometry {
        kernel,
        stride,
        padding,
        dilation,
    }
}

/// Convolution in `groups` groups, by its definition: 1 group is dense, as many as channels depthwise.
fn convolve(x: &Tensor, weight: &Tensor, g: ConvGeometry, groups: usize) -> Plain {
    let (x, weight) = (Plain::of(x), Plain::of(weight));
    let [n, h, w, c] = x.dims[..] else {
        panic!("{:?}", x.dims)
    };
    let outputs = weight.dims[0];
    let extent = g.dilation * (g.kernel - 1) + 1;
    let side = |len: usize| (len + 2 * g.padding - extent) / g.stride + 1;
    let mut y = Plain::zeros(&[n, side(h), side(w), outputs]);
    for b in 0..n {
        for oy in 0..side(h) {
            for ox in 0..side(w) {
                for o in 0..outputs {
                    let mut sum = 0.0;
                    for i in 0..c / groups {
                        let channel = o / (outputs / groups) * (c / groups) + i;
                        for ky in 0..g.kernel {
                            for kx in 0..g.kernel {
                                let (iy, ix) = (
                                    oy * g.stride + ky * g.dilation,
                                    ox * g.stride + kx * g.dilation,
                                );
                                let inside = (g.padding..h + g.padding).contains(&iy)
                                    && (g.padding..w + g.padding).contains(&ix);
                                if inside {
                                    let value =
                                        x.get(&[b, iy - g.padding, ix - g.padding, channel]);
                                    sum += value * weight.get(&[o, i, ky, kx]);
                                }
                            }
                        }
                    }
                    y.set(&[b, oy, ox, o], sum);
                }
            }
        }
    }
    y
}

#[test]
fn conv2d_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, case) in GEOMETRIES.into_iter().enumerate() {
            let random = &mut Random::new(seed as u64);
            let (g, [.., h, w]) = (geometry(case), case);
            let shape = random.shape(&[1..=3, 1..=13, 1..=13]);
            let (n, c, o) = (shape[0], shape[1], shape[2]);
            let x = draw(random, &[n, h, w, c], dtype);
            let weight = draw(random, &[o, c, g.kernel, g.kernel], dtype);
            let plain = convolve(&x, &weight, g, 1).tensor();
            assert_close(&ops::conv2d(&x, &weight, g).unwrap(), &plain, tolerance);
        }
    }
}

#[test]
fn depthwise_conv2d_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, &c) in CHANNELS.iter().enumerate() {
            // Every channel count with three geometries, every geometry with three channel counts.
            for case in (0..3).map(|i| GEOMETRIES[(seed + 4 * i) % GEOMETRIES.len()]) {
                let random = &mut Random::new(seed as u64);
                let (g, [.., h, w]) = (geometry(case), case);
                let x = draw(random, &[2, h, w, c], dtype);
                let weight = draw(random, &[c, 1, g.kernel, g.kernel], dtype);
                let plain = convolve(&x, &weight, g, c).tensor();
                assert_close(
                    &ops::depthwise_conv2d(&x, &weight, g).unwrap(),
                    &plain,
                    tolerance,
                );
            }
        }
    }
}

#[test]
fn a_grouped_convolution_is_the_definition() {
    // Groups, input and output channels: dense, a channel multiplier, depthwise, and neither.
    for (seed, (groups, c, o)) in [(1, 5, 3), (3, 3, 6), (4, 4, 4), (2, 6, 10), (3, 9, 3)]
        .into_iter()
        .enumerate()
    {
        let random = &mut Random::new(seed as u64);
        let g = geometry([3, 2, 2, 2, 0, 0]);
        let x = draw(random, &[2, 7, 6, c], DType::F64);
        let weight = draw(random, &[o, c / groups, 3, 3], DType::F64);
        assert_close(
            &ops::conv2d_grouped(&x, &weight, g, groups).unwrap(),
            &convolve(&x, &weight, g, groups).tensor(),
            1e-12,
        );
    }
}

#[test]
fn a_large_convolution_is_the_definition_across_its_tasks() {
    // More output pixels than one task takes, and a number that does not divide evenly.
    let random = &mut Random::new(40);
    let g = common::geometry(3, 1, 1);
    let x = draw(random, &[3, 37, 29, 24], DType::F32);
    let weight = draw(random, &[5, 24, 3, 3], DType::F32);
    assert_close(
        &ops::conv2d(&x, &weight, g).unwrap(),
        &convolve(&x, &weight, g, 1).tensor(),
        1e-5,
    );
}

/// (y, mean, biased variance), two passes in f64.
fn normalize(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> (Tensor, Vec<f64>, Vec<f64>) {
    let (mut y, weight, bias) = (
        Plain::of(x),
        Plain::of(weight).values,
        Plain::of(bias).values,
    );
    let c = weight.len();
    let count = (y.values.len() / c) as f64;
    let (mut means, mut variances) = (Vec::new(), Vec::new());
    for i in 0..c {
        let channel: Vec<f64> = y.values.iter().skip(i).step_by(c).copied().collect();
        let mean = channel.iter().sum::<f64>() / count;
        let variance = channel.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        for value in y.values.iter_mut().skip(i).step_by(c) {
            let normal = (*value - mean) / (variance + eps).sqrt();
            *value = activate(activation, weight[i] * normal + bias[i]);
        }
        means.push(mean);
        variances.push(variance);
    }
    (y.tensor(), means, variances)
}

#[test]
fn batch_norm_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, shape) in [
            [2, 5, 3, 7],
            [1, 1, 2, 33],
            [3, 1, 1, 4],
            [5, 31, 29, 17],
            [2, 2, 3, 1],
        ]
        .into_iter()
        .enumerate()
        {
            let random = &mut Random::new(seed as u64);
            let c = shape[3];
            let x = draw(random, &shape, dtype);
            let (weight, bias) = (draw(random, &[c], dtype), draw(random, &[c], dtype));
            for activation in ACTIVATIONS {
                let (y, found) =
                    ops::batch_norm_train(&x, &weight, &bias, 1e-3, activation).unwrap();
                let (expected, mean, var) = normalize(&x, &weight, &bias, 1e-3, activation);
                assert_close(&y, &expected, tolerance);
                assert_eq!(found.count, shape[..3].iter().product::<usize>());
                let (found_mean, found_var) = (
                    found.mean.to_vec1::<f64>().unwrap(),
                    found.var.to_vec1::<f64>().unwrap(),
                );
                for i in 0..c {
                    assert!((found_mean[i] - mean[i]).abs() < tolerance, "mean {i}");
                    assert!((found_var[i] - var[i]).abs() < tolerance, "variance {i}");
                }
            }
        }
    }
}

#[test]
fn a_mean_far_from_zero_costs_no_variance() {
    // In f32, E[x^2] - mean^2 of these is 1e8 - 1e8 with an error of about 8: the variance would be noise.
    let random = &mut Random::new(11);
    let (shape, c) = ([4, 33, 21, 6], 6);
    let spread = 3f64.sqrt();
    let x = random
        .tensor(&shape, (1e4 - spread, 1e4 + spread), DType::F32, &DEVICE)
        .unwrap();
    let weight = Tensor::ones(c, DType::F32, &DEVICE).unwrap();
    let bias = Tensor::zeros(c, DType::F32, &DEVICE).unwrap();
    let (y, found) = ops::batch_norm_train(&x, &weight, &bias, 1e-5, Activation::Identity).unwrap();
    let (expected, mean, var) = normalize(&x, &weight, &bias, 1e-5, Activation::Identity);
    let (found_mean, found_var) = (
        found.mean.to_vec1::<f64>().unwrap(),
        found.var.to_vec1::<f64>().unwrap(),
    );
    for i in 0..c {
        assert!((0.9..1.1).contains(&var[i]), "the reference's own variance");
        let (found, expected) = (found_var[i], var[i]);
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{found} for {expected}"
        );
        let (found, expected) = (found_mean[i], mean[i]);
        assert!((found - expected).abs() < 1e-3, "{found} for {expected}");
    }
    // The mean itself has steps of 1e-3 in f32, so an output of about 1 is right to about half of that.
    assert_close(&y, &expected, 1e-3);
}

#[test]
fn silu_from_minus_100_to_100() {
    for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
        let values: Vec<f64> = (-1000..=1000).map(|i| f64::from(i) / 10.0).collect();
        let x = Tensor::from_vec(values.clone(), (1, 1, 2001, 1), &DEVICE)
            .unwrap()
            .to_dtype(dtype)
            .unwrap();
        let y = ops::activate(&x, Activation::Silu).unwrap();
        for (got, (x, given)) in Plain::of(&y)
            .values
            .iter()
            .zip(values.iter().zip(Plain::of(&x).values))
        {
            let expected = activate(Activation::Silu, given);
            let error = (got - expected).abs();
            assert!(
                error <= tolerance * expected.abs() + 1e-30,
                "silu({x}) = {got}, expected {expected}"
            );
        }
    }
}

#[test]
fn pools_gates_and_residuals_are_their_definitions() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, shape) in [
            [3, 5, 2, 7],
            [1, 1, 1, 1],
            [2, 1, 1, 33],
            [1, 19, 23, 40],
            [2, 65, 33, 35],
        ]
        .into_iter()
        .enumerate()
        {
            let random = &mut Random::new(seed as u64);
            let [n, h, w, c] = shape;
            let (x, branch) = (draw(random, &shape, dtype), draw(random, &shape, dtype));
            let gate = draw(random, &[n, c], dtype);
            let keep: Vec<f32> = (0..n).map(|i| [1.25, 0.0, 1.0][i % 3]).collect();
            let (px, pb, pg) = (Plain::of(&x), Plain::of(&branch), Plain::of(&gate));
            let (mut pooled, mut scaled, mut summed) = (
                Plain::zeros(&[n, c]),
                Plain::zeros(&shape),
                Plain::zeros(&shape),
            );
            for (b, &kept) in keep.iter().enumerate() {
                for i in 0..h {
                    for j in 0..w {
                        for k in 0..c {
                            let (at, value) = ([b, i, j, k], px.get(&[b, i, j, k]));
                            let mean = pooled.get(&[b, k]) + value / (h * w) as f64;
                            pooled.set(&[b, k], mean);
                            scaled.set(&at, value * pg.get(&[b, k]));
                            summed.set(&at, value + f64::from(kept) * pb.get(&at));
                        }
                    }
                }
            }
            assert_close(
                &ops::global_avg_pool(&x).unwrap(),
                &pooled.tensor(),
                tolerance,
            );
            assert_close(
                &ops::scale_channels(&x, &gate).unwrap(),
                &scaled.tensor(),
                tolerance,
            );
            assert_close(
                &ops::residual_add(&x, &branch, &keep).unwrap(),
                &summed.tensor(),
                tolerance,
            );
        }
    }
}

#[test]
fn kernels_of_lesser_processors_hold_too() {
    wardrobe_testkit::again_with_narrower_instructions();
}
