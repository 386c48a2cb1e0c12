//! Files of tensors: both formats, damaged in every way that people meet.
//!
//! The checkpoints of `golden/` are written by `golden/make.py` in PyTorch's layout.

mod common;

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use wardrobe_testkit::{Golden, assert_close};
use wardrobe_weights::{Error, Result, Tensors};

use common::{entries, golden, message, zipped};

fn values(tensors: &Tensors, name: &str) -> (Vec<usize>, Vec<f64>) {
    let tensor = &tensors.map[name];
    let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
    (tensor.dims().to_vec(), flat.to_vec1().unwrap())
}

fn check_state_dict(tensors: &Tensors) {
    assert_eq!(tensors.map.len(), 6);
    let expect = |name, shape: &[usize], dtype, expected: &[f64]| {
        assert_eq!(tensors.map[name].dtype(), dtype, "{name}");
        assert_eq!(
            values(tensors, name),
            (shape.to_vec(), expected.to_vec()),
            "{name}"
        );
    };
    expect(
        "conv.weight",
        &[3, 2],
        DType::F32,
        &[7., 8., 9., 10., 11., 12.],
    );
    // The same storage, transposed.
    expect(
        "tied.weight",
        &[2, 3],
        DType::F32,
        &[7., 9., 11., 8., 10., 12.],
    );
    expect("conv.bias", &[3], DType::F16, &[1., 2., 3.]);
    expect("wrapped", &[4, 1], DType::BF16, &[1., 2., 3., 4.]);
    expect(
        "bn.num_batches_tracked",
        &[],
        DType::I64,
        &[(1u64 << 40) as f64],
    );
    expect("mask", &[2], DType::U8, &[1., 0.]);
}

#[test]
fn a_pytorch_state_dict() -> Result<()> {
    check_state_dict(&Tensors::load(golden("state_dict.pth"))?);
    Ok(())
}

#[test]
fn a_state_dict_nested_in_a_checkpoint() -> Result<()> {
    check_state_dict(&Tensors::load(golden("nested.pth"))?);
    Ok(())
}

/// Its plain values are notes; the optimiser's tensors are not.
#[test]
fn what_a_checkpoint_says_beside_its_tensors() -> Result<()> {
    let metadata = Tensors::load(golden("nested.pth"))?.metadata;
    assert_eq!(
        (metadata["epoch"].as_str(), metadata["lr"].as_str()),
        ("3", "0.001")
    );
    let optimizer = r#"{"param_groups":[{"betas":[0.9,0.999]}],"state":{"0":{"step":1}}}"#;
    assert_eq!(metadata["optimizer"], optimizer);
    assert_eq!(metadata.len(), 3);
    assert!(Tensors::load(golden("state_dict.pth"))?.metadata.is_empty());
    Ok(())
}

#[test]
fn checkpoints_that_are_no_state_dict_say_what_they_are() {
    let cases = [
        (
            "results.pth",
            "holds a dictionary of \"accuracy\", \"epoch\", neither a state dict nor a module",
        ),
        (
            "hidden.pth",
            "cannot read the tensor head: it is a pickled nets.tasks.Detector",
        ),
        (
            "complex.pth",
            "its type ComplexFloatStorage is not supported",
        ),
        ("short.pth", "it needs 3 elements from 0 of a storage of 2"),
        ("expanded.pth", "it is larger than its storage"),
        ("big_endian.pth", "holds tensors in big-endian order"),
    ];
    for (name, expected) in cases {
        let message = message(Tensors::load(golden(name)));
        assert!(message.contains(expected), "{name}: {message}");
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_pytorch_checkpoint_cut_short_or_altered_is_an_error() {
    let whole = std::fs::read(golden("state_dict.pth")).unwrap();
    for n in 0..whole.len() {
        let message = message(Tensors::from_bytes(&whole[..n], "cut.pth"));
        assert!(message.starts_with("cut.pth "), "{n}: {message}");
    }
    // Any byte of an entry's content: the archive's checksum sees it.
    let content = |needle: &[u8]| {
        whole
            .windows(needle.len())
            .position(|w| w == needle)
            .unwrap()
    };
    let eight = content(&8f32.to_le_bytes());
    for at in [
        eight,
        content(b"conv.weight"),
        content(b"_rebuild_tensor_v2"),
    ] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        let message = message(Tensors::from_bytes(&altered, "altered.pth"));
        assert!(
            message.contains("altered.pth is a damaged"),
            "{at}: {message}"
        );
    }
}

/// No byte can make reading panic, or give a tensor that the file does not hold.
#[test]
fn any_altered_byte_of_a_pytorch_checkpoint_is_survived() {
    let whole = std::fs::read(golden("nested.pth")).unwrap();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut altered = whole.clone();
            altered[at] ^= 1 << bit;
            if let Ok(tensors) = Tensors::from_bytes(&altered, "altered.pth") {
                check_state_dict(&tensors);
            }
        }
    }
}

/// The same of a pickle whose archive's checksums are right, as of a file that was written wrong.
#[test]
fn any_altered_byte_of_a_pickle_is_survived() {
    let mut entries = entries(&std::fs::read(golden("nested.pth")).unwrap());
    for at in 0..entries[0].1.len() {
        for bit in 0..8 {
            entries[0].1[at] ^= 1 << bit;
            let altered = zipped(&entries);
            let _may_be_another_state_dict = Tensors::from_bytes(&altered, "altered.pth");
            entries[0].1[at] ^= 1 << bit;
        }
    }
    check_state_dict(&Tensors::from_bytes(&zipped(&entries), "zipped.pth").unwrap());
}

fn safetensors() -> Vec<u8> {
    let device = Device::Cpu;
    let half = Tensor::new(&[[1.5f32, -2.0], [0.25, 4.0]], &device).unwrap();
    let half = half.to_dtype(DType::F16).unwrap();
    let count = Tensor::new(7i64, &device).unwrap();
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    safetensors::serialize([("w", &half), ("n", &count)], Some(metadata)).unwrap()
}

#[test]
fn safetensors_keep_types_and_metadata() -> Result<()> {
    let tensors = Tensors::from_bytes(&safetensors(), "x.safetensors")?;
    assert_eq!(tensors.map["w"].dtype(), DType::F16);
    assert_eq!(
        values(&tensors, "w"),
        (vec![2, 2], vec![1.5, -2.0, 0.25, 4.0])
    );
    assert_eq!(values(&tensors, "n"), (vec![], vec![7.0]));
    assert_eq!(tensors.metadata["format"], "pt");
    assert_eq!(tensors.file, "x.safetensors");
    Ok(())
}

#[test]
fn safetensors_cut_short_are_an_error() {
    let whole = safetensors();
    for n in 0..whole.len() {
        let message = message(Tensors::from_bytes(&whole[..n], "cut.safetensors"));
        assert!(message.starts_with("cut.safetensors "), "{n}: {message}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(Tensors::from_bytes(&longer, "long.safetensors").is_err());
}

#[test]
fn any_altered_header_byte_of_a_safetensors_file_is_survived() {
    let whole = safetensors();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut altered = whole.clone();
            altered[at] ^= 1 << bit;
            let _may_be_another_name = Tensors::from_bytes(&altered, "altered.safetensors");
        }
    }
}

#[test]
fn what_people_find_in_place_of_weights_is_named() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "it is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
            "a Git LFS pointer",
        ),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
            "older than PyTorch 1.6",
        ),
        (b"\xff\xd8\xff\xe0 JFIF", "of an unknown format"),
        (
            &[2, 0, 0, 0, 0, 0, 0, 0, b'{', b'}'],
            "a file without tensors",
        ),
    ];
    for (bytes, expected) in cases {
        let message = message(Tensors::from_bytes(bytes, "weights.pth"));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Tensors::load("/nowhere/weights.pth").unwrap_err();
    assert!(matches!(&error, Error::Read { .. }));
    assert!(error.to_string().contains("/nowhere/weights.pth"));
    // A folder can be opened, but neither read nor mapped.
    let folder = tempfile::tempdir().unwrap();
    let error = Tensors::load(folder.path()).unwrap_err();
    assert!(matches!(&error, Error::Read { .. }), "{error}");
}

#[test]
fn an_empty_file_is_not_mapped_but_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let message = message(Tensors::load(file.path()));
    assert!(message.contains("it is empty"), "{message}");
}

/// A fixture that PyTorch and its safetensors library wrote.
#[test]
fn a_file_of_the_reference_implementation() -> wardrobe_testkit::Result<()> {
    let (Some(folder), Some(golden)) = (
        wardrobe_testkit::shared_golden(),
        Golden::open("efficientnet_b0")?,
    ) else {
        return Ok(());
    };
    let tensors = Tensors::load(folder.join("efficientnet_b0.safetensors")).unwrap();
    assert_eq!(tensors.metadata["generator"], "golden.py v1");
    assert_close(&tensors.map["logits"], golden.tensor("logits")?, 0.0);
    Ok(())
}

/// Notes and all, in any order of insertion.
#[test]
fn what_is_saved_is_read_again_and_has_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let network = Tensors::load(golden("network.safetensors")).unwrap();
    let notes = (0..20).map(|i| (format!("note {i}"), format!("\"{i}\" ü")));
    let tensors = Tensors {
        metadata: notes.collect(),
        ..network.clone()
    };
    let paths = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    for path in &paths {
        tensors.save(path).unwrap();
    }
    let bytes = paths.each_ref().map(|path| std::fs::read(path).unwrap());
    assert_eq!(bytes[0], bytes[1]);
    let read = Tensors::load(&paths[0]).unwrap();
    assert_eq!(read.metadata, tensors.metadata);
    assert!(read.map.keys().eq(network.map.keys()));
    for (name, tensor) in &read.map {
        let (own, other) = (tensor, &network.map[name]);
        assert_eq!((own.dtype(), own.shape()), (other.dtype(), other.shape()));
        let values = |t: &Tensor| {
            let t = t.to_dtype(DType::F64).unwrap();
            t.flatten_all().unwrap().to_vec1::<f64>().unwrap()
        };
        assert_eq!(values(own), values(other), "{name}");
    }
    // What is left behind by a failure: nothing.
    assert!(
        tensors
            .save(folder.path().join("none/a.safetensors"))
            .is_err()
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
