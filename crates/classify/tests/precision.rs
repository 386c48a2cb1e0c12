//! The shipped weights in bf16 and in f32: the same answers on real photos, as bf16 is the default where a processor has it.

use candle_core::Device;
use std::path::{Path, PathBuf};
use wardrobe_classify::{Classification, Classifier};
use wardrobe_ingest::load;
use wardrobe_nn::Precision;
use wardrobe_weights::Tensors;

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/samples");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut photos: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .collect();
    photos.sort();
    photos
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn bf16_gives_the_answers_of_f32() {
    if Precision::fastest() == Precision::F32 {
        return wardrobe_testkit::skip("processor that multiplies bf16");
    }
    let weights =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights/starter-classifier.safetensors");
    let weights = Tensors::load(&weights).unwrap();
    let photos: Vec<_> = samples()
        .iter()
        .map(|path| load(path).unwrap().image)
        .collect();
    let photos: Vec<_> = photos.iter().collect();
    let [exact, rounded]: [Vec<Classification>; 2] =
        [Precision::F32, Precision::Bf16].map(|precision| {
            let classifier = Classifier::with_precision(&weights, precision, &Device::Cpu).unwrap();
            classifier.classify(&photos).unwrap()
        });
    for ((exact, rounded), path) in exact.iter().zip(&rounded).zip(samples()) {
        let (exact_best, best) = (exact.predictions[0], rounded.predictions[0]);
        assert_eq!(exact_best.category, best.category, "{path:?}");
        assert!(
            (exact_best.confidence - best.confidence).abs() < 0.03,
            "{path:?}: {exact_best:?}, {best:?}"
        );
        let cosine = cosine(&exact.descriptors, &rounded.descriptors);
        assert!(cosine > 0.999, "{path:?}: cosine {cosine}");
    }
}
