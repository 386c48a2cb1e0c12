//! The shipped weights in bf16 and in f32: the same boxes on real photos, as bf16 is the default where a processor has it.

use candle_core::Device;
use std::path::Path;
use wardrobe_detect::{Detection, Detector};
use wardrobe_ingest::{RgbImage, load};
use wardrobe_nn::Precision;
use wardrobe_weights::Tensors;

fn samples() -> Vec<RgbImage> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/samples");
    let files = std::fs::read_dir(folder).unwrap();
    let mut photos: Vec<_> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .collect();
    photos.sort();
    photos
        .iter()
        .map(|path| load(path).unwrap().image)
        .collect()
}

#[test]
fn bf16_gives_the_boxes_of_f32() {
    if Precision::fastest() == Precision::F32 {
        return wardrobe_testkit::skip("processor that multiplies bf16");
    }
    let weights =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights/starter-detector.safetensors");
    let weights = Tensors::load(&weights).unwrap();
    let photos = samples();
    let photos: Vec<_> = photos.iter().collect();
    let [exact, rounded]: [Vec<Vec<Detection>>; 2] =
        [Precision::F32, Precision::Bf16].map(|precision| {
            let detector = Detector::with_precision(&weights, precision, &Device::Cpu).unwrap();
            detector.detect_batch(&photos).unwrap()
        });
    let mut boxes = 0;
    for (photo, (exact, rounded)) in exact.iter().zip(&rounded).enumerate() {
        assert_eq!(
            exact.len(),
            rounded.len(),
            "photo {photo}: {exact:?}, {rounded:?}"
        );
        for exact in exact {
            let same = |other: &&Detection| {
                other.class == exact.class && other.bbox.iou(&exact.bbox) > 0.95
            };
            let rounded = rounded.iter().find(same);
            let rounded = rounded.unwrap_or_else(|| panic!("photo {photo}: no {exact:?}"));
            let difference = (rounded.confidence - exact.confidence).abs();
            assert!(difference < 0.05, "photo {photo}: {exact:?}, {rounded:?}");
            boxes += 1;
        }
    }
    assert!(boxes >= photos.len() / 2, "{boxes} boxes");
}
