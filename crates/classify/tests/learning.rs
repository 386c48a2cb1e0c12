//! A network as it is drawn, before any training.

use candle_core::{DType, Device, Tensor};
use wardrobe_classify::{Config, EfficientNet};
use wardrobe_nn::{Mode, Rng, VarStore, loss};
use wardrobe_testkit::Random;

#[test]
fn every_parameter_learns_from_the_first_step() {
    let device = Device::Cpu;
    let store = VarStore::new(1, DType::F32, &device);
    let config = Config {
        dropout: 0.0,
        stochastic_depth: 0.0,
        ..Config::new(5)
    };
    let network = EfficientNet::new(&config, &Rng::new(1), store.builder()).unwrap();
    let photos = Random::new(2)
        .tensor(&[4, 64, 48, 3], (-2.0, 2.0), DType::F32, &device)
        .unwrap();
    let targets = Tensor::eye(5, DType::F32, &device)
        .unwrap()
        .narrow(0, 0, 4)
        .unwrap();
    let logits = network.forward(&photos, Mode::Train).unwrap();
    let grads = loss::cross_entropy(&logits, &targets)
        .unwrap()
        .backward()
        .unwrap();
    let strength = |var: &Tensor| -> Option<f32> {
        let grad: &Tensor = grads.get(var)?;
        grad.abs().unwrap().max_all().unwrap().to_scalar().ok()
    };
    let dead: Vec<_> = store
        .trainable()
        .into_iter()
        .map(|(name, var)| (name, strength(&var)))
        .filter(|(_, strength)| !strength.is_some_and(|s| s > 0.0 && s.is_finite()))
        .collect();
    assert!(
        dead.is_empty(),
        "{} without a gradient: {dead:?}",
        dead.len()
    );
}
