//! Optimiser, clipping, averaging and schedule, each against a case worked by hand or a plain loop in f64.

use candle_core::{DType, Device, Tensor, Var};
use std::collections::BTreeMap;
use wardrobe_nn::optim::{AdamW, AdamWConfig, Ema, Gradients, cosine_schedule};
use wardrobe_testkit::Random;

const DEVICE: Device = Device::Cpu;

type Vars = BTreeMap<String, Var>;

fn var(values: &[f32], shape: &[usize]) -> Var {
    Var::from_tensor(&Tensor::from_slice(values, shape, &DEVICE).unwrap()).unwrap()
}

fn vars(named: &[(&str, &Var)]) -> Vars {
    let own = |&(name, var): &(&str, &Var)| (name.to_owned(), var.clone());
    named.iter().map(own).collect()
}

fn values(var: &Var) -> Vec<f32> {
    var.flatten_all().unwrap().to_vec1().unwrap()
}

/// Gradients of these values: those of the sum of the products.
fn gradients(vars: &Vars, given: &BTreeMap<String, Vec<f32>>) -> Gradients {
    let mut loss = Tensor::zeros((), DType::F32, &DEVICE).unwrap();
    for (name, grad) in given {
        let grad = Tensor::from_slice(grad, vars[name].shape(), &DEVICE).unwrap();
        let term = (vars[name].as_tensor() * grad).unwrap().sum_all().unwrap();
        loss = (loss + term).unwrap();
    }
    let mut gradients = Gradients::default();
    gradients.add(vars, &loss.backward().unwrap()).unwrap();
    gradients
}

fn named(grads: &[(&str, &[f32])]) -> BTreeMap<String, Vec<f32>> {
    let own = |&(name, grad): &(&str, &[f32])| (name.to_owned(), grad.to_vec());
    grads.iter().map(own).collect()
}

#[test]
fn adamw_worked_by_hand() {
    let config = AdamWConfig {
        beta1: 0.5,
        beta2: 0.75,
        eps: 0.5,
        weight_decay: 0.1,
    };
    let (weight, bias) = (var(&[2.0], &[1, 1]), var(&[2.0], &[1]));
    let params = vars(&[("weight", &weight), ("bias", &bias)]);
    let mut adamw = AdamW::new(params.clone(), config).unwrap();
    // Step 1, gradient 1: m = 0.5, v = 0.25; corrected by 1 - 0.5 and 1 - 0.75 both are 1.
    // Update: 0.5 * 1 / (1 + 0.5) = 1/3. Decay on the matrix only: 2 * (1 - 0.5 * 0.1) = 1.9.
    let one = named(&[("weight", &[1.0]), ("bias", &[1.0])]);
    adamw.step(&gradients(&params, &one), |_| 0.5).unwrap();
    assert!((values(&weight)[0] - (1.9 - 1.0 / 3.0)).abs() < 1e-6);
    assert!((values(&bias)[0] - (2.0 - 1.0 / 3.0)).abs() < 1e-6);
    // Step 2, gradient -2: m = 0.25 - 1 = -0.75, / (1 - 0.25) = -1; v = 0.1875 + 1 = 1.1875, / (1 - 0.5625) = 19/7.
    let two = named(&[("weight", &[-2.0]), ("bias", &[-2.0])]);
    adamw.step(&gradients(&params, &two), |_| 0.5).unwrap();
    let update = -0.5 / ((19.0f32 / 7.0).sqrt() + 0.5);
    let expected = (1.9 - 1.0 / 3.0) * 0.95 - update;
    assert!((values(&weight)[0] - expected).abs() < 1e-6);
    assert!((values(&bias)[0] - (2.0 - 1.0 / 3.0 - update)).abs() < 1e-6);
}

/// Loshchilov and Hutter's algorithm 2, for one value, in f64.
struct PlainAdamW {
    value: f64,
    mean: f64,
    square: f64,
}

impl PlainAdamW {
    fn step(&mut self, grad: f64, rate: f64, decay: f64, t: i32) {
        let (beta1, beta2, eps) = (0.9f64, 0.999f64, 1e-8);
        self.mean = beta1 * self.mean + (1.0 - beta1) * grad;
        self.square = beta2 * self.square + (1.0 - beta2) * grad * grad;
        let mean = self.mean / (1.0 - beta1.powi(t));
        let square = self.square / (1.0 - beta2.powi(t));
        self.value -= rate * (mean / (square.sqrt() + eps) + decay * self.value);
    }
}

/// A matrix, a vector and a kernel with values of their own.
fn parameters(random: &mut Random) -> Vars {
    let draw = |random: &mut Random, shape: &[usize]| {
        let tensor = random
            .tensor(shape, (-1.0, 1.0), DType::F32, &DEVICE)
            .unwrap();
        Var::from_tensor(&tensor).unwrap()
    };
    let shapes = [
        ("matrix", &[3, 5][..]),
        ("vector", &[7]),
        ("kernel", &[2, 3, 1, 2]),
    ];
    shapes
        .map(|(name, shape)| (name.to_owned(), draw(random, shape)))
        .into()
}

fn random_gradients(random: &mut Random, params: &Vars) -> BTreeMap<String, Vec<f32>> {
    let draw = |(name, var): (&String, &Var)| {
        let grad = (0..var.elem_count())
            .map(|_| (random.unit() * 2.0 - 1.0) as f32)
            .collect();
        (name.clone(), grad)
    };
    params.iter().map(draw).collect()
}

#[test]
fn adamw_follows_the_algorithm_for_20_steps() {
    let random = &mut Random::new(1);
    let params = parameters(random);
    let config = AdamWConfig {
        weight_decay: 0.1,
        ..AdamWConfig::default()
    };
    let mut plain: BTreeMap<String, Vec<PlainAdamW>> = BTreeMap::new();
    for (name, var) in &params {
        let start = |value: f32| PlainAdamW {
            value: value.into(),
            mean: 0.0,
            square: 0.0,
        };
        plain.insert(name.clone(), values(var).into_iter().map(start).collect());
    }
    let mut adamw = AdamW::new(params.clone(), config).unwrap();
    for t in 1..=20 {
        let grads = random_gradients(random, &params);
        let rate = |name: &str| if name == "matrix" { 0.02 } else { 0.05 } / f64::from(t);
        adamw.step(&gradients(&params, &grads), rate).unwrap();
        for (name, plain) in &mut plain {
            let decay = if name == "vector" { 0.0 } else { 0.1 };
            for (plain, &grad) in plain.iter_mut().zip(&grads[name]) {
                plain.step(grad.into(), rate(name), decay, t);
            }
            for (got, plain) in values(&params[name]).iter().zip(plain) {
                let error = (f64::from(*got) - plain.value).abs();
                assert!(error < 2e-6, "{name} at step {t}: {got} {}", plain.value);
            }
        }
    }
}

#[test]
fn a_saved_state_goes_on_bit_for_bit() {
    let random = &mut Random::new(2);
    let params = parameters(random);
    let batches: Vec<_> = (0..6).map(|_| random_gradients(random, &params)).collect();
    let mut unbroken = AdamW::new(params.clone(), AdamWConfig::default()).unwrap();
    let mut halfway = None;
    for (i, grads) in batches.iter().enumerate() {
        if i == 3 {
            let copy = |(name, var): (&String, &Var)| {
                (
                    name.clone(),
                    Var::from_tensor(&var.as_tensor().copy().unwrap()).unwrap(),
                )
            };
            let weights: Vars = params.iter().map(copy).collect();
            halfway = Some((weights, unbroken.state().unwrap()));
        }
        unbroken.step(&gradients(&params, grads), |_| 0.01).unwrap();
    }
    let (weights, state) = halfway.unwrap();
    let mut resumed = AdamW::new(weights.clone(), AdamWConfig::default()).unwrap();
    resumed.restore(&state).unwrap();
    for grads in &batches[3..] {
        resumed.step(&gradients(&weights, grads), |_| 0.01).unwrap();
    }
    let bits =
        |vars: &Vars| -> Vec<u32> { vars.values().flat_map(values).map(f32::to_bits).collect() };
    assert_eq!(bits(&weights), bits(&params));
}

#[test]
fn a_state_that_does_not_fit_is_an_error_that_names_it() {
    let params = parameters(&mut Random::new(3));
    let mut adamw = AdamW::new(params, AdamWConfig::default()).unwrap();
    let mut state = adamw.state().unwrap();
    state.insert(
        "matrix.mean".to_owned(),
        Tensor::zeros(3, DType::F32, &DEVICE).unwrap(),
    );
    let error = adamw.restore(&state).unwrap_err().to_string();
    assert!(
        error.contains("matrix.mean") && error.contains("15") && error.contains('3'),
        "{error}"
    );
    state.remove("kernel.square");
    let error = adamw.restore(&state).unwrap_err().to_string();
    assert!(error.contains("kernel.square"), "{error}");
    let half = Var::zeros(3, DType::F64, &DEVICE).unwrap();
    let error = AdamW::new(vars(&[("half", &half)]), AdamWConfig::default()).unwrap_err();
    assert!(error.to_string().contains("half"), "{error}");
}

#[test]
fn a_parameter_without_gradient_or_rate_stays() {
    let (a, b, c) = (
        var(&[1.0, 2.0], &[1, 2]),
        var(&[3.0], &[1, 1]),
        var(&[4.0], &[1, 1]),
    );
    let params = vars(&[("a", &a), ("b", &b), ("c", &c)]);
    let mut adamw = AdamW::new(params.clone(), AdamWConfig::default()).unwrap();
    let grads = named(&[("a", &[1.0, 1.0]), ("c", &[1.0])]);
    let rate = |name: &str| if name == "c" { 0.0 } else { 0.1 };
    adamw.step(&gradients(&params, &grads), rate).unwrap();
    assert!(values(&a)[0] < 1.0 && values(&a)[1] < 2.0);
    assert_eq!(
        (values(&b), values(&c)),
        (vec![3.0], vec![4.0]),
        "not even decayed"
    );
}

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
fn the_moving_average_worked_by_hand() {
    let a = var(&[0.0, 10.0], &[2]);
    let params = vars(&[("a", &a)]);
    // A tau of 1 / ln 2 halves the distance to the full decay with each update: 0.8 * 1/2, 0.8 * 3/4, 0.8 * 7/8.
    let mut ema = Ema::new(&params, 0.8, 1.0 / std::f64::consts::LN_2).unwrap();
    let average = |ema: &Ema| -> Vec<f32> { ema.tensors(&params).unwrap()["a"].to_vec1().unwrap() };
    assert_eq!(average(&ema), [0.0, 10.0], "it starts where the values are");
    a.set(&Tensor::new(&[1f32, 20.0], &DEVICE).unwrap())
        .unwrap();
    let (mut low, mut high) = (0.0, 10.0);
    for (i, decay) in [0.4, 0.6, 0.7].into_iter().enumerate() {
        ema.update(&params).unwrap();
        low = decay * low + (1.0 - decay);
        high = decay * high + (1.0 - decay) * 20.0;
        let got = average(&ema);
        assert!(
            (got[0] - low).abs() < 1e-5 && (got[1] - high).abs() < 1e-4,
            "{got:?}"
        );
        assert_eq!(ema.updates(), i + 1);
    }
    // What is saved and restored goes on.
    let saved = ema.tensors(&params).unwrap();
    let mut resumed = Ema::new(&params, 0.8, 1.0 / std::f64::consts::LN_2).unwrap();
    resumed.restore(&saved, 3).unwrap();
    ema.update(&params).unwrap();
    resumed.update(&params).unwrap();
    assert_eq!(average(&ema), average(&resumed));
    // A decay of 0 is no averaging.
    let mut off = Ema::new(&params, 0.0, 0.2).unwrap();
    a.set(&Tensor::new(&[5f32, 6.0], &DEVICE).unwrap()).unwrap();
    off.update(&params).unwrap();
    assert_eq!(average(&off), [5.0, 6.0]);
}

#[test]
fn an_average_that_does_not_fit_is_an_error() {
    let a = var(&[0.0, 10.0], &[2]);
    let params = vars(&[("a", &a)]);
    let mut ema = Ema::new(&params, 0.9, 1.0).unwrap();
    let error = ema.restore(&BTreeMap::new(), 1).unwrap_err().to_string();
    assert!(error.contains("a: missing"), "{error}");
    let short = Tensor::zeros(1, DType::F32, &DEVICE).unwrap();
    let error = ema
        .restore(&[("a".to_owned(), short)].into(), 1)
        .unwrap_err();
    assert!(error.to_string().contains("2 values, got 1"), "{error}");
    assert!(ema.update(&BTreeMap::new()).is_err());
}

#[test]
fn the_schedule_at_its_corners() {
    let at = |step| cosine_schedule(step, 110, 10, 0.01);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    // Warm-up: never 0, never above 1.
    close(at(0), 0.1);
    close(at(4), 0.5);
    close(at(9), 1.0);
    // Then half a cosine: the top, a quarter, the middle, the floor.
    close(at(10), 1.0);
    close(at(35), 0.01 + 0.99 * 0.5 * (1.0 + 0.5f64.sqrt()));
    close(at(60), 0.505);
    close(at(110), 0.01);
    close(at(1000), 0.01);
    close(cosine_schedule(0, 10, 0, 0.0), 1.0);
    close(cosine_schedule(5, 10, 0, 0.0), 0.5);
    // All warm-up and no steps at all do not divide by zero.
    close(cosine_schedule(9, 10, 10, 0.5), 1.0);
    assert!(cosine_schedule(0, 0, 0, 0.5).is_finite());
}
