//! Outfits in the layouts they are published in, what is made of them, and what is asked of them.

mod common;

use common::save;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;
use std::path::Path;
use tempfile::tempdir;
use wardrobe_testkit::shared_data;
use wardrobe_train::data::outfits::{
    Classes, Layout, Leaks, Negatives, OutfitData, Part, Sampler, Statistics, Tasks,
};
use wardrobe_types::Category;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The full schema of the Maryland lists, with two parts and the test's official tasks.
fn maryland(folder: &Path) {
    let item = |index: usize, category: u32, tid: u32| {
        format!(
            r#"{{"index": {index}, "name": "a thing", "price": 12.0, "likes": 3, "categoryid": {category},
                "image": "http://img2.polyvore.com/cgi/img-thing?.out=jpg&size=m&tid={tid}"}}"#
        )
    };
    let set = |id: &str, items: &[String]| {
        format!(
            r#"{{"name": "x", "views": 1, "set_id": "{id}", "date": "today", "items": [{}]}}"#,
            items.join(",")
        )
    };
    let train = [
        set(
            "100",
            &[
                item(1, 4, 11),
                item(2, 43, 12),
                item(3, 37, 13),
                item(4, 78, 14),
            ],
        ),
        set("101", &[item(1, 4, 11), item(2, 49, 21)]),
        set("102", &[item(1, 19, 31)]),
    ];
    write(
        &folder.join("train_no_dup.json"),
        &format!("[{}]", train.join(",")),
    );
    let test = [
        set("200", &[item(1, 27, 41), item(2, 49, 21), item(4, 21, 42)]),
        set("201", &[item(1, 4, 51), item(3, 43, 52)]),
    ];
    write(
        &folder.join("test_no_dup.json"),
        &format!("[{}]", test.join(",")),
    );
    write(
        &folder.join("category_id.txt"),
        "4 Day Dresses\n43 Pumps\n37 Shoulder Bags\n78 Lipstick\n49 Sneakers\n27 Jeans\n",
    );
    write(
        &folder.join("fashion_compatibility_prediction.txt"),
        "1 200_1 200_2 200_4\n0 200_1 201_3\n0 200_1 999_9\n\n",
    );
    write(
        &folder.join("fill_in_blank_test.json"),
        r#"[{"question": ["200_1", "200_4"], "blank_position": 2, "answers": ["201_3", "200_2", "201_1"]},
            {"question": ["200_1"], "blank_position": 2, "answers": ["999_1", "200_2"]}]"#,
    );
}

#[test]
fn maryland_polyvore_is_read_in_its_schema() {
    let folder = tempdir().unwrap();
    maryland(folder.path());
    let data = OutfitData::read(folder.path(), Classes::Own).unwrap();
    assert_eq!(data.layout, Layout::MarylandPolyvore);
    // An outfit of one item is none.
    assert_eq!(data.parts[&Part::Train].len(), 2);
    assert_eq!(data.parts[&Part::Test].len(), 2);
    assert_eq!(data.parts[&Part::Train][0].items.len(), 4);
    assert!(data.classes.iter().any(|name| name == "Day Dresses"));
    // A category id that the list of names lacks is its own name.
    assert!(data.classes.iter().any(|name| name == "21"));
    assert!(data.knows_items() && !data.has_pictures() && data.photos().is_none());
    assert_eq!(data.published(Part::Test), Some(3076));
    // The dress is one garment in two outfits, and the sneakers are in both parts.
    assert_eq!(
        data.parts[&Part::Train][0].items[0],
        data.parts[&Part::Train][1].items[0]
    );
    let leaks = Leaks::of(&data);
    assert_eq!(leaks.len(), 1);
    assert_eq!(
        (
            leaks[0].items,
            leaks[0].of_items,
            leaks[0].outfits,
            leaks[0].sets
        ),
        (1, 5, 1, 0)
    );
    let counts = Statistics::of(&data, &data.parts[&Part::Train]);
    assert_eq!(
        (counts.outfits, counts.items, counts.classes["Day Dresses"]),
        (2, 6, 2)
    );
    assert_eq!(data.files.len(), 3);
    assert!(
        data.files
            .iter()
            .all(|file| file.sha256.len() == 64 && file.bytes > 0)
    );

    // Lipstick is nothing to wear.
    let ours = OutfitData::read(folder.path(), Classes::Wardrobe).unwrap();
    assert_eq!(ours.unmapped["Lipstick"], 1);
    assert_eq!(ours.parts[&Part::Train][0].items.len(), 3);
    let mut classes = ours.classes.clone();
    classes.sort();
    assert_eq!(classes, ["bag", "dress", "shoes", "top", "trousers"]);
    let dress = &ours.items[ours.parts[&Part::Train][0].items[0]];
    assert_eq!(dress.category, Some(Category::Dress));
}

#[test]
fn official_tasks_are_those_of_the_files() {
    let folder = tempdir().unwrap();
    maryland(folder.path());
    let data = OutfitData::read(folder.path(), Classes::Own).unwrap();
    assert_eq!(Tasks::official(&data, Part::Train).unwrap(), None);
    let tasks = Tasks::official(&data, Part::Test).unwrap().unwrap();
    let judged: Vec<(usize, bool)> = tasks
        .judged
        .iter()
        .map(|set| (set.items.len(), set.worn))
        .collect();
    assert_eq!(judged, [(3, true), (2, false)]);
    assert_eq!(tasks.questions.len(), 1);
    // The right answer is the one of the question's own set, wherever it stands.
    assert_eq!(
        (tasks.questions[0].right, tasks.questions[0].items.len()),
        (1, 2)
    );
    assert_eq!(tasks.left_out, 2);

    write(
        &folder.path().join("fashion_compatibility_prediction.txt"),
        "1 200_1\n2 200_1\n",
    );
    let error = Tasks::official(&data, Part::Test).unwrap_err().to_string();
    assert!(
        error.contains("line 2") && error.contains("1 or 0"),
        "{error}"
    );
}

#[test]
fn polyvore_outfits_are_read_in_their_schema() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    write(
        &root.join("polyvore_item_metadata.json"),
        r#"{"1": {"semantic_category": "tops", "category_id": "17", "title": "silk"}, "2": {"semantic_category": "bottoms",
            "category_id": "27"}, "3": {"semantic_category": "shoes", "category_id": "43"}, "4": {"semantic_category": "jewellery",
            "category_id": "62"}}"#,
    );
    let sets = r#"[{"set_id": "7", "items": [{"item_id": "1", "index": 1}, {"item_id": "2", "index": 2}, {"item_id": "3", "index": 3}]}]"#;
    write(&root.join("disjoint/train.json"), sets);
    let sets = r#"[{"set_id": "8", "items": [{"item_id": "1", "index": 1}, {"item_id": "4", "index": 2}, {"item_id": "9", "index": 3}]}]"#;
    write(&root.join("disjoint/valid.json"), sets);
    write(
        &root.join("disjoint/compatibility_valid.txt"),
        "1 8_1 8_2\n0 8_1 7_3\n",
    );
    for item in 1..=4 {
        save(&root.join(format!("images/{item}.jpg")), [9, 80, 90], item);
    }
    for path in [root.to_path_buf(), root.join("disjoint")] {
        let data = OutfitData::read(&path, Classes::Own).unwrap();
        assert_eq!(data.layout, Layout::PolyvoreOutfits);
        assert_eq!(data.published(Part::Valid), Some(3000));
        assert_eq!(data.classes, ["tops", "bottoms", "shoes", "jewellery"]);
        assert!(data.has_pictures());
        assert_eq!(data.photos().unwrap().len(), 4);
        assert_eq!(data.problems.len(), 1, "{:?}", data.problems);
        assert!(data.problems[0].contains("item 9"), "{:?}", data.problems);
        assert_eq!(Leaks::of(&data)[0].items, 1);
        let tasks = Tasks::official(&data, Part::Valid).unwrap().unwrap();
        assert_eq!((tasks.judged.len(), tasks.left_out), (2, 0));
    }
    // What is worn together may be any number of items, but a blouse alone is no outfit.
    let ours = OutfitData::read(root, Classes::Wardrobe).unwrap();
    assert_eq!(ours.unmapped["jewellery"], 1);
    assert!(!ours.parts.contains_key(&Part::Valid));
}

#[test]
fn what_is_worn_on_a_photo_is_an_outfit() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    save(&root.join("photos/1.jpg"), [9, 80, 90], 1);
    let annotation = |id: usize, category: usize, side: usize| {
        format!(
            r#"{{"id": {id}, "image_id": 5, "category_id": {category}, "bbox": [1, 2, {side}, 20]}}"#
        )
    };
    let annotations = [
        annotation(1, 1, 20),
        annotation(2, 2, 18),
        annotation(3, 3, 17),
        annotation(4, 1, 8),
        annotation(5, 9, 30),
    ];
    write(
        &root.join("annotations_train.json"),
        &format!(
            r#"{{"images": [{{"id": 5, "file_name": "1.jpg"}}, {{"id": 6, "file_name": "gone.jpg"}}], "annotations": [{}],
                "categories": [{{"id": 1, "name": "coat"}}, {{"id": 2, "name": "pants"}}, {{"id": 3, "name": "tights"}}]}}"#,
            annotations.join(",")
        ),
    );
    let data = OutfitData::read(root, Classes::Wardrobe).unwrap();
    assert_eq!(data.layout, Layout::Coco);
    assert_eq!(data.classes, ["outerwear", "trousers"]);
    assert_eq!(data.unmapped["tights"], 1);
    assert_eq!(data.parts[&Part::Train][0].items.len(), 2);
    let bbox = data.items[0].picture.as_ref().unwrap().bbox.unwrap();
    assert_eq!((bbox.x0, bbox.y1), (1.0, 22.0));
    let problems = data.problems.join("\n");
    assert!(
        problems.contains("gone.jpg")
            && problems.contains("16 pixels")
            && problems.contains("category 9"),
        "{problems}"
    );
}

#[test]
fn folders_of_anything_else_are_refused() {
    let folder = tempdir().unwrap();
    let error = OutfitData::read(folder.path(), Classes::Own)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("train_no_dup.json") && error.contains("polyvore_item_metadata.json"),
        "{error}"
    );
    write(&folder.path().join("train_no_dup.json"), "{}");
    let error = OutfitData::read(folder.path(), Classes::Own)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("train_no_dup.json") && error.contains("set_id"),
        "{error}"
    );
    write(&folder.path().join("train_no_dup.json"), "[]");
    assert!(OutfitData::read(folder.path(), Classes::Own).is_err());
}

/// Sixty outfits of a top, a bottom and shoes; every fifth has the first one's shoes.
fn many(folder: &Path) -> OutfitData {
    let item = |index: usize, category: u32, tid: usize| {
        format!(r#"{{"index": {index}, "categoryid": {category}, "image": "x?tid={tid}"}}"#)
    };
    let sets: Vec<String> = (0..60)
        .map(|set| {
            let shoes = if set % 5 == 0 { 1 } else { 1000 + set };
            let items = [
                item(1, 21, 2000 + set),
                item(2, 27, 3000 + set),
                item(3, 49, shoes),
            ];
            format!(r#"{{"set_id": "{set}", "items": [{}]}}"#, items.join(","))
        })
        .collect();
    write(
        &folder.join("train_no_dup.json"),
        &format!("[{}]", sets.join(",")),
    );
    OutfitData::read(folder, Classes::Own).unwrap()
}

#[test]
fn negatives_are_never_worn_together_and_keep_what_they_promise() {
    let folder = tempdir().unwrap();
    let data = many(folder.path());
    let outfits = data.outfits(Part::Train, 3).unwrap();
    let worn: HashSet<(usize, usize)> = outfits
        .iter()
        .flat_map(|outfit| {
            outfit
                .items
                .iter()
                .flat_map(|&a| outfit.items.iter().map(move |&b| (a, b)))
        })
        .collect();
    let count = |item: usize| {
        outfits
            .iter()
            .filter(|outfit| outfit.items.contains(&item))
            .count()
    };
    for kind in Negatives::ALL {
        let sampler = Sampler::new(&data, &outfits, kind);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut changed = 0;
        for outfit in outfits.iter().cycle().take(300) {
            let Some(negative) = sampler.negative(outfit, &mut rng) else {
                // Nothing else is as frequent as the shoes of every fifth outfit.
                assert!(
                    kind == Negatives::Popularity && outfit.items.iter().any(|&i| count(i) > 1)
                );
                continue;
            };
            assert_eq!(negative.len(), outfit.items.len());
            changed += 1;
            for (place, &item) in negative.iter().enumerate() {
                assert!(
                    !outfit.items.contains(&item),
                    "{kind:?}: an item of the outfit itself"
                );
                let own = outfit.items[place];
                let rest = outfit.items.iter().filter(|other| **other != own);
                for other in negative[..place].iter().chain(rest) {
                    assert!(!worn.contains(&(item, *other)), "{kind:?}: worn together");
                }
                match kind {
                    Negatives::Shuffled => {}
                    Negatives::SameCategory => {
                        assert_eq!(data.items[item].class, data.items[own].class)
                    }
                    Negatives::Popularity => assert_eq!(count(item).ilog2(), count(own).ilog2()),
                }
            }
        }
        assert!(changed > 200, "{kind:?}: {changed}");
    }
}

#[test]
fn generated_tasks_hold_an_outfit_its_negative_and_its_blank() {
    let folder = tempdir().unwrap();
    let data = many(folder.path());
    let outfits = data.outfits(Part::Train, 3).unwrap();
    let sampler = Sampler::new(&data, &outfits, Negatives::SameCategory);
    let tasks = Tasks::generated(&sampler, &outfits, 4).unwrap();
    assert_eq!(tasks, Tasks::generated(&sampler, &outfits, 4).unwrap());
    assert_ne!(tasks, Tasks::generated(&sampler, &outfits, 5).unwrap());
    assert_eq!(
        (tasks.judged.len(), tasks.questions.len(), tasks.left_out),
        (120, 60, 0)
    );
    for pair in tasks.judged.chunks(2) {
        assert!(pair[0].worn && !pair[1].worn && pair[0].group == pair[1].group);
    }
    let mut places = HashSet::new();
    for question in &tasks.questions {
        let outfit = &outfits[question.group].items;
        let right = question.answers[question.right];
        assert!(outfit.contains(&right) && !question.items.contains(&right));
        assert_eq!(question.items.len() + 1, outfit.len());
        let distinct: HashSet<&usize> = question.answers.iter().collect();
        assert_eq!(distinct.len(), 4);
        for answer in &question.answers {
            assert_eq!(data.items[*answer].class, data.items[right].class);
        }
        places.insert(question.right);
    }
    assert_eq!(places.len(), 4, "the right answer stands anywhere");
    assert!(data.outfits(Part::Valid, 3).is_err());
    assert!(data.outfits(Part::Train, 4).is_err());
}

#[test]
fn the_published_lists_hold_what_they_are_known_to() {
    let Some(shared) = shared_data() else { return };
    let data = OutfitData::read(&shared.join("polyvore-maryland"), Classes::Own).unwrap();
    assert_eq!(data.parts[&Part::Train].len(), 15_601);
    assert_eq!(data.parts[&Part::Valid].len(), 1_382);
    assert_eq!(data.classes.len(), 120);
    assert!(!data.knows_items() && data.problems.is_empty());
    assert!(
        Leaks::of(&data)
            .iter()
            .all(|leak| leak.sets == 0 && leak.items == 0)
    );
    let sample = OutfitData::read(&shared.join("polyvore-maryland-sample"), Classes::Own).unwrap();
    assert!(sample.has_pictures() && sample.parts.len() == 3);
    let people = OutfitData::read(&shared.join("ccp"), Classes::Wardrobe).unwrap();
    assert!(people.outfits(Part::Train, 3).unwrap().len() > 700);
    assert_eq!(people.classes.len(), 14);
}
