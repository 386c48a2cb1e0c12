//! AdamW by hand and against its algorithm.

use crate::*;
use wardrobe_nn::optim::{AdamW, AdamWConfig};

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
