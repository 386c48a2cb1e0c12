//! The network against the outputs of torchvision's `efficientnet_b0` (../shared/golden/efficientnet_b0.json).
//!
//! Measured: 1.0e-6 rms-relative between f32 and f64 in PyTorch itself; porting errors start at 1e-3. Tolerance 1e-4.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::{BTreeMap, HashMap};
use wardrobe_classify::{Config, EfficientNet, load_weights};
use wardrobe_nn::{Mode, Precision, Rng};
use wardrobe_testkit::{Golden, max_rel_err, on_every_device, skip};
use wardrobe_weights::Tensors;

fn tensors(map: BTreeMap<String, Tensor>) -> Tensors {
    Tensors {
        map,
        metadata: BTreeMap::new(),
        file: "golden".to_owned(),
    }
}

fn network(weights: &Tensors, classes: usize, device: &Device) -> EfficientNet {
    let config = Config::new(classes);
    let loaded: HashMap<_, _> = load_weights(&config, weights, false)
        .unwrap()
        .into_iter()
        .collect();
    EfficientNet::new(
        &config,
        &Rng::new(0),
        VarBuilder::from_tensors(loaded, DType::F32, device),
    )
    .unwrap()
}

on_every_device! {
    fn logits_equal_torchvisions_folded_and_not(device: &Device) {
        check(device);
    }
}

fn check(device: &Device) {
    let Some(golden) = Golden::open("efficientnet_b0").unwrap() else {
        return skip("../shared/golden");
    };
    let network = network(&tensors(golden.parameters().unwrap()), 1000, device);
    let x = golden
        .input()
        .unwrap()
        .permute((0, 2, 3, 1))
        .unwrap()
        .contiguous()
        .and_then(|x| x.to_device(device))
        .unwrap();
    let expected = golden.tensor("logits").unwrap();
    for network in [network.clone(), network.fold(Precision::F32).unwrap()] {
        let logits = network.forward(&x, Mode::Eval).unwrap();
        let error = max_rel_err(&logits, expected).unwrap();
        assert!(error < 1e-4, "max relative error {error}");
        let top = |t: &Tensor| t.argmax(1).unwrap().to_vec1::<u32>().unwrap();
        assert_eq!(top(&logits), top(expected));
    }
}
