//! The wardrobe over the years, as a program: wear, seasons, several photos, removing, archives.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Bench, keys, only_line, run};
use serde_json::{Value, json};

/// A shirt, chinos and loafers, whatever the models saw.
fn stocked() -> (Bench, Vec<String>) {
    let bench = Bench::new();
    for (mark, cloth) in [[40, 60, 120], [120, 60, 40], [60, 110, 60]]
        .into_iter()
        .enumerate()
    {
        bench.photo(&format!("photos/{mark}.png"), cloth, mark as u32);
    }
    bench.json(
        0,
        &["ingest", "--force", &bench.path("photos").to_string_lossy()],
    );
    let ids = listed(&bench);
    for (id, category) in ids.iter().zip(["shirt", "chinos", "loafers"]) {
        bench.json(0, &["edit", id, "--category", category]);
    }
    (bench, ids)
}

fn listed(bench: &Bench) -> Vec<String> {
    let list = bench.json(0, &["list"]);
    let ids = list["garments"].as_array().unwrap().iter();
    ids.map(|garment| garment["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn wear_is_logged_counted_and_priced() {
    let (bench, ids) = stocked();
    bench.json(0, &["edit", &ids[0], "--price", "60"]);
    let noted = bench.json(0, &["wear", &ids[0], &ids[1], "--date", "2026-03-01"]);
    assert_eq!(
        keys(&noted),
        ["day", "feedback", "garments", "number", "undone"]
    );
    assert_eq!(
        (&noted["day"], &noted["number"]),
        (&json!("2026-03-01"), &json!(1))
    );
    let outfit = bench.json(0, &["recommend"])["outfits"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    bench.json(0, &["wear", &outfit, "--date", "yesterday"]);
    bench.json(0, &["feedback", &outfit, "wear"]);
    let shown = bench.json(0, &["show", &ids[0]]);
    assert_eq!(
        (
            &shown["worn"]["times"],
            &shown["price"],
            &shown["cost_per_wear"]
        ),
        (&json!(3), &json!(60.0), &json!(20.0))
    );
    let log = bench.json(0, &["wear", "--log"]);
    let log = log["wears"].as_array().unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!(
        (&log[0]["feedback"], &log[0]["number"], &log[2]["number"]),
        (&json!(1), &Value::Null, &json!(1))
    );
    let (status, text, _) = bench.run(&["wear", "--log"]);
    assert!(
        status == 0 && text.contains("feedback 1") && text.contains("2026-03-01"),
        "{text}"
    );
    let (_, text, _) = bench.run(&["show", &ids[0]]);
    assert!(
        text.contains("worn       3 times, last on ")
            && text.contains("price      60.00, 20.00 a wear"),
        "{text}"
    );

    assert_eq!(bench.json(0, &["wear", "--undo", "last"])["number"], 2);
    assert_eq!(bench.json(0, &["wear", "--undo", "1"])["undone"], true);
    let (status, _, stderr) = bench.run(&["wear", "--undo", "last"]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("`feedback --undo`"), "{stderr}");
    assert_eq!(bench.json(0, &["show", &ids[0]])["cost_per_wear"], 60.0);
    let (status, _, stderr) = bench.run(&["wear", &ids[0], "--date", "9999-01-01"]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("still to come"), "{stderr}");
    for (args, words) in [
        (&["wear"][..], "ID"),
        (
            &["wear", "x", "--date", "monday"],
            "today, yesterday, or a date",
        ),
        (&["wear", "--undo", "first"], "expected last, or a number"),
        (&["edit", "x", "--price", "-3"], "at least 0"),
        (&["edit", "x", "--price", "nan"], "at least 0"),
        (&["edit", "x", "--material", "sued"], "did you mean suede"),
        (&["settings", "--hemisphere", "west"], "north"),
        (&["recommend", "--season", "autumn"], "fall"),
        (&["remove"], "ID"),
    ] {
        let (status, _, stderr) = bench.run(args);
        assert!(status == 2 && stderr.contains(words), "{args:?}: {stderr}");
    }
}

#[test]
fn the_season_is_that_of_the_date_and_the_hemisphere() {
    let (bench, ids) = stocked();
    let january = |more: &[&str]| {
        let mut args = vec!["recommend", "--date", "2026-01-15"];
        args.extend(more);
        let answer = bench.json(0, &args);
        (answer["season"].clone(), answer["season_assumed"].clone())
    };
    assert_eq!(january(&[]), (json!("winter"), json!(true)));
    assert_eq!(
        january(&["--hemisphere", "south"]),
        (json!("summer"), json!(true))
    );
    assert_eq!(
        january(&["--hemisphere", "equator"]),
        (Value::Null, json!(false))
    );
    assert_eq!(
        january(&["--season", "fall"]),
        (json!("fall"), json!(false))
    );
    assert_eq!(january(&["--season", "any"]), (Value::Null, json!(false)));
    assert_eq!(
        january(&["--temperature", "8"]),
        (Value::Null, json!(false))
    );
    assert_eq!(
        bench.json(0, &["settings", "--hemisphere", "south"]),
        json!({"hemisphere": "south"})
    );
    assert_eq!(bench.json(0, &["settings"])["hemisphere"], "south");
    assert_eq!(january(&[]), (json!("summer"), json!(true)));
    let (_, text, _) = bench.run(&["recommend", "--date", "2026-01-15"]);
    assert!(
        text.contains("dressed for summer, as on 2026-01-15 in the south"),
        "{text}"
    );
    // The season filters: what is for winter alone stays at home, and the reason says so.
    bench.json(0, &["edit", &ids[2], "--season", "winter"]);
    let answer = bench.json(0, &["recommend", "--date", "2026-01-15"]);
    assert_eq!(
        answer["reason"],
        "no shoes left after leaving out what is not worn in summer"
    );
    let (status, ..) = bench.run(&[
        "report",
        &bench.path("page.html").to_string_lossy(),
        "--season",
        "any",
    ]);
    assert_eq!(status, 0);
}

#[test]
fn what_was_just_worn_and_what_rain_ruins_stay_at_home() {
    let (bench, ids) = stocked();
    let reason = |args: &[&str]| {
        let mut all = vec!["recommend", "-n", "1", "--season", "any"];
        all.extend(args);
        bench.json(0, &all)["reason"].clone()
    };
    bench.json(0, &["wear", &ids[1]]);
    assert_eq!(reason(&[]), Value::Null, "there is nothing else to wear");
    let worn = "no bottoms left after leaving out what was worn in the last 7 days";
    assert_eq!(reason(&["--not-worn-days", "7"]), worn);
    assert_eq!(reason(&["--not-worn-days", "0"]), Value::Null);
    assert_eq!(
        reason(&["--not-worn-days", "7", "--with", &ids[1]]),
        Value::Null
    );
    let rain = "no shoes left after leaving out what rain ruins";
    assert_eq!(reason(&["--rain"]), rain, "loafers are of fine leather");
    bench.json(0, &["edit", &ids[2], "--material", "rubber"]);
    assert_eq!(reason(&["--rain"]), Value::Null);
    bench.json(0, &["edit", &ids[2], "--open", "yes"]);
    assert_eq!(reason(&["--rain"]), rain);
    bench.json(0, &["edit", &ids[2], "--open", "no", "--material", "suede"]);
    assert_eq!(reason(&["--rain"]), rain);
    let (_, text, _) = bench.run(&["recommend", "--rain", "--with", &ids[2]]);
    assert!(
        text.contains("loafers are of suede, which rain ruins"),
        "{text}"
    );
}

#[test]
fn corrections_win_over_new_weights() {
    let (bench, ids) = stocked();
    bench.json(
        0,
        &[
            "edit",
            &ids[0],
            "--color",
            "burgundy",
            "--pattern",
            "striped",
            "--material",
            "silk",
            "--price",
            "5",
        ],
    );
    bench.json(
        0,
        &[
            "add-photo",
            &ids[0],
            &bench.photo("back.png", [90, 90, 90], 7).to_string_lossy(),
        ],
    );
    let before = bench.json(0, &["show", &ids[0]]);
    // The same classifier but for one weight, so that it is another to the wardrobe.
    let starter =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights/starter-classifier.safetensors");
    let mut weights = fs::read(starter).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    let other = bench.path("other.safetensors");
    fs::write(&other, weights).unwrap();
    let photos = bench.home().join("photos");
    let again = [
        "--weights",
        &other.to_string_lossy(),
        "ingest",
        "--force",
        &photos.to_string_lossy(),
    ];
    let report = bench.json(0, &again);
    assert_eq!(report["summary"]["duplicate"], 4);
    for photo in report["photos"].as_array().unwrap() {
        let warnings = photo["warnings"].as_array().unwrap();
        let renewed = warnings.iter().any(|warning| warning["kind"] == "renewed");
        assert!(renewed, "{photo}");
    }
    let after = bench.json(0, &["show", &ids[0]]);
    assert_ne!(after["embedder"], before["embedder"]);
    for field in [
        "category", "colors", "pattern", "material", "price", "photos", "id",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(listed(&bench), ids);
}

#[test]
fn several_photos_are_one_garment() {
    let (bench, ids) = stocked();
    let back = bench.photo("back.png", [200, 40, 40], 5);
    let added = bench.json(0, &["add-photo", &ids[0], &back.to_string_lossy()]);
    assert_eq!(added["id"], ids[0]);
    let photos = added["photos"].as_array().unwrap();
    assert_eq!(
        (photos.len(), keys(&photos[1])),
        (2, vec!["bbox", "crop", "id", "photo"])
    );
    let view = photos[1]["id"].as_str().unwrap();
    assert_eq!(listed(&bench), ids);
    let (_, text, _) = bench.run(&["show", &ids[0]]);
    assert!(text.contains(&format!("further    {view}  ")), "{text}");
    let alike = bench.json(0, &["similar", &back.to_string_lossy(), "-n", "1"]);
    assert_eq!(alike["garments"][0]["id"], ids[0]);
    assert!(alike["garments"][0]["score"].as_f64().unwrap() > 0.999);
    // The same photo once more, and as a photo of another.
    let (status, _, stderr) = bench.run(&["add-photo", &ids[0], &back.to_string_lossy()]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("is a photo of"), "{stderr}");
    let report = bench.json(0, &["ingest", "--force", &back.to_string_lossy()]);
    assert_eq!(
        (
            &report["summary"]["duplicate"],
            &report["photos"][0]["garments"][0]["id"]
        ),
        (&json!(1), &json!(ids[0]))
    );
    // Two garments that are one, and are not.
    let joined = bench.json(0, &["add-photo", &ids[1], &ids[2]]);
    assert_eq!(joined["photos"].as_array().unwrap().len(), 2);
    assert_eq!(listed(&bench), ids[..2]);
    assert_eq!(
        bench.json(0, &["add-photo", "--undo", &ids[2]])["id"],
        ids[2]
    );
    assert_eq!(listed(&bench), ids);
    let (status, _, stderr) = bench.run(&["add-photo", &ids[0], "no-such.jpg"]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("no-such.jpg"), "{stderr}");
}

#[test]
fn duplicates_are_shown_side_by_side() {
    let (bench, ids) = stocked();
    let photo = image::open(bench.path("photos/0.png")).unwrap().brighten(6);
    photo.save(bench.path("brighter.jpg")).unwrap();
    bench.json(
        0,
        &[
            "ingest",
            "--force",
            &bench.path("brighter.jpg").to_string_lossy(),
        ],
    );
    let picture = bench.path("pairs.png");
    let answer = bench.json(0, &["duplicates", "--picture", &picture.to_string_lossy()]);
    let pairs = answer["pairs"].as_array().unwrap();
    let found = pairs.iter().find(|pair| {
        (&pair["photos"][0]["name"], &pair["photos"][1]["name"])
            == (&json!("0.png"), &json!("brighter.jpg"))
    });
    let pair = found.unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(
        (keys(pair), keys(&pair["photos"][0])),
        (vec!["bits", "photos"], vec!["garments", "name", "photo"])
    );
    assert_eq!(pair["photos"][0]["garments"][0]["id"], ids[0]);
    assert_eq!(image::open(&picture).unwrap().height(), 336);
    let (status, text, _) = bench.run(&["duplicates"]);
    assert!(status == 0 && text.contains("brighter.jpg"), "{text}");
    // Resolved: no pair of these two any more.
    let other = pair["photos"][1]["garments"][0]["id"].as_str().unwrap();
    bench.json(0, &["add-photo", &ids[0], other]);
    assert_eq!(
        bench.json(0, &["duplicates"])["pairs"]
            .as_array()
            .unwrap()
            .len(),
        pairs.len() - 1
    );
}

#[test]
fn removed_garments_come_back_or_go_for_good() {
    let (bench, ids) = stocked();
    bench.json(0, &["edit", &ids[1], "--pattern", "plaid"]);
    let before = bench.json(0, &["show", &ids[1]]);
    let removed = bench.json(0, &["remove", &ids[1]]);
    assert_eq!(
        (keys(&removed), &removed["purged"]),
        (vec!["failed", "purged", "removed"], &json!(false))
    );
    assert_eq!(listed(&bench).len(), 2);
    assert_eq!(
        bench.json(0, &["list", "--removed"])["garments"][0]["id"],
        ids[1]
    );
    // Its photo again: it stays removed, and the answer says how it comes back.
    let report = bench.json(
        0,
        &["ingest", "--force", &bench.path("photos").to_string_lossy()],
    );
    assert_eq!(report["summary"]["duplicate"], 3);
    let reason = report["photos"][1]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        format!(
            "removed from the wardrobe: `wardrobe restore {}` brings it back",
            ids[1]
        )
    );
    let restored = bench.json(3, &["restore", &ids[1], "zzz"]);
    assert_eq!(
        (&restored["restored"][0]["id"], &restored["failed"][0]["id"]),
        (&json!(ids[1]), &json!("zzz"))
    );
    assert_eq!(bench.json(0, &["show", &ids[1]]), before);

    bench.json(0, &["remove", &ids[1]]);
    let (status, text, _) = bench.run(&["remove", "--purge"]);
    assert!(status == 0 && text.contains("1 removed for good"), "{text}");
    assert_eq!(
        fs::read_dir(bench.home().join("photos")).unwrap().count(),
        2
    );
    let report = bench.json(
        0,
        &["ingest", "--force", &bench.path("photos").to_string_lossy()],
    );
    assert_eq!(report["summary"]["added"], 1);
    assert_ne!(bench.json(0, &["show", &ids[1]])["pattern"], "plaid");
}

/// Every photo and crop, with its bytes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for sub in ["photos", "crops"] {
        for entry in fs::read_dir(folder.join(sub)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn an_archive_restores_bit_by_bit_and_harms_nothing() {
    let (bench, ids) = stocked();
    bench.json(0, &["wear", &ids[0]]);
    let file = bench.path("all.zip");
    let file = file.to_string_lossy();
    let told = bench.json(0, &["export", &file]);
    assert_eq!(keys(&told), ["bytes", "garments", "missing", "photos"]);
    let new = bench.path("new");
    let new_home = new.to_string_lossy();
    let elsewhere = |args: &[&str]| run(common::program().args(["--home", &new_home]).args(args));
    let (status, text, stderr) = elsewhere(&["import", &file]);
    assert_eq!(status, 0, "{stderr}");
    assert!(text.contains("3 photos, 3 garments"), "{text}");
    assert_eq!(tree(&new), tree(&bench.home()));
    let (_, log, _) = elsewhere(&["wear", "--log", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&log).unwrap(),
        bench.json(0, &["wear", "--log"])
    );
    let (_, list, _) = elsewhere(&["list", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&list).unwrap(),
        bench.json(0, &["list"])
    );

    let before = tree(&bench.home());
    let (status, _, stderr) = bench.run(&["import", &file]);
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("choose another folder with --home"),
        "{stderr}"
    );
    assert_eq!(tree(&bench.home()), before);
    let (status, _, stderr) = bench.run(&["export", &file]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("--force"), "{stderr}");
    bench.json(0, &["export", "--force", &file]);
    let nowhere = bench.path("nowhere");
    let (status, _, stderr) = run(common::program()
        .arg("--home")
        .arg(&nowhere)
        .args(["export", "x.zip"]));
    assert_eq!(status, 1);
    assert!(stderr.contains("no wardrobe in"), "{stderr}");
    fs::write(bench.path("cut.zip"), &fs::read(&*file).unwrap()[..4000]).unwrap();
    let third = bench.path("third");
    let (status, _, stderr) = run(common::program()
        .arg("--home")
        .arg(&third)
        .arg("import")
        .arg(bench.path("cut.zip")));
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("is no archive of a wardrobe"),
        "{stderr}"
    );
    assert!(!third.exists());
}

/// What a full disk does, from outside: no file may grow past a limit.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_of_an_archive_or_a_wardrobe() {
    let (bench, _) = stocked();
    let file = bench.path("all.zip");
    bench.json(0, &["export", &file.to_string_lossy()]);
    let limited = |blocks: u64, home: &Path, args: &str| {
        let program = assert_cmd::cargo::cargo_bin("wardrobe");
        let (program, home) = (program.display(), home.display());
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' --home '{home}' {args}");
        run(assert_cmd::Command::new("bash").arg("-c").arg(script))
    };
    let names = || {
        let entries = fs::read_dir(bench.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let blocks = fs::metadata(&file).unwrap().len() / 512 / 2;
    let other = bench.path("other.zip");
    let (status, _, stderr) = limited(
        blocks,
        &bench.home(),
        &format!("export '{}'", other.display()),
    );
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("other.zip"), "{stderr}");
    let new = bench.path("new");
    let (status, _, stderr) = limited(4, &new, &format!("import '{}'", file.display()));
    assert_eq!(status, 1);
    assert!(
        only_line(&stderr).contains("would be larger than this disk"),
        "{stderr}"
    );
    assert_eq!(names(), before, "nothing is left");
}
