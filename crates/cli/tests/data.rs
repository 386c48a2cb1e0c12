//! `wardrobe data`, and what needs a detector where there is none.

mod common;

use common::{Bench, keys, only_line, run};
use image::{Rgb, RgbImage};
use std::path::Path;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn picture(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, 90]));
    picture.save(path).unwrap();
}

const ANNOTATION: &str = r#"{"source": "user", "pair_id": 1, "item1": {"bounding_box": [4, 5, 30, 40], "category_id": 1, "viewpoint": 1,
    "occlusion": 2, "scale": 3}, "item2": {"bounding_box": [10, 5, 80, 40], "category_id": 8, "viewpoint": 2, "occlusion": 1, "scale": 3}}"#;

/// A little DeepFashion2: four photos to learn from, one to measure on.
fn deepfashion2(bench: &Bench) -> String {
    let root = bench.path("df2");
    for number in 1..=4 {
        picture(&root.join(format!("train/image/{number:06}.jpg")));
        write(
            &root.join(format!("train/annos/{number:06}.json")),
            ANNOTATION,
        );
    }
    picture(&root.join("validation/image/000009.jpg"));
    write(&root.join("validation/annos/000009.json"), ANNOTATION);
    root.display().to_string()
}

#[test]
fn instructions_need_no_data() {
    let bench = Bench::new();
    for kind in [
        "deepfashion2",
        "ccp",
        "imagefolder",
        "fashion-products",
        "imaterialist",
        "fashionpedia",
        "polyvore",
    ] {
        let (status, text, _) = bench.run(&["data", "prepare", kind]);
        assert_eq!(status, 0);
        assert!(
            text.contains("https://") && text.contains("wardrobe data verify"),
            "{kind}: {text}"
        );
        let document = bench.json(0, &["data", "prepare", kind]);
        assert_eq!(keys(&document), ["dataset", "instructions"]);
        assert_eq!(document["dataset"], kind);
    }
    // Half of what a conversion needs.
    let (status, ..) = bench.run(&["data", "prepare", "deepfashion2", "--data", "x"]);
    assert_eq!(status, 2);
}

#[test]
fn deepfashion2_is_counted_checked_and_converted() {
    let bench = Bench::new();
    let data = deepfashion2(&bench);
    let stats = bench.json(0, &["data", "stats", "deepfashion2", "--data", &data]);
    let train = &stats["parts"]["train"];
    assert_eq!(
        (train["photos"].as_u64(), train["boxes"].as_u64()),
        (Some(4), Some(8))
    );
    assert_eq!(train["classes"]["top"], 4);
    assert_eq!(train["slices"]["viewpoint"]["no-wear"], 4);
    assert_eq!(train["slices"]["classes"]["trousers"], 4);
    let (status, text, _) = bench.run(&["data", "stats", "deepfashion2", "--data", &data]);
    assert!(
        status == 0 && text.contains("viewpoint: front 4, no-wear 4"),
        "{text}"
    );

    let checked = bench.json(0, &["data", "verify", "deepfashion2", "--data", &data]);
    assert_eq!(
        checked["parts"]["train"]["clipped"], 4,
        "item2 reaches beyond the photo"
    );
    assert_eq!(checked["parts"]["val"]["photos"], 1);

    let out = bench.path("yolo").display().to_string();
    let convert = [
        "data",
        "prepare",
        "deepfashion2",
        "--data",
        &data,
        "--out",
        &out,
        "--subset",
        "2",
    ];
    let converted = bench.json(0, &convert);
    assert_eq!(
        (
            converted["photos"]["train"].as_u64(),
            converted["photos"]["val"].as_u64()
        ),
        (Some(2), Some(1))
    );
    let again = bench.json(0, &["data", "stats", "cut-paste", "--data", &out]);
    assert_eq!(again["parts"]["train"]["classes"]["trousers"], 2);
    let (status, _, stderr) = bench.run(&convert);
    assert!(
        status == 1 && only_line(&stderr).contains("not empty"),
        "{stderr}"
    );
}

#[test]
fn verifying_lists_what_is_wrong_and_goes_on() {
    let bench = Bench::new();
    let data = deepfashion2(&bench);
    let root = Path::new(&data);
    std::fs::write(root.join("train/image/000002.jpg"), "not a photo").unwrap();
    std::fs::remove_file(root.join("train/image/000003.jpg")).unwrap();
    let whole = std::fs::read(root.join("train/image/000004.jpg")).unwrap();
    // Its header is fine.
    std::fs::write(
        root.join("train/image/000004.jpg"),
        &whole[..whole.len() * 3 / 4],
    )
    .unwrap();
    let (status, stdout, stderr) = bench.run(&["data", "verify", "deepfashion2", "--data", &data]);
    assert_eq!(status, 3, "{stderr}");
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    for told in [
        "000002.jpg: not a picture",
        "000003.jpg: no such file",
        "000004.jpg: the JPEG file is cut off",
    ] {
        assert!(stderr.contains(told), "{told}: {stderr}");
    }
    assert!(
        stdout.contains("1 photos are whole") && stdout.contains("3 problems"),
        "{stdout}"
    );
}

#[test]
fn folders_of_labels_are_counted_and_checked() {
    let bench = Bench::new();
    for name in [
        "train/pants/a.png",
        "train/pants/b.png",
        "train/kimono/c.png",
        "val/dress/d.png",
    ] {
        picture(&bench.path("clothing").join(name));
    }
    let data = bench.path("clothing").display().to_string();
    let stats = bench.json(0, &["data", "stats", "imagefolder", "--data", &data]);
    assert_eq!(stats["parts"]["train"]["labels"]["pants"], 2);
    assert_eq!(stats["parts"]["train"]["unmapped"]["kimono"], 1);
    let checked = bench.json(0, &["data", "verify", "imagefolder", "--data", &data]);
    assert_eq!(checked["parts"]["val"]["photos"], 1);
    // Labels are no boxes.
    let (status, _, stderr) = bench.run(&["data", "stats", "ccp", "--data", &data]);
    assert!(
        status == 1 && only_line(&stderr).contains("COCO"),
        "{stderr}"
    );
}

#[test]
fn composing_writes_a_set_and_a_sheet_to_look_at() {
    let bench = Bench::new();
    for (part, count) in [("train", 3), ("val", 1)] {
        for number in 0..count {
            bench.photo(
                &format!("clothing/{part}/dress/{number}.png"),
                [170, 30, 60],
                number,
            );
        }
    }
    let (data, out) = (bench.path("clothing"), bench.path("made"));
    let sheet = bench.path("sheet.png");
    let made = bench.json(
        0,
        &[
            "data",
            "prepare",
            "cut-paste",
            "--data",
            data.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "-n",
            "4",
            "--val",
            "2",
            "--whole",
            "2",
            "--preview",
            sheet.to_str().unwrap(),
        ],
    );
    assert_eq!(
        (
            made["pictures"]["train"].as_u64(),
            made["pictures"]["val"].as_u64()
        ),
        (Some(6), Some(3))
    );
    assert_eq!(keys(&made["boxes"]["train"]).len(), 9);
    assert!(image::open(sheet).unwrap().width() > 300);
    let stats = bench.json(
        0,
        &[
            "data",
            "stats",
            "cut-paste",
            "--data",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(
        stats["parts"]["train"]["boxes"],
        made["boxes"]["train"]["dress"]
    );
}

#[test]
fn without_a_detector_it_is_told_how_to_get_one() {
    let bench = Bench::new();
    let photo = bench.photo("a.png", [30, 40, 90], 0).display().to_string();
    let data = deepfashion2(&bench);
    for args in [
        ["inspect", "detect", &photo, "--offline"],
        ["eval", "detect", "--data", &data],
    ] {
        let (status, _, stderr) = run(bench.wardrobe().args(args).args(["--detector", "none"]));
        assert!(
            status == 1 && only_line(&stderr).contains("--detector"),
            "{stderr}"
        );
        let missing = bench.path("missing.safetensors").display().to_string();
        let (status, _, stderr) = run(bench.wardrobe().args(args).args(["--detector", &missing]));
        assert!(
            status == 1 && only_line(&stderr).contains("missing.safetensors"),
            "{stderr}"
        );
    }
}

#[test]
fn photos_with_tags_are_counted_and_checked() {
    let bench = Bench::new();
    let root = bench.path("imaterialist");
    for number in 1..=2 {
        picture(&root.join(format!("images/train/{number}.jpg")));
    }
    write(
        &root.join("train.json"),
        r#"{"images": [{"imageId": "1"}, {"imageId": "2"}, {"imageId": "3"}], "annotations": [
            {"imageId": "1", "labelId": ["38", "181", "17"]}, {"imageId": "2", "labelId": ["181", "169"]},
            {"imageId": "3", "labelId": ["181"]}]}"#,
    );
    let data = root.display().to_string();
    let stats = bench.json(0, &["data", "stats", "imaterialist", "--data", &data]);
    let train = &stats["parts"]["train"];
    assert_eq!(
        (train["garments"].as_u64(), train["missing"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(train["tags"]["pattern"]["striped"], 2);
    assert_eq!(train["tags"]["formality"]["0.3"], 1);
    assert_eq!(train["unmapped"]["color: Black"], 1);
    let (status, text, _) = bench.run(&["data", "stats", "imaterialist", "--data", &data]);
    assert!(status == 0 && text.contains("pattern: striped 2"), "{text}");

    let verify = ["data", "verify", "imaterialist", "--data", &data];
    let checked = bench.json(0, &verify);
    assert_eq!(checked["parts"]["train"]["photos"], 2);
    assert_eq!(checked["parts"]["train"]["missing"], 1);
    std::fs::write(root.join("images/train/2.jpg"), "not a photo").unwrap();
    let (status, _, stderr) = bench.run(&verify);
    assert!(status != 0 && stderr.contains("2.jpg"), "{stderr}");
}

#[test]
fn polyvore_is_checked_and_counted() {
    let bench = Bench::new();
    let set = |id: u32, categories: &[u32]| {
        let item = |(i, c): (usize, &u32)| format!(r#"{{"index": {}, "categoryid": {c}}}"#, i + 1);
        let items: Vec<String> = categories.iter().enumerate().map(item).collect();
        format!(r#"{{"set_id": "{id}", "items": [{}]}}"#, items.join(","))
    };
    let root = bench.path("polyvore");
    let train = format!("[{}, {}]", set(1, &[4, 43, 78]), set(2, &[21, 27]));
    write(&root.join("train_no_dup.json"), &train);
    write(
        &root.join("valid_no_dup.json"),
        &format!("[{}]", set(2, &[21, 27])),
    );
    let data = root.display().to_string();
    let verified = bench.json(0, &["data", "verify", "polyvore", "--data", &data]);
    assert_eq!(verified["dataset"], "maryland-polyvore");
    assert_eq!(verified["parts"]["train"]["outfits"], 2);
    assert_eq!(verified["parts"]["train"]["published"], 17_316);
    assert_eq!(verified["leaks"][0]["sets"], 1);
    assert_eq!(verified["known_items"], false);
    assert_eq!(verified["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(verified["photos"].is_null());
    let (status, text, _) = bench.run(&["data", "verify", "polyvore", "--data", &data]);
    assert_eq!(status, 0);
    assert!(
        text.contains("2 outfits of 17316 published")
            && text.contains("1 outfits are in two parts"),
        "{text}"
    );

    let stats = bench.json(0, &["data", "stats", "polyvore", "--data", &data]);
    assert_eq!(stats["parts"]["train"]["items"], 5);
    assert_eq!(stats["parts"]["train"]["sizes"]["3"], 1);
    assert_eq!(stats["unmapped"]["78"], 1);
    let (status, text, _) = bench.run(&["data", "stats", "polyvore", "--data", &data]);
    assert_eq!(status, 0);
    assert!(
        text.contains("train: 2 outfits of 5 items") && text.contains("without a category: 78 1"),
        "{text}"
    );
    let nothing = bench.path("nothing").display().to_string();
    let (status, _, stderr) = bench.run(&["data", "verify", "polyvore", "--data", &nothing]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("train_no_dup.json"), "{stderr}");
}
