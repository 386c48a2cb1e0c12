//! What operators do at their limits: nothing to work on, shapes and types that do not fit, any number of threads.

mod common;

use candle_core::{DType, Tensor, Var};
use common::{DEVICE, geometry};
use rayon::ThreadPoolBuilder;
use wardrobe_nn::ops::{self, Activation, AttentionMask};
use wardrobe_testkit::Random;

fn zeros(shape: &[usize], dtype: DType) -> Tensor {
    Tensor::zeros(shape, dtype, &DEVICE).unwrap()
}

#[test]
fn an_empty_batch_gives_an_empty_result_and_no_statistics() {
    let zeros = |shape: &[usize]| zeros(shape, DType::F32);
    let x = zeros(&[0, 5, 4, 3]);
    let g = geometry(3, 2, 1);
    let dims = |result: candle_core::Result<Tensor>| result.unwrap().dims().to_vec();
    let (dense, own) = (zeros(&[7, 3, 3, 3]), zeros(&[3, 1, 3, 3]));
    assert_eq!(dims(ops::conv2d(&x, &dense, g)), [0, 3, 2, 7]);
    assert_eq!(dims(ops::depthwise_conv2d(&x, &own, g)), [0, 3, 2, 3]);
    assert_eq!(dims(ops::global_avg_pool(&x)), [0, 3]);
    assert_eq!(dims(ops::scale_channels(&x, &zeros(&[0, 3]))), [0, 5, 4, 3]);
    assert_eq!(dims(ops::residual_add(&x, &x, &[])), [0, 5, 4, 3]);
    assert_eq!(dims(ops::max_pool2d(&x, g)), [0, 3, 2, 3]);
    assert_eq!(dims(ops::avg_pool2d(&x, g)), [0, 3, 2, 3]);
    assert_eq!(dims(ops::upsample_nearest(&x, 2)), [0, 10, 8, 3]);
    let c = zeros(&[3]);
    let frozen = ops::batch_norm_frozen(&x, [&c, &c], [&c, &c], 1e-5, Activation::Relu);
    assert_eq!(dims(frozen), [0, 5, 4, 3]);
    for shape in [[0, 5, 4, 3], [1, 1, 1, 3], [2, 2, 2, 0]] {
        let (x, c) = (zeros(&shape), zeros(&shape[3..]));
        let error = ops::batch_norm_train(&x, &c, &c, 1e-5, Activation::Identity)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("at least 2") && error.contains(&format!("{shape:?}")),
            "{error}"
        );
    }
}

#[test]
fn operators_on_nothing_give_nothing_forward_and_backward() {
    let var = |shape: &[usize]| Var::from_tensor(&zeros(shape, DType::F32)).unwrap();
    let assert_empty = |y: Tensor, vars: &[&Var]| {
        let gradients = y.sum_all().unwrap().backward().unwrap();
        for var in vars {
            assert_eq!(gradients.get(var).unwrap().dims(), var.dims());
        }
    };
    // No samples, and no channels.
    for shape in [[0, 4, 6, 3], [2, 4, 6, 0]] {
        let (x, c) = (var(&shape), var(&shape[3..]));
        let own = var(&[shape[3], 1, 3, 3]);
        let dense = var(&[2, shape[3], 3, 3]);
        let g = geometry(3, 2, 1);
        let pool = geometry(2, 2, 0);
        assert_empty(ops::conv2d(&x, &dense, g).unwrap(), &[&x, &dense]);
        assert_empty(ops::depthwise_conv2d(&x, &own, g).unwrap(), &[&x, &own]);
        assert_empty(ops::max_pool2d(&x, pool).unwrap(), &[&x]);
        assert_empty(ops::avg_pool2d(&x, pool).unwrap(), &[&x]);
        assert_empty(ops::upsample_nearest(&x, 2).unwrap(), &[&x]);
        assert_empty(ops::softmax(&x).unwrap(), &[&x]);
        assert_empty(ops::activate(&x, Activation::Gelu).unwrap(), &[&x]);
        let norm = ops::layer_norm(&x, &c, &c, 1e-5).unwrap();
        assert_empty(norm, &[&x, &c]);
        let norm = ops::batch_norm_frozen(&x, [&c, &c], [&c, &c], 1e-5, Activation::Silu);
        assert_empty(norm.unwrap(), &[&x, &c]);
    }
    for (n, queries, keys) in [(0, 3, 4), (2, 0, 4), (2, 3, 0)] {
        let (q, k) = (var(&[n, queries, 6]), var(&[n, keys, 6]));
        let y = ops::attention(&q, &k, &k, 2, AttentionMask::default()).unwrap();
        assert_eq!(y.dims(), [n, queries, 6]);
        assert_empty(y, &[&q, &k]);
    }
}

/// Asserts that `result` is an error that holds both shapes.
#[track_caller]
fn assert_names<T>(result: candle_core::Result<T>, shapes: [&[usize]; 2]) {
    let Err(error) = result else {
        panic!("no error for {shapes:?}")
    };
    let error = error.to_string();
    for shape in shapes {
        assert!(
            error.contains(&format!("{shape:?}")),
            "no {shape:?} in: {error}"
        );
    }
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let zeros = |shape: &[usize]| zeros(shape, DType::F32);
    let (x, g) = (zeros(&[2, 5, 4, 3]), geometry(3, 1, 1));
    let shape: &[usize] = &[2, 5, 4, 3];
    for weight in [[7, 4, 3, 3], [7, 3, 2, 3], [7, 3, 3, 5], [7, 3, 1, 1]] {
        assert_names(ops::conv2d(&x, &zeros(&weight), g), [shape, &weight]);
    }
    for weight in [[4, 1, 3, 3], [3, 3, 3, 3], [3, 1, 5, 5]] {
        let result = ops::depthwise_conv2d(&x, &zeros(&weight), g);
        assert_names(result, [shape, &weight]);
    }
    let norm = |w: &[usize], b: &[usize]| {
        ops::batch_norm_train(&x, &zeros(w), &zeros(b), 1e-5, Activation::Silu)
    };
    assert_names(norm(&[4], &[3]), [shape, &[4]]);
    assert_names(norm(&[3], &[5]), [shape, &[5]]);
    for gate in [&[2, 4][..], &[3, 3], &[3]] {
        assert_names(ops::scale_channels(&x, &zeros(gate)), [shape, gate]);
    }
    let branch = zeros(&[2, 4, 5, 3]);
    assert_names(
        ops::residual_add(&x, &branch, &[1.0, 1.0]),
        [shape, &[2, 4, 5, 3]],
    );
    for (weight, bias) in [([4], [4]), ([3], [4])] {
        let result = ops::layer_norm(&x, &zeros(&weight), &zeros(&bias), 1e-5);
        assert_names(result, [shape, &bias]);
    }
    let weight = zeros(&[6, 1, 3, 3]);
    assert_names(
        ops::conv2d_grouped(&x, &weight, g, 2),
        [shape, &[6, 1, 3, 3]],
    );
    let error = ops::residual_add(&x, &x, &[1.0]).unwrap_err().to_string();
    assert!(error.contains("1 factors"), "{error}");
}

#[test]
fn a_kernel_that_does_not_fit_and_a_wrong_type_are_errors() {
    let x = zeros(&[1, 2, 6, 3], DType::F32);
    let weight = zeros(&[4, 3, 5, 5], DType::F32);
    let wide = geometry(5, 1, 1);
    let error = ops::conv2d(&x, &weight, wide).unwrap_err().to_string();
    assert!(
        error.contains("kernel: 5") && error.contains("[1, 2, 6, 3]"),
        "{error}"
    );
    for (kernel, stride) in [(5, 0), (0, 1)] {
        let still = geometry(kernel, stride, 2);
        let weight = zeros(&[4, 3, kernel, kernel], DType::F32);
        assert!(ops::conv2d(&x, &weight, still).is_err());
        let weight = zeros(&[3, 1, kernel, kernel], DType::F32);
        assert!(ops::depthwise_conv2d(&x, &weight, still).is_err());
    }
    let bytes = zeros(&[1, 2, 6, 3], DType::U8);
    let error = ops::global_avg_pool(&bytes).unwrap_err().to_string();
    assert!(error.contains("f32 or f64, got U8"), "{error}");
    let other = zeros(&[4, 3, 1, 1], DType::F64);
    assert!(ops::conv2d(&x, &other, geometry(1, 1, 0)).is_err());
    assert!(ops::global_avg_pool(&zeros(&[2, 3], DType::F32)).is_err());
}

#[test]
fn attention_names_what_does_not_fit() {
    let zeros = |shape: &[usize]| zeros(shape, DType::F32);
    let q = zeros(&[2, 5, 6]);
    let attend = |k: &[usize], v: &[usize], heads, mask| {
        ops::attention(&q, &zeros(k), &zeros(v), heads, mask)
    };
    let all = AttentionMask::default();
    let k: &[usize] = &[2, 4, 6];
    assert_names(attend(&[2, 4, 8], k, 2, all), [&[2, 5, 6], &[2, 4, 8]]);
    assert_names(attend(&[1, 4, 6], k, 2, all), [&[2, 5, 6], &[1, 4, 6]]);
    assert_names(attend(k, &[2, 3, 6], 2, all), [k, &[2, 3, 6]]);
    for heads in [0, 4] {
        let error = attend(k, k, heads, all).unwrap_err().to_string();
        assert!(error.contains(&format!("{heads} heads")), "{error}");
    }
    let causal = AttentionMask {
        causal: true,
        keys: None,
    };
    assert_names(attend(k, k, 2, causal), [&[2, 5, 6], k]);
    let seen = zeros(&[2, 5]).to_dtype(DType::U8).unwrap();
    let padded = AttentionMask {
        causal: false,
        keys: Some(&seen),
    };
    let error = attend(k, k, 2, padded).unwrap_err().to_string();
    assert!(
        error.contains("(2, 4)") && error.contains("[2, 5]"),
        "{error}"
    );
}

#[test]
fn a_pool_has_no_window_in_the_padding_alone() {
    let x = zeros(&[1, 6, 6, 2], DType::F32);
    for pool in [ops::max_pool2d, ops::avg_pool2d] {
        let error = pool(&x, geometry(3, 1, 2)).unwrap_err().to_string();
        assert!(error.contains("at most half"), "{error}");
        assert!(pool(&x, geometry(7, 1, 0)).is_err());
    }
    assert!(ops::upsample_nearest(&x, 0).is_err());
}

/// What `f` gives on 1 and on 2 threads must be the same to the last bit.
fn assert_same_on_any_threads(f: impl Fn() -> Vec<Tensor> + Send + Sync) {
    let on = |threads: usize| -> Vec<Vec<u32>> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let bits = |t: &Tensor| -> Vec<u32> {
            let values: Vec<f32> = t.flatten_all().unwrap().to_vec1().unwrap();
            values.iter().map(|v| v.to_bits()).collect()
        };
        pool.install(|| f().iter().map(bits).collect())
    };
    let (one, two) = (on(1), on(2));
    assert!(one.iter().any(|values| values.iter().any(|&v| v != 0)));
    assert!(one == two, "1 and 2 threads differ");
}

#[test]
fn threads_change_no_bit_of_forward_or_backward() {
    // Large enough for several tasks in each operator: a task is 65,536 values.
    let random = &mut Random::new(9);
    let var = |random: &mut Random, shape: &[usize]| {
        let drawn = random
            .tensor(shape, (-1.0, 1.0), DType::F32, &DEVICE)
            .unwrap();
        Var::from_tensor(&drawn).unwrap()
    };
    let x = var(random, &[5, 31, 29, 48]);
    let (dense, own) = (var(random, &[24, 48, 3, 3]), var(random, &[24, 1, 5, 5]));
    let (gain, shift) = (var(random, &[24]), var(random, &[24]));
    assert_same_on_any_threads(|| {
        let y = ops::conv2d(&x, &dense, geometry(3, 1, 1)).unwrap();
        let y = ops::depthwise_conv2d(&y, &own, geometry(5, 1, 2)).unwrap();
        let (z, statistics) =
            ops::batch_norm_train(&y, &gain, &shift, 1e-5, Activation::Silu).unwrap();
        let z = ops::scale_channels(&z, &ops::global_avg_pool(&z).unwrap()).unwrap();
        let z = ops::residual_add(&y, &z, &[1.0, 0.0, 1.0, 1.5, 0.5]).unwrap();
        let z = ops::layer_norm(&z, &gain, &shift, 1e-5).unwrap();
        let z = ops::max_pool2d(&z, geometry(3, 2, 1)).unwrap();
        let z = ops::upsample_nearest(&z, 2).unwrap();
        let s = z.narrow(1, 0, 4).unwrap().flatten(1, 2).unwrap();
        let s = ops::attention(&s, &s, &s, 4, AttentionMask::default()).unwrap();
        let z = Tensor::cat(&[&s, &z.flatten(1, 2).unwrap()], 1).unwrap();
        let grads = z.sqr().unwrap().mean_all().unwrap().backward().unwrap();
        let mean = statistics.mean.to_dtype(DType::F32);
        let mut all = vec![z, mean.unwrap()];
        let vars = [&x, &dense, &own, &gain, &shift];
        all.extend(vars.map(|var| grads.get(var).unwrap().clone()));
        all
    });
}
