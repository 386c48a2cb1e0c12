//! A wardrobe with CLIP's weights at hand: those of ../shared/golden, which see nothing but are loaded, run and compared like
//! any others.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use wardrobe::{Clip, IngestOptions, ModelOptions, PhotoStatus, Wardrobe, inspect};
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_testkit::{Golden, skip};

/// The golden parameters as a file, in a folder.
fn weights(folder: &Path) -> Option<PathBuf> {
    let golden = Golden::open("openclip_vitb32").unwrap()?;
    let parameters = golden.parameters().unwrap().into_iter().collect();
    let file = folder.join("clip.safetensors");
    candle_core::safetensors::save(&parameters, &file).unwrap();
    Some(file)
}

/// Pieces of cloth on a light ground.
fn photos(folder: &Path) -> PathBuf {
    let photos = folder.join("photos");
    std::fs::create_dir_all(&photos).unwrap();
    for (name, cloth) in [
        ("red", [180, 40, 40]),
        ("blue", [40, 60, 150]),
        ("green", [60, 120, 70]),
    ] {
        let photo = RgbImage::from_fn(300, 400, |x, y| {
            let inside = (60..240).contains(&x) && (60..340).contains(&y);
            let weave = if inside && (x / 3 + y / 3) % 2 == 0 {
                24
            } else {
                0
            };
            Rgb((if inside { cloth } else { [236, 233, 228] })
                .map(|value: u8| value.saturating_sub(weave)))
        });
        photo.save(photos.join(format!("{name}.png"))).unwrap();
    }
    photos
}

fn ingest(wardrobe: &mut Wardrobe, photos: &Path) -> Vec<PhotoStatus> {
    let report = wardrobe
        .ingest_with(
            &[photos],
            IngestOptions { force: true },
            &AtomicBool::new(false),
            |_| {},
        )
        .unwrap();
    assert!(report.stopped.is_none());
    report.photos.iter().map(|photo| photo.status).collect()
}

#[test]
fn garments_stored_before_clip_came_are_compared_by_tags_until_their_photos_are_taken_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(weights) = weights(folder.path()) else {
        return skip("../shared/golden");
    };
    let (home, photos) = (folder.path().join("home"), photos(folder.path()));
    let mut before = Wardrobe::open(&home, ModelOptions::default()).unwrap();
    assert_eq!(ingest(&mut before, &photos), [PhotoStatus::Added; 3]);
    drop(before);

    let options = ModelOptions {
        clip: Some(weights),
        ..ModelOptions::default()
    };
    let mut wardrobe = Wardrobe::open(&home, options.clone()).unwrap();
    let search = wardrobe.search("red corduroy", 10).unwrap();
    let meaning = search.meaning.unwrap();
    assert_eq!((meaning.garments_without, meaning.weight), (3, 0.0));
    let by_tags = search.garments[0].score;

    // The wardrobe's own photos are enough, and nothing is lost or doubled.
    assert_eq!(
        ingest(&mut wardrobe, &home.join("photos")),
        [PhotoStatus::Duplicate; 3]
    );
    assert_eq!(wardrobe.garments(&Default::default()).unwrap().len(), 3);
    let search = wardrobe.search("red corduroy, not blue", 10).unwrap();
    let meaning = search.meaning.unwrap();
    assert_eq!(meaning.garments_without, 0);
    assert!(
        (meaning.weight - 0.65).abs() < 1e-6,
        "one word of two has no tag"
    );
    assert!(
        meaning.model.as_str().starts_with("clip-vit-b-32-"),
        "{}",
        meaning.model
    );
    assert_ne!(search.garments[0].score, by_tags);
    assert!(search.garments.iter().all(|found| found.score <= 1.0));
    // Without a word that tags understand, CLIP answers alone; what is not wanted stays out.
    assert!(!wardrobe.search("corduroy", 10).unwrap().garments.is_empty());
    // The look-alikes are still those of the starter embedder, and everything is settled.
    let garment = &wardrobe.garments(&Default::default()).unwrap()[0];
    assert!(garment.embedder.as_str().starts_with("starter-512-"));

    // Texts and photos lie in one space.
    let clip = Clip::find(&options).unwrap().unwrap();
    let text = &clip.embed_texts(&["a red dress"]).unwrap()[0];
    let embedded =
        inspect::embeddings(&options, Some(&clip), &[photos.join("red.png")], &|_, _| {}).unwrap();
    let photo = embedded[0].1.as_ref().unwrap();
    assert_eq!(photo.embedder(), clip.id());
    assert!(text.cosine(photo).is_ok());
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let options = ModelOptions {
        clip: Some("no-such.safetensors".into()),
        ..ModelOptions::default()
    };
    let error = Clip::find(&options).unwrap_err().to_string();
    assert!(error.contains("no-such.safetensors"), "{error}");
}
