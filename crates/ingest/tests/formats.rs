//! Every kind of file decodes to the same upright RGB as in Pillow. tests/golden/make.py says what each file is.

use std::path::{Path, PathBuf};

use wardrobe_ingest::{Error, Format, RgbImage, dimensions, load};

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats")
}

/// `EXPECTED.VARIANT.EXTENSION` files, sorted.
fn variants() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(formats())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .split('.')
            .count()
            == 3
    });
    files.sort();
    files
}

fn expected_of(path: &Path) -> RgbImage {
    let name = path
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .split('.')
        .next()
        .unwrap()
        .to_owned();
    image::open(formats().join(format!("{name}.png")))
        .unwrap()
        .into_rgb8()
}

#[test]
fn every_kind_of_file_decodes_as_in_pillow() {
    let files = variants();
    assert_eq!(files.len(), 37);
    for path in files {
        let photo = load(&path).unwrap();
        let extension = path.extension().unwrap().to_str().unwrap();
        assert!(
            photo.format.extensions().contains(&extension),
            "{}: {}",
            path.display(),
            photo.format
        );
        assert_eq!(photo.file_bytes, std::fs::metadata(&path).unwrap().len());
        let expected = expected_of(&path);
        assert_eq!(
            photo.image.dimensions(),
            expected.dimensions(),
            "{}",
            path.display()
        );
        let difference = photo
            .image
            .as_raw()
            .iter()
            .zip(expected.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap();
        assert!(
            difference <= tolerance(&path),
            "{}: off by {difference}",
            path.display()
        );
    }
}

/// 0 where every step is exact; decoders of lossy formats may round their transforms and interpolate chroma in their own way.
fn tolerance(path: &Path) -> u8 {
    let name = path.file_name().unwrap().to_str().unwrap();
    match path.extension().unwrap().to_str().unwrap() {
        "jpg" => 4,
        "webp" if name.starts_with("lossy") => 4,
        _ if name.starts_with("flattened") => 1,
        _ if name.starts_with("ink") => 1,
        _ => 0,
    }
}

#[test]
fn content_counts_not_the_extension() {
    let folder = tempfile::tempdir().unwrap();
    let disguised = folder.path().join("photo.jpg");
    std::fs::copy(formats().join("rgb.lossless.webp"), &disguised).unwrap();
    assert_eq!(load(&disguised).unwrap().format, Format::WebP);
}

/// The `heic` and `avif` features; the tolerance is for the codecs' loss, the turn is what matters.
#[cfg(all(feature = "heic", feature = "avif"))]
#[test]
fn heic_and_avif_are_turned_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/heif");
    let expected = image::open(folder.join("turned.png")).unwrap().into_rgb8();
    for (name, format) in [("turned.heic", Format::Heic), ("turned.avif", Format::Avif)] {
        let photo = load(folder.join(name)).unwrap();
        assert_eq!(
            (photo.format, photo.image.dimensions()),
            (format, expected.dimensions())
        );
        let differences = photo
            .image
            .as_raw()
            .iter()
            .zip(expected.as_raw())
            .map(|(a, b)| f64::from(a.abs_diff(*b)));
        let mean = differences.sum::<f64>() / expected.as_raw().len() as f64;
        assert!(mean < 4.0, "{name}: {mean}");
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let cut = wardrobe_ingest::decode(&bytes[..bytes.len() / 2], name, &Default::default());
        assert!(cut.is_err(), "{name} cut in two decodes");
    }
}

#[test]
fn the_header_alone_tells_size_and_orientation() {
    for path in variants() {
        let (photo, told) = (load(&path).unwrap(), dimensions(&path).unwrap());
        assert_eq!(
            told.upright(),
            photo.image.dimensions(),
            "{}",
            path.display()
        );
        assert_eq!(told.orientation, photo.orientation, "{}", path.display());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/make.py");
    assert!(matches!(dimensions(script), Err(Error::NotAPicture { .. })));
}
