//! Resizing against Pillow, letterboxing against OpenCV in Ultralytics' arithmetic, cropping against torchvision's, sharpness
//! against OpenCV's Laplacian. References, versions and the script are in tests/golden/make.py.
//!
//! All are equal to the last bit; a photo resized by another version of these libraries may differ by 1 of 255.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wardrobe_ingest::resize::resize;
use wardrobe_ingest::{
    Filter, LetterboxOptions, RgbImage, assess, center_crop, letterbox_with, shortest_edge,
};

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures")
}

fn open(name: &str) -> RgbImage {
    image::open(pictures().join(format!("{name}.png")))
        .unwrap()
        .into_rgb8()
}

/// Cases of one method: file stem, source, arguments.
fn cases(method: &str) -> Vec<(String, RgbImage, Vec<String>)> {
    let mut names: Vec<String> = std::fs::read_dir(pictures())
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .and_then(|name| name.strip_suffix(".png"))
                .map(String::from)
        })
        .filter(|name| name.split('.').nth(1) == Some(method))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let mut parts = name.split('.').map(String::from);
            let source = open(&parts.next().unwrap());
            let arguments = parts.skip(1).collect();
            (name, source, arguments)
        })
        .collect()
}

fn filter(name: &str) -> Filter {
    serde_json::from_value(name.into()).unwrap()
}

fn largest_difference(ours: &RgbImage, name: &str) -> u8 {
    let reference = open(name);
    assert_eq!(ours.dimensions(), reference.dimensions(), "{name}");
    ours.as_raw()
        .iter()
        .zip(reference.as_raw())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap()
}

#[test]
fn resizing_is_pillows() {
    let cases = cases("resize");
    assert_eq!(cases.len(), 52);
    for (name, source, arguments) in cases {
        let (width, height) = (arguments[1].parse().unwrap(), arguments[2].parse().unwrap());
        let ours = resize(&source, width, height, filter(&arguments[0])).unwrap();
        assert_eq!(largest_difference(&ours, &name), 0, "{name}");
    }
}

#[test]
fn letterboxing_is_ultralytics() {
    let cases = cases("letterbox");
    assert_eq!(cases.len(), 8);
    for (name, source, arguments) in cases {
        let numbers: Vec<u32> = arguments
            .iter()
            .map(|argument| argument.parse().unwrap())
            .collect();
        let options = LetterboxOptions {
            stride: (numbers[1] > 0).then_some(numbers[1]),
            scale_up: numbers[2] == 1,
            ..LetterboxOptions::square(numbers[0])
        };
        let ours = letterbox_with(&source, &options).unwrap();
        assert_eq!(largest_difference(&ours.image, &name), 0, "{name}");
    }
}

#[test]
fn shortest_edge_and_crop_are_torchvisions() {
    let cases = cases("crop");
    assert_eq!(cases.len(), 12);
    for (name, source, arguments) in cases {
        let (edge, crop) = (arguments[1].parse().unwrap(), arguments[2].parse().unwrap());
        let ours = center_crop(
            &shortest_edge(&source, edge, filter(&arguments[0])).unwrap(),
            crop,
            crop,
        );
        assert_eq!(largest_difference(&ours, &name), 0, "{name}");
    }
}

/// The sources are below the working size, so sharpness is measured on their own pixels.
#[test]
fn sharpness_is_opencvs_laplacian() {
    let json = std::fs::read_to_string(pictures().join("laplacian_variance.json")).unwrap();
    let expected: BTreeMap<String, f32> = serde_json::from_str(&json).unwrap();
    assert_eq!(expected.len(), 4);
    for (name, expected) in expected {
        let measured = assess(&open(&name)).unwrap().blur.value;
        assert!(
            (measured / expected - 1.0).abs() < 1e-4,
            "{name}: {measured} for {expected}"
        );
    }
}
