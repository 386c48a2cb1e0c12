//! Both towers against the outputs of OpenCLIP's `ViT-B-32` and `ViT-B-32-quickgelu`
//! (../shared/golden/openclip_vitb32.json and openclip_vitb32_quickgelu.json).
//!
//! Measured: 8.4e-7 rms-relative between f32 and f64 in PyTorch itself; porting errors start at 1e-3. Tolerance 1e-4;
//! measured here 1.9e-6 at most. In bf16 every activation has 8 bits: cosine 0.99996 at least, where that of the
//! reference's two images is 0.958.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::{BTreeMap, HashMap};
use wardrobe_embed::{Clip, Variant, load_weights};
use wardrobe_nn::{Mode, Precision};
use wardrobe_testkit::{Golden, max_rel_err, on_every_device, skip};
use wardrobe_weights::Tensors;

fn network(golden: &Golden, variant: Variant, device: &Device) -> Clip {
    let weights = Tensors {
        map: golden.parameters().unwrap(),
        metadata: BTreeMap::new(),
        file: "golden".to_owned(),
    };
    let loaded: HashMap<_, _> = load_weights(&variant.config(), &weights)
        .unwrap()
        .into_iter()
        .collect();
    let vb = VarBuilder::from_tensors(loaded, DType::F32, device);
    Clip::new(&variant.config(), vb).unwrap()
}

/// The least cosine of two rows of the same number.
fn least_cosine(a: &Tensor, b: &Tensor) -> f32 {
    let unit = |x: &Tensor| {
        let length = x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
        x.broadcast_div(&length)
    };
    let cosines = (unit(a).unwrap() * unit(b).unwrap())
        .unwrap()
        .sum(D::Minus1)
        .unwrap();
    cosines.min(0).unwrap().to_scalar().unwrap()
}

fn check(name: &str, variant: Variant, device: &Device) {
    let Some(golden) = Golden::open(name).unwrap() else {
        return skip("../shared/golden");
    };
    let clip = network(&golden, variant, device);
    let scale = clip.logit_scale().to_scalar::<f32>().unwrap();
    assert!((scale - (1f32 / 0.07).ln()).abs() < 1e-6);
    let images = golden
        .input()
        .unwrap()
        .permute((0, 2, 3, 1))
        .unwrap()
        .contiguous()
        .and_then(|x| x.to_device(device))
        .unwrap();
    let texts = golden
        .tensor("tokens")
        .unwrap()
        .to_dtype(DType::U32)
        .and_then(|tokens| tokens.to_device(device))
        .unwrap();
    let expected_image = golden.tensor("image_features").unwrap();
    let expected_text = golden.tensor("text_features").unwrap();

    let mut all = vec![("plain", clip.clone(), Precision::F32)];
    all.push(("folded", clip.fold(Precision::F32).unwrap(), Precision::F32));
    match Precision::fastest_on(device) {
        Precision::F32 => eprintln!("skipped: this processor does not multiply bf16"),
        bf16 => all.push(("folded", clip.fold(bf16).unwrap(), bf16)),
    }
    for (what, clip, precision) in all {
        let image = clip.image.forward(&images, Mode::Eval).unwrap();
        let text = clip.text.forward(&texts, Mode::Eval).unwrap();
        for (tower, got, expected) in [
            ("image", image, expected_image),
            ("text", text, expected_text),
        ] {
            assert_eq!(got.dtype(), DType::F32);
            let error = max_rel_err(&got, expected).unwrap();
            let cosine = least_cosine(&got.to_device(&Device::Cpu).unwrap(), expected);
            eprintln!(
                "{name}, {tower}, {what} {precision:?}: max relative error {error:.2e}, cosine {cosine:.7}"
            );
            match precision {
                Precision::F32 => assert!(error < 1e-4, "max relative error {error}"),
                Precision::Bf16 => assert!(cosine > 0.999, "cosine {cosine}"),
            }
        }
    }
}

on_every_device! {
    fn features_equal_open_clips(device: &Device) {
        check("openclip_vitb32", Variant::VitB32, device);
    }

    fn features_equal_open_clips_with_quick_gelu(device: &Device) {
        check("openclip_vitb32_quickgelu", Variant::VitB32QuickGelu, device);
    }
}
