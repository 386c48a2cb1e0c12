//! Published checkpoints become files of ours: every tensor in its place, and the settings that the network needs.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use tempfile::TempDir;
use wardrobe::weights::{Architecture, Conversion, Converted, Precision, convert, resolve};
use wardrobe_embed::Variant;
use wardrobe_testkit::{Golden, skip};
use wardrobe_weights::{Manifest, Resolver, Tensors};

fn saved(folder: &TempDir, map: BTreeMap<String, Tensor>, notes: &[(&str, &str)]) -> String {
    let path = folder.path().join("in.safetensors");
    let metadata = notes
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let (metadata, file) = (metadata.collect(), String::new());
    let tensors = Tensors {
        map,
        metadata,
        file,
    };
    tensors.save(&path).unwrap();
    path.to_string_lossy().into_owned()
}

fn converted(from: &str, to: &Path, how: &Conversion) -> wardrobe::Result<Converted> {
    let resolver = Resolver::new(Manifest::built_in().unwrap());
    convert(&resolve(&resolver, from).unwrap(), to, how)
}

fn failure(from: &str, to: &Path, how: &Conversion) -> String {
    converted(from, to, how).unwrap_err().to_string()
}

fn golden(name: &str) -> Option<BTreeMap<String, Tensor>> {
    let golden = Golden::open(name).unwrap();
    golden.map(|golden| golden.parameters().unwrap().into_iter().collect())
}

#[test]
fn a_yolo_becomes_a_detector() {
    let Some(parameters) = golden("yolov8n_nc13") else {
        return skip("../shared/golden");
    };
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("out.safetensors");
    let from = saved(&folder, parameters.clone(), &[]);
    let error = failure(&from, &to, &Conversion::default());
    assert!(error.contains("names"), "{error}");

    let labels: Vec<String> = (0..13).map(|i| format!("class {i}")).collect();
    let mut how = Conversion {
        labels: labels.clone(),
        precision: Precision::F16,
        ..Conversion::default()
    };
    let made = converted(&from, &to, &how).unwrap();
    assert_eq!(made.architecture, Architecture::YoloV8);
    assert!(made.report.is_complete());
    let written = Tensors::load(&to).unwrap();
    assert_eq!(written.map.len(), made.report.applied.len());
    let half = |tensor: &Tensor| tensor.dtype() == DType::F16;
    assert!(written.map.values().all(half));
    assert!(written.map.contains_key("backbone.stem.conv.weight"));
    let detector = wardrobe_detect::Detector::new(&written, &Device::Cpu).unwrap();
    assert_eq!(detector.config().names, labels);

    // What is converted already stays what it is.
    how.labels.clear();
    let again = folder.path().join("again.safetensors");
    let again = converted(&to.to_string_lossy(), &again, &how).unwrap();
    assert_eq!(again.sha256, made.sha256);

    let mut lacking = parameters;
    lacking.retain(|name, _| !name.ends_with(".0.conv.weight"));
    (how.labels, how.replace) = (labels, true);
    how.architecture = Some(Architecture::YoloV8);
    let error = failure(&saved(&folder, lacking, &[]), &to, &how);
    assert!(error.contains("backbone.stem.conv.weight"), "{error}");
}

#[test]
fn imagenets_weights_can_start_a_training() {
    let Some(parameters) = golden("efficientnet_b0") else {
        return skip("../shared/golden");
    };
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("out.safetensors");
    let from = saved(&folder, parameters, &[]);
    let made = converted(&from, &to, &Conversion::default()).unwrap();
    assert_eq!(made.architecture, Architecture::EfficientNetB0);
    assert!(made.note.unwrap().contains("--init"));
    let written = Tensors::load(&to).unwrap();
    assert_eq!(written.metadata["architecture"], "efficientnet-b0");
    let network = wardrobe_classify::Config::new(1000);
    wardrobe_classify::load_weights(&network, &written, false).unwrap();

    let how = Conversion {
        labels: vec!["shirt".to_owned()],
        replace: true,
        ..Conversion::default()
    };
    let error = failure(&from, &to, &how);
    let expected = "1000 outputs, and there are 1 labels";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_clips_activation_must_be_told() {
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("out.safetensors");
    let one = || Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
    let names = ["visual.conv1.weight", "input_resolution"].map(str::to_owned);
    let clip = |n: usize| {
        names[..n]
            .iter()
            .map(|name| (name.clone(), one()))
            .collect()
    };
    let error = failure(&saved(&folder, clip(1), &[]), &to, &Conversion::default());
    assert!(error.contains("--arch clip-vit-b-32-quickgelu"), "{error}");

    // By OpenAI's own settings, by --arch, by a note, by a training's: then it is told that nearly all of the network is missing.
    let told = Some(Architecture::ClipVitB32);
    let note = [("architecture", "clip-vit-b-32")];
    let trained = Variant::VitB32QuickGelu.config().to_metadata().unwrap();
    let trained = [(trained.0.as_str(), trained.1.as_str())];
    let cases = [
        (2, None, &[][..]),
        (1, told, &[]),
        (1, None, &note),
        (1, None, &trained),
    ];
    for (tensors, architecture, notes) in cases {
        let from = saved(&folder, clip(tensors), notes);
        let how = Conversion {
            architecture,
            ..Conversion::default()
        };
        let error = failure(&from, &to, &how);
        assert!(error.contains(" missing: "), "{error}");
        assert!(error.contains("image.patches.weight (has [1]"), "{error}");
    }
    assert!(!to.exists());
}

#[test]
fn strangers_are_named() {
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("out.safetensors");
    let one = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
    let from = saved(&folder, [("wte.weight".to_owned(), one)].into(), &[]);
    let error = failure(&from, &to, &Conversion::default());
    assert!(
        error.contains("wte.weight") && error.contains("--arch"),
        "{error}"
    );
    let error = "yolo8".parse::<Architecture>().unwrap_err().to_string();
    assert_eq!(error, "there is no architecture \"yolo8\"; expected yolov8");
}
