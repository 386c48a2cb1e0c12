//! Every example runs on the sample photos and says what it should.

use std::path::{Path, PathBuf};
use std::process::Command;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sample(name: &str) -> String {
    format!("data/samples/{name}.jpg")
}

/// What an example prints. Cargo has built it beside this test.
fn output(example: &str, arguments: &[&str]) -> String {
    let this = std::env::current_exe().unwrap();
    let folder = this.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is not built: `cargo test -p wardrobe-examples` does it",
        program.display()
    );
    let output = Command::new(program)
        .args(arguments)
        .current_dir(checkout())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{example}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// The lines that hold all these words.
fn lines<'a>(said: &'a str, words: &[&str]) -> Vec<&'a str> {
    said.lines()
        .filter(|line| words.iter().all(|word| line.contains(word)))
        .collect()
}

#[test]
fn every_example_has_a_test_here() {
    let examples = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let tests = include_str!("run.rs");
    for example in examples.map(|entry| entry.unwrap().path()) {
        if example
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            let name = example.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(tests.contains(&format!("\"{name}\"")), "{name}");
            let lines = std::fs::read_to_string(&example).unwrap().lines().count();
            assert!(lines < 60, "{name} has {lines} lines");
        }
    }
}

#[test]
fn types() {
    let said = output("types", &["evening-dress"]);
    assert!(
        said.starts_with("evening-dress fills [Top, Bottom]"),
        "{said}"
    );
    assert_eq!(
        lines(&said, &["the clothing photos call it dress"]).len(),
        1,
        "{said}"
    );
}

#[test]
fn ingest_decodes_and_checks() {
    let said = output("ingest", &["data/samples"]);
    assert_eq!(lines(&said, &["Jpeg", "sharpness"]).len(), 28, "{said}");
}

#[test]
fn attributes_names_colours() {
    let said = output("attributes", &[&sample("red-skirt")]);
    assert!(!lines(&said, &["%", "red (red) #"]).is_empty(), "{said}");
}

#[test]
fn detect_draws() {
    let out = tempfile::tempdir().unwrap();
    let said = output(
        "detect",
        &[
            &out.path().to_string_lossy(),
            &sample("red-skirt"),
            &sample("white-shirt"),
        ],
    );
    assert_eq!(lines(&said, &["garments"]).len(), 2, "{said}");
    let (skirt, shirt) = said.split_once("white-shirt").unwrap();
    assert!(
        skirt.contains("% skirt from") && shirt.contains("% top from"),
        "{said}"
    );
    assert!(out.path().join("red-skirt.png").is_file());
}

#[test]
fn classify_a_folder() {
    let said = output("classify", &["data/samples"]);
    assert_eq!(lines(&said, &["data/samples/"]).len(), 28);
    let after = said.split("red-skirt.jpg").nth(1).unwrap();
    assert!(after.lines().nth(1).unwrap().ends_with("skirt"), "{after}");
}

#[test]
fn embed_and_search() {
    let photos = [
        "black-jeans",
        "dark-blue-jeans",
        "black-heels",
        "beige-chinos",
        "flat-cap",
        "mint-hoodie",
    ]
    .map(sample);
    let said = output("embed", &photos.each_ref().map(String::as_str));
    let ranked: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(ranked.len(), 5, "{said}");
    assert!(
        ranked[..2].iter().any(|line| line.contains("jeans")),
        "{said}"
    );
}

#[test]
fn vector_index_finds_near_colours() {
    let photos = ["red-skirt", "black-dress", "white-shirt"].map(sample);
    let said = output("vector_index", &photos.each_ref().map(String::as_str));
    assert!(
        said.starts_with("1.0000 data/samples/red-skirt.jpg"),
        "{said}"
    );
}

#[test]
fn recommend_from_a_json_wardrobe() {
    let said = output("recommend", &["examples/wardrobe.json", "smart-casual"]);
    assert_eq!(
        lines(&said, &["0.", ", "])
            .iter()
            .filter(|line| line.starts_with("0."))
            .count(),
        3,
        "{said}"
    );
    let clash: f32 = said.trim().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(clash < 0.5, "{said}");
}

#[test]
fn personalize_simulates_feedback() {
    let said = output("personalize", &[]);
    assert!(
        lines(&said, &["day 7"])[0].contains("red t-shirt"),
        "{said}"
    );
    assert!(!lines(&said, &["+", "red"]).is_empty(), "{said}");
}

#[test]
fn eval_measures() {
    let said = output("eval", &[]);
    assert!(said.starts_with("top-1 0.9"), "{said}");
    assert!(said.contains("macro-F1"), "{said}");
}

#[test]
fn nn_learns() {
    let said = output("nn", &[]);
    for line in [
        "[0.0, 0.0] -> 0",
        "[0.0, 1.0] -> 1",
        "[1.0, 0.0] -> 1",
        "[1.0, 1.0] -> 0",
    ] {
        assert_eq!(lines(&said, &[line]).len(), 1, "{said}");
    }
}

#[test]
fn weights_are_listed_and_intact() {
    let said = output("weights", &[]);
    let verified = lines(&said, &["starter-detector: Verified"]);
    assert!(!verified.is_empty(), "{said}");
}

#[test]
fn train_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for (label, part, photo) in [
        ("shirt", "train", "light-blue-shirt"),
        ("shirt", "train", "checked-shirt"),
        ("shirt", "val", "white-shirt"),
        ("pants", "train", "black-jeans"),
        ("pants", "train", "grey-joggers"),
        ("pants", "val", "dark-blue-jeans"),
    ] {
        let to = folder.path().join("photos").join(part).join(label);
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(
            checkout().join(sample(photo)),
            to.join("photo.jpg").with_file_name(format!("{photo}.jpg")),
        )
        .unwrap();
    }
    let (photos, out) = (folder.path().join("photos"), folder.path().join("run"));
    let said = output(
        "train",
        &[&photos.to_string_lossy(), &out.to_string_lossy()],
    );
    assert_eq!(lines(&said, &["epoch", ": loss "]).len(), 2, "{said}");
    assert!(out.join("best.safetensors").is_file(), "{said}");
}

#[test]
fn wardrobe_does_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let (home, page) = (
        folder.path().join("home"),
        folder.path().join("lookbook.html"),
    );
    let said = output(
        "wardrobe",
        &[
            &home.to_string_lossy(),
            &page.to_string_lossy(),
            "data/samples",
        ],
    );
    assert!(said.starts_with("28 photos added"), "{said}");
    assert!(!lines(&said, &["most like"]).is_empty(), "{said}");
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<article").count(), 3);
}
