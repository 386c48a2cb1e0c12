//! Bad input loses nothing: one clear line, the right status, and the rest is stored.

mod common;

use std::fs;
use std::path::Path;

use common::{Bench, only_line, reads_everything, run};
use serde_json::Value;

/// A PNG whose header announces 60,000 x 60,000 pixels.
fn huge_png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend(60_000_u32.to_be_bytes());
    header.extend(60_000_u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    png.extend(13_u32.to_be_bytes());
    png.extend(&header);
    png.extend(crc32(&header).to_be_bytes());
    png
}

/// PNG's checksum (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}

/// One of each bad file, by name, with words its line must have.
fn spoil(bench: &Bench, folder: &Path) -> Vec<(&'static str, &'static str)> {
    fs::write(folder.join("empty.jpg"), "").unwrap();
    fs::write(folder.join("text.jpg"), "Dear diary, no photo today.").unwrap();
    let whole = fs::read(bench.photo("photos/whole.jpg", [200, 60, 60], 9)).unwrap();
    fs::remove_file(folder.join("whole.jpg")).unwrap();
    fs::write(folder.join("cut.jpg"), &whole[..whole.len() / 3]).unwrap();
    fs::write(folder.join("huge.png"), huge_png()).unwrap();
    image::RgbImage::new(1, 1)
        .save(folder.join("one.png"))
        .unwrap();
    let mut spoiled = vec![
        ("empty.jpg", "empty"),
        ("text.jpg", "not a picture"),
        ("cut.jpg", "cut off"),
        ("huge.png", "60000 x 60000"),
        ("one.png", "1 x 1"),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        symlink(folder, folder.join("round")).unwrap();
        spoiled.push(("round", "link back"));
        let closed = folder.join("closed.jpg");
        fs::write(&closed, &whole).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        if reads_everything(&closed) {
            fs::remove_file(&closed).unwrap();
        } else {
            spoiled.push(("closed.jpg", "permission"));
        }
    }
    spoiled
}

#[test]
fn the_rest_of_the_batch_is_stored() {
    let bench = Bench::new();
    bench.photo("photos/first.png", [40, 60, 120], 0);
    bench.photo("photos/zlast.jpg", [120, 60, 40], 1);
    let folder = bench.path("photos");
    let spoiled = spoil(&bench, &folder);
    let (status, stdout, stderr) =
        bench.run(&["ingest", "--force", "--json", &folder.to_string_lossy()]);
    assert_eq!(status, 3, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["summary"]["added"], 2);
    assert_eq!(report["summary"]["garments"], 2);
    assert_eq!(
        report["summary"]["rejected"], 1,
        "the 1 x 1 photo is a photo, but too small"
    );
    assert_eq!(report["summary"]["failed"], spoiled.len() - 1);
    for (name, words) in &spoiled {
        let told: Vec<&str> = stderr
            .lines()
            .filter(|line| line.contains(&format!("/{name}: ")))
            .collect();
        assert_eq!(told.len(), 1, "{name}: {stderr}");
        assert!(
            told[0].starts_with("error: ") && told[0].contains(words),
            "{}",
            told[0]
        );
        let photos = report["photos"].as_array().unwrap();
        let photo = photos
            .iter()
            .find(|p| p["path"].as_str().unwrap().ends_with(name))
            .unwrap();
        assert!(photo["reason"].as_str().unwrap().contains(words), "{photo}");
        assert_eq!(photo["garments"].as_array().unwrap().len(), 0);
    }
    assert_eq!(
        bench.json(0, &["list"])["garments"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn alone_each_is_a_failure_of_one_line() {
    let bench = Bench::new();
    let folder = bench.path("photos");
    fs::create_dir_all(&folder).unwrap();
    let spoiled = spoil(&bench, &folder);
    for (name, words) in spoiled.iter().filter(|(name, _)| *name != "round") {
        let path = folder.join(name);
        let (status, _, stderr) = bench.run(&["ingest", &path.to_string_lossy()]);
        assert_eq!(status, 1, "{name}: {stderr}");
        assert!(only_line(&stderr).contains(words), "{name}: {stderr}");
    }
    let (status, _, stderr) = bench.run(&["ingest", "no-such-folder"]);
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("no-such-folder: no such file"),
        "{stderr}"
    );
    assert!(
        bench.json(0, &["list"])["garments"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_home_that_is_a_file_is_told() {
    let bench = Bench::new();
    fs::write(bench.home(), "not a folder").unwrap();
    for args in [
        &["list"][..],
        &["ingest", "--force", "."],
        &["recommend"],
        &["remove", "3fa9c1"],
    ] {
        let (status, stdout, stderr) = bench.run(args);
        assert_eq!((status, stdout.as_str()), (1, ""), "{args:?}");
        assert!(
            only_line(&stderr).contains("a wardrobe is a folder"),
            "{stderr}"
        );
    }
    assert_eq!(fs::read_to_string(bench.home()).unwrap(), "not a folder");
}

#[test]
fn a_newer_database_is_told() {
    let bench = Bench::new();
    fs::create_dir_all(bench.home()).unwrap();
    let database = rusqlite::Connection::open(bench.home().join("wardrobe.db")).unwrap();
    database
        .execute_batch("CREATE TABLE wardrobe_format (version INTEGER); INSERT INTO wardrobe_format VALUES (9);")
        .unwrap();
    drop(database);
    for args in [&["list"][..], &["ingest", "."], &["recommend"]] {
        let (status, _, stderr) = bench.run(args);
        assert_eq!(status, 1, "{args:?}");
        assert!(only_line(&stderr).contains("has format 9"), "{stderr}");
    }
}

/// What a full disk does, from outside: no file may grow past a limit.
#[cfg(unix)]
#[test]
fn no_room_on_the_disk_is_told_and_leaves_no_halves() {
    let bench = Bench::new();
    let small = bench.photo("photos/a.jpg", [40, 60, 120], 0);
    assert_eq!(
        bench.json(0, &["ingest", "--force", &small.to_string_lossy()])["summary"]["added"],
        1
    );
    let stored = fs::metadata(bench.home().join("wardrobe.db"))
        .unwrap()
        .len();
    let large = bench.path("photos/b.bmp");
    common::cloth_photo([120, 60, 40], 1).save(&large).unwrap();
    let limit = stored.max(fs::metadata(&large).unwrap().len() / 2) / 512;
    let program = assert_cmd::cargo::cargo_bin("wardrobe");
    let script = format!(
        "trap '' XFSZ; ulimit -f {limit}; exec '{}' --home '{}' ingest --force '{}'",
        program.display(),
        bench.home().display(),
        large.display()
    );
    let (status, _, stderr) = run(assert_cmd::Command::new("bash").arg("-c").arg(script));
    assert_eq!(status, 1, "{stderr}");
    assert!(
        stderr.contains("cannot write") && stderr.contains("photos/"),
        "{stderr}"
    );
    assert_eq!(
        bench.json(0, &["list"])["garments"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        fs::read_dir(bench.home().join("photos")).unwrap().count(),
        1
    );
    assert_eq!(fs::read_dir(bench.home().join("crops")).unwrap().count(), 1);
}
