//! Archives: what goes in comes out, and what is no good leaves nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use wardrobe_types::{Category, ColorName, Hemisphere, Signal};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{empty, photo, put, stocked};
use crate::{Edit, Error, Exported, Imported, Request, Result, Settings, Wardrobe};

fn export(wardrobe: &Wardrobe, file: &Path) -> Result<Exported> {
    wardrobe.export(file, false, &AtomicBool::new(false), |_, _| {})
}

fn import(home: &Path, file: &Path) -> Result<Imported> {
    Wardrobe::import(home, file, &AtomicBool::new(false), |_, _| {})
}

/// A wardrobe with something in every table, and where its archive goes.
fn lived_in() -> (TempDir, Wardrobe, PathBuf) {
    let (folder, mut wardrobe, ids) = stocked();
    put(
        &mut wardrobe,
        Category::Boots,
        &photo(ColorName::Black, 9),
        "other-embedder",
    );
    let price = Edit {
        price: Some(79.9),
        ..Edit::default()
    };
    wardrobe.edit(&ids[0], &price).unwrap();
    let outfit = wardrobe.recommend(&Request::default()).unwrap().outfits[0]
        .id
        .clone();
    wardrobe
        .feedback(outfit.as_str(), Signal::Like, None)
        .unwrap();
    wardrobe.wear(&[&ids[1]], Wardrobe::today()).unwrap();
    let south = Settings {
        hemisphere: Hemisphere::South,
    };
    wardrobe.set(&south).unwrap();
    wardrobe.remove(&ids[3]).unwrap();
    let file = folder.path().join("all.zip");
    (folder, wardrobe, file)
}

/// Every row of every table.
fn rows(home: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let database = Connection::open(home.join("wardrobe.db")).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = database.prepare(tables).unwrap();
    let names = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    let names: Vec<String> = names.map(|name| name.unwrap()).collect();
    let of = |name: &String| {
        let mut statement = database.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i)).collect());
        rows.unwrap().map(|row| row.unwrap()).collect()
    };
    names.iter().map(|name| (name.clone(), of(name))).collect()
}

/// The SHA-256 of every photo and crop.
fn files(home: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in ["photos", "crops"] {
        for entry in fs::read_dir(home.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            files.insert(
                name,
                wardrobe_weights::sha256(&fs::read(entry.path()).unwrap()),
            );
        }
    }
    files
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn everything_comes_back_bit_by_bit() {
    let (folder, wardrobe, file) = lived_in();
    let mut told = Vec::new();
    let exported = wardrobe
        .export(&file, false, &AtomicBool::new(false), |done, total| {
            told.push((done, total))
        })
        .unwrap();
    assert_eq!(
        (exported.photos, exported.garments, exported.missing.len()),
        (5, 5, 0)
    );
    assert_eq!(exported.bytes, fs::metadata(&file).unwrap().len());
    assert!(
        told.last().is_some_and(|(done, total)| done == total),
        "{told:?}"
    );
    assert_eq!(
        names(folder.path()),
        ["all.zip", "home"],
        "nothing is left beside it"
    );

    let expected = rows(wardrobe.home());
    assert!(expected.values().filter(|rows| !rows.is_empty()).count() > 9);
    // An empty wardrobe makes room; so does no folder at all.
    let (other, unused) = empty();
    drop(unused);
    for home in [other.path().join("home"), other.path().join("not/there")] {
        let imported = import(&home, &file).unwrap();
        assert_eq!((imported.photos, imported.garments), (5, 5));
        assert_eq!(names(&home), ["crops", "photos", "wardrobe.db"]);
        assert_eq!(files(&home), files(wardrobe.home()));
        assert_eq!(rows(&home), expected);
        let restored = Wardrobe::open(&home, Default::default()).unwrap();
        let recommended = |of: &Wardrobe| {
            of.recommend(&Request::default()).unwrap().outfits[0]
                .scored
                .clone()
        };
        assert_eq!(recommended(&restored), recommended(&wardrobe));
        assert_eq!(restored.settings().unwrap().hemisphere, Hemisphere::South);
        // And out again, with what recommending has added.
        let again = other.path().join("again.zip");
        export(&restored, &again).unwrap();
        let copy = other.path().join("copy");
        import(&copy, &again).unwrap();
        assert_eq!(rows(&copy), rows(&home));
        fs::remove_dir_all(&copy).unwrap();
        fs::remove_file(&again).unwrap();
    }
}

#[test]
fn a_wardrobe_in_use_is_archived_as_it_is_at_one_instant() {
    let (folder, wardrobe, file) = lived_in();
    let home = wardrobe.home().to_path_buf();
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut busy = Wardrobe::open(&home, Default::default()).unwrap();
            let mut wears = 0;
            while !stop.load(Ordering::Relaxed) {
                let id = busy.garments(&Default::default()).unwrap()[0].id.clone();
                busy.wear(&[id.as_str()], Wardrobe::today()).unwrap();
                wears += 1;
            }
            wears
        });
        for copy in 0..5 {
            let file = folder.path().join(format!("{copy}.zip"));
            export(&wardrobe, &file).unwrap();
            let home = folder.path().join(format!("home{copy}"));
            import(&home, &file).unwrap();
            assert_eq!(files(&home), files(wardrobe.home()));
        }
        stop.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    let wears = |home: &str| rows(&folder.path().join(home))["wears"].len();
    assert!(wears("home0") <= wears("home4") && wears("home4") <= 1 + written);
    drop(file);
}

#[test]
fn nothing_is_written_over() {
    let (folder, wardrobe, file) = lived_in();
    export(&wardrobe, &file).unwrap();
    let before = fs::read(&file).unwrap();
    let error = export(&wardrobe, &file).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
    wardrobe
        .export(&file, true, &AtomicBool::new(false), |_, _| {})
        .unwrap();

    let (other, mut full) = empty();
    put(
        &mut full,
        Category::Shirt,
        &photo(ColorName::Red, 1),
        "test-embedder",
    );
    let home = other.path().join("home");
    let (rows_before, files_before) = (rows(&home), files(&home));
    let error = import(&home, &file).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    assert_eq!((rows(&home), files(&home)), (rows_before, files_before));
    // Settings alone are something, too; and so are photos without a database.
    let (other, mut set) = empty();
    set.set(&Settings::default()).unwrap();
    let error = import(&other.path().join("home"), &file).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    let photos = folder.path().join("strange");
    fs::create_dir_all(photos.join("photos")).unwrap();
    fs::write(photos.join("photos/mine.jpg"), "mine").unwrap();
    let error = import(&photos, &file).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read(photos.join("photos/mine.jpg")).unwrap(), b"mine");
    // Somebody else's files stay where they are.
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("notes.txt"), "mine").unwrap();
    import(&shared, &file).unwrap();
    assert_eq!(
        names(&shared),
        ["crops", "notes.txt", "photos", "wardrobe.db"]
    );
}

#[test]
fn what_was_missing_is_told_and_the_rest_comes_back() {
    let (folder, wardrobe, file) = lived_in();
    let lost = wardrobe.garments(&Default::default()).unwrap()[0]
        .crop
        .clone();
    fs::remove_file(wardrobe.path(&lost)).unwrap();
    let exported = export(&wardrobe, &file).unwrap();
    assert_eq!(exported.missing.as_slice(), std::slice::from_ref(&lost));
    let home = folder.path().join("new");
    assert_eq!(import(&home, &file).unwrap().missing, [lost]);
    assert_eq!(files(&home), files(wardrobe.home()));
}

#[test]
fn an_interrupted_one_leaves_nothing() {
    let (folder, wardrobe, file) = lived_in();
    let cancel = AtomicBool::new(false);
    let stop = |done: u64, total: u64| cancel.store(done > total / 2, Ordering::Relaxed);
    let error = wardrobe.export(&file, false, &cancel, stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert_eq!(names(folder.path()), ["home"]);
    cancel.store(false, Ordering::Relaxed);
    export(&wardrobe, &file).unwrap();
    let home = folder.path().join("new");
    let error = Wardrobe::import(&home, &file, &cancel, stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert!(!home.exists());
}

/// Holds that an archive is refused for this reason, and that nothing comes of it.
fn refused(folder: &Path, file: &Path, reason: &str) -> Error {
    let before = names(folder);
    let home = folder.join("refused");
    let error = import(&home, file).unwrap_err();
    assert!(error.to_string().contains(reason), "{reason}: {error}");
    assert_eq!(names(folder), before, "{reason}");
    // An empty wardrobe is as it was, too.
    drop(Wardrobe::open(&home, Default::default()).unwrap());
    import(&home, file).unwrap_err();
    assert_eq!(names(&home), ["crops", "photos", "wardrobe.db"], "{reason}");
    assert!(rows(&home)["photos"].is_empty());
    fs::remove_dir_all(&home).unwrap();
    error
}

#[test]
fn damaged_and_truncated_archives_are_refused_whole() {
    let (folder, wardrobe, file) = lived_in();
    export(&wardrobe, &file).unwrap();
    let good = fs::read(&file).unwrap();
    let bad = folder.path().join("bad.zip");
    for length in [0, 10, good.len() / 2, good.len() - 30, good.len() - 1] {
        fs::write(&bad, &good[..length]).unwrap();
        let error = refused(folder.path(), &bad, "bad.zip");
        assert!(
            matches!(
                error,
                Error::NotAnArchive { .. } | Error::DamagedArchive { .. }
            ),
            "{length}: {error}"
        );
    }
    // One byte anywhere: in the database, in a photo, in the list at the end.
    for place in (200..good.len()).step_by(good.len() / 40) {
        let mut changed = good.clone();
        changed[place] ^= 0x55;
        fs::write(&bad, &changed).unwrap();
        let home = folder.path().join("flipped");
        match import(&home, &bad) {
            // A byte that is nobody's: a date, a flag.
            Ok(_) => {
                assert_eq!(files(&home), files(wardrobe.home()));
                assert_eq!(rows(&home), rows(wardrobe.home()));
                fs::remove_dir_all(&home).unwrap();
            }
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        Error::NotAnArchive { .. }
                            | Error::DamagedArchive { .. }
                            | Error::NewerArchive { .. }
                    ),
                    "{place}: {error}"
                );
                assert!(!home.exists(), "{place}");
            }
        }
    }
    fs::write(&bad, "no archive at all").unwrap();
    refused(folder.path(), &bad, "is no archive of a wardrobe");
    let error = import(&folder.path().join("x"), &folder.path().join("nowhere.zip")).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

/// Writes an archive of these entries.
fn pack(file: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(fs::File::create(file).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// The entries of an archive, by name.
type Entries = Vec<(String, Vec<u8>)>;

fn unpack(file: &Path) -> Entries {
    let mut zip = ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let count = zip.len();
    let entry = |i| {
        let mut entry = zip.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        (name, bytes)
    };
    (0..count).map(entry).collect()
}

#[test]
fn hostile_and_newer_archives_are_refused() {
    let (folder, wardrobe, file) = lived_in();
    export(&wardrobe, &file).unwrap();
    let good = unpack(&file);
    let bad = folder.path().join("bad.zip");
    // The same entries, changed: the list is the last.
    let with = |change: &dyn Fn(&mut Entries, &mut serde_json::Value)| {
        let mut entries = good.clone();
        let mut list: serde_json::Value =
            serde_json::from_slice(&entries.last().unwrap().1).unwrap();
        change(&mut entries, &mut list);
        if let Some(last) = entries
            .last_mut()
            .filter(|(name, _)| name == "wardrobe.json")
        {
            last.1 = serde_json::to_vec(&list).unwrap();
        }
        let entries: Vec<(&str, &[u8])> = entries
            .iter()
            .map(|(n, b)| (n.as_str(), b.as_slice()))
            .collect();
        pack(&bad, &entries);
    };
    with(&|_, _| {});
    let home = folder.path().join("same");
    import(&home, &bad).unwrap();
    assert_eq!(rows(&home), rows(wardrobe.home()));

    with(&|_, list| list["format"] = 2.into());
    let error = refused(folder.path(), &bad, "use a newer wardrobe");
    assert!(
        matches!(
            error,
            Error::NewerArchive {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    for path in [
        "../evil.jpg",
        "/tmp/evil.jpg",
        "photos/../../evil.jpg",
        "photos/sub/evil.jpg",
        "wardrobe.toml",
    ] {
        with(&|entries, list| {
            let photo = entries
                .iter_mut()
                .find(|(name, _)| name.starts_with("photos/"))
                .unwrap();
            let listed = list["files"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .find(|f| f["path"] == photo.0);
            listed.unwrap()["path"] = path.into();
            photo.0 = path.to_owned();
        });
        refused(folder.path(), &bad, "no file of a wardrobe");
    }
    // Entries that the list does not name, and the other way round.
    with(&|entries, _| entries.insert(0, ("../evil.jpg".to_owned(), b"evil".to_vec())));
    refused(folder.path(), &bad, "entries where");
    with(&|entries, _| {
        entries.remove(1);
    });
    refused(folder.path(), &bad, "entries where");
    with(&|entries, _| entries[1].1 = b"another photo".to_vec());
    refused(folder.path(), &bad, "not what it was");
    with(&|entries, _| entries[1].1.extend(vec![0; 1 << 24]));
    refused(folder.path(), &bad, "not what it was");
    with(&|entries, _| {
        entries.pop();
    });
    refused(folder.path(), &bad, "no wardrobe.json");

    // A database that is none, is newer, or names files elsewhere, under a list that is right about it.
    let with_database = |change: &dyn Fn(&Path)| {
        let path = folder.path().join("changed.db");
        fs::write(&path, &good[0].1).unwrap();
        change(&path);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        with(&|entries, list| {
            list["files"][0]["bytes"] = bytes.len().into();
            list["files"][0]["sha256"] = wardrobe_weights::sha256(&bytes).into();
            entries[0].1.clone_from(&bytes);
        });
    };
    let run = |path: &Path, sql: &str| {
        let database = Connection::open(path).unwrap();
        database.execute_batch(sql).unwrap();
        // Into the file itself.
        database
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap_or_default();
        database.close().unwrap();
    };
    with_database(&|path| fs::write(path, "no database at all, but text").unwrap());
    refused(folder.path(), &bad, "is not a database");
    with_database(&|path| run(path, "UPDATE wardrobe_format SET version = 99"));
    refused(folder.path(), &bad, "has format 99");
    with_database(&|path| run(path, "UPDATE photos SET file = '../../etc/passwd'"));
    refused(folder.path(), &bad, "which is not in it");
    with_database(&|path| run(path, "UPDATE garments SET crop = 'crops/other.jpg'"));
    refused(folder.path(), &bad, "which is not in it");
}
