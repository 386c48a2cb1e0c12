//! Data sets in the layouts they are published in, and what is wrong with those that are not.

mod common;

use common::save;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::tempdir;
use wardrobe_train::data::{Dataset, PhotoCache, Picture, Split};
use wardrobe_train::{Error, Event};
use wardrobe_types::Category as C;

const RED: [u8; 3] = [250, 10, 10];

/// Label to (categories, file names), in order.
fn contents(data: &Dataset) -> BTreeMap<String, (Vec<C>, Vec<String>)> {
    let mut contents: BTreeMap<_, _> = data
        .labels
        .iter()
        .map(|l| (l.name.clone(), (l.categories.clone(), Vec::new())))
        .collect();
    for sample in &data.samples {
        let file = sample
            .picture
            .path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        contents
            .get_mut(&data.labels[sample.label].name)
            .unwrap()
            .1
            .push(file);
    }
    contents
}

fn expected(labels: &[(&str, &[C], &[&str])]) -> BTreeMap<String, (Vec<C>, Vec<String>)> {
    let own = |&(name, categories, files): &(&str, &[C], &[&str])| {
        let files = files.iter().map(|&f| f.to_owned()).collect();
        (name.to_owned(), (categories.to_vec(), files))
    };
    labels.iter().map(own).collect()
}

fn problem(result: Result<impl std::fmt::Debug, Error>) -> (std::path::PathBuf, String) {
    match result {
        Err(Error::Data { path, problem }) => (path, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_are_labels_and_unknown_ones_are_counted() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join("train").join(name);
    for (name, seed) in [
        ("pants/b.png", 1),
        ("pants/a.png", 2),
        ("kimono/x.png", 3),
        ("kimono/y.png", 4),
        ("trench-coat/c.png", 5),
    ] {
        save(&at(name), RED, seed);
    }
    // `top` and `blouse` are one category: one label, or the two would compete.
    save(&at("top/t.png"), RED, 6);
    save(&at("blouse/s.png"), RED, 7);
    std::fs::write(at("pants/notes.txt"), "not a photo").unwrap();
    std::fs::write(at("readme.txt"), "not a folder").unwrap();
    let data = Dataset::split(folder.path(), Split::Train)
        .unwrap()
        .unwrap();
    let pants: &[C] = &[C::Trousers, C::Jeans, C::Chinos, C::Joggers, C::Leggings];
    assert_eq!(
        contents(&data),
        expected(&[
            ("blouse/top", &[C::Blouse], &["s.png", "t.png"]),
            ("pants", pants, &["a.png", "b.png"]),
            ("trench-coat", &[C::TrenchCoat], &["c.png"]),
        ])
    );
    assert_eq!(data.unmapped, [("kimono".to_owned(), 2)].into());
    assert!(Dataset::split(folder.path(), Split::Val).unwrap().is_none());
}

#[test]
fn train_and_val_are_kept_apart() {
    let folder = tempdir().unwrap();
    save(&folder.path().join("train/shirt/learned.png"), RED, 1);
    save(&folder.path().join("val/shirt/measured.png"), RED, 2);
    let files = |data: Dataset| -> Vec<String> {
        contents(&data)
            .into_values()
            .flat_map(|(_, files)| files)
            .collect()
    };
    let split = |split| files(Dataset::split(folder.path(), split).unwrap().unwrap());
    assert_eq!(split(Split::Train), ["learned.png"]);
    assert_eq!(split(Split::Val), ["measured.png"]);
    assert_eq!(
        files(Dataset::for_evaluation(folder.path()).unwrap()),
        ["measured.png"]
    );
    // A folder without parts is one to learn from or to measure on.
    let whole = folder.path().join("val");
    assert_eq!(
        files(Dataset::split(&whole, Split::Train).unwrap().unwrap()),
        ["measured.png"]
    );
    assert_eq!(
        files(Dataset::for_evaluation(&whole).unwrap()),
        ["measured.png"]
    );
}

/// As on Kaggle: product names with stray commas, and rows whose photo the archive lacks.
const STYLES: &str = "\
id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName
15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt
39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012,Casual,Peter England, Men, Party Blue Jeans
59263,Women,Accessories,Watches,Watches,Silver,Winter,2016,Casual,\"Titan, Women Silver Watch\"
21379,Men,Apparel,Bottomwear,Track Pants,Black,Fall,2011,Casual,
53759,Men,Apparel,Topwear,Jeans,Grey,Summer,2012,Casual,A photo that is not there
1855,Men,Apparel,Topwear,Kurtas,Grey,Summer,2011,Ethnic,Inkfruit Kurta
30805,Men,Footwear,Sandal,Sandals,Brown,Summer,2012,Casual,One, two, three, four
26960,Women,Footwear,Flip Flops,Flip Flops,Brown,Summer,2012,Casual,The same category
";

fn styles(folder: &Path, table: &str, text: &str) {
    std::fs::write(folder.join(table), text).unwrap();
    for (seed, id) in [15970, 39386, 59263, 21379, 1855, 30805, 26960]
        .into_iter()
        .enumerate()
    {
        save(&folder.join(format!("images/{id}.jpg")), RED, seed as u32);
    }
}

#[test]
fn the_products_table_with_commas_and_missing_photos() {
    let folder = tempdir().unwrap();
    styles(folder.path(), "styles.csv", STYLES);
    let data = Dataset::for_evaluation(folder.path()).unwrap();
    assert_eq!(
        contents(&data),
        expected(&[
            ("Jeans", &[C::Jeans], &["39386.jpg"]),
            (
                "Sandals/Flip Flops",
                &[C::Sandals],
                &["30805.jpg", "26960.jpg"]
            ),
            ("Shirts", &[C::Shirt], &["15970.jpg"]),
            ("Track Pants", &[C::Joggers], &["21379.jpg"]),
            ("Watches", &[C::Watch], &["59263.jpg"]),
        ])
    );
    assert_eq!(data.unmapped, [("Kurtas".to_owned(), 1)].into());
    assert!(Dataset::split(folder.path(), Split::Val).unwrap().is_none());
}

#[test]
fn tables_for_training_and_validation() {
    let folder = tempdir().unwrap();
    let lines: Vec<&str> = STYLES.lines().collect();
    styles(folder.path(), "styles_train.csv", &lines[..3].join("\n"));
    styles(
        folder.path(),
        "styles_val.csv",
        &[lines[0], lines[3]].join("\n"),
    );
    let labels = |split| {
        contents(&Dataset::split(folder.path(), split).unwrap().unwrap())
            .into_keys()
            .collect::<Vec<_>>()
    };
    assert_eq!(labels(Split::Train), ["Jeans", "Shirts"]);
    assert_eq!(labels(Split::Val), ["Watches"]);
}

#[test]
fn a_data_set_without_a_known_label_says_which_it_found() {
    let folder = tempdir().unwrap();
    save(&folder.path().join("kimono/a.png"), RED, 1);
    save(&folder.path().join("Not sure/b.png"), RED, 2);
    let (path, said) = problem(Dataset::split(folder.path(), Split::Train));
    assert_eq!(path, folder.path());
    assert!(
        said.contains("Not sure, kimono") && said.contains("styles.csv"),
        "{said}"
    );

    // The same for a table, whichever part it is.
    let lines: Vec<&str> = STYLES.lines().collect();
    for (table, split) in [
        ("styles_train.csv", Split::Train),
        ("styles_val.csv", Split::Val),
    ] {
        let folder = tempdir().unwrap();
        styles(folder.path(), table, &[lines[0], lines[6]].join("\n"));
        let (path, said) = problem(Dataset::split(folder.path(), split));
        assert_eq!(path, folder.path().join(table));
        assert!(said.contains("Kurtas"), "{said}");
    }
    let empty = tempdir().unwrap();
    let (_, said) = problem(Dataset::for_evaluation(empty.path()));
    assert!(said.contains("unknown labels: none"), "{said}");
}

#[test]
fn a_table_without_the_columns_and_a_folder_that_is_not_there_are_named() {
    let folder = tempdir().unwrap();
    styles(folder.path(), "styles.csv", "id,kind\n15970,Shirts\n");
    let (path, said) = problem(Dataset::for_evaluation(folder.path()));
    assert_eq!(path, folder.path().join("styles.csv"));
    assert!(said.contains("articleType"), "{said}");
    let nowhere = folder.path().join("nowhere");
    match Dataset::for_evaluation(&nowhere) {
        Err(Error::File { path, .. }) => assert_eq!(path, nowhere),
        other => panic!("{other:?}"),
    }
}

#[test]
fn photos_are_squashed_and_broken_ones_reported() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(&at("whole.png"), RED, 1);
    save(&at("whole.jpg"), RED, 2);
    std::fs::write(
        at("broken.png"),
        &std::fs::read(at("whole.png")).unwrap()[..200],
    )
    .unwrap();
    let pictures =
        ["whole.png", "broken.png", "whole.jpg", "absent.png"].map(|name| Picture::whole(at(name)));
    let (mut skipped, mut loaded) = (Vec::new(), Vec::new());
    let mut watch = |event| match event {
        Event::Skipped { reason } => skipped.push(reason),
        Event::Loading { done, total } => loaded.push((done, total)),
        other => panic!("{other:?}"),
    };
    let cache = PhotoCache::load(&pictures.each_ref(), 24, &mut watch).unwrap();
    assert_eq!(loaded, [(4, 4)]);
    assert_eq!(skipped.len(), 2);
    assert!(
        skipped[0].contains("broken.png") && skipped[1].contains("absent.png"),
        "{skipped:?}"
    );
    for (i, there) in [true, false, true, false, false].into_iter().enumerate() {
        assert_eq!(
            cache.get(i).map(|photo| photo.dimensions()),
            there.then_some((24, 24))
        );
    }
    let error = PhotoCache::load(&[&pictures[1]], 24, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("broken.png"), "{error}");
}

#[test]
fn every_box_of_a_photo_of_several_is_a_garment() {
    let folder = tempdir().unwrap();
    save(&folder.path().join("photos/street.png"), RED, 1);
    let annotations = |names: [&str; 3]| {
        let categories = names.iter().enumerate();
        let categories: Vec<_> = categories
            .map(|(id, name)| serde_json::json!({"id": id, "name": name, "supercategory": "shoes"}))
            .collect();
        let boxes = [
            (0, [0, 0, 33, 40], 0),
            (1, [3, 4, 33, 34], 0),
            (2, [0, 0, 37, 42], 0),
            // Too little to see, and several garments.
            (1, [3, 4, 33, 31], 0),
            (0, [0, 0, 37, 42], 1),
        ];
        let boxes = boxes.map(|(category_id, bbox, iscrowd)| {
            serde_json::json!({"image_id": 1, "category_id": category_id, "bbox": bbox, "iscrowd": iscrowd})
        });
        let file = serde_json::json!({
            "images": [{"id": 1, "file_name": "street.png"}],
            "categories": categories,
            "annotations": boxes,
        });
        let path = folder.path().join("annotations_val.json");
        std::fs::write(path, file.to_string()).unwrap();
        Dataset::split(folder.path(), Split::Val).unwrap().unwrap()
    };
    let data = annotations(["boots", "jacket", "cape"]);
    let jackets: &[C] = &[C::Jacket, C::DenimJacket, C::LeatherJacket, C::PufferJacket];
    assert_eq!(
        contents(&data),
        expected(&[
            ("boots", &[C::Boots, C::AnkleBoots], &["street.png"]),
            ("jacket", jackets, &["street.png"]),
        ])
    );
    let unmapped = [("cape".to_owned(), 1), ("too small".to_owned(), 1)];
    assert_eq!(data.unmapped, unmapped.into());
    // A twentieth of its sides of ground around it.
    let jacket = data.samples[1].picture.load().unwrap();
    assert_eq!(jacket.dimensions(), (36, 38));
    assert!(
        Dataset::split(folder.path(), Split::Train)
            .unwrap()
            .is_none()
    );

    // Labels that are not all Clothing Co-Parsing's are what they would be as folders' names.
    let data = annotations(["boots", "jacket", "outwear"]);
    let of = |name: &str| {
        let label = data.labels.iter().find(|label| label.name == name);
        label.unwrap().categories.len()
    };
    assert_eq!((of("boots"), of("jacket"), of("outwear")), (1, 1, 7));
}
