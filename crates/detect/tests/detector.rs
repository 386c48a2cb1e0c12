//! From weights with metadata to detections on photos.

use candle_core::{DType, Device};
use std::collections::BTreeMap;
use wardrobe_detect::{
    Config, Detection, Detector, DetectorConfig, Error, Labels, Thresholds, Variant, Yolo,
};
use wardrobe_ingest::image::Rgb;
use wardrobe_ingest::{LetterboxOptions, RgbImage};
use wardrobe_nn::{Precision, VarStore};
use wardrobe_testkit::image_u8;
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;
const NAMES: [&str; 3] = ["shirt", "skirt", "shoe"];

/// An untrained network for inputs of 64 pixels: it sees something everywhere, and is sure of nothing.
fn weights() -> Tensors {
    let config = DetectorConfig {
        letterbox: LetterboxOptions {
            stride: Some(32),
            ..LetterboxOptions::square(64)
        },
        ..DetectorConfig::new(
            Config {
                variant: Variant::N,
                classes: 3,
            },
            NAMES.map(str::to_owned).into(),
        )
    };
    let store = VarStore::new(7, DType::F32, &DEVICE);
    Yolo::new(&config.network, store.builder()).unwrap();
    Tensors {
        map: store.tensors().unwrap(),
        metadata: BTreeMap::from([config.to_metadata().unwrap()]),
        file: "untrained".to_owned(),
    }
}

/// Everything that the network sees.
fn credulous() -> Thresholds {
    Thresholds {
        confidence: 0.0,
        ..Thresholds::default()
    }
}

fn detector() -> Detector {
    let detector = Detector::new(&weights(), &DEVICE).unwrap();
    detector.with_thresholds(credulous()).unwrap()
}

fn photo(width: u32, height: u32) -> RgbImage {
    let (w, h) = (width as usize, height as usize);
    let planes = image_u8("photo", h, w);
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([0, 1, 2].map(|c| planes[(c * h + y as usize) * w + x as usize]))
    })
}

fn assert_valid(detections: &[Detection], width: f32, height: f32) {
    assert!(!detections.is_empty());
    for detection in detections {
        let b = detection.bbox;
        assert!(0.0 <= b.x0 && b.x0 < b.x1 && b.x1 <= width, "{b:?}");
        assert!(0.0 <= b.y0 && b.y0 < b.y1 && b.y1 <= height, "{b:?}");
        assert!(NAMES.contains(&detection.class.as_ref()));
    }
    assert!(detections.is_sorted_by(|a, b| a.confidence >= b.confidence));
}

#[test]
fn photos_of_any_shape_alone_or_together() {
    let detector = detector();
    let photos = [photo(97, 61), photo(30, 200), photo(64, 64), photo(1, 1)];
    let batch = detector
        .detect_batch(&photos.iter().collect::<Vec<_>>())
        .unwrap();
    for (photo, detections) in photos.iter().zip(&batch) {
        assert_valid(detections, photo.width() as f32, photo.height() as f32);
        assert_eq!(&detector.detect(photo).unwrap(), detections);
    }
    assert!(detector.detect_batch(&[]).unwrap().is_empty());
}

#[test]
fn boxes_are_in_the_photos_own_pixels() {
    let detector = detector();
    // Fitted to 64 x 32 without padding: each pixel of the large photo is repeated, so that the input is the same.
    let small = photo(64, 32);
    let large = RgbImage::from_fn(128, 64, |x, y| *small.get_pixel(x / 2, y / 2));
    let (small, large) = (
        detector.detect(&small).unwrap(),
        detector.detect(&large).unwrap(),
    );
    assert_valid(&large, 128.0, 64.0);
    assert_eq!(small.len(), large.len());
    for (small, large) in small.iter().zip(&large) {
        assert_eq!(
            (&small.class, small.confidence),
            (&large.class, large.confidence)
        );
        let pairs = <[f32; 4]>::from(small.bbox)
            .into_iter()
            .zip(<[f32; 4]>::from(large.bbox));
        assert!(pairs.into_iter().all(|(a, b)| (2.0 * a - b).abs() < 1e-3));
    }
}

#[test]
fn thresholds_and_classes_filter() {
    let (all, photo) = (detector(), photo(64, 64));
    let seen = all.detect(&photo).unwrap();
    let shoes = detector().only(&["shoe"]).unwrap().detect(&photo).unwrap();
    let expected: Vec<_> = seen.iter().filter(|d| d.class == "shoe").cloned().collect();
    assert_eq!(shoes, expected);
    let few = Thresholds {
        detections: 2,
        ..credulous()
    };
    assert_eq!(
        detector()
            .with_thresholds(few)
            .unwrap()
            .detect(&photo)
            .unwrap(),
        seen[..2]
    );
    let sure = Thresholds {
        confidence: seen[1].confidence,
        ..credulous()
    };
    let sure = detector()
        .with_thresholds(sure)
        .unwrap()
        .detect(&photo)
        .unwrap();
    assert_eq!(sure, seen[..1]);
    let labels = Thresholds {
        labels: Labels::All,
        iou: 1.0,
        ..credulous()
    };
    // 8 x 8, 4 x 4 and 2 x 2 anchor points see each class; those whose box is cut off by the photo's edge still count.
    let every = detector()
        .with_thresholds(labels)
        .unwrap()
        .detect(&photo)
        .unwrap();
    assert_eq!(every.len(), 3 * (64 + 16 + 4));
    assert_eq!(
        Detector::new(&weights(), &DEVICE)
            .unwrap()
            .detect(&photo)
            .unwrap(),
        []
    );
}

#[test]
fn bf16_sees_the_same_places() {
    if Precision::fastest() == Precision::F32 {
        return wardrobe_testkit::skip("processor that multiplies bf16");
    }
    let fast = Detector::with_precision(&weights(), Precision::Bf16, &DEVICE).unwrap();
    let fast = fast.with_thresholds(credulous()).unwrap();
    assert_valid(&fast.detect(&photo(97, 61)).unwrap(), 97.0, 61.0);
}

#[test]
fn settings_out_of_range_are_errors() {
    for bad in [
        Thresholds {
            confidence: 1.5,
            ..credulous()
        },
        Thresholds {
            iou: f32::NAN,
            ..credulous()
        },
    ] {
        let error = detector().with_thresholds(bad).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let classes = Thresholds {
        classes: Some(vec![3]),
        ..credulous()
    };
    for error in [
        detector().with_thresholds(classes).unwrap_err(),
        detector().only(&["shirt", "hat"]).unwrap_err(),
    ] {
        assert!(error.to_string().contains("shirt, skirt, shoe"), "{error}");
    }
}

/// The settings read from weights of three classes with this metadata.
fn described(entry: &str, value: &str) -> Result<DetectorConfig, Error> {
    let mut weights = weights();
    weights.metadata = BTreeMap::from([(entry.to_owned(), value.to_owned())]);
    DetectorConfig::of(&weights)
}

#[test]
fn names_come_from_the_metadata() {
    for names in [
        r#"["shirt", "skirt", "shoe"]"#,
        r#"{"0": "shirt", "1": "skirt", "2": "shoe"}"#,
    ] {
        let config = described("names", names).unwrap();
        assert_eq!(config.names, NAMES);
        assert_eq!(config.network.variant, Variant::N);
        assert_eq!(config.letterbox.stride, Some(32));
    }
    let config = DetectorConfig::of(&weights()).unwrap();
    let (entry, value) = config.to_metadata().unwrap();
    assert_eq!(described(&entry, &value).unwrap(), config);
}

#[test]
fn metadata_that_does_not_fit_is_an_error() {
    for (entry, value, expected) in [
        ("author", "", "\"names\" is missing"),
        (
            "names",
            r#"["shirt", "skirt"]"#,
            "2 class names for 3 outputs",
        ),
        (
            "names",
            r#"{"0": "shirt", "2": "shoe"}"#,
            "without the number 1",
        ),
        ("names", "shirt, skirt, shoe", "\"names\" is expected value"),
        ("config", "{}", "\"config\" is malformed"),
    ] {
        let error = described(entry, value).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let mut config = DetectorConfig::of(&weights()).unwrap();
    config.letterbox.width = 650;
    let (entry, value) = config.to_metadata().unwrap();
    let error = described(&entry, &value).unwrap_err().to_string();
    assert!(error.contains("multiple of 32"), "{error}");
}
