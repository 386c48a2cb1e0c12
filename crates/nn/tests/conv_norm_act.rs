//! The convolution block: folding, running statistics, modes.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::{BTreeMap, HashMap};
use wardrobe_nn::{Activation, ConvConfig, ConvNormAct, Mode, Precision, VarStore};
use wardrobe_testkit::{Random, assert_close};

const DEVICE: Device = Device::Cpu;

/// Parameters as a trained network has them: statistics away from 0 and 1.
fn trained(store: &VarStore, seed: u64) {
    let random = &mut Random::new(seed);
    let value = |(name, var): (String, candle_core::Var)| {
        let range = if name.ends_with("running_var") {
            (0.2, 3.0)
        } else {
            (-1.0, 1.0)
        };
        let drawn = random
            .tensor(var.dims(), range, var.dtype(), &DEVICE)
            .unwrap();
        (name, drawn)
    };
    let values: BTreeMap<_, _> = store.vars().into_iter().map(value).collect();
    store.set(&values).unwrap();
}

#[test]
fn folding_changes_nothing() {
    for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-12)] {
        let configs = [
            ConvConfig::new(5, 7),
            ConvConfig {
                kernel: 3,
                stride: 2,
                ..ConvConfig::new(5, 7)
            },
            ConvConfig::depthwise(5, 5, 2),
            ConvConfig::depthwise(5, 3, 1),
        ];
        for (seed, config) in configs.into_iter().enumerate() {
            let store = VarStore::new(1, dtype, &DEVICE);
            let layer = ConvNormAct::new(config, 1e-3, Activation::Silu, store.builder()).unwrap();
            trained(&store, seed as u64);
            let random = &mut Random::new(seed as u64 + 10);
            let x = random
                .tensor(&[2, 7, 4, 5], (-2.0, 2.0), dtype, &DEVICE)
                .unwrap();
            let plain = layer.forward(&x, Mode::Eval).unwrap();
            let folded = layer.fold(Precision::F32).unwrap();
            assert_close(&folded.forward(&x, Mode::Eval).unwrap(), &plain, tolerance);
            // Folding what is folded already is the same again.
            let twice = folded.fold(Precision::F32).unwrap();
            assert_close(&twice.forward(&x, Mode::Eval).unwrap(), &plain, tolerance);
            let error = folded.forward(&x, Mode::Train).unwrap_err();
            assert!(error.to_string().contains("folded"), "{error}");
        }
    }
}

/// One input channel through a weight of 1 and then batch norm.
fn norm_alone(values: &[(&str, f32)], eps: f64) -> (VarStore, ConvNormAct) {
    let store = VarStore::new(1, DType::F32, &DEVICE);
    let layer = ConvNormAct::new(
        ConvConfig::new(1, 1),
        eps,
        Activation::Identity,
        store.builder(),
    )
    .unwrap();
    let mut tensors = store.tensors().unwrap();
    for (name, value) in values {
        let shape = tensors[*name].shape().clone();
        let tensor = Tensor::full(*value, shape, &DEVICE).unwrap();
        tensors.insert((*name).to_owned(), tensor);
    }
    store.set(&tensors).unwrap();
    (store, layer)
}

#[test]
fn eval_uses_the_running_statistics_worked_by_hand() {
    let parameters = [
        ("conv.weight", 3.0),
        ("norm.weight", 2.0),
        ("norm.bias", 0.5),
        ("norm.running_mean", 1.0),
        ("norm.running_var", 3.0),
    ];
    let (_, layer) = norm_alone(&parameters, 1.0);
    let x = Tensor::new(&[0f32, 1.0, -2.0], &DEVICE)
        .unwrap()
        .reshape((1, 3, 1, 1))
        .unwrap();
    // 2 * (3 x - 1) / sqrt(3 + 1) + 0.5 = 3 x - 0.5.
    let y = layer.forward(&x, Mode::Eval).unwrap();
    let y: Vec<f32> = y.flatten_all().unwrap().to_vec1().unwrap();
    for (got, expected) in y.iter().zip([-0.5, 2.5, -6.5]) {
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
}

#[test]
fn running_statistics_follow_pytorchs_rule() {
    let (store, layer) = norm_alone(
        &[
            ("conv.weight", 1.0),
            ("norm.running_mean", 10.0),
            ("norm.running_var", 1.0),
        ],
        1e-5,
    );
    let running = || -> (f32, f32) {
        let tensors = store.tensors().unwrap();
        let read = |name: &str| tensors[name].to_vec1::<f32>().unwrap()[0];
        (read("norm.running_mean"), read("norm.running_var"))
    };
    let x = Tensor::new(&[1f32, 2.0, 3.0, 6.0], &DEVICE)
        .unwrap()
        .reshape((2, 2, 1, 1))
        .unwrap();
    // Mean 3, squared deviations 4 + 1 + 0 + 9 = 14: biased variance 3.5, unbiased 14 / 3.
    let y = layer.forward(&x, Mode::Train).unwrap();
    let (mean, var) = running();
    assert!((mean - (0.9 * 10.0 + 0.1 * 3.0)).abs() < 1e-5, "{mean}");
    assert!((var - (0.9 + 0.1 * 14.0 / 3.0)).abs() < 1e-5, "{var}");
    // The batch itself is normalised by the biased one.
    let y: Vec<f32> = y.flatten_all().unwrap().to_vec1().unwrap();
    for (got, x) in y.iter().zip([1.0, 2.0, 3.0, 6.0]) {
        let expected = (x - 3.0) / (3.5f32 + 1e-5).sqrt();
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
    layer.forward(&x, Mode::Train).unwrap();
    let (mean, var) = running();
    assert!((mean - (0.9 * 9.3 + 0.1 * 3.0)).abs() < 1e-5, "{mean}");
    let expected = 0.9 * (0.9 + 1.4 / 3.0) + 1.4 / 3.0;
    assert!((var - expected).abs() < 1e-5, "{var}");
    layer.forward(&x, Mode::Eval).unwrap();
    assert_eq!(running(), (mean, var), "using a network changes nothing");
}

#[test]
fn training_takes_parameters_that_can_change() {
    let store = VarStore::new(1, DType::F32, &DEVICE);
    ConvNormAct::new(
        ConvConfig::new(3, 4),
        1e-5,
        Activation::Silu,
        store.builder(),
    )
    .unwrap();
    let tensors: HashMap<_, _> = store.tensors().unwrap().into_iter().collect();
    let builder = VarBuilder::from_tensors(tensors, DType::F32, &DEVICE);
    let frozen = ConvNormAct::new(ConvConfig::new(3, 4), 1e-5, Activation::Silu, builder).unwrap();
    let x = Tensor::ones((2, 3, 3, 3), DType::F32, &DEVICE).unwrap();
    let error = frozen.forward(&x, Mode::Train).unwrap_err().to_string();
    assert!(error.contains("VarStore"), "{error}");
}

#[test]
fn a_depthwise_layer_keeps_its_channels() {
    let store = VarStore::new(1, DType::F32, &DEVICE);
    let config = ConvConfig {
        outputs: 6,
        ..ConvConfig::depthwise(3, 3, 1)
    };
    let error = ConvNormAct::new(config, 1e-5, Activation::Silu, store.builder())
        .unwrap_err()
        .to_string();
    assert!(error.contains("3 -> 6"), "{error}");
}
