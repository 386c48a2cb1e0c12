//! What the hard photos of `wardrobe-attributes` (tests/hard_photos.csv: labelled by eye) are stored as: with the tagger's
//! belief, they must be named as well as by their pixels alone.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use wardrobe::{DetectorChoice, IngestOptions, ModelOptions, Wardrobe};
use wardrobe_types::BasicColor;

/// Share of the photos whose main colour is accepted: measured 71 of 83; three fewer are a regression.
const LEAST_SHARE: f64 = 68.0 / 83.0;

#[test]
fn hard_photos_are_stored_under_a_colour_that_people_would_give_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../../../shared/data/clothing/train");
    if !folder.is_dir() {
        println!("skipped: no ../shared/data");
        return;
    }
    let table = std::fs::read_to_string(root.join("../attributes/tests/hard_photos.csv")).unwrap();
    let mut wanted: Vec<(PathBuf, Vec<BasicColor>)> = Vec::new();
    for line in table.lines().skip(1) {
        let mut cells = line.split(',');
        let photo = folder.join(cells.next().unwrap());
        let accepted = cells.next().unwrap().split(' ');
        wanted.push((photo, accepted.map(|name| name.parse().unwrap()).collect()));
    }
    let photos: Vec<&Path> = wanted.iter().map(|(photo, _)| photo.as_path()).collect();
    let home = tempfile::tempdir().unwrap();
    let models = ModelOptions {
        // The labels are of the garment that fills the photo.
        detector: DetectorChoice::Off,
        ..ModelOptions::default()
    };
    let mut wardrobe = Wardrobe::open(home.path(), models).unwrap();
    let (all, stop) = (IngestOptions { force: true }, AtomicBool::new(false));
    let report = wardrobe.ingest_with(&photos, all, &stop, |_| {}).unwrap();

    let mut wrong = Vec::new();
    for photo in &report.photos {
        let (_, accepted) = wanted.iter().find(|(path, _)| *path == photo.path).unwrap();
        let colors = &photo.garments[0].colors;
        if !accepted.contains(&colors[0].name.basic()) {
            wrong.push(format!("{}: {colors:?}", photo.path.display()));
        }
    }
    assert_eq!(report.photos.len(), wanted.len());
    let share = 1.0 - wrong.len() as f64 / wanted.len() as f64;
    println!("{share:.3} of {} photos", wanted.len());
    assert!(share >= LEAST_SHARE, "{share:.3}:\n{}", wrong.join("\n"));
}
