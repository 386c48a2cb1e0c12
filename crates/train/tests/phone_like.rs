//! Products laid on grounds of photos taken at home: every reader of catalogues reads them, parts do not mix, and the same
//! seed makes the same files.

use image::{Rgb, RgbImage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};
use wardrobe_train::Error;
use wardrobe_train::data::cut_paste::phone_like::{Made, Options, generate};
use wardrobe_train::data::{Dataset, Pairs, PerSplit, Split, TagSet};
use wardrobe_types::Pattern;

const RED: [u8; 3] = [200, 20, 40];
const BLUE: [u8; 3] = [20, 40, 200];
const WHITE: [u8; 3] = [250; 3];

/// A rectangle of cloth on a plain ground, both with grain.
fn photo(cloth: [u8; 3], ground: [u8; 3]) -> RgbImage {
    RgbImage::from_fn(180, 240, |x, y| {
        let inside = (50..130).contains(&x) && (50..190).contains(&y);
        let grain = ((x * 31 + y * 17 + x * y) % 9) as i16 - 4;
        let base = if inside { cloth } else { ground };
        Rgb(base.map(|value| (i16::from(value) + grain).clamp(0, 255) as u8))
    })
}

fn save(picture: &RgbImage, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

/// Photos taken at home: on green for training, on yellow for validation.
fn at_home() -> TempDir {
    let folder = tempdir().unwrap();
    for (part, ground) in [("train", [40, 170, 60]), ("val", [190, 170, 30])] {
        for number in 0..3 {
            let path = folder.path().join(format!("{part}/dress/{number}.png"));
            save(&photo([90, 60, 120], ground), &path);
        }
    }
    folder
}

/// Red products to learn from and blue ones to measure on, all on white. Number 3 cannot be told from its ground, number 4
/// has no photo, and the last name has a comma.
fn catalogue() -> TempDir {
    let folder = tempdir().unwrap();
    for (part, cloth) in [("train", RED), ("val", BLUE)] {
        let mut table = "id,articleType,season,usage,productDisplayName\n".to_owned();
        for number in 0..6 {
            let path = folder.path().join(format!("images/{part}{number}.jpg"));
            match number {
                3 => save(&RgbImage::from_pixel(180, 240, Rgb(WHITE)), &path),
                4 => {}
                _ => save(&photo(cloth, WHITE), &path),
            }
            table += &format!("{part}{number},Shirts,Summer,Formal,Shirt {number} Striped, long\n");
        }
        std::fs::write(folder.path().join(format!("styles_{part}.csv")), table).unwrap();
    }
    folder
}

fn make(data: &Path, catalogue: &Path, out: &Path, seed: u64) -> Result<Made, Error> {
    let options = Options {
        data: vec![data.to_path_buf()],
        catalogue: catalogue.to_path_buf(),
        backgrounds: Vec::new(),
        seed,
    };
    generate(&options, out, &mut |_| ())
}

/// Shares of pixels in which a channel stands far above another, under any light.
fn share(picture: &RgbImage, above: usize, below: usize) -> f32 {
    let found = picture.pixels().filter(|pixel| {
        let (high, low) = (f32::from(pixel.0[above]), f32::from(pixel.0[below]));
        high > 1.7 * low + 15.0
    });
    found.count() as f32 / (picture.width() * picture.height()) as f32
}

#[test]
fn a_new_catalogue_is_read_as_the_old_one() {
    let (data, shop, out) = (at_home(), catalogue(), tempdir().unwrap());
    let root = out.path().join("made");
    let made = make(data.path(), shop.path(), &root, 1).unwrap();
    assert_eq!(made.products, PerSplit { train: 5, val: 5 });
    assert_eq!((made.pictures.train.len(), made.pictures.val.len()), (4, 4));
    for (split, name) in [(Split::Train, "train"), (Split::Val, "val")] {
        let tags = TagSet::split(&root, split).unwrap().unwrap();
        assert_eq!(tags.samples.len(), 4);
        assert!(tags.samples.iter().all(|sample| {
            sample.tags.pattern == Some(Pattern::Striped)
                && sample.kind.as_deref() == Some("Shirts")
        }));
        let set = Dataset::split(&root, split).unwrap().unwrap();
        assert_eq!(set.samples.len(), 4);
        let pairs = Pairs::split(&root, split).unwrap().unwrap();
        assert_eq!(pairs.pairs[0].text, "Shirt 0 Striped, long");
        // The rows are the old ones, letter for letter.
        let table =
            |root: &Path| std::fs::read_to_string(root.join(format!("styles_{name}.csv"))).unwrap();
        let (old, new) = (table(shop.path()), table(&root));
        assert_eq!(new.lines().count(), 1 + 4);
        assert!(new.lines().all(|line| old.lines().any(|old| old == line)));
    }
    let sheet = made.preview(48).unwrap();
    assert_eq!(sheet.dimensions(), (4 * 328 + 8, 328 + 8));
}

#[test]
fn products_are_large_and_lie_on_their_own_parts_grounds() {
    let (data, shop, out) = (at_home(), catalogue(), tempdir().unwrap());
    let made = make(data.path(), shop.path(), &out.path().join("made"), 1).unwrap();
    for (pictures, own, other) in [(&made.pictures.train, 0, 2), (&made.pictures.val, 2, 0)] {
        for path in pictures {
            let picture = wardrobe_ingest::load(path).unwrap().image;
            let longer = picture.width().max(picture.height());
            assert!((240..=272).contains(&longer), "{longer}");
            let cloth = picture.pixels().filter(|pixel| {
                let value = |channel: usize| f32::from(pixel.0[channel]);
                value(own) > 2.0 * value(1) && value(own) > 2.0 * value(other)
            });
            let cloth = cloth.count() as f32 / (picture.width() * picture.height()) as f32;
            assert!((0.08..0.8).contains(&cloth), "{}: {cloth}", path.display());
        }
    }
    // Green grounds are train's.
    let greenest = |pictures: &[PathBuf]| {
        let shares = pictures.iter().map(|path| {
            let picture = wardrobe_ingest::load(path).unwrap().image;
            share(&picture, 1, 0)
        });
        shares.fold(0.0, f32::max)
    };
    assert!(greenest(&made.pictures.train) > 0.1);
    assert!(greenest(&made.pictures.val) < 0.1);
}

#[test]
fn a_seed_makes_the_same_files_and_another_seed_others() {
    let (data, shop, out) = (at_home(), catalogue(), tempdir().unwrap());
    let made = |name: &str, seed: u64| -> BTreeMap<PathBuf, Vec<u8>> {
        let root = out.path().join(name);
        let made = make(data.path(), shop.path(), &root, seed).unwrap();
        let pictures = made.pictures.train.into_iter().chain(made.pictures.val);
        pictures
            .map(|path| {
                let bytes = std::fs::read(&path).unwrap();
                (path.strip_prefix(&root).unwrap().to_path_buf(), bytes)
            })
            .collect()
    };
    let (first, again, other) = (made("a", 5), made("b", 5), made("c", 6));
    // Not assert_eq: nobody wants to read the bytes.
    assert!(first == again);
    assert!(first.iter().all(|(name, bytes)| &other[name] != bytes));
}

#[test]
fn what_cannot_be_made_is_told() {
    let (data, shop, out) = (at_home(), catalogue(), tempdir().unwrap());
    let told = |catalogue: &Path, name: &str| {
        make(data.path(), catalogue, &out.path().join(name), 1)
            .unwrap_err()
            .to_string()
    };
    assert!(told(data.path(), "none").contains("expected styles_train.csv"));
    let table = shop.path().join("styles_val.csv");
    for (rows, problem) in [
        ("articleType\nShirts\n", "expected a column id"),
        ("id,articleType\n../x,Shirts\n", "can be no file's name"),
        ("id,articleType\ntrain0,Shirts\n", "train0 is given twice"),
        ("id,articleType\nval3,Shirts\n", "nothing to cut out"),
    ] {
        std::fs::write(&table, rows).unwrap();
        let error = told(shop.path(), "bad");
        assert!(error.contains(problem), "{error}");
        // What a late failure has written is not taken for a whole catalogue.
        let _ = std::fs::remove_dir_all(out.path().join("bad"));
    }
    let taken = out.path().join("taken");
    save(&RgbImage::new(2, 2), &taken.join("mine.png"));
    std::fs::remove_file(&table).unwrap();
    assert!(told(shop.path(), "taken").contains("not empty"));
}
