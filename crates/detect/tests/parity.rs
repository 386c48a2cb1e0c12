//! The network against Ultralytics' YOLOv8n and s with 13 classes and weights made from names
//! (../shared/golden/yolov8{n,s}_nc13.json, written by its make.py with torch and ultralytics).
//!
//! PyTorch's own f32 is within 0.002 px and 5e-6 of its f64 there; porting errors start at 1e-3 relative. Tolerance 1e-4
//! of the largest value, for the boxes and the scores each.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use wardrobe_detect::{Config, Decoded, Variant, Yolo, config_of, decode, load_weights};
use wardrobe_nn::{Mode, Precision};
use wardrobe_testkit::{Golden, compare, skip};
use wardrobe_weights::Tensors;

const TOLERANCE: f64 = 1e-4;

fn weights(golden: &Golden) -> Tensors {
    Tensors {
        map: golden.parameters().unwrap(),
        metadata: BTreeMap::new(),
        file: "golden".to_owned(),
    }
}

fn network(golden: &Golden) -> Yolo {
    let weights = weights(golden);
    let config = config_of(&weights).unwrap();
    let loaded = load_weights(&config, &weights, false).unwrap();
    let vb = VarBuilder::from_tensors(loaded.into_iter().collect(), DType::F32, &Device::Cpu);
    Yolo::new(&config, vb).unwrap()
}

fn input(golden: &Golden) -> Tensor {
    let channels_first = golden.input().unwrap();
    channels_first
        .permute((0, 2, 3, 1))
        .unwrap()
        .contiguous()
        .unwrap()
}

/// The golden's (n, 4 + classes, anchors) of centres, sizes and scores in our layout.
fn expected(golden: &Golden) -> Decoded {
    let output = golden.tensor("output").unwrap().transpose(1, 2).unwrap();
    let narrow = |start: usize, len: usize| output.narrow(D::Minus1, start, len).unwrap();
    let (centre, half) = (narrow(0, 2), (narrow(2, 2) / 2.0).unwrap());
    let corners = [(&centre - &half).unwrap(), (&centre + &half).unwrap()];
    Decoded {
        boxes: Tensor::cat(&corners, D::Minus1).unwrap(),
        scores: narrow(4, output.dim(D::Minus1).unwrap() - 4)
            .contiguous()
            .unwrap(),
    }
}

fn outputs_equal_ultralytics(name: &str, variant: Variant) {
    let Some(golden) = Golden::open(name).unwrap() else {
        return skip("../shared/golden");
    };
    let network = network(&golden);
    assert_eq!(
        network.config(),
        &Config {
            variant,
            classes: 13
        }
    );
    let (x, expected) = (input(&golden), expected(&golden));
    for network in [network.clone(), network.fold(Precision::F32).unwrap()] {
        let levels = network.forward(&x, Mode::Eval).unwrap();
        let all = |part: fn(&wardrobe_detect::Level) -> &Tensor| {
            let flat: Vec<Tensor> = levels
                .iter()
                .map(|level| part(level).flatten(1, 2).unwrap())
                .collect();
            let channels_first = Tensor::cat(&flat, 1).unwrap().transpose(1, 2).unwrap();
            channels_first.contiguous().unwrap()
        };
        let recorded = |module: &str| golden.module(module).unwrap();
        recorded("raw.boxes(dfl logits)")
            .assert_matches(&all(|level| &level.distance_logits), TOLERANCE);
        recorded("raw.scores(logits)").assert_matches(&all(|level| &level.class_logits), TOLERANCE);
        let decoded = decode(&levels).unwrap();
        let boxes = compare(&decoded.boxes, &expected.boxes).unwrap();
        let scores = compare(&decoded.scores, &expected.scores).unwrap();
        println!("{name}: boxes {boxes}\n{name}: scores {scores}");
        assert!(boxes.error() < TOLERANCE, "{boxes}");
        assert!(scores.error() < TOLERANCE, "{scores}");
    }
}

#[test]
fn nano_equals_ultralytics() {
    outputs_equal_ultralytics("yolov8n_nc13", Variant::N);
}

#[test]
fn small_equals_ultralytics() {
    outputs_equal_ultralytics("yolov8s_nc13", Variant::S);
}
