//! Optimisers, clipping, averaging and schedules, each against PyTorch, a case worked by hand or a plain loop in f64.

mod adamw;
mod contract;
mod ema;
mod gradients;
mod reference;
mod schedule;

use candle_core::{DType, Device, Tensor, Var};
use std::collections::BTreeMap;
use wardrobe_nn::optim::Gradients;
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
