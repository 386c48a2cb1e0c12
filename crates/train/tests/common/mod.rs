//! Small photos, and what runs on them have in common.

#![allow(dead_code, reason = "each test program uses a part of it")]

use candle_core::Device;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use wardrobe_classify::Classifier;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;
use wardrobe_train::tasks::{Best, Run};
use wardrobe_train::{DataConfig, Event, Result};
use wardrobe_weights::{Tensors, sha256_of_file};

/// A photo in shades of `color`, different for each `seed`.
pub fn photo(color: [u8; 3], seed: u32) -> RgbImage {
    let (width, height) = (36 + seed % 5, 41 + seed % 7);
    RgbImage::from_fn(width, height, |x, y| {
        let noise = ((x * 31 + y * 17 + seed * 101) % 53) as u8;
        Rgb(color.map(|v| (v / 2).saturating_add(noise)))
    })
}

pub fn save(path: &Path, color: [u8; 3], seed: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    photo(color, seed).save(path).unwrap();
}

/// The shipped classifier, and its weights' SHA-256.
pub fn classifier() -> (Classifier, String) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights/starter-classifier.safetensors");
    let weights = Tensors::load(&file).unwrap();
    let classifier = Classifier::new(&weights, &Device::Cpu).unwrap();
    (classifier, sha256_of_file(&file).unwrap())
}

/// One data set, seen once an epoch.
pub fn once(data: &Path) -> Vec<DataConfig> {
    vec![DataConfig {
        path: data.to_path_buf(),
        repeat: 1,
    }]
}

/// A run from no weights.
pub fn run(out: &Path, resume: bool) -> Run {
    Run {
        out: out.to_path_buf(),
        init: None,
        resume,
    }
}

/// The weights of a run, as written.
pub fn best_weights(out: &Path) -> Vec<u8> {
    std::fs::read(out.join("best.safetensors")).unwrap()
}

/// Trains in `whole` to the end, in `parts` into the third epoch and then on from the second's checkpoint: the best epoch,
/// which it returns, and its weights are the same.
pub fn assert_resumes<M: Debug + PartialEq>(
    [whole, parts]: [&Path; 2],
    train: impl Fn(&Path, bool, &mut dyn FnMut(Event)) -> Result<Best<M>>,
) -> Best<M> {
    let expected = train(whole, false, &mut |_| {}).unwrap();
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        train(parts, false, &mut |event| {
            assert!(!matches!(event, Event::Step { epoch: 3, .. }), "stopped");
        })
    }));
    assert!(stopped.is_err());
    let mut first = None;
    let resumed = train(parts, true, &mut |event| {
        if let Event::Step { epoch, .. } = event {
            first.get_or_insert(epoch);
        }
    });
    assert_eq!(first, Some(3));
    assert_eq!(resumed.unwrap(), expected);
    assert_eq!(best_weights(whole), best_weights(parts));
    expected
}
