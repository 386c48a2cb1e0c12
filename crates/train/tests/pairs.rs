//! Tables of photos and texts: names of columns, commas, JSON lines, bad rows, parts.

mod common;

use common::save;
use std::path::Path;
use tempfile::tempdir;
use wardrobe_train::data::{Labelled, Pairs, Split};

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// Photos `a.png`, `b.png` and `images/7.jpg`.
fn photos(folder: &Path) {
    for (i, name) in ["a.png", "b.png", "images/7.jpg"].into_iter().enumerate() {
        save(&folder.join(name), [200, 30, 30], i as u32);
    }
}

fn texts(pairs: &Pairs) -> Vec<&str> {
    pairs.pairs.iter().map(|pair| pair.text.as_str()).collect()
}

#[test]
fn csv_with_commas_quotes_and_bad_rows() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    photos(at);
    let rows = "label,path,text\n\
                shirt,a.png,a red shirt\n\
                shirt,none.png,not there\n\
                shoes,b.png,  \n\
                ,b.png,blue shoes, with laces\n\
                dress,,a dress\n\
                dress,a.png,\"a dress, red\"\n";
    write(at, "pairs.csv", rows);
    let read = Pairs::split(at, Split::Train).unwrap().unwrap();
    assert_eq!(
        texts(&read),
        ["a red shirt", "blue shoes, with laces", "a dress, red"]
    );
    assert_eq!(read.pairs[0].path, at.join("a.png"));
    assert_eq!(read.pairs[0].label.as_deref(), Some("shirt"));
    assert_eq!(read.pairs[1].label, None);
    assert_eq!(read.labels(), [(0, 0), (2, 1)]);
    let expected = [
        ("line 3", "none.png"),
        ("line 4", "no text"),
        ("line 6", "no photo"),
    ];
    assert_eq!(read.bad.len(), expected.len(), "{:?}", read.bad);
    for (bad, (line, why)) in read.bad.iter().zip(expected) {
        assert!(
            bad.contains("pairs.csv") && bad.contains(line) && bad.contains(why),
            "{bad}"
        );
    }
    assert_eq!(Pairs::split(at, Split::Val).unwrap(), None);
    assert_eq!(Pairs::for_evaluation(at).unwrap(), Some(read));
}

#[test]
fn json_lines_and_a_table_named_itself() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    photos(at);
    let rows = "{\"image\": \"a.png\", \"caption\": \"a red shirt\", \"class\": 4}\n\n\
                {\"image\": \"b.png\"}\n\
                [1, 2]\n\
                {\"file\": \"b.png\", \"title\": \"shoes\", \"size\": [1, 2]}\n";
    write(at, "some.jsonl", rows);
    let read = Pairs::split(&at.join("some.jsonl"), Split::Train)
        .unwrap()
        .unwrap();
    assert_eq!(texts(&read), ["a red shirt", "shoes"]);
    assert_eq!(read.pairs[0].label.as_deref(), Some("4"));
    assert_eq!(read.bad.len(), 2, "{:?}", read.bad);
    assert!(
        read.bad[0].contains("line 3") && read.bad[1].contains("line 4"),
        "{:?}",
        read.bad
    );
}

#[test]
fn a_catalogue_is_pairs_of_photos_and_names() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    photos(at);
    let head = "id,gender,articleType,productDisplayName\n";
    write(
        at,
        "styles_train.csv",
        &format!("{head}7,Men,Shirts,A Red Shirt, Slim\n8,Men,Shirts,Lost\n"),
    );
    write(
        at,
        "styles_val.csv",
        &format!("{head}7,Men,Shirts,Another\n"),
    );
    let train = Pairs::split(at, Split::Train).unwrap().unwrap();
    assert_eq!(texts(&train), ["A Red Shirt, Slim"]);
    assert_eq!(train.pairs[0].label.as_deref(), Some("Shirts"));
    assert!(
        train.bad.len() == 1 && train.bad[0].contains("8.jpg"),
        "{:?}",
        train.bad
    );
    let val = Pairs::for_evaluation(at).unwrap().unwrap();
    assert_eq!(texts(&val), ["Another"]);
}

#[test]
fn tables_that_cannot_be_pairs_say_why() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    photos(at);
    assert_eq!(Pairs::split(at, Split::Train).unwrap(), None);
    for (text, why) in [
        ("path,size\na.png,4\n", "expected columns"),
        ("text\nred\n", "expected columns"),
        ("path,text\n", "no rows"),
        ("path,text\nlost.png,red\n", "lost.png"),
    ] {
        write(at, "pairs.csv", text);
        let error = Pairs::split(at, Split::Train).unwrap_err().to_string();
        assert!(
            error.contains("pairs.csv") && error.contains(why),
            "{error}"
        );
    }
}

#[test]
fn labelled_folders_keep_their_words() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (i, photo) in [
        "val/space suit/a.png",
        "val/kimono/b.png",
        "val/kimono/c.png",
    ]
    .into_iter()
    .enumerate()
    {
        save(&at(photo), [9, 80, 9], i as u32);
    }
    std::fs::create_dir_all(at("val/empty")).unwrap();
    let read = Labelled::for_evaluation(folder.path()).unwrap();
    assert_eq!(read.labels, ["kimono", "space suit"]);
    let labels: Vec<usize> = read.photos.iter().map(|(_, label)| *label).collect();
    assert_eq!(labels, [0, 0, 1]);
    let error = Labelled::for_evaluation(&at("val/kimono"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("pairs.csv"), "{error}");
}

#[test]
fn the_catalogue_at_hand_is_read_whole() {
    let Some(folder) = wardrobe_testkit::shared_data().map(|data| data.join("products")) else {
        return;
    };
    let train = Pairs::split(&folder, Split::Train).unwrap().unwrap();
    let val = Pairs::for_evaluation(&folder).unwrap().unwrap();
    assert_eq!((train.pairs.len(), val.pairs.len()), (7618, 974));
    assert!(train.bad.is_empty() && val.bad.is_empty());
}
