//! Every operator with a backward pass of ours against finite differences, in f64, on odd and asymmetric shapes.

mod common;

use candle_core::{DType, Device, Result, Tensor};
use common::{ACTIVATIONS, DEVICE, geometry};
use wardrobe_nn::loss;
use wardrobe_nn::ops::{self, AttentionMask, ConvGeometry};
use wardrobe_testkit::{GradCheck, Random, assert_gradients, on_every_device};

fn check(seed: u64, shapes: &[&[usize]], function: impl Fn(&[Tensor]) -> Result<Tensor>) {
    check_on(&DEVICE, seed, shapes, function);
}

fn check_on(
    device: &Device,
    seed: u64,
    shapes: &[&[usize]],
    function: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    let random = &mut Random::new(seed);
    let draw = |shape: &&[usize]| random.tensor(shape, (-1.0, 1.0), DType::F64, device);
    let inputs: Vec<Tensor> = shapes.iter().map(draw).collect::<Result<_>>().unwrap();
    let options = GradCheck {
        seed,
        ..GradCheck::f64()
    };
    assert_gradients(function, &inputs, &options);
}

/// Kernel, stride, padding, dilation, height, width: odd and even sides, a kernel wider than a side's half, stride 2 on
/// sides of different parity (where Candle's own backward fails), taps apart.
const GEOMETRIES: [[usize; 6]; 9] = [
    [1, 1, 0, 1, 5, 3],
    [3, 1, 1, 1, 6, 5],
    [3, 2, 1, 1, 6, 5],
    [3, 2, 1, 1, 5, 6],
    [5, 2, 2, 1, 7, 4],
    [2, 3, 0, 1, 8, 7],
    [3, 1, 2, 2, 5, 4],
    [3, 2, 3, 3, 7, 8],
    [2, 3, 1, 2, 6, 5],
];

fn dilated([kernel, stride, padding, dilation, ..]: [usize; 6]) -> ConvGeometry {
    ConvGeometry {
        kernel,
        stride,
        padding,
        dilation,
    }
}

on_every_device! {
    fn conv2d(device: &Device) {
        for (seed, case) in GEOMETRIES.into_iter().enumerate() {
            let [kernel, .., h, w] = case;
            let shapes: [&[usize]; 2] = [&[2, h, w, 3], &[4, 3, kernel, kernel]];
            check_on(device, seed as u64, &shapes, |t| ops::conv2d(&t[0], &t[1], dilated(case)));
        }
    }

    fn depthwise_conv2d(device: &Device) {
        // Channel counts that end in every block width: 64 + 32 + 16 + 8 + 1.
        let channels = [121, 9, 8, 3, 40];
        for (seed, case) in GEOMETRIES.into_iter().enumerate() {
            let ([kernel, .., h, w], c) = (case, channels[seed % channels.len()]);
            let shapes: [&[usize]; 2] = [&[2, h, w, c], &[c, 1, kernel, kernel]];
            check_on(device, seed as u64, &shapes, |t| {
                ops::depthwise_conv2d(&t[0], &t[1], dilated(case))
            });
        }
    }

    fn layer_norm(device: &Device) {
        for (seed, shape) in [&[3, 2, 5][..], &[4, 17], &[1, 33], &[6]].into_iter().enumerate() {
            let c = &shape[shape.len() - 1..];
            check_on(device, seed as u64, &[shape, c, c], |t| {
                ops::layer_norm(&t[0], &t[1], &t[2], 1e-3)
            });
        }
    }
}

#[test]
fn grouped_conv2d() {
    for (groups, c, o) in [(3, 6, 3), (2, 4, 6), (4, 4, 4)] {
        check(1, &[&[2, 5, 4, c], &[o, c / groups, 3, 3]], |t| {
            ops::conv2d_grouped(&t[0], &t[1], geometry(3, 2, 1), groups)
        });
    }
}

#[test]
fn batch_norm() {
    for (seed, activation) in ACTIVATIONS.into_iter().enumerate() {
        let seed = seed as u64;
        check(seed, &[&[2, 3, 4, 5], &[5], &[5]], |t| {
            Ok(ops::batch_norm_train(&t[0], &t[1], &t[2], 1e-3, activation)?.0)
        });
        let random = &mut Random::new(seed + 100);
        let mean = common::draw(random, &[5], DType::F64);
        let var = random
            .tensor(&[5], (0.5, 2.0), DType::F64, &DEVICE)
            .unwrap();
        check(seed, &[&[2, 3, 4, 5], &[5], &[5]], |t| {
            ops::batch_norm_frozen(&t[0], [&t[1], &t[2]], [&mean, &var], 1e-3, activation)
        });
    }
}

#[test]
fn gates_and_residuals() {
    check(1, &[&[3, 2, 5, 4], &[3, 4]], |t| {
        ops::scale_channels(&t[0], &t[1])
    });
    check(3, &[&[3, 2, 5, 4], &[3, 2, 5, 4]], |t| {
        ops::residual_add(&t[0], &t[1], &[1.0, 0.0, 1.25])
    });
    check(4, &[&[3, 2, 5, 4], &[3, 2, 5, 4]], |t| {
        ops::residual_add(&t[0], &t[1], &[1.0; 3])
    });
}

#[test]
fn pools() {
    check(2, &[&[3, 2, 5, 4]], |t| ops::global_avg_pool(&t[0]));
    for (seed, case) in [
        [2, 2, 0, 1, 4, 6],
        [2, 2, 0, 1, 5, 5],
        [5, 1, 2, 1, 6, 5],
        [3, 2, 1, 1, 6, 5],
        [3, 1, 2, 2, 5, 4],
    ]
    .into_iter()
    .enumerate()
    {
        let [.., h, w] = case;
        let g = dilated(case);
        check(seed as u64, &[&[2, h, w, 3]], |t| ops::max_pool2d(&t[0], g));
        check(seed as u64, &[&[2, h, w, 3]], |t| ops::avg_pool2d(&t[0], g));
    }
}

#[test]
fn upsampling_and_concatenation() {
    check(1, &[&[2, 3, 2, 5]], |t| ops::upsample_nearest(&t[0], 3));
    // The neck of a feature pyramid: what is upsampled has another consumer, which Candle's own forgets.
    check(2, &[&[2, 3, 2, 4], &[2, 6, 4, 3]], |t| {
        let h = t[0].sqr()?;
        let up = ops::upsample_nearest(&h, 2)?;
        let wide = Tensor::cat(&[&up, &t[1]], 3)?;
        let down = ops::max_pool2d(&wide, geometry(2, 2, 0))?;
        Tensor::cat(&[&down, &h], 3)
    });
}

#[test]
fn softmax_and_attention() {
    check(1, &[&[3, 2, 19]], |t| ops::softmax(&t[0]));
    let seen = Tensor::new(&[[1u8, 0, 1, 1], [0, 0, 0, 0]], &DEVICE).unwrap();
    let masks = [
        (4, false, None),
        (3, false, None),
        (4, true, None),
        (5, false, Some(&seen)),
        (4, true, Some(&seen)),
    ];
    for (seed, (queries, causal, keys)) in masks.into_iter().enumerate() {
        let shapes: [&[usize]; 3] = [&[2, queries, 6], &[2, 4, 6], &[2, 4, 6]];
        check(seed as u64, &shapes, |t| {
            ops::attention(&t[0], &t[1], &t[2], 2, AttentionMask { causal, keys })
        });
    }
    // Of one tensor with itself, heads of 1 value.
    check(9, &[&[2, 3, 5]], |t| {
        ops::attention(&t[0], &t[0], &t[0], 5, AttentionMask::default())
    });
}

#[test]
fn activations() {
    for (seed, activation) in ACTIVATIONS.into_iter().enumerate() {
        check(seed as u64, &[&[3, 7]], |t| {
            // Past the hard sigmoid's corners, too.
            ops::activate(&(&t[0] * 5.0)?, activation)
        });
    }
    check(8, &[&[3, 7]], |t| ops::atan(&(&t[0] * 5.0)?));
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
    check(5, &[&[2, 4, 5, 3], &[3, 3, 3, 3]], |t| {
        let y = ops::conv2d(&t[0], &t[1], geometry(3, 1, 1))?;
        let pooled = ops::global_avg_pool(&y)?;
        ops::residual_add(&ops::scale_channels(&y, &pooled)?, &t[0], &[1.0, 0.5])
    });
    // SPPF: pools of pools, all of them used; and a transformer's residual branches.
    check(6, &[&[2, 5, 4, 3]], |t| {
        let pool = |x: &Tensor| ops::max_pool2d(x, geometry(3, 1, 1));
        let (x, once) = (&t[0], pool(&t[0])?);
        Tensor::cat(&[x, &once, &pool(&once)?], 3)
    });
    check(7, &[&[2, 4, 6], &[6], &[6]], |t| {
        let normal = ops::layer_norm(&t[0], &t[1], &t[2], 1e-3)?;
        let mask = AttentionMask::default();
        let x = (&t[0] + ops::attention(&normal, &normal, &normal, 3, mask)?)?;
        let normal = ops::layer_norm(&x, &t[1], &t[2], 1e-3)?;
        &x + ops::activate(&normal, ops::Activation::Gelu)?
    });
}

#[test]
fn what_is_frozen_gets_no_gradient_and_costs_others_none() {
    let random = &mut Random::new(11);
    let photo = common::draw(random, &[2, 5, 4, 3], DType::F64);
    let dense = common::draw(random, &[4, 3, 3, 3], DType::F64);
    let own = common::draw(random, &[3, 1, 3, 3], DType::F64);
    let g = geometry(3, 2, 1);
    check(1, &[&[2, 5, 4, 3]], |t| ops::conv2d(&t[0], &dense, g));
    check(2, &[&[4, 3, 3, 3]], |t| ops::conv2d(&photo, &t[0], g));
    check(3, &[&[2, 5, 4, 3]], |t| {
        ops::depthwise_conv2d(&t[0], &own, g)
    });
    check(4, &[&[3, 1, 3, 3]], |t| {
        ops::depthwise_conv2d(&photo, &t[0], g)
    });
    let weight = candle_core::Var::from_tensor(&dense).unwrap();
    let y = ops::conv2d(&photo, &weight, g).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&photo).is_none() && gradients.get(&weight).is_some());
}

#[test]
fn inputs_need_not_be_contiguous() {
    let g = geometry(3, 1, 1);
    check(6, &[&[2, 3, 5, 4], &[4, 1, 3, 3]], |t| {
        ops::depthwise_conv2d(&t[0].transpose(1, 2)?, &t[1].transpose(2, 3)?, g)
    });
    check(7, &[&[2, 3, 5, 4], &[2, 4, 3, 3]], |t| {
        ops::conv2d(&t[0].transpose(1, 2)?, &t[1].transpose(2, 3)?, g)
    });
    check(8, &[&[2, 3, 5, 4], &[3]], |t| {
        let x = t[0].transpose(1, 3)?;
        let x = ops::upsample_nearest(&ops::max_pool2d(&x, geometry(3, 2, 1))?, 2)?;
        let x = ops::layer_norm(&x.transpose(1, 2)?, &t[1], &t[1], 1e-3)?;
        ops::softmax(&x.transpose(0, 3)?)
    });
    check(9, &[&[4, 2, 6], &[3, 2, 6]], |t| {
        let (q, k) = (t[0].transpose(0, 1)?, t[1].transpose(0, 1)?);
        ops::attention(&q, &k, &k, 2, AttentionMask::default())
    });
    // The output's gradient, too: a transposed output.
    check(10, &[&[2, 3, 4], &[2, 3, 4]], |t| {
        let y = ops::activate(&t[0], ops::Activation::Silu)?.transpose(1, 2)?;
        y.matmul(&t[1])
    });
}

#[test]
fn kernels_of_lesser_processors_hold_too() {
    wardrobe_testkit::again_with_narrower_instructions();
}
