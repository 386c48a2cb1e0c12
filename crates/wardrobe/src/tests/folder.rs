//! The folder: made, moved, refused, and never half-written.

use std::fs;

use rusqlite::Connection;
use wardrobe_types::Category;
use wardrobe_types::ColorName;
use wardrobe_vector_index::{CollectionSpec, SqliteStore, VectorStore};

use super::{empty, look, photo, put, ready, stocked};
use crate::ingest::row_of;
use crate::{Error, Filter, Request, Target, Wardrobe};

fn files(folder: &std::path::Path) -> usize {
    let count = |name: &str| fs::read_dir(folder.join(name)).unwrap().count();
    count("photos") + count("crops")
}

#[test]
fn a_copied_folder_is_the_same_wardrobe() {
    let (folder, wardrobe, ids) = stocked();
    let before = wardrobe.garments(&Filter::default()).unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(!outfits.outfits.is_empty(), "{:?}", outfits.reason);
    drop(wardrobe);
    let moved = folder.path().join("moved");
    fs::rename(folder.path().join("home"), &moved).unwrap();
    let wardrobe = Wardrobe::open(&moved, Default::default()).unwrap();
    assert_eq!(wardrobe.garments(&Filter::default()).unwrap(), before);
    for garment in &before {
        assert!(garment.photo.starts_with("photos/") && garment.crop.starts_with("crops/"));
        assert!(wardrobe.path(&garment.photo).is_file() && wardrobe.path(&garment.crop).is_file());
    }
    let again = wardrobe.recommend(&Request::default()).unwrap();
    assert_eq!(again.outfits[0].id, outfits.outfits[0].id);
    assert_eq!(
        wardrobe
            .similar(&Target::Garment(ids[0].clone()), 9)
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn looking_makes_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    let home = folder.path().join("not/there");
    let wardrobe = Wardrobe::open_to_read(&home, Default::default()).unwrap();
    assert!(wardrobe.garments(&Filter::default()).unwrap().is_empty());
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    assert!(outfits.outfits.is_empty() && outfits.reason.is_some());
    assert!(!folder.path().join("not").exists());
}

#[test]
fn a_file_is_no_home() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    for home in [file.clone(), file.join("below")] {
        let error = Wardrobe::open(&home, Default::default()).unwrap_err();
        assert!(matches!(error, Error::NotAFolder { .. }), "{error}");
        let error = Wardrobe::open_to_read(&home, Default::default()).unwrap_err();
        assert!(matches!(error, Error::NotAFolder { .. }), "{error}");
    }
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (folder, wardrobe) = empty();
    drop(wardrobe);
    let home = folder.path().join("home");
    let connection = Connection::open(home.join("wardrobe.db")).unwrap();
    connection
        .execute("UPDATE wardrobe_format SET version = 4", [])
        .unwrap();
    drop(connection);
    let before = fs::read(home.join("wardrobe.db")).unwrap();
    for opened in [
        Wardrobe::open(&home, Default::default()),
        Wardrobe::open_to_read(&home, Default::default()),
    ] {
        let error = opened.unwrap_err();
        assert!(
            matches!(
                error,
                Error::NewerFormat {
                    found: 4,
                    known: 3,
                    ..
                }
            ),
            "{error}"
        );
        assert!(
            error.to_string().contains("use a newer wardrobe"),
            "{error}"
        );
    }
    assert_eq!(fs::read(home.join("wardrobe.db")).unwrap(), before);
}

#[test]
fn other_files_are_not_taken_over() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("wardrobe.db");
    fs::write(
        &path,
        "this is no database, but quite a long text about one".repeat(40),
    )
    .unwrap();
    let error = Wardrobe::open(folder.path(), Default::default()).unwrap_err();
    assert!(error.to_string().contains("is not a database"), "{error}");
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(other);
    let error = Wardrobe::open(folder.path(), Default::default()).unwrap_err();
    assert!(matches!(error, Error::NotAWardrobe { .. }), "{error}");
}

#[test]
fn a_photo_that_cannot_be_stored_leaves_nothing_behind() {
    let (folder, mut wardrobe) = empty();
    let home = folder.path().join("home");
    // The embedder's collection has another dimension, so the vector is refused, last of all.
    let store = SqliteStore::open(home.join("wardrobe.db")).unwrap();
    let taken = CollectionSpec::cosine("garments by test-embedder", 7, "test-embedder");
    store.create_collection(&taken).unwrap();
    let ready = ready(&photo(ColorName::Olive, 0));
    let looks = [look(Category::Shirt, &ready.cuts[0], "test-embedder")];
    let row = row_of("shirt.jpg".as_ref(), &ready);
    let error = wardrobe.store_photo(&row, &ready, &looks).unwrap_err();
    assert!(matches!(error, Error::Index(_)), "{error}");
    assert_eq!(files(&home), 0);
    assert!(wardrobe.garments(&Filter::default()).unwrap().is_empty());
    assert!(wardrobe.store.photos().unwrap().is_empty());
}

#[test]
fn a_full_database_is_told_and_leaves_nothing_behind() {
    let (folder, mut wardrobe) = empty();
    put(
        &mut wardrobe,
        Category::Shirt,
        &photo(ColorName::Olive, 0),
        "test-embedder",
    );
    let (before, garments) = (
        files(&folder.path().join("home")),
        wardrobe.garments(&Filter::default()).unwrap(),
    );
    wardrobe.store.limit_to_its_size();
    let ready = ready(&photo(ColorName::Red, 1));
    let long = vec![1.0; 40_000];
    let embedding = wardrobe_types::Embedding::new("long".into(), long).unwrap();
    let look = crate::Look {
        embedding,
        ..look(Category::Shirt, &ready.cuts[0], "long")
    };
    let row = row_of("shirt.jpg".as_ref(), &ready);
    let error = wardrobe.store_photo(&row, &ready, &[look]).unwrap_err();
    assert!(
        error.stops_a_batch() && error.to_string().contains("full"),
        "{error}"
    );
    assert_eq!(files(&folder.path().join("home")), before);
    assert_eq!(wardrobe.garments(&Filter::default()).unwrap(), garments);
}

#[test]
fn left_over_temporary_files_are_swept_and_fresh_ones_are_not() {
    let (folder, wardrobe) = empty();
    drop(wardrobe);
    let photos = folder.path().join("home/photos");
    let (old, fresh) = (photos.join(".new-old"), photos.join(".new-fresh"));
    fs::write(&fresh, "").unwrap();
    let file = fs::File::create(&old).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(7200))
        .unwrap();
    Wardrobe::open(folder.path().join("home"), Default::default()).unwrap();
    assert!(!old.exists() && fresh.exists());
}
