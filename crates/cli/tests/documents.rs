//! The JSON documents: names of fields exactly as documented.

mod common;

use common::{Bench, keys};
use serde_json::Value;

const GARMENT: [&str; 18] = [
    "bbox",
    "category",
    "category_confidence",
    "colors",
    "created_at",
    "crop",
    "embedder",
    "fit",
    "formality",
    "id",
    "laundry",
    "material",
    "open",
    "pattern",
    "photo",
    "seasons",
    "slots",
    "styles",
];

/// Three photos taken in, and what ingest said.
fn stocked() -> (Bench, Value) {
    let bench = Bench::new();
    for (mark, cloth) in [[40, 60, 120], [120, 60, 40], [60, 110, 60]]
        .into_iter()
        .enumerate()
    {
        bench.photo(&format!("photos/{mark}.png"), cloth, mark as u32);
    }
    let report = bench.json(
        0,
        &["ingest", "--force", &bench.path("photos").to_string_lossy()],
    );
    (bench, report)
}

/// Makes a top, a bottom and shoes of the first three garments, whatever the models saw.
fn dress(bench: &Bench) -> Vec<String> {
    let list = bench.json(0, &["list"]);
    let ids: Vec<String> = list["garments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|garment| garment["id"].as_str().unwrap().to_owned())
        .collect();
    for (id, category) in ids.iter().zip(["shirt", "chinos", "loafers"]) {
        bench.json(0, &["edit", id, "--category", category]);
    }
    ids
}

fn is_garment(garment: &Value) {
    assert_eq!(keys(garment), GARMENT);
    assert_eq!(garment["bbox"].as_array().unwrap().len(), 4);
    assert_eq!(keys(&garment["colors"][0]), ["fraction", "hex", "name"]);
    assert!(
        garment["colors"][0]["hex"]
            .as_str()
            .unwrap()
            .starts_with('#')
    );
    // The tagger's where it is sure; nobody has taught it fits.
    assert!(garment["pattern"].is_null() || garment["pattern"].is_string());
    assert!(garment["fit"].is_null() && garment["styles"].is_array());
    assert_eq!(garment["laundry"], false);
}

#[test]
fn ingest_and_list() {
    let (bench, report) = stocked();
    assert_eq!(keys(&report), ["photos", "stopped", "summary"]);
    let summary = [
        "added",
        "duplicate",
        "failed",
        "garments",
        "rejected",
        "seconds",
    ];
    assert_eq!(keys(&report["summary"]), summary);
    for photo in report["photos"].as_array().unwrap() {
        assert_eq!(
            keys(photo),
            [
                "duplicate_of",
                "garments",
                "path",
                "reason",
                "status",
                "warnings"
            ]
        );
        assert_eq!(photo["status"], "added");
        assert!(photo["reason"].is_null() && photo["duplicate_of"].is_null());
        is_garment(&photo["garments"][0]);
    }
    let list = bench.json(0, &["list"]);
    assert_eq!(keys(&list), ["garments"]);
    assert_eq!(list["garments"].as_array().unwrap().len(), 3);
    assert_eq!(list["garments"][0], report["photos"][0]["garments"][0]);
    let id = list["garments"][0]["id"].as_str().unwrap();
    let mut shown = bench.json(0, &["show", id]);
    let known = shown.as_object_mut().unwrap();
    for (field, value) in [
        ("worn", serde_json::json!({"times": 0, "last": null})),
        ("price", Value::Null),
        ("cost_per_wear", Value::Null),
    ] {
        assert_eq!(known.remove(field), Some(value), "{field}");
    }
    assert_eq!(known.remove("photos").unwrap()[0]["id"], id);
    assert_eq!(shown, list["garments"][0]);
}

#[test]
fn ingesting_again_adds_nothing_and_keeps_corrections() {
    let (bench, _) = stocked();
    let ids = dress(&bench);
    bench.json(
        0,
        &[
            "edit",
            &ids[0],
            "--color",
            "burgundy,white",
            "--pattern",
            "striped",
            "--laundry",
            "yes",
        ],
    );
    let before = bench.json(0, &["list"]);
    let photos = bench.path("photos");
    std::fs::copy(photos.join("0.png"), photos.join("again.png")).unwrap();
    let report = bench.json(0, &["ingest", "--force", &photos.to_string_lossy()]);
    assert_eq!(report["summary"]["added"], 0);
    assert_eq!(report["summary"]["duplicate"], 4);
    let again = &report["photos"][3];
    assert!(again["path"].as_str().unwrap().ends_with("again.png"));
    assert_eq!(again["duplicate_of"], before["garments"][0]["photo"]);
    assert_eq!(again["reason"], "the same content as 0.png");
    assert_eq!(again["garments"][0], before["garments"][0]);
    assert_eq!(bench.json(0, &["list"]), before);
    assert_eq!(before["garments"][0]["colors"][1]["name"], "white");
    assert_eq!(before["garments"][0]["slots"], serde_json::json!(["top"]));
}

#[test]
fn a_near_duplicate_is_added_and_names_the_other() {
    let (bench, _) = stocked();
    let photo = image::open(bench.path("photos/0.png")).unwrap().brighten(6);
    photo.save(bench.path("brighter.jpg")).unwrap();
    let report = bench.json(
        0,
        &[
            "ingest",
            "--force",
            &bench.path("brighter.jpg").to_string_lossy(),
        ],
    );
    assert_eq!(report["summary"]["added"], 1);
    let warnings = report["photos"][0]["warnings"].as_array().unwrap();
    let near = warnings
        .iter()
        .find(|warning| warning["kind"] == "near-duplicate")
        .unwrap();
    assert_eq!(keys(near), ["kind", "message", "value"]);
    assert!(
        near["message"]
            .as_str()
            .unwrap()
            .contains("looks like 0.png"),
        "{near}"
    );
}

#[test]
fn removing_and_taking_in_again() {
    let (bench, report) = stocked();
    let id = report["photos"][1]["garments"][0]["id"].as_str().unwrap();
    let removed = bench.json(0, &["remove", "--purge", id]);
    assert_eq!(removed["removed"][0]["id"], id);
    let (status, stdout, stderr) = bench.run(&["remove", "--json", id, "zzz"]);
    assert_eq!(status, 1, "{stdout}");
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    let report = bench.json(
        0,
        &["ingest", "--force", &bench.path("photos").to_string_lossy()],
    );
    assert_eq!(report["summary"]["added"], 1);
    assert_eq!(report["photos"][1]["garments"][0]["id"], id);
}

#[test]
fn similar() {
    let (bench, report) = stocked();
    let id = report["photos"][0]["garments"][0]["id"].as_str().unwrap();
    let photo = bench.path("photos/0.png");
    for (target, expected) in [(id, 2), (&*photo.to_string_lossy(), 3)] {
        let alike = bench.json(0, &["similar", target]);
        assert_eq!(keys(&alike), ["garments"]);
        let garments = alike["garments"].as_array().unwrap();
        assert_eq!(garments.len(), expected);
        let mut fields: Vec<&str> = GARMENT.to_vec();
        fields.push("score");
        fields.sort_unstable();
        assert_eq!(keys(&garments[0]), fields);
    }
    let alike = bench.json(0, &["similar", &photo.to_string_lossy(), "-n", "1"]);
    assert_eq!(
        alike["garments"][0]["id"], id,
        "a photo is most like itself"
    );
    assert!(alike["garments"][0]["score"].as_f64().unwrap() > 0.999);
}

#[test]
fn search() {
    let (bench, _) = stocked();
    let ids = dress(&bench);
    let answer = bench.json(0, &["search", "chino", "or", "loafer", "in", "corduroy"]);
    assert_eq!(keys(&answer), ["garments", "meaning", "query"]);
    let query = &answer["query"];
    assert_eq!(
        keys(query),
        ["corrected", "not_understood", "unwanted", "wanted"]
    );
    assert_eq!(query["not_understood"], serde_json::json!(["corduroy"]));
    assert_eq!(query["wanted"][0]["words"], "chino or loafer");
    assert_eq!(query["wanted"][0]["any_of"][0]["category"], "chinos");
    let garments = answer["garments"].as_array().unwrap();
    let mut fields: Vec<&str> = GARMENT.to_vec();
    fields.extend(["matched", "score"]);
    fields.sort_unstable();
    assert_eq!(keys(&garments[0]), fields);
    let found: Vec<&Value> = garments.iter().map(|garment| &garment["id"]).collect();
    assert_eq!(found, [&ids[1], &ids[2]]);
    assert_eq!(
        garments[0]["matched"],
        serde_json::json!(["chino or loafer"])
    );

    // Text for people: the table is the answer, how the words were taken is said beside it.
    let (status, text, stderr) = bench.run(&["search", "lofaers", "-n", "1"]);
    assert_eq!(status, 0);
    assert!(text.contains("MATCHED") && text.contains(&ids[2]), "{text}");
    assert!(stderr.contains("took `lofaers` for `loafers`"), "{stderr}");
    let (status, text, stderr) = bench.run(&[
        "search", "not", "a", "shirt", "or", "chinos", "or", "loafers",
    ]);
    assert_eq!((status, text.as_str()), (0, ""));
    assert!(stderr.contains("no garment answers that"), "{stderr}");
    let (status, ..) = bench.run(&["search"]);
    assert_eq!(status, 2);
}

#[test]
fn recommend_and_pages() {
    let (bench, _) = stocked();
    dress(&bench);
    let (html, png) = (bench.path("looks.html"), bench.path("looks.png"));
    let (html_name, png_name) = (html.to_string_lossy(), png.to_string_lossy());
    let answer = bench.json(
        0,
        &["recommend", "--html", &html_name, "--collage", &png_name],
    );
    assert_eq!(
        keys(&answer),
        [
            "candidates",
            "outfits",
            "reason",
            "season",
            "season_assumed",
            "seed",
            "unsure"
        ]
    );
    assert_eq!(answer["outfits"].as_array().unwrap().len(), 1);
    assert!(answer["reason"].is_string(), "one outfit of five asked for");
    let outfit = &answer["outfits"][0];
    assert_eq!(
        keys(outfit),
        [
            "breakdown",
            "explanation",
            "garments",
            "id",
            "items",
            "score"
        ]
    );
    let slots: Vec<&Value> = outfit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["slots"][0])
        .collect();
    assert_eq!(slots, ["top", "bottom", "shoes"]);
    is_garment(&outfit["items"][0]);
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<img ").count() == 3);
    assert_eq!(image::open(&png).unwrap().width(), 40 + 800 + 40);
    let jpeg = bench.path("lookbook.jpg");
    bench.json(0, &["recommend", "--collage", &jpeg.to_string_lossy()]);
    assert!(
        std::fs::read(&jpeg).unwrap().starts_with(&[0xff, 0xd8]),
        "as its name says"
    );
    let report = bench.path("report.html");
    let told = bench.json(0, &["report", &report.to_string_lossy()]);
    assert_eq!(
        (&told["garments"], &told["outfits"]),
        (&3.into(), &1.into())
    );
    assert!(
        std::fs::read_to_string(&report)
            .unwrap()
            .contains("<h1>Wardrobe</h1>")
    );
    let (status, _, stderr) = bench.run(&["recommend", "--html", "/no/such/folder/page.html"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("/no/such/folder/page.html"), "{stderr}");
}

#[test]
fn feedback_and_preferences() {
    let (bench, _) = stocked();
    let ids = dress(&bench);
    let outfit = || bench.json(0, &["recommend"])["outfits"][0].clone();
    let before = outfit();
    assert!(before["breakdown"]["preference"].is_null());
    let id = before["id"].as_str().unwrap();
    let taught = bench.json(0, &["feedback", id, "like"]);
    let fields = [
        "changed", "garments", "instead", "number", "outfit", "said_at", "signal", "undone",
    ];
    assert_eq!(keys(&taught), fields);
    assert_eq!(
        (&taught["outfit"], &taught["signal"]),
        (&id.into(), &"like".into())
    );
    assert_eq!(keys(&taught["changed"][0]), ["after", "before", "feature"]);
    let after = outfit();
    assert!(after["breakdown"]["preference"].as_f64().unwrap() > 0.5);
    assert!(after["score"].as_f64().unwrap() > before["score"].as_f64().unwrap());

    let named = ids.join(",");
    assert_eq!(bench.json(0, &["feedback", &named, "wear"])["outfit"], *id);
    let learned = bench.json(0, &["preferences"]);
    assert_eq!(keys(&learned), ["feedback", "reset", "weights"]);
    let weight = &learned["weights"][0];
    assert_eq!(
        keys(weight),
        ["because", "certainty", "evidence", "feature", "weight"]
    );
    assert_eq!(keys(&weight["because"][0]), ["feedback", "part", "signal"]);
    assert_eq!(
        (&weight["evidence"], &learned["feedback"][0]["signal"]),
        (&2.into(), &"wear".into())
    );
    let (status, text, _) = bench.run(&["preferences"]);
    assert_eq!(status, 0);
    assert!(
        text.contains("BECAUSE OF") && text.contains(&format!("1: like {id}")),
        "{text}"
    );

    assert_eq!(bench.json(0, &["feedback", "--undo", "last"])["number"], 2);
    assert_eq!(bench.json(0, &["preferences", "--reset"])["reset"], 1);
    assert_eq!(outfit(), before);
    let (status, _, stderr) = bench.run(&["feedback", "--undo", "last"]);
    assert_eq!(status, 1);
    assert!(
        common::only_line(&stderr).contains("no feedback to take back"),
        "{stderr}"
    );
    let (status, _, stderr) = bench.run(&["feedback", "zzz", "like"]);
    assert_eq!(status, 1);
    assert!(
        common::only_line(&stderr).contains("`recommend` shows the ids"),
        "{stderr}"
    );
}

#[test]
fn inspect() {
    let bench = Bench::new();
    let photo = bench.photo("photo.png", [40, 60, 120], 0);
    std::fs::write(bench.path("text.jpg"), "no photo").unwrap();
    let (photo, text) = (photo.to_string_lossy(), bench.path("text.jpg"));
    let text = text.to_string_lossy();
    for (stage, list, fields) in [
        (
            "quality",
            "photos",
            &[
                "blur", "contrast", "error", "exposure", "height", "ok", "path", "warnings",
                "width",
            ][..],
        ),
        ("classify", "photos", &["error", "path", "top"]),
        ("colors", "photos", &["colors", "error", "path"]),
        ("embed", "items", &["embedding", "error", "model", "path"]),
    ] {
        let document = bench.json(3, &["inspect", stage, &photo, &text]);
        assert_eq!(keys(&document), [list]);
        let rows = document[list].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{stage}");
        for row in rows {
            assert_eq!(keys(row), fields, "{stage}");
            assert_eq!(row["error"].is_string(), row["path"] == *text, "{row}");
        }
        let (status, _, stderr) = bench.run(&["inspect", stage, &text]);
        assert_eq!(status, 1, "{stage}");
        assert!(common::only_line(&stderr).contains("text.jpg"), "{stderr}");
    }
    let quality = &bench.json(0, &["inspect", "quality", &photo])["photos"][0];
    assert_eq!(
        (&quality["ok"], &quality["width"], &quality["height"]),
        (&true.into(), &300.into(), &400.into())
    );
    assert_eq!(keys(&quality["blur"]), ["blurry", "value"]);
    for field in ["bright", "dark", "verdict"] {
        assert!(keys(&quality["exposure"]).contains(&field), "{field}");
    }
    let top = &bench.json(0, &["inspect", "classify", "-k", "3", &photo])["photos"][0]["top"];
    assert_eq!(top.as_array().unwrap().len(), 3);
    assert_eq!(keys(&top[0]), ["category", "confidence"]);
    let colors = &bench.json(0, &["inspect", "colors", &photo])["photos"][0]["colors"];
    assert_eq!(keys(&colors[0]), ["basic", "fraction", "hex", "name"]);
    assert_eq!(colors[0]["basic"], "blue");
    let embedded = &bench.json(0, &["inspect", "embed", &photo])["items"][0];
    assert_eq!(embedded["embedding"].as_array().unwrap().len(), 512);
    assert!(!bench.home().exists());
}
