//! Every mode's gradients, whole batches and parts, mixtures.

use super::contrast::{Batch, Texts, gradients};
use super::parameters::{Graph, Parameters};
use super::wise::mix;
use super::{ClipMode, ClipTrainConfig, LoraConfig};
use crate::evaluate::clip::padded;
use candle_core::{DType, Device, Tensor, Var};
use std::collections::BTreeMap;
use wardrobe_embed::{Clip, ClipConfig, ImageConfig, TextConfig, TransformerConfig};
use wardrobe_nn::loss::{MAX_LOGIT_SCALE, info_nce};
use wardrobe_nn::optim::Gradients;
use wardrobe_nn::{Activation, Mode, VarStore};

const DEVICE: Device = Device::Cpu;
const MODES: [ClipMode; 4] = [
    ClipMode::VisionOnly,
    ClipMode::TextFrozen,
    ClipMode::Lora,
    ClipMode::Full,
];

fn network() -> ClipConfig {
    let transformer = |width, heads| TransformerConfig {
        width,
        layers: 2,
        heads,
    };
    ClipConfig {
        dimension: 6,
        activation: Activation::Gelu,
        image: ImageConfig {
            size: 8,
            patch: 4,
            transformer: transformer(12, 2),
        },
        text: TextConfig {
            context: 6,
            vocabulary: 30,
            transformer: transformer(8, 2),
        },
    }
}

fn config(mode: ClipMode) -> ClipTrainConfig {
    ClipTrainConfig {
        mode,
        lora: LoraConfig {
            rank: 2,
            alpha: 3.0,
        },
        seed: 7,
        ..ClipTrainConfig::default()
    }
}

fn parameters(mode: ClipMode) -> Parameters {
    Parameters::new(&config(mode), network(), BTreeMap::new(), &DEVICE).unwrap()
}

/// Values that look random, the same at each call.
fn noise(n: usize, seed: f64) -> Vec<f32> {
    (0..n)
        .map(|i| ((i as f64 + seed) * 12.9898).sin() as f32)
        .collect()
}

/// Moves what learns off its start, so that no factor is 0.
fn disturb(parameters: &Parameters) {
    for (i, var) in parameters.vars().values().enumerate() {
        let moved = noise(var.elem_count(), i as f64);
        let moved = Tensor::from_vec(moved, var.shape(), &DEVICE).unwrap();
        var.set(&(var.as_tensor() + (moved * 0.1).unwrap()).unwrap())
            .unwrap();
    }
}

/// Seven pairs; 29 ends a text.
fn batch(parameters: &Parameters, mode: ClipMode) -> Batch {
    let pixels = Tensor::from_vec(noise(7 * 8 * 8 * 3, 0.5), (7, 8, 8, 3), &DEVICE).unwrap();
    let texts: Vec<Vec<u32>> = (0..7)
        .map(|i| {
            let words = (0..=i % 4).map(|word| (3 * i + word) % 27);
            [28].into_iter().chain(words).chain([29]).collect()
        })
        .collect();
    let texts = match mode.texts_stay() {
        false => Texts::Tokens(texts),
        true => {
            let network = parameters.network(Graph::None).unwrap();
            let tokens = padded(texts.iter(), &DEVICE).unwrap();
            Texts::Features(network.text.forward(&tokens, Mode::Eval).unwrap())
        }
    };
    Batch { pixels, texts }
}

fn values(gradients: &Gradients, name: &str) -> Vec<f32> {
    gradients
        .get(name)
        .map(Iterator::collect)
        .unwrap_or_default()
}

fn length(values: &[f32]) -> f32 {
    values.iter().map(|v| v * v).sum::<f32>().sqrt()
}

#[test]
fn every_parameter_of_a_mode_gets_a_gradient_and_no_other_is_one() {
    for mode in MODES {
        let parameters = parameters(mode);
        disturb(&parameters);
        let (loss, gradients) = gradients(&parameters, &batch(&parameters, mode), 7).unwrap();
        assert!(loss > 0.0);
        let names: Vec<&String> = parameters.vars().keys().collect();
        for name in &names {
            assert!(length(&values(&gradients, name)) > 0.0, "{mode:?}: {name}");
        }
        let learns = |name: &str| names.iter().any(|learned| *learned == name);
        assert!(learns("logit_scale"), "{mode:?}");
        let whole = ["image.class", "image.positions", "image.projection.weight"];
        for name in whole {
            assert_eq!(learns(name), mode != ClipMode::Lora, "{mode:?}: {name}");
        }
        let text = [
            "text.tokens.weight",
            "text.positions",
            "text.blocks.0.qkv.weight",
        ];
        for name in text {
            assert_eq!(learns(name), mode == ClipMode::Full, "{mode:?}: {name}");
        }
        let projection = learns("text.projection.weight");
        assert_eq!(
            projection,
            matches!(mode, ClipMode::TextFrozen | ClipMode::Full)
        );
        assert_eq!(
            learns("text.blocks.1.expand.weight.up"),
            mode == ClipMode::Lora
        );
    }
    // In full mode, these are all parameters that a CLIP has.
    let store = VarStore::new(0, DType::F32, &DEVICE);
    Clip::new(&network(), store.builder()).unwrap();
    let all: Vec<String> = store.vars().into_keys().collect();
    let trained: Vec<String> = parameters(ClipMode::Full).vars().keys().cloned().collect();
    assert_eq!(trained, all);
}

#[test]
fn a_batch_in_parts_has_the_gradients_of_the_whole() {
    for mode in MODES {
        let parameters = parameters(mode);
        disturb(&parameters);
        let batch = batch(&parameters, mode);
        let (loss, whole) = gradients(&parameters, &batch, 7).unwrap();
        // The last part is smaller.
        for micro in [1, 3] {
            let (in_parts, parts) = gradients(&parameters, &batch, micro).unwrap();
            assert!((loss - in_parts).abs() < 1e-5 * loss, "{loss}, {in_parts}");
            for name in parameters.vars().keys() {
                let (whole, part) = (values(&whole, name), values(&parts, name));
                let apart: Vec<f32> = whole.iter().zip(&part).map(|(a, b)| a - b).collect();
                let relative = length(&apart) / length(&whole);
                assert!(relative < 1e-5, "{mode:?} by {micro}: {name} {relative}");
            }
        }
    }
}

#[test]
fn low_rank_additions_start_at_nothing_and_merge_to_a_plain_network() {
    let parameters = parameters(ClipMode::Lora);
    let same = |a: &Tensor, b: &Tensor| (a - b).unwrap().abs().unwrap().max_all().unwrap();
    let merged = parameters.merged().unwrap();
    for (name, start) in parameters.start() {
        let apart: f32 = same(start, &merged[name]).to_scalar().unwrap();
        assert_eq!(apart, 0.0, "{name}");
    }
    disturb(&parameters);
    let batch = batch(&parameters, ClipMode::Lora);
    let (loss, _) = gradients(&parameters, &batch, 7).unwrap();
    // The file's network, built from nothing but plain tensors, gives the same loss.
    let merged: std::collections::HashMap<String, Tensor> =
        parameters.merged().unwrap().into_iter().collect();
    assert_eq!(merged.len(), parameters.start().len());
    let layer = "image.blocks.1.out.weight";
    let [up, down] =
        [".up", ".down"].map(|end| parameters.vars()[&format!("{layer}{end}")].clone());
    let expected =
        (&parameters.start()[layer] + (up.matmul(&down).unwrap() * 1.5).unwrap()).unwrap();
    let apart: f32 = same(&merged[layer], &expected).to_scalar().unwrap();
    assert!(apart < 1e-6, "alpha / rank = 1.5: {apart}");
    let vb = candle_nn::VarBuilder::from_tensors(merged, DType::F32, &DEVICE);
    let plain = Clip::new(&network(), vb).unwrap();
    let Texts::Tokens(texts) = &batch.texts else {
        panic!("texts go through the tower")
    };
    let texts = padded(texts.iter(), &DEVICE).unwrap();
    let texts = plain.text.forward(&texts, Mode::Eval).unwrap();
    let images = plain.image.forward(&batch.pixels, Mode::Eval).unwrap();
    let plain = info_nce(&images, &texts, plain.logit_scale()).unwrap();
    assert!((plain.to_scalar::<f32>().unwrap() - loss).abs() < 1e-5);
}

#[test]
fn the_drift_penalty_is_half_the_squared_distance_and_pulls_back() {
    let parameters = parameters(ClipMode::VisionOnly);
    let mut none = Gradients::default();
    assert_eq!(parameters.add_drift(0.5, &mut none).unwrap(), 0.0);
    let var = &parameters.vars()["image.class"];
    let moved = (var.as_tensor() + 0.25).unwrap();
    var.set(&moved).unwrap();
    // The temperature is no weight of a tower.
    parameters.vars()["logit_scale"]
        .set(&Tensor::new(0f32, &DEVICE).unwrap())
        .unwrap();
    let mut gradients = Gradients::default();
    let penalty = parameters.add_drift(0.5, &mut gradients).unwrap();
    assert!(
        (penalty - 0.5 / 2.0 * 12.0 * 0.25 * 0.25).abs() < 1e-6,
        "{penalty}"
    );
    let pull = values(&gradients, "image.class");
    assert!(
        pull.iter().all(|g| (g - 0.5 * 0.25).abs() < 1e-6),
        "{pull:?}"
    );
    assert!(length(&values(&gradients, "image.positions")) == 0.0);
    assert!(values(&gradients, "logit_scale").is_empty());

    // Of low-rank additions it is the product's, and both factors are pulled.
    let parameters = self::parameters(ClipMode::Lora);
    disturb(&parameters);
    let mut gradients = Gradients::default();
    let penalty = parameters.add_drift(1.0, &mut gradients).unwrap();
    let merged = parameters.merged().unwrap();
    let squares = parameters
        .start()
        .iter()
        .filter(|(name, _)| *name != "logit_scale")
        .map(|(name, start)| {
            let apart = (&merged[name] - start).unwrap().sqr().unwrap();
            apart.sum_all().unwrap().to_scalar::<f32>().unwrap()
        });
    let expected = squares.sum::<f32>() / 2.0;
    assert!(
        (penalty / expected - 1.0).abs() < 1e-4,
        "{penalty}, {expected}"
    );
    for factor in [
        "text.blocks.0.qkv.weight.up",
        "text.blocks.0.qkv.weight.down",
    ] {
        assert!(length(&values(&gradients, factor)) > 0.0, "{factor}");
    }
}

#[test]
fn the_scale_is_taken_back_to_a_hundred() {
    let parameters = parameters(ClipMode::Full);
    let var: &Var = &parameters.vars()["logit_scale"];
    for (set, expected) in [(7.0_f32, MAX_LOGIT_SCALE as f32), (1.5, 1.5)] {
        var.set(&Tensor::new(set, &DEVICE).unwrap()).unwrap();
        parameters.clamp_scale().unwrap();
        assert_eq!(parameters.logit_scale().unwrap(), expected);
    }
}

#[test]
fn a_mixture_lies_between_its_ends() {
    let tensors = |value: f32| -> BTreeMap<String, Tensor> {
        [(
            "a".to_owned(),
            Tensor::new(&[value, 2.0 * value], &DEVICE).unwrap(),
        )]
        .into()
    };
    for (share, expected) in [(0.0, [1.0, 2.0]), (1.0, [5.0, 10.0]), (0.25, [2.0, 4.0])] {
        let mixed = mix(&tensors(1.0), &tensors(5.0), share).unwrap();
        assert_eq!(mixed["a"].to_vec1::<f32>().unwrap(), expected);
    }
}
