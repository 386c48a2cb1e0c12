//! Attention, layer norm and the GELUs of packed layers against plain f64, on lopsided shapes.

use candle_core::{D, DType, Device, Result, Tensor};
use wardrobe_nn::ops::Activation;
use wardrobe_nn::packed::{Mask, PackedConv, Precision, attention, layer_norm};
use wardrobe_testkit::{Random, assert_close};

const DEVICE: Device = Device::Cpu;

/// Values that f32 and bf16 both hold exactly, in f64.
fn draw(random: &mut Random, shape: &[usize], reach: f64) -> Tensor {
    let drawn = random.tensor(shape, (-reach, reach), DType::BF16, &DEVICE);
    drawn.unwrap().to_dtype(DType::F64).unwrap()
}

/// Of sums in f32 over exact inputs; rounding the result to bf16 costs half of 2^-7.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::BF16 => 1.0 / 250.0,
        _ => 1e-5,
    }
}

fn close(actual: &Tensor, expected: &Tensor, what: &str) {
    eprintln!("{what}");
    assert_close(
        &actual.to_dtype(DType::F64).unwrap(),
        expected,
        tolerance(actual.dtype()),
    );
}

fn plain_attention(qkv: &Tensor, heads: usize, mask: Mask) -> Result<Tensor> {
    let (n, s, width) = qkv.dims3()?;
    let dim = width / 3 / heads;
    let part = |i: usize| -> Result<Tensor> {
        qkv.narrow(2, i * heads * dim, heads * dim)?
            .reshape((n, s, heads, dim))?
            .transpose(1, 2)?
            .contiguous()
    };
    let (q, k, v) = (part(0)?, part(1)?, part(2)?);
    let mut scores = (q.matmul(&k.t()?)? / (dim as f64).sqrt())?;
    if mask == Mask::Causal {
        let unseen = |i: usize| (0..s).map(move |j| if j > i { f64::NEG_INFINITY } else { 0.0 });
        let unseen: Vec<f64> = (0..s).flat_map(unseen).collect();
        scores = scores.broadcast_add(&Tensor::from_vec(unseen, (s, s), &DEVICE)?)?;
    }
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    weights
        .matmul(&v)?
        .transpose(1, 2)?
        .reshape((n, s, heads * dim))
}

fn plain_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let var = centered.sqr()?.mean_keepdim(D::Minus1)?;
    centered
        .broadcast_div(&(var + eps)?.sqrt()?)?
        .broadcast_mul(weight)?
        .broadcast_add(bias)
}

/// Images, tokens, heads, values a head.
const SHAPES: [(usize, usize, usize, usize); 10] = [
    (1, 50, 12, 64),
    (2, 77, 8, 64),
    (3, 1, 2, 16),
    (1, 2, 3, 5),
    (2, 17, 1, 33),
    (1, 16, 5, 8),
    (4, 31, 2, 48),
    (1, 65, 3, 1),
    (2, 40, 7, 96),
    (1, 130, 2, 20),
];

#[test]
fn attention_of_every_shape() {
    let mut random = Random::new(21);
    for (n, s, heads, dim) in SHAPES {
        let qkv = draw(&mut random, &[n, s, 3 * heads * dim], 4.0);
        for mask in [Mask::None, Mask::Causal] {
            let expected = plain_attention(&qkv, heads, mask).unwrap();
            for dtype in [DType::F32, DType::BF16] {
                let y = attention(&qkv.to_dtype(dtype).unwrap(), heads, mask).unwrap();
                assert_eq!(y.dtype(), dtype);
                let what = format!("{n} x {s} tokens, {heads} x {dim}, {mask:?}, {dtype:?}");
                close(&y, &expected, &what);
            }
        }
    }
}

#[test]
fn large_scores_do_not_overflow() {
    // Scores of +-566: exp of them is not a number of f32.
    let far = Tensor::new(&[[[20f32, -20.0, 20.0, -20.0, 1.0, 2.0]]], &DEVICE).unwrap();
    let near = (&far * -1.0).unwrap();
    let qkv = Tensor::cat(&[&far, &near], 1).unwrap();
    let y = attention(&qkv, 1, Mask::None).unwrap();
    assert_eq!(y.to_vec3::<f32>().unwrap(), [[[1.0, 2.0], [-1.0, -2.0]]]);
}

#[test]
fn attention_reads_strided_inputs() {
    let mut random = Random::new(22);
    let whole = draw(&mut random, &[2, 9, 60], 2.0);
    let sliced = whole.narrow(2, 7, 36).unwrap();
    let narrowed = whole.narrow(1, 2, 5).unwrap().narrow(2, 0, 36).unwrap();
    let swapped = whole.narrow(2, 0, 36).unwrap().transpose(0, 1).unwrap();
    for qkv in [sliced, narrowed, swapped] {
        let expected = plain_attention(&qkv.contiguous().unwrap(), 3, Mask::None).unwrap();
        let strided = qkv.to_dtype(DType::F32).unwrap();
        close(
            &attention(&strided, 3, Mask::None).unwrap(),
            &expected,
            "converted",
        );
    }
    // In the type that it is read in, where it lies.
    let wide = whole.to_dtype(DType::F32).unwrap();
    let slice = wide.narrow(2, 7, 36).unwrap();
    let expected = plain_attention(&whole.narrow(2, 7, 36).unwrap(), 3, Mask::None).unwrap();
    close(
        &attention(&slice, 3, Mask::None).unwrap(),
        &expected,
        "a slice",
    );
}

#[test]
fn the_future_is_not_looked_at() {
    let mut random = Random::new(23);
    let past = draw(&mut random, &[1, 6, 24], 3.0)
        .to_dtype(DType::F32)
        .unwrap();
    let expected = attention(&past, 2, Mask::Causal)
        .unwrap()
        .to_vec3::<f32>()
        .unwrap();
    let future = Tensor::full(f32::MAX, (1, 4, 24), &DEVICE).unwrap();
    let longer = Tensor::cat(&[&past, &future], 1).unwrap();
    let y = attention(&longer, 2, Mask::Causal)
        .unwrap()
        .to_vec3::<f32>()
        .unwrap();
    for (y, expected) in y[0].iter().zip(&expected[0]) {
        assert_eq!(y, expected);
    }
}

#[test]
fn attention_of_nothing_and_of_what_does_not_fit() {
    for shape in [[0, 5, 12], [2, 0, 12], [2, 5, 0]] {
        let qkv = Tensor::zeros(&shape, DType::F32, &DEVICE).unwrap();
        let y = attention(&qkv, 2, Mask::Causal).unwrap();
        assert_eq!(y.dims(), [shape[0], shape[1], shape[2] / 3]);
    }
    let qkv = Tensor::zeros((1, 2, 12), DType::F32, &DEVICE).unwrap();
    for heads in [0, 3, 5] {
        let error = attention(&qkv, heads, Mask::None).unwrap_err().to_string();
        assert!(error.contains("heads do not fit [1, 2, 12]"), "{error}");
    }
    assert!(attention(&qkv.to_dtype(DType::F64).unwrap(), 2, Mask::None).is_err());
    assert!(attention(&qkv.flatten_all().unwrap(), 2, Mask::None).is_err());
}

#[test]
fn layer_norm_of_every_shape() {
    let mut random = Random::new(24);
    for shape in [
        &[1, 50, 768][..],
        &[3, 7, 5],
        &[2, 1],
        &[17],
        &[4, 3, 2, 33],
        &[130, 512],
    ] {
        let c = shape[shape.len() - 1];
        let (weight, bias) = (draw(&mut random, &[c], 1.5), draw(&mut random, &[c], 1.0));
        let x = draw(&mut random, shape, 4.0);
        let expected = plain_norm(&x, &weight, &bias, 1e-5).unwrap();
        for input in [DType::F32, DType::BF16] {
            for output in [DType::F32, DType::BF16] {
                let x = x.to_dtype(input).unwrap();
                let y = layer_norm(&x, &weight, &bias, 1e-5, output).unwrap();
                assert_eq!(y.dtype(), output);
                close(&y, &expected, &format!("{shape:?} {input:?} -> {output:?}"));
            }
        }
    }
}

#[test]
fn layer_norm_far_from_zero_and_of_equal_values() {
    let mut random = Random::new(25);
    let ones = Tensor::ones(40, DType::F64, &DEVICE).unwrap();
    let zeros = ones.zeros_like().unwrap();
    // The mean is a thousand times the deviation: E[x^2] - mean^2 in f32 would be noise.
    let x = (draw(&mut random, &[3, 40], 1.0) + 1024.0).unwrap();
    let y = layer_norm(
        &x.to_dtype(DType::F32).unwrap(),
        &ones,
        &zeros,
        1e-5,
        DType::F32,
    )
    .unwrap();
    let expected = plain_norm(&x, &ones, &zeros, 1e-5).unwrap();
    assert_close(&y.to_dtype(DType::F64).unwrap(), &expected, 1e-3);
    let equal = Tensor::full(7f32, (2, 40), &DEVICE).unwrap();
    let y = layer_norm(&equal, &ones, &zeros, 1e-5, DType::F32).unwrap();
    assert!(
        y.flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
            .iter()
            .all(|&v| v == 0.0)
    );
}

#[test]
fn layer_norm_of_slices_of_nothing_and_of_what_does_not_fit() {
    let mut random = Random::new(26);
    let (weight, bias) = (draw(&mut random, &[6], 1.0), draw(&mut random, &[6], 1.0));
    let whole = draw(&mut random, &[4, 3, 9], 2.0);
    let first = whole.narrow(1, 0, 1).unwrap().narrow(2, 2, 6).unwrap();
    let swapped = whole.narrow(2, 0, 6).unwrap().transpose(0, 1).unwrap();
    for x in [first, swapped] {
        let expected = plain_norm(&x, &weight, &bias, 1e-5).unwrap();
        let dtype = DType::F32;
        let y = layer_norm(&x.to_dtype(dtype).unwrap(), &weight, &bias, 1e-5, dtype).unwrap();
        close(&y, &expected, "strided");
    }
    let wide = whole.to_dtype(DType::F32).unwrap();
    let slice = wide.narrow(1, 0, 1).unwrap().narrow(2, 2, 6).unwrap();
    let y = layer_norm(&slice, &weight, &bias, 1e-5, DType::F32).unwrap();
    let slice = slice.to_dtype(DType::F64).unwrap();
    close(
        &y,
        &plain_norm(&slice, &weight, &bias, 1e-5).unwrap(),
        "a slice",
    );

    let none = Tensor::zeros((0, 6), DType::F32, &DEVICE).unwrap();
    let y = layer_norm(&none, &weight, &bias, 1e-5, DType::BF16).unwrap();
    assert_eq!((y.dims(), y.dtype()), (&[0, 6][..], DType::BF16));
    let error = layer_norm(&wide, &weight, &bias, 1e-5, DType::F32).unwrap_err();
    assert!(error.to_string().contains("[4, 3, 9]"), "{error}");
    assert!(
        layer_norm(
            &whole.narrow(2, 0, 6).unwrap(),
            &weight,
            &bias,
            1e-5,
            DType::F32
        )
        .is_err()
    );
}

/// Of a linear layer that passes its input on, with the activation in its epilogue.
fn activated(x: &Tensor, activation: Activation) -> Vec<f32> {
    let one = Tensor::ones((1, 1), DType::F32, &DEVICE).unwrap();
    let layer = PackedConv::linear(&one, None, activation, Precision::F32).unwrap();
    layer
        .forward(x)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

/// erf by its power series where that converges fast, by the continued fraction of erfc elsewhere.
fn erf(x: f64) -> f64 {
    if x.abs() < 3.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let fraction = (1..200)
        .rev()
        .fold(0.0, |f, k| f64::from(k) / 2.0 / (x.abs() + f));
    let erfc = (-x * x).exp() / std::f64::consts::PI.sqrt() / (x.abs() + fraction);
    (1.0 - erfc).copysign(x)
}

#[test]
fn gelu_and_quick_gelu_are_exact_to_a_millionth() {
    let x: Vec<f32> = (-12_000..12_000)
        .map(|i| i as f32 * 1e-3)
        .chain([-90.0, 60.0])
        .collect();
    let input = Tensor::from_slice(&x, (x.len(), 1), &DEVICE).unwrap();
    let gelu = |x: f64| x * 0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2));
    let quick = |x: f64| x / (1.0 + (-1.702 * x).exp());
    for (y, &x) in activated(&input, Activation::Gelu).into_iter().zip(&x) {
        let error = (f64::from(y) - gelu(f64::from(x))).abs();
        assert!(
            error < 1e-6 * f64::from(x.abs()).max(1.0),
            "gelu({x}) = {y}, off by {error:.1e}"
        );
    }
    for (y, &x) in activated(&input, Activation::QuickGelu).into_iter().zip(&x) {
        let error = (f64::from(y) - quick(f64::from(x))).abs();
        assert!(
            error < 1e-6 * f64::from(x.abs()).max(1.0),
            "quick_gelu({x}) = {y}, off by {error:.1e}"
        );
    }
    // torch.nn.functional.gelu, and x * sigmoid(1.702 x), at 1.
    let one = Tensor::ones((1, 1), DType::F32, &DEVICE).unwrap();
    assert!((activated(&one, Activation::Gelu)[0] - 0.841_344_7).abs() < 1e-6);
    assert!((activated(&one, Activation::QuickGelu)[0] - 0.845_795_8).abs() < 1e-6);
}

#[test]
fn kernels_of_lesser_processors_hold_too() {
    wardrobe_testkit::again_with_narrower_instructions();
}
