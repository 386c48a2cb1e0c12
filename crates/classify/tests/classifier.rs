//! From a file of weights and photos to predictions.

use candle_core::{DType, Device};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wardrobe_classify::{
    Classification, Classifier, ClassifierConfig, Config, EfficientNet, Error,
};
use wardrobe_ingest::resize::Filter;
use wardrobe_ingest::{ChannelOrder, Geometry, Normalization, Preprocess, RgbImage};
use wardrobe_nn::{Rng, VarStore};
use wardrobe_types::Category;
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;

fn config() -> ClassifierConfig {
    let geometry = Geometry::Squash {
        width: 64,
        height: 48,
        filter: Filter::Bilinear,
    };
    ClassifierConfig {
        network: Config::new(Category::ALL.len()),
        // Not in the order of the taxonomy: names must follow the file.
        categories: Category::ALL.into_iter().rev().collect(),
        preprocess: Preprocess {
            geometry,
            normalization: Normalization::ImageNet,
            channel_order: ChannelOrder::Rgb,
        },
        sharpness: 1.0,
    }
}

/// A randomly initialised network, written as training writes it.
fn export(path: &Path) -> BTreeMap<String, candle_core::Tensor> {
    let config = config();
    let store = VarStore::new(3, DType::F32, &DEVICE);
    EfficientNet::new(&config.network, &Rng::new(0), store.builder()).unwrap();
    let tensors = store.tensors().unwrap();
    let named: BTreeMap<_, _> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor))
        .collect();
    let metadata = [config.to_metadata().unwrap()].into();
    safetensors::serialize_to_file(named, Some(metadata), path).unwrap();
    tensors
}

fn exported() -> Tensors {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random.safetensors");
    export(&path);
    Tensors::load(&path).unwrap()
}

/// Photos of different sizes and contents.
fn photos() -> [RgbImage; 3] {
    [(50, 70, 1u32), (64, 48, 7), (130, 33, 40)].map(|(width, height, step)| {
        RgbImage::from_fn(width, height, |x, y| {
            [(x * step) as u8, (y * 5) as u8, (x * y + step) as u8].into()
        })
    })
}

#[test]
fn a_file_and_photos_become_predictions() {
    let weights = exported();
    let classifier = Classifier::new(&weights, &DEVICE).unwrap();
    assert_eq!(classifier.config(), &config());
    let photos = photos();
    let found = classifier.classify(&photos.each_ref()).unwrap();
    assert_eq!(found.len(), 3);
    for classification in &found {
        let sum: f32 = classification
            .predictions
            .iter()
            .map(|p| p.confidence)
            .sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert!(
            classification
                .predictions
                .is_sorted_by(|a, b| a.confidence >= b.confidence)
        );
        let named: BTreeSet<Category> = classification
            .predictions
            .iter()
            .map(|p| p.category)
            .collect();
        assert_eq!(named.len(), Category::ALL.len(), "each category once");
        assert_eq!(classification.descriptors.len(), EfficientNet::DESCRIPTORS);
        assert!(classification.descriptors.iter().all(|f| f.is_finite()));
        assert_eq!(classification.top(3), &classification.predictions[..3]);
        assert_eq!(classification.top(1000).len(), Category::ALL.len());
    }
    assert_ne!(found[0].descriptors, found[1].descriptors);
    assert!(classifier.classify(&[]).unwrap().is_empty());
}

fn by_category(classification: &Classification) -> BTreeMap<Category, f32> {
    classification
        .predictions
        .iter()
        .map(|p| (p.category, p.confidence))
        .collect()
}

#[test]
fn photos_alone_and_in_a_batch_are_classified_alike() {
    let classifier = Classifier::new(&exported(), &DEVICE).unwrap();
    let photos = photos();
    let together = classifier.classify(&photos.each_ref()).unwrap();
    for (photo, together) in photos.iter().zip(&together) {
        let alone = &classifier.classify(&[photo]).unwrap()[0];
        for (category, confidence) in by_category(alone) {
            assert!((confidence - by_category(together)[&category]).abs() < 1e-5);
        }
        let largest = alone.descriptors.iter().fold(0f32, |a, f| a.max(f.abs()));
        for (a, b) in alone.descriptors.iter().zip(&together.descriptors) {
            assert!((a - b).abs() < 1e-5 * largest, "{a} {b}");
        }
    }
}

#[test]
fn outputs_have_the_categories_that_the_file_gives_them() {
    let mut weights = exported();
    // A head that is all but certain of its output 5.
    let mut bias = vec![0f32; Category::ALL.len()];
    bias[5] = 50.0;
    let bias = candle_core::Tensor::new(bias, &DEVICE).unwrap();
    weights.map.insert("classifier.bias".to_owned(), bias);
    let classifier = Classifier::new(&weights, &DEVICE).unwrap();
    let [photo, ..] = photos();
    let best = classifier.classify(&[&photo]).unwrap()[0].predictions[0];
    assert_eq!(best.category, config().categories[5]);
    assert!(best.confidence > 0.999);
}

#[test]
fn a_file_without_settings_is_an_error_that_says_so() {
    let weights = exported();
    let problem = |change: &dyn Fn(&mut BTreeMap<String, String>)| {
        let mut weights = weights.clone();
        change(&mut weights.metadata);
        match Classifier::new(&weights, &DEVICE) {
            Err(
                error @ Error::Metadata {
                    entry: "config", ..
                },
            ) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let missing = problem(&|metadata| {
        metadata.remove("config").unwrap();
    });
    assert!(
        missing.contains("random.safetensors") && missing.contains("is missing"),
        "{missing}"
    );
    let malformed = problem(&|metadata| {
        metadata.insert("config".to_owned(), "{\"network\": 3}".to_owned());
    });
    assert!(malformed.contains("malformed"), "{malformed}");
    let short = problem(&|metadata| {
        let mut config = config();
        config.categories.pop();
        metadata.extend([config.to_metadata().unwrap()]);
    });
    assert!(short.contains("46 categories for 47 outputs"), "{short}");
}

#[test]
fn a_file_that_lacks_a_tensor_is_an_error_that_names_it() {
    let mut weights = exported();
    weights.map.remove("stages.3.1.project.norm.bias").unwrap();
    let error = Classifier::new(&weights, &DEVICE).unwrap_err().to_string();
    assert!(error.contains("stages.3.1.project.norm.bias"), "{error}");
}
