//! The names and shapes that weights come under, and what is said of files that do not fit.
//!
//! Ultralytics' names are written out here from its layer table (`cfg/models/v8/yolov8.yaml`), apart from the library's
//! reading of them.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use wardrobe_detect::{Config, Error, Level, Variant, Yolo, config_of, load_weights};
use wardrobe_nn::{Mode, VarStore, parameter_shapes};
use wardrobe_testkit::{assert_close, uniform};
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;

/// The tensors of a checkpoint, by name.
#[derive(Default)]
struct Checkpoint(BTreeMap<String, Tensor>);

impl Checkpoint {
    fn add(&mut self, name: String, shape: &[usize], lo: f64, hi: f64) {
        let values = uniform(&name, shape.iter().product(), lo, hi);
        self.0
            .insert(name, Tensor::from_vec(values, shape, &DEVICE).unwrap());
    }

    fn conv(&mut self, name: &str, inputs: usize, outputs: usize, k: usize) {
        let bound = 1.5 * (3.0 / (inputs * k * k) as f64).sqrt();
        self.add(
            format!("{name}.conv.weight"),
            &[outputs, inputs, k, k],
            -bound,
            bound,
        );
        for (norm, lo, hi) in [
            ("weight", 0.9, 1.1),
            ("bias", -0.05, 0.05),
            ("running_mean", -0.1, 0.1),
            ("running_var", 0.75, 1.25),
        ] {
            self.add(format!("{name}.bn.{norm}"), &[outputs], lo, hi);
        }
        let counter = Tensor::zeros((), DType::I64, &DEVICE).unwrap();
        self.0
            .insert(format!("{name}.bn.num_batches_tracked"), counter);
    }

    fn c2f(&mut self, name: &str, inputs: usize, outputs: usize, repeats: usize) {
        let hidden = outputs / 2;
        self.conv(&format!("{name}.cv1"), inputs, outputs, 1);
        self.conv(&format!("{name}.cv2"), hidden * (2 + repeats), outputs, 1);
        for i in 0..repeats {
            self.conv(&format!("{name}.m.{i}.cv1"), hidden, hidden, 3);
            self.conv(&format!("{name}.m.{i}.cv2"), hidden, hidden, 3);
        }
    }

    fn branch(&mut self, name: &str, inputs: usize, hidden: usize, outputs: usize) {
        self.conv(&format!("{name}.0"), inputs, hidden, 3);
        self.conv(&format!("{name}.1"), hidden, hidden, 3);
        self.add(
            format!("{name}.2.weight"),
            &[outputs, hidden, 1, 1],
            -0.2,
            0.2,
        );
        self.add(format!("{name}.2.bias"), &[outputs], -0.2, 0.2);
    }

    /// YOLOv8n.
    fn nano(classes: usize) -> Self {
        let mut all = Self::default();
        all.conv("model.0", 3, 16, 3);
        for (i, (inputs, outputs, repeats)) in
            [(16, 32, 1), (32, 64, 2), (64, 128, 2), (128, 256, 1)]
                .into_iter()
                .enumerate()
        {
            all.conv(&format!("model.{}", 2 * i + 1), inputs, outputs, 3);
            all.c2f(&format!("model.{}", 2 * i + 2), outputs, outputs, repeats);
        }
        all.conv("model.9.cv1", 256, 128, 1);
        all.conv("model.9.cv2", 512, 256, 1);
        all.c2f("model.12", 384, 128, 1);
        all.c2f("model.15", 192, 64, 1);
        all.conv("model.16", 64, 64, 3);
        all.c2f("model.18", 192, 128, 1);
        all.conv("model.19", 128, 128, 3);
        all.c2f("model.21", 384, 256, 1);
        for (i, inputs) in [64, 128, 256].into_iter().enumerate() {
            all.branch(&format!("model.22.cv2.{i}"), inputs, 64, 64);
            all.branch(
                &format!("model.22.cv3.{i}"),
                inputs,
                classes.clamp(64, 100),
                classes,
            );
        }
        let projection = Tensor::arange(0f32, 16.0, &DEVICE).unwrap();
        let projection = projection.reshape((1, 16, 1, 1)).unwrap();
        all.0
            .insert("model.22.dfl.conv.weight".to_owned(), projection);
        all
    }

    fn renamed(&self, rename: impl Fn(&str) -> String) -> Self {
        Self(
            self.0
                .iter()
                .map(|(name, t)| (rename(name), t.clone()))
                .collect(),
        )
    }

    /// As exports are: batch norm merged into the convolutions.
    fn fused(&self) -> Self {
        let mut fused = BTreeMap::new();
        for (name, tensor) in &self.0 {
            let Some(layer) = name
                .strip_suffix(".conv.weight")
                .filter(|l| !l.ends_with("dfl"))
            else {
                if !name.contains(".bn.") {
                    fused.insert(name.clone(), tensor.clone());
                }
                continue;
            };
            let of = |norm: &str| &self.0[&format!("{layer}.bn.{norm}")];
            let deviation = (of("running_var") + 1e-3).unwrap().sqrt().unwrap();
            let scale = (of("weight") / deviation).unwrap();
            let bias = (of("bias") - (of("running_mean") * &scale).unwrap()).unwrap();
            let scale = scale.reshape(((), 1, 1, 1)).unwrap();
            fused.insert(name.clone(), tensor.broadcast_mul(&scale).unwrap());
            fused.insert(format!("{layer}.conv.bias"), bias);
        }
        Self(fused)
    }

    fn tensors(&self) -> Tensors {
        Tensors {
            map: self.0.clone(),
            metadata: BTreeMap::new(),
            file: "nano.pt".to_owned(),
        }
    }
}

/// What the network of these weights says of one small photo.
fn outputs(weights: &Tensors) -> Vec<Level> {
    let config = config_of(weights).unwrap();
    let loaded = load_weights(&config, weights, false).unwrap();
    let vb = VarBuilder::from_tensors(loaded.into_iter().collect(), DType::F32, &DEVICE);
    let x = Tensor::from_vec(
        uniform("photo", 64 * 96 * 3, 0.0, 1.0),
        (1, 64, 96, 3),
        &DEVICE,
    );
    Yolo::new(&config, vb)
        .unwrap()
        .forward(&x.unwrap(), Mode::Eval)
        .unwrap()
}

fn assert_same(a: &[Level], b: &[Level], tolerance: f64) {
    for (a, b) in a.iter().zip(b) {
        assert_close(&a.distance_logits, &b.distance_logits, tolerance);
        assert_close(&a.class_logits, &b.class_logits, tolerance);
    }
}

#[test]
fn any_prefix_and_merged_norms_give_the_same_network() {
    let checkpoint = Checkpoint::nano(3);
    let expected = outputs(&checkpoint.tensors());
    let shapes: Vec<_> = expected
        .iter()
        .map(|level| level.class_logits.dims().to_vec())
        .collect();
    assert_eq!(shapes, [[1, 8, 12, 3], [1, 4, 6, 3], [1, 2, 3, 3]]);
    let bare = checkpoint.renamed(|name| name.trim_start_matches("model.").to_owned());
    let wrapped = checkpoint.renamed(|name| format!("model.{name}"));
    for other in [bare, wrapped] {
        assert_same(&outputs(&other.tensors()), &expected, 0.0);
    }
    assert_same(&outputs(&checkpoint.fused().tensors()), &expected, 1e-5);
}

#[test]
fn our_own_names_come_back_as_they_went() {
    let config = Config {
        variant: Variant::N,
        classes: 3,
    };
    let weights = Checkpoint::nano(3).tensors();
    let ours = Tensors {
        map: load_weights(&config, &weights, false).unwrap(),
        ..weights.clone()
    };
    assert!(
        ours.map
            .contains_key("neck.down.1.block.bottlenecks.0.second.norm.running_var")
    );
    assert_same(&outputs(&ours), &outputs(&weights), 0.0);
}

/// Of the networks with COCO's 80 classes, with the 16 constants that Ultralytics counts and we do not have.
#[test]
fn parameters_are_as_many_as_published() {
    let published = [3_157_200, 11_166_560, 25_902_640, 43_691_520, 68_229_648];
    for (variant, published) in Variant::ALL.into_iter().zip(published) {
        let config = Config {
            variant,
            classes: 80,
        };
        let shapes = parameter_shapes(|vb| Yolo::new(&config, vb)).unwrap();
        let trained = shapes.iter().filter(|(name, _)| !name.contains("running_"));
        let count: usize = trained.map(|(_, shape)| shape.elem_count()).sum();
        assert_eq!(count + 16, published, "{variant}");
        // By shapes alone, without values.
        let empty =
            |(name, shape): (String, _)| (name, Tensor::zeros(shape, DType::F32, &DEVICE).unwrap());
        let weights = Tensors {
            map: shapes.into_iter().map(empty).collect(),
            metadata: BTreeMap::new(),
            file: "empty".to_owned(),
        };
        assert_eq!(config_of(&weights).unwrap(), config);
    }
}

#[test]
fn a_head_for_other_classes_keeps_the_rest() {
    let config = Config {
        variant: Variant::N,
        classes: 13,
    };
    // 80 classes widen the class branches: all of them is left out, not the last layer alone.
    let kept = load_weights(&config, &Checkpoint::nano(80).tensors(), true).unwrap();
    assert!(kept.contains_key("head.boxes.2.out.bias"));
    assert!(!kept.keys().any(|name| name.starts_with("head.classes.")));
    let store = VarStore::with_initial(kept, 0, DType::F32, &DEVICE);
    let network = Yolo::new(&config, store.builder()).unwrap();
    let photo = Tensor::zeros((1, 32, 32, 3), DType::F32, &DEVICE).unwrap();
    let levels = network.forward(&photo, Mode::Eval).unwrap();
    assert_eq!(levels[2].class_logits.dims(), [1, 1, 1, 13]);
}

/// What is said of a checkpoint after a change.
fn complaint(change: impl FnOnce(&mut BTreeMap<String, Tensor>)) -> String {
    let mut checkpoint = Checkpoint::nano(3);
    change(&mut checkpoint.0);
    let weights = checkpoint.tensors();
    let loaded = config_of(&weights).and_then(|config| load_weights(&config, &weights, false));
    loaded.unwrap_err().to_string()
}

#[test]
fn whatever_does_not_fit_is_named() {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &DEVICE).unwrap();
    let says = |complaint: String, expected: &[&str]| {
        for part in expected {
            assert!(
                complaint.contains(part),
                "{complaint:?} does not say {part:?}"
            );
        }
    };
    let missing = complaint(|all| drop(all.remove("model.15.m.0.cv1.conv.weight")));
    says(
        missing,
        &[
            "nano.pt",
            "1 missing",
            "neck.up.1.bottlenecks.0.first.conv.weight",
        ],
    );
    let unexpected =
        complaint(|all| drop(all.insert("model.23.cv1.conv.weight".into(), ones(&[1]))));
    says(unexpected, &["1 unexpected", "model.23.cv1.conv.weight"]);
    let deeper =
        complaint(|all| drop(all.insert("model.15.m.1.cv1.conv.weight".into(), ones(&[1]))));
    says(deeper, &["1 unexpected", "model.15.m.1.cv1.conv.weight"]);
    let misshaped = complaint(|all| drop(all.insert("model.9.cv2.bn.bias".into(), ones(&[255]))));
    says(misshaped, &["another shape", "[255]", "[256]"]);
    let both = complaint(|all| drop(all.insert("model.0.conv.bias".into(), ones(&[16]))));
    says(both, &["model.0.bn.bias", "model.0.conv.bias"]);
    let projection =
        complaint(|all| drop(all.insert("model.22.dfl.conv.weight".into(), ones(&[1, 16, 1, 1]))));
    says(projection, &["dfl.conv.weight", "0, 1, 2 ... 15"]);
    let headless = complaint(|all| all.retain(|name, _| !name.starts_with("model.22.")));
    says(headless, &["head.classes.0.out.weight", "YOLOv8"]);
    let width =
        complaint(|all| drop(all.insert("model.0.conv.weight".into(), ones(&[24, 3, 3, 3]))));
    says(width, &["24 channels"]);
}

#[test]
fn odd_inputs_are_errors() {
    let config = Config {
        variant: Variant::N,
        classes: 2,
    };
    let store = VarStore::new(0, DType::F32, &DEVICE);
    let network = Yolo::new(&config, store.builder()).unwrap();
    for dims in [
        [1, 32, 40, 3],
        [1, 0, 32, 3],
        [1, 32, 32, 4],
        [1, 3, 32, 32],
    ] {
        let x = Tensor::zeros(&dims, DType::F32, &DEVICE).unwrap();
        let error = network.forward(&x, Mode::Eval).unwrap_err().to_string();
        assert!(error.contains("multiples of 32"), "{error}");
    }
    let none = Config {
        classes: 0,
        ..config
    };
    assert!(Yolo::new(&none, VarStore::new(0, DType::F32, &DEVICE).builder()).is_err());
    let unknown = "nano".parse::<Variant>().unwrap_err();
    assert!(matches!(unknown, Error::UnknownVariant { .. }));
}
