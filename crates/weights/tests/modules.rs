//! Checkpoints of whole pickled modules, written by PyTorch: `golden/make_module.py`.

mod common;

use candle_core::{DType, Tensor};
use wardrobe_weights::{Error, Result, Tensors};

use common::{entries, golden, message, zipped};

fn bytes(tensor: &Tensor) -> Vec<u8> {
    safetensors::View::data(&tensor).into_owned()
}

/// That a file holds the network's state dict: the same names, types, shapes and bits.
fn check_network(tensors: &Tensors) {
    let expected = Tensors::load(golden("network.safetensors")).unwrap();
    assert_eq!(expected.map.len(), 48);
    let names = |tensors: &Tensors| tensors.map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(tensors), names(&expected));
    for (name, expected) in &expected.map {
        let tensor = &tensors.map[name];
        assert_eq!(
            (tensor.dtype(), tensor.dims()),
            (expected.dtype(), expected.dims()),
            "{name}"
        );
        assert_eq!(bytes(tensor), bytes(expected), "{name}");
    }
}

#[test]
fn a_modules_tensors_are_those_of_its_state_dict() -> Result<()> {
    for file in ["training.pt", "stripped.pt", "whole.pt"] {
        check_network(&Tensors::load(golden(file))?);
    }
    Ok(())
}

/// What the names, types and values of the fixture are, worked by hand for the odd ones.
#[test]
fn views_and_types_are_respected() -> Result<()> {
    let tensors = Tensors::load(golden("whole.pt"))?;
    let values = |name: &str| {
        let tensor = tensors.map[name].to_dtype(DType::F64).unwrap();
        tensor.flatten_all().unwrap().to_vec1::<f64>().unwrap()
    };
    // The middle of the storage 1, 2, ..., 24 as (3, 4), transposed.
    let second = [7., 11., 15., 8., 12., 16., 9., 13., 17., 10., 14., 18.];
    assert_eq!(values("model.3.second"), second);
    let every_other: Vec<f64> = (1..=12).map(|i| f64::from(2 * i)).collect();
    assert_eq!(values("model.3.every_other"), every_other);
    let planes: Vec<f64> = (0..24).map(f64::from).collect();
    assert_eq!(values("model.3.planes"), planes, "stored channels-last");
    assert_eq!(values("model.3.tied"), values("model.3.first"));
    assert_eq!(values("model.3.count"), [(1u64 << 40) as f64, -1.0]);
    assert_eq!(values("model.2.dfl.conv.weight"), [0., 1., 2., 3.]);
    assert_eq!(tensors.map["model.3.brain"].dtype(), DType::BF16);
    assert_eq!(tensors.map["model.0.conv.weight"].dtype(), DType::F16);
    for absent in [
        "model.2.grid",
        "model.3.nothing",
        "model.3.none",
        "model.2.anchors",
    ] {
        assert!(!tensors.map.contains_key(absent), "{absent}");
    }
    Ok(())
}

#[test]
fn the_average_is_taken_before_the_model() -> Result<()> {
    // Without its average, the same checkpoint yields the raw weights.
    let mut entries = entries(&std::fs::read(golden("training.pt")).unwrap());
    let key = b"X\x03\x00\x00\x00ema";
    let pickle = &mut entries[0].1;
    let at = pickle.windows(key.len()).position(|w| w == key).unwrap();
    pickle[at + key.len() - 1] = b'b';
    let raw = Tensors::from_bytes(&zipped(&entries), "raw.pt")?;
    let average = Tensors::load(golden("training.pt"))?;
    assert_eq!(raw.map.len(), average.map.len());
    let weight = "model.0.conv.weight";
    assert_ne!(bytes(&raw.map[weight]), bytes(&average.map[weight]));
    Ok(())
}

#[test]
fn classes_and_settings_are_notes() -> Result<()> {
    for file in ["training.pt", "stripped.pt", "whole.pt"] {
        let tensors = Tensors::load(golden(file))?;
        let classes = tensors.class_names()?.unwrap();
        assert_eq!(classes, ["short sleeve top", "trousers", "skirt"], "{file}");
        let note = |key: &str| tensors.metadata[key].as_str();
        assert_eq!((note("nc"), note("task")), ("3", "detect"));
        assert_eq!(note("stride"), "[8.0,16.0]");
        assert_eq!(note("args"), r#"{"box":7.5,"imgsz":640}"#);
        assert_eq!((note("save"), note("inplace")), ("[1,2]", "true"));
        let yaml = r#"{"backbone":[[-1,1,"Conv",[8,3]],[-1,2,"C2f",[8,true]]],"depth_multiple":0.33,"nc":3,"scale":""}"#;
        assert_eq!(note("yaml"), yaml);
        for own in ["training", "_parameters", "_modules", "model", "ema"] {
            assert!(!tensors.metadata.contains_key(own), "{own}");
        }
    }
    let training = Tensors::load(golden("training.pt"))?.metadata;
    assert_eq!(
        (training["epoch"].as_str(), training["updates"].as_str()),
        ("2", "300")
    );
    assert_eq!(training["version"], "8.0.0");
    // An instance among the settings is left out, and only it.
    let args = r#"{"classes":[1,2],"data":"clothes.yaml","freeze":null,"lr0":0.01}"#;
    assert_eq!(training["train_args"], args);
    Ok(())
}

#[test]
fn class_names_are_a_list_or_numbered_without_a_gap() -> Result<()> {
    let with = |note: Option<&str>| {
        let mut tensors = Tensors::load(golden("one.safetensors")).unwrap();
        let note = note.map(|note| ("names".to_string(), note.to_string()));
        tensors.metadata.extend(note);
        tensors.class_names()
    };
    assert_eq!(with(None)?, None);
    assert_eq!(with(Some(r#"["a", "b"]"#))?.unwrap(), ["a", "b"]);
    // By number, not as text: 10 comes after 9.
    let many: Vec<String> = (0..11).map(|i| format!("\"{i}\": \"c{i}\"")).collect();
    let names = with(Some(&format!("{{{}}}", many.join(", "))))?.unwrap();
    assert_eq!((names[2].as_str(), names[10].as_str()), ("c2", "c10"));
    for (note, expected) in [
        (r#"{"0": "a", "2": "c"}"#, "without the number 1"),
        (r#"{"first": "a"}"#, "expected"),
        ("shirt", "expected"),
    ] {
        let error = with(Some(note)).unwrap_err();
        assert!(matches!(error, Error::Note { .. }));
        let message = error.to_string();
        assert!(
            message.contains("names") && message.contains(expected),
            "{message}"
        );
    }
    Ok(())
}

#[test]
fn a_module_checkpoint_cut_short_is_an_error() {
    let whole = std::fs::read(golden("stripped.pt")).unwrap();
    for n in (0..whole.len()).step_by(61) {
        let message = message(Tensors::from_bytes(&whole[..n], "cut.pt"));
        assert!(message.starts_with("cut.pt "), "{n}: {message}");
    }
}

/// Candle's own reader takes the state dict in the same archive apart in the same way.
#[test]
fn candles_reader_agrees_where_it_can_read() -> Result<()> {
    let ours = Tensors::load(golden("nested.pth"))?;
    let key = Some("model_state_dict");
    let theirs = candle_core::pickle::PthTensors::new(golden("nested.pth"), key)?;
    let mut agreed = 0;
    for (name, tensor) in &ours.map {
        if let Ok(Some(theirs)) = theirs.get(name) {
            assert_eq!(bytes(&theirs), bytes(tensor), "{name}");
            agreed += 1;
        }
    }
    assert!(agreed >= 4, "{agreed}");
    Ok(())
}
