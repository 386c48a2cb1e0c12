//! Ingest with a detector: hand-made ones, that see the same in every photo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use candle_core::{DType, Device, Tensor};
use tempfile::TempDir;
use wardrobe_detect::{Config, DetectorConfig, Variant, Yolo};
use wardrobe_ingest::LetterboxOptions;
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_nn::VarStore;
use wardrobe_types::labels::DetectorClass;
use wardrobe_types::{BoxXyxy, Category, ColorName, Garment};

use super::{look, put, ready};
use crate::ingest::examine::{Cut, Ready};
use crate::ingest::row_of;
use crate::{
    DetectorChoice, Edit, Filter, GarmentDetector, IngestOptions, Look, ModelOptions, PhotoReport,
    PhotoStatus, Wardrobe, WarningKind, inspect,
};

/// What a hand-made detector sees in a photo.
enum Sees {
    Nothing,
    /// One top, all over the photo.
    Whole,
    /// A top in each quarter of the photo.
    Quarters,
}

/// A network for inputs of 64 pixels, all of whose outputs are constants: at the 2 x 2 points of the coarsest level, and
/// nowhere else, it sees tops, of a distance of 0 or 1 strides (half a quarter), or 15 (all of it), to each side.
fn detector(sees: &Sees, folder: &Path) -> PathBuf {
    let names: Vec<String> = DetectorClass::ALL.map(|class| class.to_string()).into();
    let network = Config {
        variant: Variant::N,
        classes: names.len(),
    };
    let config = DetectorConfig {
        letterbox: LetterboxOptions {
            stride: Some(32),
            ..LetterboxOptions::square(64)
        },
        ..DetectorConfig::new(network, names)
    };
    let store = VarStore::new(1, DType::F32, &Device::Cpu);
    Yolo::new(&network, store.builder()).unwrap();
    let mut tensors = store.tensors().unwrap();
    let constant = |tensor: &Tensor, value: &dyn Fn(usize) -> f32| {
        let values: Vec<f32> = (0..tensor.elem_count()).map(value).collect();
        Tensor::from_vec(values, tensor.shape(), &Device::Cpu).unwrap()
    };
    let mut changed = 0;
    for (name, tensor) in &mut tensors {
        let coarsest = name.contains(".2.out.");
        let value: Box<dyn Fn(usize) -> f32> = match name.as_str() {
            name if name.ends_with("out.weight") => Box::new(|_| 0.0),
            name if name.ends_with("out.bias") && name.contains("classes.") => {
                let top = coarsest && !matches!(sees, Sees::Nothing);
                Box::new(move |class| if top && class == 0 { 5.0 } else { -20.0 })
            }
            name if name.ends_with("out.bias") => {
                let far = matches!(sees, Sees::Whole);
                let stands = move |bin: usize| if far { bin == 15 } else { bin < 2 };
                Box::new(move |i| if stands(i % 16) { 20.0 } else { 0.0 })
            }
            _ => continue,
        };
        *tensor = constant(tensor, &value);
        changed += 1;
    }
    assert_eq!(
        changed, 12,
        "weight and bias of boxes and classes at three levels"
    );
    let path = folder.join("detector.safetensors");
    let metadata = [config.to_metadata().unwrap()].into();
    safetensors::serialize_to_file(tensors, Some(metadata), &path).unwrap();
    path
}

const COLORS: [ColorName; 4] = [
    ColorName::Navy,
    ColorName::Red,
    ColorName::Olive,
    ColorName::Black,
];

/// A piece of cloth in each quarter of a light ground, woven so that it is neither flat nor blurred.
fn four_pieces() -> RgbImage {
    RgbImage::from_fn(600, 800, |x, y| {
        let inside = (60..240).contains(&(x % 300)) && (80..320).contains(&(y % 400));
        let piece = (x / 300 + 2 * (y / 400)) as usize;
        let base = match inside {
            true => COLORS[piece].srgb().to_array(),
            false => [236, 233, 228],
        };
        let weave = if inside && (x / 3 + y / 3) % 2 == 0 {
            14
        } else {
            0
        };
        Rgb(base.map(|value| {
            (i16::from(value) + weave + (x * 7 + y * 13) as i16 % 5).clamp(0, 255) as u8
        }))
    })
}

/// Ingests a photo of four pieces.
fn ingest(detector: DetectorChoice) -> (TempDir, PhotoReport) {
    let (folder, photo) = ingest_if(detector, IngestOptions { force: true });
    assert_eq!(photo.status, PhotoStatus::Added, "{photo:?}");
    (folder, photo)
}

fn ingest_if(detector: DetectorChoice, options: IngestOptions) -> (TempDir, PhotoReport) {
    let folder = TempDir::new().unwrap();
    let photo = folder.path().join("four.png");
    four_pieces().save(&photo).unwrap();
    let models = ModelOptions {
        detector,
        ..ModelOptions::default()
    };
    let mut wardrobe = Wardrobe::open(folder.path().join("home"), models).unwrap();
    let report = wardrobe
        .ingest_with(&[photo], options, &AtomicBool::new(false), |_| {})
        .unwrap();
    let photo = report.photos.into_iter().next().unwrap();
    (folder, photo)
}

fn ingest_seeing(sees: &Sees) -> (TempDir, PhotoReport) {
    let folder = TempDir::new().unwrap();
    ingest(DetectorChoice::File(detector(sees, folder.path())))
}

fn undetected(photo: &PhotoReport) -> bool {
    let kinds = photo.warnings.iter().map(|warning| warning.kind);
    kinds
        .into_iter()
        .any(|kind| kind == WarningKind::NothingDetected)
}

#[test]
fn every_detection_is_a_garment_with_its_own_colours() {
    let (folder, photo) = ingest_seeing(&Sees::Quarters);
    assert!(!undetected(&photo));
    assert_eq!(photo.garments.len(), 4, "{:?}", photo.garments);
    for (number, color) in COLORS.into_iter().enumerate() {
        let (x, y) = ((number % 2) as f32 * 300.0, (number / 2) as f32 * 400.0);
        let quarter = BoxXyxy::new(x, y, x + 300.0, y + 400.0).unwrap();
        let of_quarter: Vec<&Garment> = photo
            .garments
            .iter()
            .filter(|garment| garment.bbox.iou(&quarter) > 0.95)
            .collect();
        let [garment] = of_quarter.as_slice() else {
            panic!("{color}: {:?}", photo.garments);
        };
        assert_eq!(
            garment.colors[0].name.basic(),
            color.basic(),
            "{:?}",
            garment.colors
        );
        // The detector is almost certain of a top, whatever the classifier makes of a rectangle.
        assert_eq!(
            DetectorClass::of_category(garment.category),
            Some(DetectorClass::Top),
            "{garment:?}"
        );
        let crop = wardrobe_ingest::load(folder.path().join("home").join(&garment.crop)).unwrap();
        assert!(
            (300..=330).contains(&crop.image.width()),
            "{:?}",
            crop.image.dimensions()
        );
    }
    let mut ids: Vec<&str> = photo
        .garments
        .iter()
        .map(|garment| garment.id.as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids[0].len(), 12);
    assert_eq!(
        ids[1..],
        [2, 3, 4].map(|place| format!("{}-{place}", ids[0]))
    );
}

#[test]
fn one_detection_is_one_garment() {
    let (_folder, photo) = ingest_seeing(&Sees::Whole);
    assert!(!undetected(&photo));
    let [garment] = photo.garments.as_slice() else {
        panic!("{:?}", photo.garments);
    };
    assert_eq!(garment.bbox, BoxXyxy::whole(600, 800));
    assert_eq!(
        DetectorClass::of_category(garment.category),
        Some(DetectorClass::Top)
    );
}

#[test]
fn where_nothing_is_detected_the_foreground_is_taken_and_told() {
    let (_folder, without) = ingest(DetectorChoice::Off);
    assert!(!undetected(&without));
    let (_folder, photo) = ingest_seeing(&Sees::Nothing);
    assert!(undetected(&photo));
    let seen = |photo: &PhotoReport| {
        let garment = &photo.garments[0];
        (
            photo.garments.len(),
            garment.bbox,
            garment.category,
            garment.colors.clone(),
        )
    };
    assert_eq!(seen(&photo), seen(&without));
}

#[test]
fn inspecting_tells_boxes_in_pixels_of_the_photo() {
    let folder = TempDir::new().unwrap();
    let photo = folder.path().join("four.png");
    four_pieces().save(&photo).unwrap();
    let broken = folder.path().join("broken.jpg");
    std::fs::write(&broken, [0xFF, 0xD8, 0xFF, 0xE0]).unwrap();
    let options = ModelOptions {
        detector: DetectorChoice::File(detector(&Sees::Quarters, folder.path())),
        ..ModelOptions::default()
    };
    let detector = GarmentDetector::find(&options).unwrap().unwrap();
    let inspected = inspect::detect(&detector, &[photo, broken], &|_, _| {});
    let found = inspected[0].1.as_ref().unwrap();
    assert_eq!(
        (found.width, found.height, found.detections.len()),
        (600, 800, 4)
    );
    assert!(
        found
            .detections
            .iter()
            .all(|d| d.class == "top" && d.confidence > 0.9)
    );
    assert!(inspected[1].1.is_err());
}

#[test]
fn a_detector_that_is_named_and_is_none_is_an_error() {
    let folder = TempDir::new().unwrap();
    let find = |choice| {
        let options = ModelOptions {
            detector: choice,
            ..ModelOptions::default()
        };
        GarmentDetector::find(&options)
    };
    let missing = folder.path().join("missing.safetensors");
    assert!(find(DetectorChoice::File(missing)).is_err());
    let text = folder.path().join("text.safetensors");
    std::fs::write(&text, "not weights").unwrap();
    assert!(find(DetectorChoice::File(text)).is_err());
    assert!(find(DetectorChoice::Off).unwrap().is_none());
}

/// What there is to store of a photo that shows these boxes.
fn seen_again(picture: &RgbImage, boxes: &[[f32; 4]]) -> (Ready, Vec<Look>) {
    let mut ready = ready(picture);
    let (first, jpeg) = (ready.cuts.remove(0), ready.jpegs.remove(0));
    for corners in boxes {
        ready.jpegs.push(jpeg.clone());
        ready.cuts.push(Cut {
            bbox: BoxXyxy::try_from(*corners).unwrap(),
            crop: first.crop.clone(),
            shown: first.shown.clone(),
            colors: first.colors.clone(),
            detected: Vec::new(),
        });
    }
    let looks = ready
        .cuts
        .iter()
        .map(|cut| look(Category::Shirt, cut, "test-embedder"))
        .collect();
    (ready, looks)
}

#[test]
fn corrections_stay_with_their_garment_when_a_photo_is_looked_at_again() {
    let folder = TempDir::new().unwrap();
    let mut wardrobe = Wardrobe::open(folder.path(), ModelOptions::default()).unwrap();
    let picture = four_pieces();
    let first = put(&mut wardrobe, Category::Shirt, &picture, "test-embedder");
    let again = |wardrobe: &mut Wardrobe, boxes: &[[f32; 4]]| {
        let (ready, looks) = seen_again(&picture, boxes);
        let row = row_of("four.png".as_ref(), &ready);
        wardrobe.store_photo(&row, &ready, &looks).unwrap();
        let garments = wardrobe.garments(&Filter::default()).unwrap();
        let stored = garments
            .into_iter()
            .map(|garment| (garment.id.to_string(), <[f32; 4]>::from(garment.bbox)));
        stored.collect::<BTreeMap<_, _>>()
    };
    let (left, right) = ([0.0, 0.0, 300.0, 400.0], [300.0, 0.0, 600.0, 400.0]);
    let low = [0.0, 400.0, 300.0, 800.0];
    let numbered = |place: usize| format!("{first}-{place}");
    // One then and one now: the same.
    assert_eq!(
        again(&mut wardrobe, &[right]),
        BTreeMap::from([(first.clone(), right)])
    );
    // Another before it: the first keeps its id.
    let two = BTreeMap::from([(first.clone(), right), (numbered(2), left)]);
    assert_eq!(again(&mut wardrobe, &[left, right]), two);
    let navy = Edit {
        category: Some(Category::Polo),
        ..Edit::default()
    };
    wardrobe.edit(&numbered(2), &navy).unwrap();
    // The one not seen any more is gone, with its crop; the corrected one stays.
    let crop = folder.path().join(format!("crops/{first}.jpg"));
    assert!(crop.exists());
    let expected = BTreeMap::from([(numbered(2), left), (numbered(3), low)]);
    assert_eq!(again(&mut wardrobe, &[low]), expected);
    assert!(!crop.exists());
    assert_eq!(
        wardrobe.garment(&numbered(2)).unwrap().category,
        Category::Polo
    );
    // Moved a little, in another order.
    let moved = [10.0, 0.0, 290.0, 410.0];
    let expected = BTreeMap::from([(numbered(2), moved), (numbered(3), low)]);
    assert_eq!(again(&mut wardrobe, &[low, moved]), expected);
    assert_eq!(
        wardrobe.garment(&numbered(2)).unwrap().category,
        Category::Polo
    );
}
