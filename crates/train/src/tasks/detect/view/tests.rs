//! What is drawn and what is said of it agree.

use super::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use tempfile::TempDir;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;

const RED: [u8; 3] = [210, 30, 40];

/// Photos of a red garment on grey, and where it is.
fn photos(sizes: &[(u32, u32)]) -> (TempDir, Vec<Sample>, Photos) {
    let folder = tempfile::tempdir().unwrap();
    let (mut samples, mut paths) = (Vec::new(), Vec::new());
    for (i, &(w, h)) in sizes.iter().enumerate() {
        let bbox = BoxXyxy {
            x0: (w / 4) as f32,
            y0: (h / 5) as f32,
            x1: (w / 2) as f32,
            y1: (h - h / 4) as f32,
        };
        let inside = |x: f32, y: f32| bbox.x0 <= x && x < bbox.x1 && bbox.y0 <= y && y < bbox.y1;
        let photo = RgbImage::from_fn(w, h, |x, y| match inside(x as f32, y as f32) {
            true => Rgb(RED),
            false => Rgb([90; 3]),
        });
        let path: PathBuf = folder.path().join(format!("{i}.png"));
        photo.save(&path).unwrap();
        samples.push(Sample {
            photo: i,
            path: path.clone(),
            targets: vec![Target { class: i, bbox }],
        });
        paths.push(path);
    }
    let photos = Photos::new(paths, 64, 1 << 20);
    (folder, samples, photos)
}

fn draw(
    samples: &[Sample],
    photos: &Photos,
    augment: &DetectAugment,
    seed: u64,
) -> (Vec<f32>, Vec<Target>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let view = View::draw((0, samples, photos), 64, augment, &mut rng);
    let mut pixels = vec![0.0; 64 * 64 * 3];
    view.render(&mut pixels);
    (pixels, view.targets(samples))
}

/// The box around what is red, to the pixel; `None` where nothing is.
fn red(pixels: &[f32]) -> Option<BoxXyxy> {
    let mut found: Option<BoxXyxy> = None;
    for (i, pixel) in pixels.chunks_exact(3).enumerate() {
        if pixel[0] > 0.5 && pixel[1] < 0.25 {
            let (x, y) = ((i % 64) as f32, (i / 64) as f32);
            let at = BoxXyxy {
                x0: x,
                y0: y,
                x1: x + 1.0,
                y1: y + 1.0,
            };
            found = Some(found.map_or(at, |f| BoxXyxy {
                x0: f.x0.min(at.x0),
                y0: f.y0.min(at.y0),
                x1: f.x1.max(at.x1),
                y1: f.y1.max(at.y1),
            }));
        }
    }
    found
}

fn assert_near(a: BoxXyxy, b: BoxXyxy, pixels: f32) {
    for (a, b) in <[f32; 4]>::from(a).into_iter().zip(<[f32; 4]>::from(b)) {
        assert!((a - b).abs() <= pixels, "{a} {b}");
    }
}

#[test]
fn without_variation_it_is_what_a_detector_sees() {
    let (folder, samples, photos) = photos(&[(128, 80)]);
    let (pixels, targets) = draw(&samples, &photos, &DetectAugment::none(), 1);
    let photo = wardrobe_ingest::load(folder.path().join("0.png")).unwrap();
    let fitted = wardrobe_ingest::letterbox(&photo.image, 64).unwrap();
    for (got, expected) in pixels.iter().zip(fitted.image.as_raw()) {
        assert!(
            (got - f32::from(*expected) / 255.0).abs() < 1e-5,
            "{got} {expected}"
        );
    }
    assert_near(
        targets[0].bbox,
        fitted.from_photo(samples[0].targets[0].bbox),
        1e-3,
    );
}

#[test]
fn boxes_move_with_their_pixels() {
    let (_folder, samples, photos) = photos(&[(128, 80)]);
    let augment = DetectAugment {
        mosaic: 0.0,
        saturation: 0.1,
        value: 0.1,
        flip: 0.5,
        ..DetectAugment::default()
    };
    let mut seen = 0;
    for seed in 0..40 {
        let (pixels, targets) = draw(&samples, &photos, &augment, seed);
        if let [target] = targets[..] {
            // Half a pixel of either side is blurred.
            assert_near(red(&pixels).unwrap(), target.bbox, 1.2);
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_mosaic_has_four_photos_and_the_garments_left_of_them() {
    let (_folder, samples, photos) = photos(&[(128, 80), (60, 90), (64, 64)]);
    let augment = DetectAugment {
        scale: 0.0,
        translate: 0.0,
        ..DetectAugment::default()
    };
    let mut classes = [0; 3];
    for seed in 0..30 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let view = View::draw((0, &samples, &photos), 64, &augment, &mut rng);
        assert_eq!(view.tiles.len(), 4);
        assert_eq!(view.tiles[0].sample, 0);
        for Target { class, bbox } in view.targets(&samples) {
            classes[class] += 1;
            assert!(bbox.x0 >= 0.0 && bbox.y0 >= 0.0 && bbox.x1 <= 64.0 && bbox.y1 <= 64.0);
            assert!(bbox.width() > 2.0 && bbox.height() > 2.0);
        }
    }
    assert!(classes.iter().all(|&count| count > 4), "{classes:?}");
}

#[test]
fn the_seed_decides_and_not_the_room_in_memory() {
    let (_folder, samples, photos) = photos(&[(128, 80), (60, 90), (64, 64)]);
    let none = Photos::new(samples.iter().map(|s| s.path.clone()).collect(), 64, 0);
    let augment = DetectAugment::default();
    assert_eq!(
        draw(&samples, &photos, &augment, 3),
        draw(&samples, &none, &augment, 3)
    );
    assert_ne!(
        draw(&samples, &photos, &augment, 3).0,
        draw(&samples, &photos, &augment, 4).0
    );
}

#[test]
fn slivers_and_rests_are_no_garments() {
    let side = |w: f32, h: f32| BoxXyxy {
        x0: 5.0,
        y0: 5.0,
        x1: 5.0 + w,
        y1: 5.0 + h,
    };
    assert!(is_garment(side(10.0, 10.0), side(10.0, 10.0)));
    assert!(!is_garment(side(1.9, 30.0), side(1.9, 30.0)));
    assert!(!is_garment(side(9.0, 9.0), side(30.0, 30.0)));
    assert!(!is_garment(side(400.0, 3.0), side(400.0, 3.0)));
}
