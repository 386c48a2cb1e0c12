//! The generator reproduces every fixture's parameters, images and inputs.

use wardrobe_testkit::{Golden, ModuleStats, Result, assert_close, max_rel_err};

fn check(name: &str, expected_tensors: usize) -> Result<()> {
    let Some(golden) = Golden::open(name)? else {
        return Ok(());
    };
    // `parameters` compares each tensor with the description's first values and sum.
    let parameters = golden.parameters()?;
    assert_eq!(parameters.len(), expected_tensors);
    assert_eq!(golden.specs().len(), expected_tensors);
    for spec in golden.specs() {
        assert_eq!(parameters[&spec.name].dims(), spec.shape, "{}", spec.name);
    }
    let images = golden.images()?;
    assert_eq!(golden.input()?.dims(), images.dims());
    Ok(())
}

#[test]
fn efficientnet() -> Result<()> {
    check("efficientnet_b0", 360)
}

#[test]
fn yolo() -> Result<()> {
    check("yolov8n_nc13", 355)?;
    check("yolov8s_nc13", 355)
}

#[test]
fn openclip() -> Result<()> {
    check("openclip_vitb32", 302)
}

#[test]
fn modules_and_settings_are_found_by_name() -> Result<()> {
    let Some(golden) = Golden::open("efficientnet_b0")? else {
        return Ok(());
    };
    assert_eq!(golden.model(), "torchvision efficientnet_b0");
    assert_eq!(golden.setting::<Vec<f64>>("bn_eps")?, [1e-5]);
    assert_eq!(golden.module("features.0")?.shape, [2, 32, 112, 112]);
    let error = golden.module("features.99").unwrap_err().to_string();
    assert!(
        error.contains("no module \"features.99\"; it has avgpool, features.0,"),
        "{error}"
    );
    assert!(golden.tensor("boxes").is_err());
    Ok(())
}

#[test]
fn an_output_is_held_to_a_modules_statistics() -> Result<()> {
    let Some(golden) = Golden::open("efficientnet_b0")? else {
        return Ok(());
    };
    let stats: ModuleStats = golden.setting("output_stats")?;
    let logits = golden.tensor("logits")?;
    stats.assert_matches(logits, 1e-6);
    let off = (logits * 1.001)?;
    let mismatch = stats.mismatch(&off, 1e-4)?.unwrap();
    assert!(mismatch.starts_with("std is "), "{mismatch}");
    let transposed = logits.t()?;
    let mismatch = stats.mismatch(&transposed, 1e-4)?.unwrap();
    assert_eq!(mismatch, "shape is [1000, 2], expected [2, 1000]");
    assert!(max_rel_err(&off, logits)? > 9e-4);
    Ok(())
}

#[test]
fn a_missing_fixture_is_an_error() {
    if wardrobe_testkit::shared_golden().is_some() {
        assert!(Golden::open("no-such-model").is_err());
    }
}

#[test]
fn recorded_inputs_are_the_normalised_images() -> Result<()> {
    use candle_core::{DType, Device, Tensor};
    let Some(golden) = Golden::open("efficientnet_b0")? else {
        return Ok(());
    };
    let constant = |values: [f32; 3]| Tensor::new(&values, &Device::Cpu)?.reshape((1, 3, 1, 1));
    let unit = (golden.images()?.to_dtype(DType::F32)? / 255.0)?;
    let expected = unit
        .broadcast_sub(&constant([0.485, 0.456, 0.406])?)?
        .broadcast_div(&constant([0.229, 0.224, 0.225])?)?;
    assert_close(&golden.input()?, &expected, 1e-6);
    Ok(())
}
