//! Pools, upsampling, norms, softmax, attention and activations against plain loops written here, on lopsided shapes.

mod common;

use candle_core::{DType, Tensor};
use common::{ACTIVATIONS, DEVICE, PRECISIONS, Plain, activate, draw, for_each_at, geometry};
use wardrobe_nn::ops::{self, Activation, AttentionMask, ConvGeometry};
use wardrobe_testkit::{Random, assert_close};

/// The values under the kernel at an output, `None` in the padding.
fn window(x: &Plain, at: &[usize], g: ConvGeometry) -> Vec<Option<f64>> {
    let mut values = Vec::new();
    for ky in 0..g.kernel {
        for kx in 0..g.kernel {
            let y = (at[1] * g.stride + ky * g.dilation).checked_sub(g.padding);
            let x_ = (at[2] * g.stride + kx * g.dilation).checked_sub(g.padding);
            let inside = y.zip(x_).filter(|&(y, x_)| y < x.dims[1] && x_ < x.dims[2]);
            values.push(inside.map(|(y, x_)| x.get(&[at[0], y, x_, at[3]])));
        }
    }
    values
}

fn pool(x: &Tensor, g: ConvGeometry, reduce: impl Fn(&[Option<f64>]) -> f64) -> Tensor {
    let x = Plain::of(x);
    let side = |len: usize| (len + 2 * g.padding - g.dilation * (g.kernel - 1) - 1) / g.stride + 1;
    let mut y = Plain::zeros(&[x.dims[0], side(x.dims[1]), side(x.dims[2]), x.dims[3]]);
    for_each_at(&y.dims.clone(), |at| {
        let value = reduce(&window(&x, at, g));
        y.set(at, value);
    });
    y.tensor()
}

fn pool_geometries() -> Vec<ConvGeometry> {
    let mut all = vec![
        geometry(2, 2, 0),
        geometry(3, 2, 1),
        geometry(5, 1, 2),
        geometry(3, 1, 0),
        geometry(2, 3, 1),
        geometry(1, 1, 0),
    ];
    let dilated = ConvGeometry {
        dilation: 2,
        ..geometry(3, 1, 2)
    };
    all.push(dilated);
    all
}

#[test]
fn pools_are_their_definitions() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, g) in pool_geometries().into_iter().enumerate() {
            for shape in [[2, 7, 6, 5], [1, 5, 9, 33], [3, 6, 5, 1]] {
                let random = &mut Random::new(seed as u64);
                // All negative: padding by zeros would show.
                let x = random.tensor(&shape, (-2.0, -1.0), dtype, &DEVICE).unwrap();
                let max = pool(&x, g, |window| {
                    let values = window.iter().flatten();
                    values.copied().fold(f64::NEG_INFINITY, f64::max)
                });
                assert_close(&ops::max_pool2d(&x, g).unwrap(), &max, 0.0);
                let mean = pool(&x, g, |window| {
                    window.iter().flatten().sum::<f64>() / window.len() as f64
                });
                assert_close(&ops::avg_pool2d(&x, g).unwrap(), &mean, tolerance);
            }
        }
    }
}

#[test]
fn the_first_maximum_gets_the_gradient() {
    let gradient = |values: &[f32], g: ConvGeometry| -> Vec<f32> {
        let x = Tensor::from_slice(values, (1, 2, values.len() / 2, 1), &DEVICE).unwrap();
        let x = candle_core::Var::from_tensor(&x).unwrap();
        let y = ops::max_pool2d(&x, g).unwrap().sum_all().unwrap();
        let gradients = y.backward().unwrap();
        gradients
            .get(&x)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap()
    };
    let ties = [1.0, 3.0, 3.0, 3.0, 0.0, 3.0];
    // Windows of columns 0-1 and 1-2: the first row's 3 is the first of both.
    assert_eq!(
        gradient(&ties, geometry(2, 1, 0)),
        [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    );
    let nothing = [f32::NEG_INFINITY; 4];
    assert_eq!(gradient(&nothing, geometry(2, 2, 0)), [1.0, 0.0, 0.0, 0.0]);
    let nan = [1.0, 5.0, f32::NAN, 2.0];
    assert_eq!(gradient(&nan, geometry(2, 2, 0)), [0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn upsampling_repeats_pixels() {
    for (dtype, _) in PRECISIONS {
        for (seed, (shape, factor)) in [([2, 3, 5, 4], 2), ([1, 1, 2, 33], 3), ([3, 2, 1, 1], 1)]
            .into_iter()
            .enumerate()
        {
            let x = draw(&mut Random::new(seed as u64), &shape, dtype);
            let plain = Plain::of(&x);
            let [n, h, w, c] = shape;
            let mut expected = Plain::zeros(&[n, h * factor, w * factor, c]);
            for_each_at(&expected.dims.clone(), |at| {
                let value = plain.get(&[at[0], at[1] / factor, at[2] / factor, at[3]]);
                expected.set(at, value);
            });
            let y = ops::upsample_nearest(&x, factor).unwrap();
            assert_close(&y, &expected.tensor(), 0.0);
        }
    }
}

/// Rows of the last axis, each through `f`.
fn by_row(x: &Tensor, f: impl Fn(&[f64]) -> Vec<f64>) -> Tensor {
    let mut plain = Plain::of(x);
    let c = plain.dims[plain.dims.len() - 1];
    plain.values = plain.values.chunks(c).flat_map(f).collect();
    plain.tensor()
}

fn plain_softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exp: Vec<f64> = row.iter().map(|x| (x - max).exp()).collect();
    let sum: f64 = exp.iter().sum();
    exp.iter().map(|e| e / sum).collect()
}

#[test]
fn softmax_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, shape) in [&[3, 4, 5][..], &[2, 33], &[7], &[1, 1], &[300, 257]]
            .into_iter()
            .enumerate()
        {
            let random = &mut Random::new(seed as u64);
            let x = random.tensor(shape, (-50.0, 50.0), dtype, &DEVICE).unwrap();
            let y = ops::softmax(&x).unwrap();
            assert_close(&y, &by_row(&x, plain_softmax), tolerance);
        }
    }
    let masked = Tensor::new(&[1e30f32, f32::NEG_INFINITY, 1e30], &DEVICE).unwrap();
    let y: Vec<f32> = ops::softmax(&masked).unwrap().to_vec1().unwrap();
    assert_eq!(y, [0.5, 0.0, 0.5]);
}

#[test]
fn layer_norm_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, shape) in [&[2, 3, 5][..], &[4, 33], &[1, 1, 2, 16], &[7], &[90, 768]]
            .into_iter()
            .enumerate()
        {
            let random = &mut Random::new(seed as u64);
            let c = shape[shape.len() - 1];
            let x = draw(random, shape, dtype);
            let (weight, bias) = (draw(random, &[c], dtype), draw(random, &[c], dtype));
            let (w, b) = (Plain::of(&weight).values, Plain::of(&bias).values);
            let expected = by_row(&x, |row| {
                let mean = row.iter().sum::<f64>() / c as f64;
                let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / c as f64;
                let normal = row.iter().map(|x| (x - mean) / (var + 1e-5).sqrt());
                normal
                    .zip(&w)
                    .zip(&b)
                    .map(|((x, w), b)| x * w + b)
                    .collect()
            });
            let y = ops::layer_norm(&x, &weight, &bias, 1e-5).unwrap();
            assert_close(&y, &expected, tolerance);
        }
    }
}

#[test]
fn a_mean_far_from_zero_costs_layer_norm_no_variance() {
    let random = &mut Random::new(3);
    let x = random
        .tensor(&[5, 64], (4095.0, 4097.0), DType::F32, &DEVICE)
        .unwrap();
    let (one, zero) = (
        Tensor::ones(64, DType::F32, &DEVICE).unwrap(),
        Tensor::zeros(64, DType::F32, &DEVICE).unwrap(),
    );
    let y = ops::layer_norm(&x, &one, &zero, 1e-5).unwrap();
    let expected = by_row(&x, |row| {
        let mean = row.iter().sum::<f64>() / 64.0;
        let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 64.0;
        row.iter()
            .map(|x| (x - mean) / (var + 1e-5).sqrt())
            .collect()
    });
    assert_close(&y, &expected, 1e-3);
}

#[test]
fn frozen_batch_norm_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, activation) in ACTIVATIONS.into_iter().enumerate() {
            let random = &mut Random::new(seed as u64);
            let x = draw(random, &[2, 5, 3, 7], dtype);
            let [weight, bias, mean] = std::array::from_fn(|_| draw(random, &[7], dtype));
            let var = random.tensor(&[7], (0.5, 2.0), dtype, &DEVICE).unwrap();
            let y = ops::batch_norm_frozen(&x, [&weight, &bias], [&mean, &var], 1e-3, activation);
            let [w, b, m, v] = [&weight, &bias, &mean, &var].map(|t| Plain::of(t).values);
            let expected = by_row(&x, |row| {
                let norm = |i: usize| (row[i] - m[i]) / (v[i] + 1e-3).sqrt() * w[i] + b[i];
                (0..7).map(|i| activate(activation, norm(i))).collect()
            });
            assert_close(&y.unwrap(), &expected, tolerance);
        }
    }
}

/// Attention by its definition; `sees(sample, query, key)`.
fn plain_attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    sees: impl Fn(usize, usize, usize) -> bool,
) -> Tensor {
    let [q, k, v] = [q, k, v].map(Plain::of);
    let (keys, dim) = (k.dims[1], q.dims[2] / heads);
    let mut out = Plain::zeros(&q.dims);
    for_each_at(&q.dims, |at| {
        let (n, i, first) = (at[0], at[1], at[2] / dim * dim);
        let score = |j: usize| {
            let dot: f64 = (first..first + dim)
                .map(|d| q.get(&[n, i, d]) * k.get(&[n, j, d]))
                .sum();
            dot / (dim as f64).sqrt()
        };
        let seen: Vec<usize> = (0..keys).filter(|&j| sees(n, i, j)).collect();
        let scores: Vec<f64> = seen.iter().map(|&j| score(j)).collect();
        let value = plain_softmax(&scores);
        let value = value
            .iter()
            .zip(&seen)
            .map(|(p, &j)| p * v.get(&[n, j, at[2]]));
        out.set(at, value.sum());
    });
    out.tensor()
}

#[test]
fn attention_is_the_definition() {
    for (dtype, tolerance) in PRECISIONS {
        for (seed, (n, queries, keys, heads, dim)) in [
            (2, 5, 7, 3, 4),
            (1, 1, 1, 1, 1),
            (3, 17, 17, 2, 5),
            (2, 3, 20, 1, 16),
        ]
        .into_iter()
        .enumerate()
        {
            let random = &mut Random::new(seed as u64);
            let q = draw(random, &[n, queries, heads * dim], dtype);
            let k = draw(random, &[n, keys, heads * dim], dtype);
            let v = draw(random, &[n, keys, heads * dim], dtype);
            // Sample 0 sees no key at all, the others a part.
            let sees: Vec<u8> = (0..n * keys)
                .map(|i| u8::from(i / keys > 0 && i % 3 != 1))
                .collect();
            let mask = Tensor::from_slice(&sees, (n, keys), &DEVICE).unwrap();
            for causal in [false, queries == keys] {
                for keys_seen in [None, Some(&mask)] {
                    let mask = AttentionMask {
                        causal,
                        keys: keys_seen,
                    };
                    let y = ops::attention(&q, &k, &v, heads, mask).unwrap();
                    let expected = plain_attention([&q, &k, &v], heads, |n, i, j| {
                        (!causal || j <= i) && (keys_seen.is_none() || sees[n * keys + j] != 0)
                    });
                    assert_close(&y, &expected, tolerance);
                }
            }
        }
    }
}

#[test]
fn padding_and_later_tokens_change_nothing() {
    let random = &mut Random::new(8);
    let [q, k, v] = std::array::from_fn(|_| draw(random, &[1, 6, 8], DType::F32));
    let first = |t: &Tensor, len: usize| t.narrow(1, 0, len).unwrap();
    let causal = AttentionMask {
        causal: true,
        keys: None,
    };
    let whole = ops::attention(&q, &k, &v, 2, causal).unwrap();
    let part = ops::attention(&first(&q, 4), &first(&k, 4), &first(&v, 4), 2, causal).unwrap();
    assert_close(&first(&whole, 4), &part, 1e-6);
    let seen = Tensor::new(&[[1u8, 1, 1, 0, 0, 0]], &DEVICE).unwrap();
    let padded = AttentionMask {
        causal: false,
        keys: Some(&seen),
    };
    let whole = ops::attention(&q, &k, &v, 2, padded).unwrap();
    let part = ops::attention(
        &q,
        &first(&k, 3),
        &first(&v, 3),
        2,
        AttentionMask::default(),
    );
    assert_close(&whole, &part.unwrap(), 1e-6);
}

#[test]
fn activations_are_their_definitions_from_minus_100_to_100() {
    for (dtype, tolerance) in [(DType::F32, 3e-7), (DType::F64, 1e-14)] {
        let values: Vec<f64> = (-10_000..=10_000).map(|i| f64::from(i) / 100.0).collect();
        let x = Tensor::from_vec(values, 20_001, &DEVICE)
            .unwrap()
            .to_dtype(dtype)
            .unwrap();
        for activation in ACTIVATIONS {
            let y = Plain::of(&ops::activate(&x, activation).unwrap()).values;
            for (got, x) in y.into_iter().zip(Plain::of(&x).values) {
                let expected = activate(activation, x);
                // GELU left of 0 is a small difference of ones.
                let error = (got - expected).abs();
                assert!(
                    error <= tolerance * x.abs().max(1.0),
                    "{activation:?}({x}) = {got}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn activations_worked_by_hand() {
    let at = |activation, x: f64| -> f64 {
        let x = Tensor::new(&[x], &DEVICE).unwrap();
        ops::activate(&x, activation).unwrap().to_vec1().unwrap()[0]
    };
    for (activation, x, y) in [
        (Activation::Gelu, 1.0, 0.841_344_746_068_542_9),
        (Activation::Gelu, -2.0, -0.045_500_263_896_358_42),
        (Activation::QuickGelu, 0.5, 0.5 / (1.0 + (-0.851f64).exp())),
        (Activation::HardSigmoid, 1.5, 0.75),
        (Activation::HardSigmoid, -3.5, 0.0),
        (Activation::Relu, -0.5, 0.0),
        (Activation::Sigmoid, 0.0, 0.5),
    ] {
        assert!((at(activation, x) - y).abs() < 1e-14, "{activation:?}({x})");
    }
    for activation in ACTIVATIONS {
        assert!(at(activation, f64::NAN).is_nan(), "{activation:?} of NaN");
    }
}

#[test]
fn arc_tangents() {
    for (dtype, tolerance) in PRECISIONS {
        let x = Random::new(1)
            .tensor(&[3, 5], (-20.0, 20.0), dtype, &DEVICE)
            .unwrap();
        let expected = by_row(&x, |row| row.iter().map(|x| x.atan()).collect());
        assert_close(&ops::atan(&x).unwrap(), &expected, tolerance);
    }
}
