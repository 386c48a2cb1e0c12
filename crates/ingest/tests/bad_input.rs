//! Bad input: one clear error each, that names the file, and everything else goes on.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use wardrobe_ingest::{DecodeLimits, Error, assess, decode, discover, load, load_with};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A PNG's signature and first chunk, and nothing else.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    // Bits, colour, compression, filter, interlace; the checksum of a 60 x 60 one.
    png.extend([8, 2, 0, 0, 0, 0xB5, 0x9E, 0x4E, 0x25]);
    png
}

#[test]
fn every_failure_is_one_line_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[u8], &str); 6] = [
        ("empty.jpg", b"", "the file is empty"),
        (
            "notes.jpg",
            b"buy socks\n",
            "not a picture: it contains text",
        ),
        (
            "film.jpg",
            b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
            "it contains a video",
        ),
        (
            "phone.jpg",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "`heic` feature",
        ),
        (
            "web.png",
            b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf",
            "`avif` feature",
        ),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0", "cut off"),
    ];
    for (name, bytes, expected) in cases {
        if cfg!(any(feature = "heic", feature = "avif")) && expected.ends_with("feature") {
            continue;
        }
        let path = write(folder.path(), name, bytes);
        let error = load(&path).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(expected) && message.contains(name),
            "{name}: {message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
        assert_eq!(error.path(), Some(path.as_path()));
    }
    assert!(matches!(
        load(folder.path().join("nowhere.jpg")),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(load(folder.path()), Err(Error::NotAFile { .. })));
}

#[test]
fn a_bomb_is_stopped_at_its_header() {
    let limits = DecodeLimits::default();
    let error = decode(&png_header(60_000, 60_000), "bomb.png", &limits).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooManyPixels {
                width: 60_000,
                height: 60_000,
                ..
            }
        ),
        "{error}"
    );
    // The same header within the limits is a cut-off file.
    let error = decode(&png_header(60, 60), "stub.png", &limits).unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    // Every format's header is looked at: 24 x 17 = 408 pixels.
    for name in [
        "baseline.420.jpg",
        "rgb.lossless.webp",
        "palette.still.gif",
        "rgb.plain.bmp",
        "rgb.raw.tiff",
        "grey.8bit.png",
    ] {
        let path = golden("formats").join(name);
        let tight = DecodeLimits {
            max_pixels: 407,
            ..limits
        };
        let error = load_with(&path, &tight).unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooManyPixels {
                    width: 24,
                    height: 17,
                    limit: 407,
                    ..
                }
            ),
            "{error}"
        );
        assert!(
            load_with(
                &path,
                &DecodeLimits {
                    max_pixels: 408,
                    ..limits
                }
            )
            .is_ok(),
            "{name}"
        );
    }
    let short = DecodeLimits {
        max_file_bytes: 100,
        ..limits
    };
    assert!(matches!(
        load_with(golden("formats/rgb.png"), &short),
        Err(Error::FileTooLarge { .. })
    ));
}

/// A file cut anywhere is an error, never a half-grey picture.
#[test]
fn a_cut_off_file_is_an_error() {
    let limits = DecodeLimits::default();
    for entry in std::fs::read_dir(golden("formats")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // A cut inside what follows the pixels (a TIFF's directory of other pages, a GIF's further frames, checksums) loses
        // nothing of the first picture; up to three quarters of these files are always needed... except where frames follow.
        let several = ["pages", "animated"]
            .iter()
            .any(|word| path.to_string_lossy().contains(word));
        let needed = if several {
            bytes.len() / 4
        } else {
            bytes.len() * 3 / 4
        };
        for length in (1..needed).step_by(7) {
            let result = decode(&bytes[..length], &path, &limits);
            assert!(
                result.is_err(),
                "{} cut to {length} of {} bytes decodes",
                path.display(),
                bytes.len()
            );
        }
    }
}

#[test]
fn a_jpeg_cut_at_any_byte_says_so() {
    for name in ["baseline.420.jpg", "progressive.444.jpg", "adobe.cmyk.jpg"] {
        let bytes = std::fs::read(golden("formats").join(name)).unwrap();
        for length in 4..bytes.len() {
            let error = decode(&bytes[..length], name, &DecodeLimits::default()).unwrap_err();
            assert!(
                matches!(error, Error::Truncated { .. }),
                "{name} cut to {length}: {error}"
            );
        }
    }
}

/// A 1 x 1 picture is a fine file: the quality report turns it down.
#[test]
fn one_pixel_decodes_and_is_rejected_for_its_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dot.png");
    image::RgbImage::from_pixel(1, 1, image::Rgb([7, 8, 9]))
        .save(&path)
        .unwrap();
    let photo = load(&path).unwrap();
    let report = assess(&photo.image).unwrap();
    assert!(!report.ok);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["warnings"][0]["kind"], "resolution");
    assert_eq!(json["warnings"][0]["value"], 1.0);
}

#[cfg(unix)]
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "private.jpg", b"\xff\xd8\xff");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    assert!(matches!(load(&path), Err(Error::PermissionDenied { .. })));
    assert!(matches!(
        discover([folder.path()]).problems[..],
        [Error::PermissionDenied { .. }]
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Damage is an error or other pixels, never a panic or a hang; the same bytes give the same answer.
    #[test]
    fn damaged_files_never_panic(file in 0usize..37, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut files: Vec<PathBuf> = std::fs::read_dir(golden("formats")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let path = &files[file % files.len()];
        let mut bytes = std::fs::read(path).unwrap();
        for (at, value) in &edits {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        let limits = DecodeLimits { max_pixels: 1_000_000, max_alloc_bytes: 64 << 20, ..DecodeLimits::default() };
        let once = decode(&bytes, path, &limits);
        if let Ok(photo) = &once {
            prop_assert!(u64::from(photo.image.width()) * u64::from(photo.image.height()) <= limits.max_pixels);
        }
        let again = decode(&bytes, path, &limits);
        prop_assert_eq!(once.map(|photo| photo.image).ok(), again.map(|photo| photo.image).ok());
    }
}
