//! From photos to CLIP's input against OpenCLIP's own transform. References, versions and the script are in
//! golden/preprocess.py.
//!
//! Measured: the bytes are equal, and so are the values to f32's rounding (tolerance 1e-6 of values up to 2). A photo resized by
//! another version of Pillow may differ by 1 of 255.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wardrobe_embed::Variant;
use wardrobe_ingest::{Layout, Preprocess, RgbImage, load};

/// Channel, row, column, and the reference's value there.
type Place = (usize, usize, usize, f32);

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn picture(path: &Path) -> RgbImage {
    load(path).unwrap().image
}

#[test]
fn photos_are_resized_cropped_and_normalised_as_open_clip_does() {
    let golden = tests().join("golden/preprocess");
    let pictures = tests().join("../../ingest/tests/golden/pictures");
    let json = std::fs::read_to_string(golden.join("tensors.json")).unwrap();
    let cases: BTreeMap<String, Vec<Place>> = serde_json::from_str(&json).unwrap();
    assert_eq!(cases.len(), 3);
    for (case, places) in cases {
        let (source, size) = case.split_once('.').unwrap();
        let recipe = match size.parse().unwrap() {
            224 => Variant::VitB32.preprocess(),
            size => Preprocess::clip(size),
        };
        let photo = picture(&pictures.join(format!("{source}.png")));
        let processed = recipe.apply(&photo).unwrap();
        let reference = picture(&golden.join(format!("{case}.png")));
        assert_eq!(
            processed.image.dimensions(),
            reference.dimensions(),
            "{case}"
        );
        let pairs = processed.image.as_raw().iter().zip(reference.as_raw());
        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert_eq!(worst, 0, "{case}: off by {worst} of 255");

        let tensor = processed.to_vec(Layout::Nchw);
        let side = reference.width() as usize;
        for (channel, row, column, expected) in places {
            let got = tensor[(channel * side + row) * side + column];
            assert!(
                (got - expected).abs() < 1e-6,
                "{case}: {got} for {expected}"
            );
        }
    }
}
