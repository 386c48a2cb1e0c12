//! PyTorch's numbers: `tests/golden/optim.safetensors`, by `make_optim.py` beside it with torch 2.15.0 on the CPU.

use crate::*;
use std::collections::HashMap;
use wardrobe_nn::optim::{
    AdamWConfig, Ema, Group, OneCycle, Optimizer, OptimizerConfig, ParamKind, SgdConfig,
    linear_schedule, ramp,
};
use wardrobe_testkit::assert_close;

/// Relative to the largest value. Measured: at most 2.5e-7 (the average), 1.1e-7 (SGD), 1e-7 (AdamW); both sides round
/// each of 20 steps to f32, in another order.
const TOLERANCE: f64 = 1e-6;
const NAMES: [&str; 3] = ["matrix", "norm.weight", "conv.bias"];
const STEPS: usize = 20;

struct Reference(HashMap<String, Tensor>);

impl Reference {
    fn open() -> Self {
        let bytes = include_bytes!("../golden/optim.safetensors");
        Self(candle_core::safetensors::load_buffer(bytes, &DEVICE).unwrap())
    }

    fn start(&self) -> Vars {
        let var = |name: &str| {
            let start = &self.0[&format!("start.{name}")];
            (
                name.to_owned(),
                Var::from_tensor(&start.copy().unwrap()).unwrap(),
            )
        };
        NAMES.iter().map(|name| var(name)).collect()
    }

    fn gradients(&self, step: usize, params: &Vars) -> Gradients {
        let grad = |name: &str| {
            let grad = self.0[&format!("grad.{step}.{name}")].flatten_all();
            (name.to_owned(), grad.unwrap().to_vec1().unwrap())
        };
        gradients(params, &NAMES.iter().map(|name| grad(name)).collect())
    }

    fn check(&self, label: &str, done: usize, got: &BTreeMap<String, Tensor>) -> usize {
        let mut checked = 0;
        for (name, tensor) in got {
            if let Some(expected) = self.0.get(&format!("{label}.{done}.{name}")) {
                assert_close(tensor, expected, TOLERANCE);
                checked += 1;
            }
        }
        checked
    }
}

/// Runs 20 steps and compares after steps 1, 5 and 20.
fn run(
    label: &str,
    config: OptimizerConfig,
    rate: impl Fn(usize, ParamKind) -> f64,
    momentum: impl Fn(usize) -> Option<f64>,
) {
    let reference = Reference::open();
    let params = reference.start();
    let mut optimizer = Optimizer::new(params.clone(), config, Group::usual).unwrap();
    let mut checked = 0;
    for step in 0..STEPS {
        if let Some(momentum) = momentum(step) {
            optimizer.set_momentum(momentum).unwrap();
        }
        let grads = reference.gradients(step, &params);
        optimizer
            .step(&grads, |name| {
                rate(step, ParamKind::of(name, &params[name]))
            })
            .unwrap();
        let now = params
            .iter()
            .map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        checked += reference.check(label, step + 1, &now.collect());
    }
    assert_eq!(checked, 9, "three parameters after steps 1, 5 and 20");
}

fn yolo_rate(step: usize, kind: ParamKind) -> f64 {
    let rate = 0.02 * linear_schedule(step, STEPS, 0.01);
    let from = if kind == ParamKind::Bias { 0.1 } else { 0.0 };
    ramp(step, 8, from, rate)
}

const NESTEROV: OptimizerConfig = OptimizerConfig::Sgd(SgdConfig {
    momentum: 0.8,
    nesterov: true,
    weight_decay: 0.05,
});

#[test]
fn descent_with_momentum() {
    let config = SgdConfig {
        momentum: 0.9,
        nesterov: false,
        weight_decay: 0.0,
    };
    run("sgd", OptimizerConfig::Sgd(config), |_, _| 0.01, |_| None);
}

#[test]
fn yolos_recipe() {
    let momentum = |step| Some(ramp(step, 8, 0.8, 0.937));
    run("sgd_nesterov", NESTEROV, yolo_rate, momentum);
}

#[test]
fn adamw_with_a_constant_rate() {
    let config = AdamWConfig {
        beta1: 0.8,
        beta2: 0.99,
        eps: 1e-6,
        weight_decay: 0.1,
    };
    run(
        "adamw",
        OptimizerConfig::AdamW(config),
        |_, _| 0.02,
        |_| None,
    );
}

#[test]
fn adamw_through_one_cycle() {
    let config = AdamWConfig {
        weight_decay: 0.1,
        ..AdamWConfig::default()
    };
    let cycle = OneCycle::new(STEPS);
    run(
        "adamw_cycle",
        OptimizerConfig::AdamW(config),
        |step, _| 0.05 * cycle.factor(step),
        |step| Some(cycle.momentum(step)),
    );
}

#[test]
fn yolos_average() {
    let reference = Reference::open();
    let params = reference.start();
    let mut optimizer = Optimizer::new(params.clone(), NESTEROV, Group::usual).unwrap();
    let mut average = Ema::new(&params, 0.9999, 5.0).unwrap();
    let mut checked = 0;
    for step in 0..STEPS {
        optimizer.set_momentum(ramp(step, 8, 0.8, 0.937)).unwrap();
        let grads = reference.gradients(step, &params);
        let rate = |name: &str| yolo_rate(step, ParamKind::of(name, &params[name]));
        optimizer.step(&grads, rate).unwrap();
        average.update(&params).unwrap();
        checked += reference.check("ema", step + 1, &average.tensors(&params).unwrap());
    }
    assert_eq!(checked, 9);
}

#[test]
fn one_cycle() {
    let reference = Reference::open();
    let new = OneCycle::new;
    let cycles = [
        new(1),
        new(2),
        new(3),
        new(7),
        new(100),
        OneCycle {
            total: 50,
            rising: 0.1,
            start_divisor: 10.0,
            end_divisor: 100.0,
            momentum: (0.8, 0.9),
        },
        OneCycle {
            rising: 1.0,
            ..new(20)
        },
    ];
    for cycle in cycles {
        let rows = reference.0[&format!("cycle.{}", cycle.total)].to_vec2::<f64>();
        let rows = rows.unwrap();
        assert_eq!(rows.len(), cycle.total);
        for (step, row) in rows.iter().enumerate() {
            let got = [cycle.factor(step), cycle.momentum(step)];
            for (got, expected) in got.iter().zip(row) {
                assert!(
                    (got - expected).abs() < 1e-14,
                    "{cycle:?} at {step}: {got} {expected}"
                );
            }
        }
    }
}

#[test]
fn clipping_by_norm() {
    let reference = Reference::open();
    let params = reference.start();
    let mut grads = reference.gradients(0, &params);
    let norm = reference.0["clip.norm"].to_vec1::<f32>().unwrap()[0];
    assert!((grads.clip(0.01) / f64::from(norm) - 1.0).abs() < 1e-6);
    for name in NAMES {
        let expected = &reference.0[&format!("clip.{name}")];
        let got: Vec<f32> = grads.get(name).unwrap().collect();
        let got = Tensor::from_vec(got, expected.shape(), &DEVICE).unwrap();
        // PyTorch adds 1e-6 to the norm it divides by, here about 1e-5 of it.
        assert_close(&got, expected, 1e-4);
    }
}
