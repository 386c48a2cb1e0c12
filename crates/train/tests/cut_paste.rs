//! Composed pictures: their boxes are where the garments are, and the same seed makes the same files.

use image::{Rgb, RgbImage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};
use wardrobe_train::Error;
use wardrobe_train::data::cut_paste::{Made, Options, generate, preview};
use wardrobe_train::data::detection::{DetectionSet, LabelledPhoto, to_yolo};
use wardrobe_train::data::{PerSplit, Split};
use wardrobe_types::BoxXyxy;
use wardrobe_types::labels::DetectorClass;

const GREEN: [u8; 3] = [20, 190, 40];
const RED: [u8; 3] = [200, 20, 40];

/// Where the cloth lies in each photo.
const CLOTH: BoxXyxy = BoxXyxy {
    x0: 60.0,
    y0: 70.0,
    x1: 180.0,
    y1: 250.0,
};

/// A photo of cloth of this colour on a grey ground of its own shade and grain.
fn photo(cloth: [u8; 3], number: u32) -> RgbImage {
    RgbImage::from_fn(240, 320, |x, y| {
        let inside = x as f32 >= CLOTH.x0
            && (x as f32) < CLOTH.x1
            && y as f32 >= CLOTH.y0
            && (y as f32) < CLOTH.y1;
        let base = if inside {
            cloth
        } else {
            [120 + 20 * (number % 6) as u8; 3]
        };
        let grain = ((x * 31 + y * 17 + x * y + number * 7) % 9) as i16 - 4;
        Rgb(base.map(|value| (i16::from(value) + grain).clamp(0, 255) as u8))
    })
}

/// Green cloth to learn from, red cloth to measure on.
fn data() -> TempDir {
    let folder = tempdir().unwrap();
    for (part, cloth, count) in [("train", GREEN, 8), ("val", RED, 4)] {
        for number in 0..count {
            let label = ["t-shirt", "pants", "shoes", "dress"][number as usize % 4];
            let path = folder
                .path()
                .join(part)
                .join(label)
                .join(format!("{number}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            photo(cloth, number).save(path).unwrap();
        }
    }
    folder
}

fn options(data: &Path) -> Options {
    Options {
        data: vec![data.to_path_buf()],
        catalogues: Vec::new(),
        backgrounds: Vec::new(),
        pictures: PerSplit { train: 24, val: 6 },
        whole: PerSplit { train: 3, val: 1 },
        seed: 5,
    }
}

fn make(options: &Options, out: &Path) -> Result<Made, Error> {
    generate(options, out, &mut |_| ())
}

/// Every file's bytes by its path below `root`.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_path_buf();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Whether a channel stands far above the others, under any light and noise.
fn is_strongly(pixel: [u8; 3], channel: usize) -> bool {
    let others = (0..3)
        .filter(|&c| c != channel)
        .map(|c| pixel[c])
        .max()
        .unwrap_or(0);
    f32::from(pixel[channel]) > 1.8 * f32::from(others) + 20.0
}

fn is_composed(photo: &LabelledPhoto) -> bool {
    let name = photo.path.file_name().unwrap().to_str().unwrap();
    !name.starts_with("whole")
}

/// Cloth is inside boxes and nowhere else, and reaches each box's edges.
fn assert_boxes_hold_the_cloth(photo: &LabelledPhoto, channel: usize) {
    let picture = wardrobe_ingest::load(&photo.path).unwrap().image;
    let cloth: Vec<(f32, f32)> = picture
        .enumerate_pixels()
        .filter(|(_, _, pixel)| is_strongly(pixel.0, channel))
        .map(|(x, y, _)| (x as f32 + 0.5, y as f32 + 0.5))
        .collect();
    // Soft edges and JPEG's blocks.
    const SLACK: f32 = 5.0;
    let within = |b: &BoxXyxy, slack: f32, (x, y): (f32, f32)| {
        x > b.x0 - slack && x < b.x1 + slack && y > b.y0 - slack && y < b.y1 + slack
    };
    for &at in &cloth {
        let boxed = photo
            .boxes
            .iter()
            .any(|found| within(&found.bbox, SLACK, at));
        assert!(
            boxed,
            "{}: cloth at {at:?} in no box of {:?}",
            photo.path.display(),
            photo.boxes
        );
    }
    for found in &photo.boxes {
        let b = found.bbox;
        let inside: Vec<_> = cloth.iter().filter(|&&at| within(&b, 0.0, at)).collect();
        assert!(!inside.is_empty(), "{}: {b:?}", photo.path.display());
        let reach = |of: fn(&(f32, f32)) -> f32| {
            let low = inside.iter().map(|at| of(at)).fold(f32::MAX, f32::min);
            let high = inside.iter().map(|at| of(at)).fold(f32::MIN, f32::max);
            (low, high)
        };
        let ((left, right), (top, bottom)) = (reach(|at| at.0), reach(|at| at.1));
        let gaps = [left - b.x0, b.x1 - right, top - b.y0, b.y1 - bottom];
        assert!(
            gaps.iter().all(|gap| *gap < 2.0 * SLACK),
            "{}: {b:?} {gaps:?}",
            photo.path.display()
        );
    }
}

#[test]
fn boxes_are_where_the_cloth_is_and_parts_do_not_mix() {
    let data = data();
    let out = tempdir().unwrap();
    let root = out.path().join("made");
    let made = make(&options(data.path()), &root).unwrap();
    assert_eq!(
        (made.sure, made.photos),
        (PerSplit { train: 8, val: 4 }, PerSplit { train: 8, val: 4 })
    );
    let train = DetectionSet::split(&root, Split::Train).unwrap().unwrap();
    let val = DetectionSet::split(&root, Split::Val).unwrap().unwrap();
    assert_eq!((train.photos.len(), val.photos.len()), (27, 7));
    for photo in train.photos.iter().filter(|photo| is_composed(photo)) {
        assert_boxes_hold_the_cloth(photo, 1);
    }
    for photo in val.photos.iter().filter(|photo| is_composed(photo)) {
        assert_boxes_hold_the_cloth(photo, 0);
        let picture = wardrobe_ingest::load(&photo.path).unwrap().image;
        assert!(
            !picture.pixels().any(|pixel| is_strongly(pixel.0, 1)),
            "cloth of the train part"
        );
    }
    let most = train.photos.iter().map(|photo| photo.boxes.len()).max();
    assert!(most >= Some(3), "{most:?} garments in a picture");
    let classes = train.boxes_by_class();
    for class in [
        DetectorClass::Top,
        DetectorClass::Trousers,
        DetectorClass::Shoes,
        DetectorClass::Dress,
    ] {
        assert!(classes[class as usize] > 0, "{class}: {classes:?}");
    }
    let sheet = preview(&train, 12).unwrap();
    assert_eq!(sheet.dimensions(), (6 * 328 + 8, 2 * 328 + 8));
}

#[test]
fn whole_photos_are_the_datas_own_with_the_garments_box() {
    let data = data();
    let out = tempdir().unwrap();
    let only_whole = Options {
        pictures: PerSplit::default(),
        ..options(data.path())
    };
    let made = make(&only_whole, &out.path().join("made")).unwrap();
    assert_eq!(made.parts.train.photos.len(), 3);
    let own: Vec<Vec<u8>> = files(data.path()).into_values().collect();
    for photo in &made.parts.train.photos {
        assert!(own.contains(&std::fs::read(&photo.path).unwrap()));
        assert!(photo.boxes[0].bbox.iou(&CLOTH) > 0.93, "{:?}", photo.boxes);
    }
}

/// A catalogue's clothes are shown on people.
#[test]
fn of_a_catalogue_bags_and_shoes_are_cut_and_no_clothes() {
    let (data, shop) = (data(), tempdir().unwrap());
    std::fs::create_dir_all(shop.path().join("images")).unwrap();
    for part in ["train", "val"] {
        let mut table = "id,articleType\n".to_owned();
        for (number, article) in ["Handbags", "Tshirts", "Handbags", "Jeans"]
            .iter()
            .enumerate()
        {
            photo(GREEN, number as u32)
                .save(shop.path().join(format!("images/{part}{number}.jpg")))
                .unwrap();
            table += &format!("{part}{number},{article}\n");
        }
        std::fs::write(shop.path().join(format!("styles_{part}.csv")), table).unwrap();
    }
    let with_shop = Options {
        catalogues: vec![shop.path().to_path_buf()],
        pictures: PerSplit { train: 12, val: 1 },
        whole: PerSplit::default(),
        ..options(data.path())
    };
    let out = tempdir().unwrap();
    let made = make(&with_shop, &out.path().join("made")).unwrap();
    assert_eq!(
        made.photos,
        PerSplit {
            train: 8 + 2,
            val: 4 + 2
        }
    );
    assert!(made.parts.train.boxes_by_class()[DetectorClass::Bag as usize] > 0);
}

#[test]
fn a_seed_makes_the_same_files_and_another_seed_others() {
    let data = data();
    let out = tempdir().unwrap();
    let made = |name: &str, seed: u64| {
        let options = Options {
            pictures: PerSplit { train: 6, val: 2 },
            seed,
            ..options(data.path())
        };
        let root = out.path().join(name);
        make(&options, &root).unwrap();
        files(&root)
    };
    let (first, again, other) = (made("a", 5), made("b", 5), made("c", 6));
    assert_eq!(first.len(), 2 * (6 + 3 + 2 + 1) + 1);
    // Not assert_eq: nobody wants to read the bytes.
    assert!(first == again);
    let differs = |(name, bytes): (&PathBuf, &Vec<u8>)| other.get(name) != Some(bytes);
    assert!(first.iter().any(differs));
}

#[test]
fn what_cannot_be_made_is_told() {
    let data = data();
    let out = tempdir().unwrap();
    let told = |options: &Options, name: &str| {
        make(options, &out.path().join(name))
            .unwrap_err()
            .to_string()
    };
    let flat = tempdir().unwrap();
    for part in ["train", "val"] {
        let path = flat.path().join(part).join("dress/flat.png");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(240, 320, Rgb([200; 3]))
            .save(path)
            .unwrap();
    }
    let problem = told(&options(flat.path()), "flat");
    assert!(problem.contains("nothing to cut out"), "{problem}");
    // The folders it has made by then are not in the way of a second attempt.
    assert_eq!(told(&options(flat.path()), "flat"), problem);
    std::fs::remove_dir_all(flat.path().join("val")).unwrap();
    let no_val = Options {
        pictures: PerSplit { train: 0, val: 1 },
        whole: PerSplit::default(),
        ..options(flat.path())
    };
    assert!(told(&no_val, "no-val").contains("no val part"));
    let empty = tempdir().unwrap();
    let bare = Options {
        backgrounds: vec![empty.path().to_path_buf()],
        ..options(data.path())
    };
    assert!(told(&bare, "bare").contains("no photos to paste garments on"));
    std::fs::create_dir_all(out.path().join("taken")).unwrap();
    std::fs::write(out.path().join("taken/mine.txt"), "mine").unwrap();
    assert!(told(&options(data.path()), "taken").contains("not empty"));
}

#[test]
fn a_set_converts_to_itself_in_part() {
    let data = data();
    let out = tempdir().unwrap();
    let (made, part) = (out.path().join("made"), out.path().join("part"));
    make(&options(data.path()), &made).unwrap();
    let converted = to_yolo(&made, &part, Some(5), &mut |_| ()).unwrap();
    assert_eq!(converted.photos, PerSplit { train: 5, val: 5 });
    assert_eq!(converted.problems, Vec::<String>::new());
    let whole = DetectionSet::split(&made, Split::Train).unwrap().unwrap();
    let some = DetectionSet::split(&part, Split::Train).unwrap().unwrap();
    assert_eq!(some.names, whole.names);
    for (place, photo) in some.photos.iter().enumerate() {
        let original = &whole.photos[place * whole.photos.len() / 5];
        assert_eq!(photo.boxes.len(), original.boxes.len());
        let pairs = photo.boxes.iter().zip(&original.boxes);
        for (ours, theirs) in pairs {
            assert!(ours.class == theirs.class && ours.bbox.iou(&theirs.bbox) > 0.999);
        }
    }
}
