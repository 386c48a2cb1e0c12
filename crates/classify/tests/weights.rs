//! The names and shapes weights come under: torchvision's, timm's and ours, and what is said of files that do not fit.
//!
//! Both foreign naming schemes are written out here, from their projects' module trees: torchvision's
//! `models/efficientnet.py` (`features.N.I.block.J`), timm's `models/_efficientnet_blocks.py` (`DepthwiseSeparableConv` in
//! the first stage, `InvertedResidual` in the others).

use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;
use wardrobe_classify::{Config, EfficientNet, Error, load_weights};
use wardrobe_nn::{Mode, Rng, VarStore};
use wardrobe_testkit::{Golden, Random, skip};
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;
const CLASSES: usize = 1000;

/// Table 1 of the paper: expansion, kernel, input channels, output channels, blocks.
const B0: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 32, 16, 1),
    (6, 3, 16, 24, 2),
    (6, 5, 24, 40, 2),
    (6, 3, 40, 80, 3),
    (6, 5, 80, 112, 3),
    (6, 5, 112, 192, 4),
    (6, 3, 192, 320, 1),
];

/// A layer within a block: torchvision's name, timm's name, and the weight's shape; norms have none.
type Layer = (&'static str, &'static str, Option<[usize; 4]>);

fn first_stage(kernel: usize, inputs: usize, outputs: usize) -> Vec<Layer> {
    let squeezed = inputs / 4;
    vec![
        ("block.0.0", "conv_dw", Some([inputs, 1, kernel, kernel])),
        ("block.0.1", "bn1", None),
        (
            "block.1.fc1",
            "se.conv_reduce",
            Some([squeezed, inputs, 1, 1]),
        ),
        (
            "block.1.fc2",
            "se.conv_expand",
            Some([inputs, squeezed, 1, 1]),
        ),
        ("block.2.0", "conv_pw", Some([outputs, inputs, 1, 1])),
        ("block.2.1", "bn2", None),
    ]
}

fn later_stages(expansion: usize, kernel: usize, inputs: usize, outputs: usize) -> Vec<Layer> {
    let (hidden, squeezed) = (inputs * expansion, inputs / 4);
    vec![
        ("block.0.0", "conv_pw", Some([hidden, inputs, 1, 1])),
        ("block.0.1", "bn1", None),
        ("block.1.0", "conv_dw", Some([hidden, 1, kernel, kernel])),
        ("block.1.1", "bn2", None),
        (
            "block.2.fc1",
            "se.conv_reduce",
            Some([squeezed, hidden, 1, 1]),
        ),
        (
            "block.2.fc2",
            "se.conv_expand",
            Some([hidden, squeezed, 1, 1]),
        ),
        ("block.3.0", "conv_pwl", Some([outputs, hidden, 1, 1])),
        ("block.3.1", "bn3", None),
    ]
}

/// Every parameter and running statistic: torchvision's name, timm's name, shape.
fn parameters() -> Vec<(String, String, Vec<usize>)> {
    let mut all = Vec::new();
    let mut add = |torchvision: String, timm: String, weight: &[usize], bias: bool| {
        let mut parameter = |name: &str, shape: &[usize]| {
            all.push((
                format!("{torchvision}.{name}"),
                format!("{timm}.{name}"),
                shape.to_vec(),
            ));
        };
        parameter("weight", weight);
        if bias {
            parameter("bias", &weight[..1]);
        }
        if weight.len() == 1 {
            parameter("running_mean", weight);
            parameter("running_var", weight);
        }
    };
    add(
        "features.0.0".into(),
        "conv_stem".into(),
        &[32, 3, 3, 3],
        false,
    );
    add("features.0.1".into(), "bn1".into(), &[32], true);
    for (stage, (expansion, kernel, inputs, outputs, blocks)) in B0.into_iter().enumerate() {
        for block in 0..blocks {
            let inputs = if block == 0 { inputs } else { outputs };
            let layers = match expansion {
                1 => first_stage(kernel, inputs, outputs),
                _ => later_stages(expansion, kernel, inputs, outputs),
            };
            let mut channels = 0;
            for (torchvision, timm, weight) in layers {
                let torchvision = format!("features.{}.{block}.{torchvision}", stage + 1);
                let gate = timm.starts_with("se.");
                let timm = format!("blocks.{stage}.{block}.{timm}");
                match weight {
                    // A convolution that a norm follows has no bias; the gate's have one.
                    Some(shape) => {
                        channels = if gate { channels } else { shape[0] };
                        add(torchvision, timm, &shape, gate);
                    }
                    None => add(torchvision, timm, &[channels], true),
                }
            }
        }
    }
    add(
        "features.8.0".into(),
        "conv_head".into(),
        &[1280, 320, 1, 1],
        false,
    );
    add("features.8.1".into(), "bn2".into(), &[1280], true);
    add(
        "classifier.1".into(),
        "classifier".into(),
        &[CLASSES, 1280],
        true,
    );
    all
}

/// The same random values under torchvision's and under timm's names, with the counters that PyTorch saves.
fn checkpoints() -> [Tensors; 2] {
    let random = &mut Random::new(1);
    let (mut torchvision, mut timm) = (BTreeMap::new(), BTreeMap::new());
    for (one, other, shape) in parameters() {
        let range = if one.ends_with("running_var") {
            (0.5, 1.5)
        } else {
            (-0.1, 0.1)
        };
        let tensor = random.tensor(&shape, range, DType::F32, &DEVICE).unwrap();
        if let Some(norm) = one.strip_suffix("running_var") {
            let counter = Tensor::new(7i64, &DEVICE).unwrap();
            torchvision.insert(format!("{norm}num_batches_tracked"), counter);
        }
        torchvision.insert(one, tensor.clone());
        timm.insert(other, tensor);
    }
    [file(torchvision), file(timm)]
}

fn file(map: BTreeMap<String, Tensor>) -> Tensors {
    Tensors {
        map,
        metadata: BTreeMap::new(),
        file: "a file".to_owned(),
    }
}

fn values(tensors: &BTreeMap<String, Tensor>) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let plain = |(name, t): (&String, &Tensor)| {
        let values = t.flatten_all().unwrap().to_vec1().unwrap();
        (name.clone(), (t.dims().to_vec(), values))
    };
    tensors.iter().map(plain).collect()
}

#[test]
fn the_table_written_here_is_torchvisions() {
    let Some(golden) = Golden::open("efficientnet_b0").unwrap() else {
        return skip("../shared/golden");
    };
    let mut written: Vec<_> = parameters()
        .into_iter()
        .map(|(name, _, shape)| (name, shape))
        .collect();
    let mut published: Vec<_> = golden
        .specs()
        .iter()
        .filter(|spec| !spec.name.ends_with("num_batches_tracked"))
        .map(|spec| (spec.name.clone(), spec.shape.clone()))
        .collect();
    written.sort();
    published.sort();
    assert_eq!(written, published);
}

#[test]
fn torchvisions_timms_and_our_names_load_to_the_same_network() {
    let config = Config::new(CLASSES);
    let [torchvision, timm] = checkpoints();
    // As timm documents them.
    for (name, shape) in [
        ("blocks.0.0.conv_pw.weight", vec![16, 32, 1, 1]),
        ("blocks.1.0.conv_pwl.weight", vec![24, 96, 1, 1]),
        ("blocks.2.1.se.conv_reduce.weight", vec![10, 240, 1, 1]),
        ("blocks.4.0.conv_dw.weight", vec![480, 1, 5, 5]),
        ("blocks.6.0.bn3.running_var", vec![320]),
    ] {
        assert_eq!(timm.map[name].dims(), shape, "{name}");
    }
    let ours = load_weights(&config, &torchvision, false).unwrap();
    assert_eq!(ours.len(), parameters().len());
    assert_eq!(
        values(&load_weights(&config, &timm, false).unwrap()),
        values(&ours)
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours.safetensors");
    let named: BTreeMap<_, _> = ours
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor))
        .collect();
    safetensors::serialize_to_file(named, None, &path).unwrap();
    let saved = Tensors::load(&path).unwrap();
    assert_eq!(
        values(&load_weights(&config, &saved, false).unwrap()),
        values(&ours)
    );
}

#[test]
fn half_precision_loads_as_single() {
    let [mut checkpoint, _] = checkpoints();
    for tensor in checkpoint
        .map
        .values_mut()
        .filter(|t| t.dtype() == DType::F32)
    {
        *tensor = tensor.to_dtype(DType::F16).unwrap();
    }
    let loaded = load_weights(&Config::new(CLASSES), &checkpoint, false).unwrap();
    assert!(loaded.values().all(|tensor| tensor.dtype() == DType::F32));
    let half = checkpoint.map["features.8.0.weight"]
        .to_dtype(DType::F32)
        .unwrap();
    let bits = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(bits(&loaded["head.conv.weight"]), bits(&half));
}

#[test]
fn a_head_for_other_classes_is_replaced() {
    let config = Config::new(47);
    for checkpoint in checkpoints() {
        let error = load_weights(&config, &checkpoint, false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("classifier.weight")
                && error.contains("[1000, 1280]")
                && error.contains("[47, 1280]"),
            "{error}"
        );
        let body = load_weights(&config, &checkpoint, true).unwrap();
        assert_eq!(body.len(), parameters().len() - 2);
        assert!(body.keys().all(|name| !name.starts_with("classifier.")));

        // The new head is drawn, the rest is the file's.
        let store = VarStore::with_initial(body.clone(), 5, DType::F32, &DEVICE);
        let network = EfficientNet::new(&config, &Rng::new(0), store.builder()).unwrap();
        let photo = Tensor::ones((1, 32, 32, 3), DType::F32, &DEVICE).unwrap();
        assert_eq!(network.forward(&photo, Mode::Eval).unwrap().dims(), [1, 47]);
        let mut all = values(&store.tensors().unwrap());
        let head = all.remove("classifier.weight").unwrap();
        assert_eq!(head.0, [47, 1280]);
        assert!(head.1.iter().any(|&v| v != head.1[0]));
        all.remove("classifier.bias").unwrap();
        assert_eq!(all, values(&body));
    }
}

/// The error for a checkpoint after a change.
fn error_after(change: impl Fn(&mut BTreeMap<String, Tensor>)) -> String {
    let [mut checkpoint, _] = checkpoints();
    change(&mut checkpoint.map);
    let error = load_weights(&Config::new(CLASSES), &checkpoint, false).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Weights(wardrobe_weights::Error::Mismatch { .. })
        ),
        "{error}"
    );
    error.to_string()
}

#[test]
fn what_does_not_fit_is_named() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &DEVICE).unwrap();
    let missing = error_after(|map| {
        map.remove("features.3.1.block.1.0.weight").unwrap();
    });
    assert!(
        missing.contains("1 missing: stages.2.1.depthwise.conv.weight"),
        "{missing}"
    );
    assert!(missing.contains("a file"), "{missing}");

    let misshaped = error_after(|map| {
        map.insert(
            "features.3.1.block.1.0.weight".to_owned(),
            zeros(&[240, 1, 3, 3]),
        );
    });
    assert!(
        misshaped.contains(
            "stages.2.1.depthwise.conv.weight (has [240, 1, 3, 3], expected [240, 1, 5, 5])"
        ),
        "{misshaped}"
    );
    // A gate that is not 1 x 1 must not be flattened into one that fits.
    let misshaped = error_after(|map| {
        map.insert(
            "features.1.0.block.1.fc1.weight".to_owned(),
            zeros(&[8, 16, 2, 1]),
        );
    });
    assert!(
        misshaped.contains("squeeze_excite.fc1.weight"),
        "{misshaped}"
    );

    for name in [
        "features.9.0.weight",
        "features.3.7.block.1.0.weight",
        "features.3.1.block.4.0.weight",
        "features.1.0.block.3.0.weight",
        "head.projection",
    ] {
        let unexpected = error_after(|map| {
            map.insert(name.to_owned(), zeros(&[4]));
        });
        assert!(
            unexpected.contains(&format!("1 unexpected: {name}")),
            "{unexpected}"
        );
    }
}

#[test]
fn a_pytorch_checkpoint_of_another_network_is_refused() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../weights/tests/golden/state_dict.pth"
    );
    let checkpoint = Tensors::load(path).unwrap();
    let error = load_weights(&Config::new(47), &checkpoint, false)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("state_dict.pth does not fit the model: 0 tensors applied"),
        "{error}"
    );
    assert!(
        error.contains("missing") && error.contains("unexpected"),
        "{error}"
    );
}
