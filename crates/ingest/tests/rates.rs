//! How often the quality report and the perceptual hash are right, on real phone photos (../shared/data/clothing: 240 pixels
//! on the shorter side) and synthetic faults. The figures in the crate's documentation come from
//! `cargo test --release -p wardrobe-ingest --test rates -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use wardrobe_ingest::quality::{ExposureVerdict, WarningKind};
use wardrobe_ingest::{
    DecodeLimits, Filter, PerceptualHash, RgbImage, assess, decode, discover, load,
    perceptual_hash, resize,
};

/// `count` photos spread evenly over a folder of the shared data; none where it is absent.
fn photos(folder: &str, count: usize) -> Vec<RgbImage> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(folder);
    if !root.is_dir() {
        println!("skipped: no ../shared/data/{folder}");
        return Vec::new();
    }
    let found = discover([&root]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let step = (found.photos.len() / count).max(1);
    let chosen: Vec<PathBuf> = found.photos.into_iter().step_by(step).take(count).collect();
    chosen
        .iter()
        .map(|path| load(path).unwrap().image)
        .collect()
}

fn share(photos: &[RgbImage], test: impl Fn(&RgbImage) -> bool) -> f64 {
    photos.iter().filter(|photo| test(photo)).count() as f64 / photos.len() as f64
}

fn warned(photo: &RgbImage, kind: WarningKind) -> bool {
    assess(photo)
        .unwrap()
        .warnings
        .iter()
        .any(|warning| warning.kind == kind)
}

/// A Gaussian of `sigma` pixels on a photo of 240 pixels on the shorter side, and in proportion on others.
fn blurred(photo: &RgbImage, sigma: f32) -> RgbImage {
    let scale = photo.width().min(photo.height()) as f32 / 240.0;
    image::imageops::blur(photo, sigma * scale)
}

/// More or less light by `stops`: linear light times 2^stops, clipped as a sensor clips, display gamma 2.2.
fn exposed(photo: &RgbImage, stops: f32) -> RgbImage {
    let table: Vec<u8> = (0..256)
        .map(|value| {
            let light = (value as f32 / 255.0).powf(2.2) * stops.exp2();
            (light.min(1.0).powf(1.0 / 2.2) * 255.0).round() as u8
        })
        .collect();
    let mut changed = photo.clone();
    changed
        .iter_mut()
        .for_each(|value| *value = table[usize::from(*value)]);
    changed
}

struct Rates {
    blur_false_alarms: f64,
    blur_misses: [f64; 3],
    dark_false_alarms: f64,
    dark_misses: f64,
    bright_false_alarms: f64,
    bright_misses: f64,
    flat_false_alarms: f64,
}

fn quality_rates(photos: &[RgbImage]) -> Rates {
    let verdict = |photo: &RgbImage| assess(photo).unwrap().exposure.verdict;
    Rates {
        blur_false_alarms: share(photos, |photo| warned(photo, WarningKind::Blur)),
        blur_misses: [2.0, 3.0, 5.0].map(|sigma| {
            share(photos, |photo| {
                !warned(&blurred(photo, sigma), WarningKind::Blur)
            })
        }),
        dark_false_alarms: share(photos, |photo| verdict(photo) == ExposureVerdict::Under),
        dark_misses: share(photos, |photo| {
            verdict(&exposed(photo, -2.0)) != ExposureVerdict::Under
        }),
        bright_false_alarms: share(photos, |photo| verdict(photo) == ExposureVerdict::Over),
        bright_misses: share(photos, |photo| {
            verdict(&exposed(photo, 2.0)) != ExposureVerdict::Over
        }),
        flat_false_alarms: share(photos, |photo| warned(photo, WarningKind::LowContrast)),
    }
}

fn print(name: &str, photos: &[RgbImage]) -> Rates {
    let rates = quality_rates(photos);
    println!("{name}: n = {}", photos.len());
    println!(
        "  blur   false alarms {:.3}  misses at sigma 2, 3, 5: {:.3?}",
        rates.blur_false_alarms, rates.blur_misses
    );
    println!(
        "  dark   false alarms {:.3}  misses at -2 stops: {:.3}",
        rates.dark_false_alarms, rates.dark_misses
    );
    println!(
        "  bright false alarms {:.3}  misses at +2 stops: {:.3}",
        rates.bright_false_alarms, rates.bright_misses
    );
    for stops in [-3.0, -1.5, -1.0] {
        let missed = share(photos, |photo| {
            assess(&exposed(photo, stops)).unwrap().exposure.verdict != ExposureVerdict::Under
        });
        println!("  dark   misses at {stops} stops: {missed:.3}");
    }
    for stops in [1.0, 1.5, 3.0] {
        let missed = share(photos, |photo| {
            assess(&exposed(photo, stops)).unwrap().exposure.verdict != ExposureVerdict::Over
        });
        println!("  bright misses at {stops} stops: {missed:.3}");
    }
    println!("  flat   false alarms {:.3}", rates.flat_false_alarms);
    rates
}

#[test]
fn quality_warnings_tell_good_photos_from_bad_ones() {
    let photos = photos("clothing/train", 60);
    if photos.is_empty() {
        return;
    }
    let rates = quality_rates(&photos);
    assert!(
        rates.blur_false_alarms <= 0.07,
        "{}",
        rates.blur_false_alarms
    );
    assert!(
        rates.blur_misses[0] <= 0.09 && rates.blur_misses[1..] == [0.0, 0.0],
        "{:?}",
        rates.blur_misses
    );
    assert!(rates.dark_false_alarms <= 0.05 && rates.dark_misses <= 0.05);
    assert!(
        rates.bright_false_alarms <= 0.05 && rates.bright_misses <= 0.25,
        "{}",
        rates.bright_misses
    );
    assert!(rates.flat_false_alarms <= 0.03);
}

#[test]
#[ignore = "minutes; prints the figures of the documentation"]
fn print_quality_rates() {
    for (folder, count) in [("clothing/train", 500), ("clothing/val", 476)] {
        let photos = photos(folder, count);
        if !photos.is_empty() {
            print(folder, &photos);
        }
    }
    let catalogue = photos("products/images", 500);
    if !catalogue.is_empty() {
        let alarms = share(&catalogue, |photo| {
            assess(photo).unwrap().exposure.verdict == ExposureVerdict::Over
        });
        println!(
            "products/images: n = {}  bright false alarms {alarms:.3}",
            catalogue.len()
        );
    }
}

fn recompressed(photo: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(photo)
        .unwrap();
    decode(bytes.get_ref(), "copy.jpg", &DecodeLimits::default())
        .unwrap()
        .image
}

fn resized(photo: &RgbImage, factor: f32) -> RgbImage {
    let side = |side: u32| (side as f32 * factor).round() as u32;
    resize::resize(
        photo,
        side(photo.width()),
        side(photo.height()),
        Filter::Bicubic,
    )
    .unwrap()
}

type Copy = fn(&RgbImage) -> RgbImage;

/// What happens to a photo on its way through phones and messengers.
const COPIES: [(&str, Copy); 8] = [
    ("half size", |photo| resized(photo, 0.5)),
    ("three times the size", |photo| resized(photo, 3.0)),
    ("JPEG quality 50", |photo| recompressed(photo, 50)),
    ("JPEG quality 20", |photo| recompressed(photo, 20)),
    ("a third of a stop brighter", |photo| {
        exposed(photo, 1.0 / 3.0)
    }),
    ("a third of a stop darker", |photo| {
        exposed(photo, -1.0 / 3.0)
    }),
    ("60 % size, quality 50, brighter", |photo| {
        exposed(&recompressed(&resized(photo, 0.6), 50), 1.0 / 3.0)
    }),
    ("2 % cropped off each side", |photo| {
        let (width, height) = photo.dimensions();
        let (x, y) = (width / 50, height / 50);
        image::imageops::crop_imm(photo, x, y, width - 2 * x, height - 2 * y).to_image()
    }),
];

fn hashes(photos: &[RgbImage]) -> Vec<PerceptualHash> {
    photos
        .iter()
        .map(|photo| perceptual_hash(photo).unwrap())
        .collect()
}

/// Distances between all pairs.
fn pair_distances(hashes: &[PerceptualHash]) -> Vec<u32> {
    let later = |index: usize| hashes[index + 1..].iter();
    hashes
        .iter()
        .enumerate()
        .flat_map(|(index, hash)| later(index).map(|other| hash.distance(*other)))
        .collect()
}

#[test]
fn copies_are_near_duplicates_and_other_photos_are_not() {
    let photos = photos("clothing/train", 60);
    let originals = hashes(&photos);
    for (name, copy) in &COPIES[..7] {
        for (photo, original) in photos.iter().zip(&originals) {
            let distance = perceptual_hash(&copy(photo)).unwrap().distance(*original);
            assert!(
                distance <= wardrobe_ingest::phash::NEAR_DUPLICATE_DISTANCE,
                "{name}: {distance}"
            );
        }
    }
    let close = originals.iter().enumerate().filter(|(index, hash)| {
        originals[index + 1..]
            .iter()
            .any(|other| hash.is_near_duplicate(*other))
    });
    assert_eq!(close.count(), 0);
}

#[test]
#[ignore = "a minute; prints the figures of the documentation"]
fn print_hash_rates() {
    for (folder, count) in [("clothing/train", 300), ("clothing/val", 300)] {
        let photos = photos(folder, count);
        let originals = hashes(&photos);
        println!(
            "{folder}: {} photos, {} pairs",
            photos.len(),
            originals.len() * originals.len().saturating_sub(1) / 2
        );
        for (name, copy) in COPIES {
            let mut distances: Vec<u32> = photos
                .iter()
                .zip(&originals)
                .map(|(photo, original)| perceptual_hash(&copy(photo)).unwrap().distance(*original))
                .collect();
            distances.sort_unstable();
            let within = |limit: u32| {
                distances
                    .iter()
                    .filter(|&&distance| distance <= limit)
                    .count()
            };
            println!(
                "  {name}: max {:?}; within 4, 6, 8, 10, 12: {:?}",
                distances.last(),
                [4, 6, 8, 10, 12].map(within)
            );
        }
        let pairs = pair_distances(&originals);
        let within = |limit: u32| pairs.iter().filter(|&&distance| distance <= limit).count();
        println!(
            "  pairs of different photos within 4, 6, 8, 10, 12, 14, 16: {:?}",
            [4, 6, 8, 10, 12, 14, 16].map(within)
        );
    }
}
