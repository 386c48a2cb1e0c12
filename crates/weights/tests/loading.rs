//! Filling a model: everything fits, or the report says what does not.

use candle_core::{DType, Device, Shape, Tensor};
use wardrobe_testkit::{Golden, assert_close};
use wardrobe_weights::{Error, LoadReport, Loading, Tensors};

fn file(tensors: &[(&str, &[usize])]) -> Tensors {
    let tensor = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap();
    Tensors {
        map: tensors
            .iter()
            .map(|(name, shape)| (name.to_string(), tensor(shape)))
            .collect(),
        metadata: Default::default(),
        file: "weights.pth".to_string(),
    }
}

fn model(tensors: &[(&str, &[usize])]) -> Vec<(String, Shape)> {
    tensors
        .iter()
        .map(|(name, shape)| (name.to_string(), Shape::from(*shape)))
        .collect()
}

fn mismatch(error: Error) -> (String, LoadReport) {
    match error {
        Error::Mismatch { ref report, .. } => (error.to_string(), (**report).clone()),
        other => panic!("{other}"),
    }
}

#[test]
fn a_file_that_fits_fills_the_model() {
    let model = model(&[("a", &[2, 3]), ("b", &[])]);
    let loaded = Loading::strict()
        .load(&model, &file(&[("b", &[]), ("a", &[2, 3])]))
        .unwrap();
    assert_eq!(loaded.report.applied, ["a", "b"]);
    assert!(loaded.report.is_complete());
    assert_eq!(loaded.report.to_string(), "2 tensors applied");
    assert_eq!(loaded.tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn every_trouble_is_reported_at_once() {
    let model = model(&[
        ("features.0.weight", &[8, 3]),
        ("features.0.bias", &[8]),
        ("classifier.weight", &[47, 8]),
        ("classifier.bias", &[47]),
    ]);
    let file = file(&[
        ("feature.0.weight", &[8, 3]),
        ("features.0.bias", &[8]),
        ("classifier.weight", &[1000, 8]),
        ("optimiser", &[1]),
    ]);
    let (message, report) = mismatch(Loading::strict().load(&model, &file).unwrap_err());
    assert_eq!(report.applied, ["features.0.bias"]);
    assert_eq!(report.missing, ["features.0.weight", "classifier.bias"]);
    assert_eq!(report.unexpected, ["feature.0.weight", "optimiser"]);
    assert_eq!(report.misshaped[0].name, "classifier.weight");
    assert_eq!(
        message,
        "weights.pth does not fit the model: 1 tensors applied; \
         2 missing: features.0.weight (did you mean feature.0.weight?), classifier.bias; \
         2 unexpected: feature.0.weight, optimiser; \
         1 of another shape: classifier.weight (has [1000, 8], expected [47, 8])"
    );
}

#[test]
fn each_trouble_alone_is_an_error() {
    let model = model(&[("a", &[2]), ("b", &[2])]);
    let load = |tensors: &[(&str, &[usize])]| {
        mismatch(Loading::strict().load(&model, &file(tensors)).unwrap_err()).1
    };
    assert_eq!(load(&[("a", &[2])]).missing, ["b"]);
    assert_eq!(
        load(&[("a", &[2]), ("b", &[2]), ("c", &[2])]).unexpected,
        ["c"]
    );
    // The same number of elements is not the same shape.
    assert_eq!(load(&[("a", &[2, 1]), ("b", &[2])]).misshaped.len(), 1);
}

#[test]
fn a_replaced_head_is_left_out_whatever_its_shape() {
    let model = model(&[("body", &[2]), ("head.weight", &[47]), ("head.extra", &[1])]);
    let file = file(&[
        ("body", &[2]),
        ("head.weight", &[47]),
        ("head.old", &[1000]),
    ]);
    let loaded = Loading::strict()
        .except("head.")
        .load(&model, &file)
        .unwrap();
    assert_eq!(loaded.report.applied, ["body"]);
    assert_eq!(loaded.report.excepted, ["head.weight", "head.extra"]);
    assert_eq!(loaded.report.ignored, ["head.weight", "head.old"]);
    assert!(!loaded.tensors.contains_key("head.weight"));
}

#[test]
fn an_exception_that_excepts_nothing_is_an_error() {
    let error = Loading::strict()
        .except("haed.")
        .load(&model(&[("a", &[1])]), &file(&[("a", &[1])]));
    assert!(matches!(error.unwrap_err(), Error::UnusedException { prefix } if prefix == "haed."));
}

#[test]
fn an_exception_covers_only_its_prefix() {
    let model = model(&[("body", &[2]), ("head.bias", &[3])]);
    let error = Loading::strict()
        .except("head.")
        .load(&model, &file(&[("other", &[2])]));
    let (_, report) = mismatch(error.unwrap_err());
    assert_eq!(
        (report.missing, report.unexpected),
        (vec!["body".into()], vec!["other".into()])
    );
}

#[test]
fn names_are_translated_and_dropped_by_the_caller() {
    let rename = |name: &str| match name {
        "teacher" => None,
        name => Some(name.trim_start_matches("module.").to_string()),
    };
    let file = file(&[
        ("module.a", &[2]),
        ("teacher", &[9]),
        ("module.bn.num_batches_tracked", &[]),
    ]);
    let loaded = Loading::strict()
        .rename(rename)
        .load(&model(&[("a", &[2])]), &file)
        .unwrap();
    assert_eq!(loaded.report.applied, ["a"]);
    assert_eq!(
        loaded.report.ignored,
        ["module.bn.num_batches_tracked", "teacher"]
    );
}

#[test]
fn two_tensors_for_one_are_an_error() {
    let same = |_: &str| Some("a".to_string());
    let error = Loading::strict()
        .rename(same)
        .load(&model(&[("a", &[2])]), &file(&[("x", &[2]), ("y", &[2])]));
    assert_eq!(
        error.unwrap_err().to_string(),
        "weights.pth: x and y would both fill the model's a"
    );
}

#[test]
fn floats_take_the_models_type_and_integers_keep_theirs() {
    let mut file = file(&[]);
    let half = Tensor::new(&[0.1f32, -3.0], &Device::Cpu)
        .unwrap()
        .to_dtype(DType::F16)
        .unwrap();
    file.map.insert("half".to_string(), half.clone());
    file.map.insert(
        "index".to_string(),
        Tensor::new(&[1i64 << 40], &Device::Cpu).unwrap(),
    );
    let model = model(&[("half", &[2]), ("index", &[1])]);
    let loaded = Loading::strict().load(&model, &file).unwrap();
    assert_eq!(loaded.tensors["half"].dtype(), DType::F32);
    assert_close(&loaded.tensors["half"], &half, 0.0);
    assert_eq!(loaded.tensors["index"].dtype(), DType::I64);
    let loaded = Loading::strict()
        .dtype(DType::BF16)
        .load(&model, &file)
        .unwrap();
    assert_eq!(loaded.tensors["half"].dtype(), DType::BF16);
}

/// A whole EfficientNet-B0 state dict, through a file.
#[test]
fn a_real_state_dict_round_trips() -> wardrobe_testkit::Result<()> {
    let Some(golden) = Golden::open("efficientnet_b0")? else {
        return Ok(());
    };
    let parameters = golden.parameters()?;
    let bytes = safetensors::serialize(&parameters, None).unwrap();
    let file = Tensors::from_bytes(&bytes, "efficientnet.safetensors").unwrap();
    let model: Vec<_> = golden
        .specs()
        .iter()
        .filter(|spec| !spec.name.ends_with("num_batches_tracked"))
        .map(|spec| (spec.name.clone(), Shape::from(spec.shape.as_slice())))
        .collect();
    let loaded = Loading::strict().load(&model, &file).unwrap();
    assert_eq!(
        loaded.report.applied.len() + loaded.report.ignored.len(),
        360
    );
    for (name, tensor) in &loaded.tensors {
        assert_close(tensor, &parameters[name], 0.0);
    }
    Ok(())
}
