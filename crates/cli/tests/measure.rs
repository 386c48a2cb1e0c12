//! Training and measuring, on data small enough for a test.

mod common;

use std::fs;
use std::path::Path;

use common::{Bench, keys, only_line};

/// Red t-shirts and blue pants, each in a part to train on and one to measure on.
fn labelled(bench: &Bench) -> String {
    for (part, from, photos) in [("train", 0, 4), ("val", 4, 2)] {
        for mark in from..from + photos {
            bench.photo(
                &format!("data/{part}/t-shirt/{mark}.png"),
                [180, 40, 40],
                mark,
            );
            bench.photo(
                &format!("data/{part}/pants/{mark}.png"),
                [40, 60, 150],
                mark,
            );
        }
    }
    bench.path("data").to_string_lossy().into_owned()
}

#[test]
fn eval_classify_measures_in_the_datas_own_labels() {
    let bench = Bench::new();
    let data = labelled(&bench);
    fs::create_dir_all(bench.path("data/val/spacesuit")).unwrap();
    fs::copy(
        bench.path("data/val/pants/4.png"),
        bench.path("data/val/spacesuit/1.png"),
    )
    .unwrap();
    let measured = bench.json(0, &["eval", "classify", "--data", &data]);
    assert_eq!(measured["task"], "classify");
    assert_eq!(
        keys(&measured["metrics"]),
        ["ece", "macro_f1", "top1", "top5"]
    );
    assert_eq!(keys(&measured["ci95"]["top1"]), ["high", "low"]);
    assert_eq!(measured["n"], 4, "the val part, less what has no category");
    assert_eq!(measured["unmapped"]["spacesuit"], 1);
    assert_eq!(measured["labels"]["pants"][0], "trousers");
    assert!(measured["weights"].is_string() && measured["seconds"].is_number());
    let (status, text, _) = bench.run(&["eval", "classify", "--data", &data]);
    assert_eq!(status, 0);
    assert!(
        text.contains("top1") && text.contains("spacesuit"),
        "{text}"
    );
}

#[test]
fn eval_colors_measures_a_catalogue() {
    let bench = Bench::new();
    bench.photo("catalogue/images/1.jpg", [170, 30, 35], 0);
    bench.photo("catalogue/images/2.jpg", [30, 40, 90], 1);
    fs::write(bench.path("catalogue/images/3.jpg"), "no photo").unwrap();
    let table = "id,articleType,baseColour\n1,Tshirts,Red\n2,Tshirts,Navy Blue\n3,Tshirts,Red\n";
    fs::write(bench.path("catalogue/styles.csv"), table).unwrap();
    let data = bench.path("catalogue").to_string_lossy().into_owned();
    let measured = bench.json(3, &["eval", "colors", "--data", &data]);
    assert_eq!(
        keys(&measured["metrics"]),
        [
            "mean_delta_e",
            "stored_top1_basic",
            "stored_top2_basic",
            "top1",
            "top1_basic",
            "top2_basic"
        ]
    );
    assert_eq!(
        (&measured["n"], &measured["metrics"]["top1_basic"]),
        (&2.into(), &1.0.into())
    );
    assert!(measured["weights"].is_string());
    let (status, _, stderr) = bench.run(&["eval", "colors", "--data", &data]);
    assert_eq!(status, 3);
    assert!(only_line(&stderr).contains("3.jpg"), "{stderr}");
}

#[test]
fn eval_search_asks_a_catalogue_in_its_own_words() {
    let bench = Bench::new();
    for (id, cloth) in [[170, 30, 35], [30, 40, 90], [40, 130, 70]]
        .into_iter()
        .enumerate()
    {
        bench.photo(&format!("catalogue/images/{id}.jpg"), cloth, id as u32);
    }
    fs::write(bench.path("catalogue/images/3.jpg"), "no photo").unwrap();
    let table = "id,articleType,baseColour,season\n0,Tshirts,Red,Summer\n1,Tshirts,Navy Blue,Fall\n2,Kurtas,Green,Fall\n3,Tshirts,Red,Fall\n";
    fs::write(bench.path("catalogue/styles.csv"), table).unwrap();
    let data = bench.path("catalogue").to_string_lossy().into_owned();
    let measured = bench.json(3, &["eval", "search", "--data", &data]);
    assert_eq!(measured["task"], "search");
    let names = [
        "ceiling",
        "ceiling_type_color",
        "precision_at_5",
        "precision_at_5_type_color",
    ];
    assert_eq!(keys(&measured["metrics"]), names);
    assert_eq!(
        measured["n"], 2,
        "what cannot be read and what has no category asks nothing"
    );
    assert_eq!(measured["metrics"]["ceiling"], 0.2);
    assert_eq!(measured["unmapped"]["Kurtas"], 1);
    assert_eq!(measured["failed"].as_array().unwrap().len(), 1);
    assert!(
        !bench.home().exists(),
        "the wardrobe at hand is not touched"
    );
}

#[test]
fn train_classify_writes_weights_that_eval_and_inspect_take() {
    let bench = Bench::new();
    let data = labelled(&bench);
    let settings = "epochs = 2\nbatch_size = 4\nimage_size = 32\nlearning_rate = 1e-3\n";
    fs::write(bench.path("tiny.toml"), settings).unwrap();
    let config = bench.path("tiny.toml").to_string_lossy().into_owned();
    let out = bench.path("run").to_string_lossy().into_owned();
    let args = [
        "train", "classify", "--config", &config, "--data", &data, "--out", &out,
    ];
    let trained = bench.json(0, &args);
    assert_eq!(
        keys(&trained),
        [
            "best",
            "curves",
            "peak_memory_bytes",
            "seconds",
            "task",
            "weights"
        ]
    );
    assert_eq!(keys(&trained["best"]), ["epoch", "metrics"]);
    let weights = trained["weights"].as_str().unwrap();
    assert!(Path::new(weights).is_file());
    assert!(
        trained["curves"]
            .as_str()
            .is_some_and(|curves| Path::new(curves).is_file())
    );
    let measured = bench.json(
        0,
        &["--weights", weights, "eval", "classify", "--data", &data],
    );
    assert_eq!(
        measured["metrics"]["top1"],
        trained["best"]["metrics"]["top1"]
    );
    let photo = bench
        .path("data/val/pants/4.png")
        .to_string_lossy()
        .into_owned();
    bench.json(0, &["--weights", weights, "inspect", "classify", &photo]);
    let again = bench.json(0, &[&args[..], &["--resume"]].concat());
    assert_eq!(again["best"], trained["best"], "nothing is left to do");
}

/// A CLIP small enough for a test.
const TINY_CLIP: &str = "
    epochs = 2
    batch_size = 6
    mode = 'full'
    learning_rate = 3e-3
    drift_penalty = 0.0
    [network]
    dimension = 8
    activation = 'gelu'
    image = { size = 16, patch = 8, transformer = { width = 8, layers = 1, heads = 2 } }
    text = { context = 8, vocabulary = 49408, transformer = { width = 8, layers = 1, heads = 2 } }
";

#[test]
fn train_clip_writes_weights_that_eval_and_a_second_run_take() {
    let bench = Bench::new();
    let labelled = labelled(&bench);
    let mut table = "path,text,label\n".to_owned();
    for (label, words) in [("t-shirt", "a red t-shirt"), ("pants", "blue pants")] {
        for mark in 0..4 {
            table += &format!("train/{label}/{mark}.png,{words} {mark},{label}\n");
        }
    }
    fs::write(bench.path("data/pairs_train.csv"), &table).unwrap();
    let val = table.replace("train/", "val/").replace("/0.png", "/4.png");
    fs::write(
        bench.path("data/pairs_val.csv"),
        val.replace("/1.png", "/5.png"),
    )
    .unwrap();
    fs::write(bench.path("clip.toml"), TINY_CLIP).unwrap();
    let config = bench.path("clip.toml").to_string_lossy().into_owned();
    let out = bench.path("run").to_string_lossy().into_owned();
    let args = [
        "train",
        "clip",
        "--config",
        &config,
        "--data",
        &labelled,
        "--forgetting",
        &labelled,
        "--out",
        &out,
    ];
    // Half of the val rows name photos that are not there.
    let trained = bench.json(3, &args);
    for field in [
        "task",
        "best",
        "before",
        "sweep",
        "weights",
        "curves",
        "peak_memory_bytes",
        "seconds",
    ] {
        assert!(keys(&trained).contains(&field), "{field}");
    }
    assert_eq!(trained["bad"].as_array().unwrap().len(), 4);
    assert_eq!(
        keys(&trained["best"]["metrics"]),
        ["recall_at_1", "recall_at_10", "zero_shot"]
    );
    let weights = trained["weights"].as_str().unwrap();
    let eval = ["--weights", weights, "eval", "clip", "--data", &labelled];
    let measured = bench.json(3, &[&eval[..], &["--labelled", &labelled]].concat());
    assert_eq!(measured["task"], "clip");
    assert_eq!(
        keys(&measured["metrics"]),
        [
            "chance_recall_at_10",
            "knn_purity",
            "recall_at_1",
            "recall_at_10",
            "zero_shot"
        ]
    );
    assert_eq!(keys(&measured["ci95"]["recall_at_10"]), ["high", "low"]);
    assert_eq!(measured["n"], 4 + 4, "pairs and labelled photos");

    // From these weights, a part of them, with mixtures; the file says what network it is for.
    let part = "epochs = 1\nbatch_size = 6\nmode = 'vision-only'\nwise = [0.0, 1.0]\n";
    fs::write(bench.path("part.toml"), part).unwrap();
    let config = bench.path("part.toml").to_string_lossy().into_owned();
    let out = bench.path("second").to_string_lossy().into_owned();
    let args = [
        "train", "clip", "--config", &config, "--data", &labelled, "--out", &out, "--init", weights,
    ];
    let (status, text, stderr) = bench.run(&args);
    assert_eq!(status, 3, "{stderr}");
    assert!(
        text.contains("mixture, 1.00 of it") && text.contains("wise.safetensors"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_measured_or_trained_is_one_line() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("nothing")).unwrap();
    let nothing = bench.path("nothing").to_string_lossy().into_owned();
    let out = bench.path("run").to_string_lossy().into_owned();
    for args in [
        &["eval", "classify", "--data", &nothing][..],
        &["eval", "colors", "--data", &nothing],
        &["eval", "search", "--data", &nothing],
        &[
            "--clip",
            "no-such.safetensors",
            "inspect",
            "embed",
            "--text",
            "a dress",
        ],
        &["train", "classify", "--data", &nothing, "--out", &out],
        &["train", "classify", "--out", &out],
        &["train", "clip", "--out", &out],
        &["train", "clip", "--data", &nothing, "--out", &out],
        &["eval", "clip", "--data", &nothing],
        &[
            "train",
            "classify",
            "--config",
            "no-such.toml",
            "--out",
            &out,
        ],
        &[
            "--weights",
            "no-such-folder",
            "inspect",
            "classify",
            "photo.jpg",
        ],
    ] {
        let (status, stdout, stderr) = bench.run(args);
        assert_eq!((status, stdout.as_str()), (1, ""), "{args:?}: {stderr}");
        assert!(
            only_line(&stderr).starts_with("error: "),
            "{args:?}: {stderr}"
        );
    }
}

#[test]
fn an_outfit_scorer_is_trained_and_measured_beside_baselines() {
    let bench = Bench::new();
    // Two tribes whose classes never mix.
    for (part, sets) in [("train", 0..120), ("valid", 120..160)] {
        let sets: Vec<String> = sets
            .map(|set: u32| {
                let class = |index: u32| (set % 2) * 100 + index * 10 + set / 2 % 3;
                let item =
                    |index: u32| format!(r#"{{"index": {index}, "categoryid": {}}}"#, class(index));
                let items: Vec<String> = (1..=3).map(item).collect();
                format!(r#"{{"set_id": "{set}", "items": [{}]}}"#, items.join(","))
            })
            .collect();
        let file = bench.path(&format!("data/{part}_no_dup.json"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("[{}]", sets.join(","))).unwrap();
    }
    let path = |name: &str| bench.path(name).to_string_lossy().into_owned();
    let (data, out, settings) = (path("data"), path("run"), path("compat.toml"));
    fs::write(
        &settings,
        "epochs = 3\nclasses = \"own\"\nbatch_size = 40\n[network]\nwidth = 16\nhidden = 16\nheads = 2\n",
    )
    .unwrap();
    let trained = bench.json(
        0,
        &[
            "train", "compat", "--config", &settings, "--data", &data, "--out", &out,
        ],
    );
    assert_eq!(trained["task"], "compat");
    assert_eq!(
        keys(&trained["best"]["metrics"]),
        ["accuracy", "auc", "ece", "fitb"]
    );
    let weights = trained["weights"].as_str().unwrap();
    assert!(
        Path::new(weights).is_file() && Path::new(trained["curves"].as_str().unwrap()).is_file()
    );

    let measured = bench.json(
        0,
        &["eval", "compat", "--data", &data, "--weights", weights],
    );
    assert_eq!(
        keys(&measured["metrics"]),
        ["accuracy", "auc", "ece", "fitb"]
    );
    assert_eq!(keys(&measured["ci95"]["auc"]), ["high", "low"]);
    assert_eq!(measured["n"], 40);
    assert_eq!(measured["pictures"], false);
    assert_eq!(measured["tables"][1]["negatives"], "same-category");
    assert_eq!(measured["tables"][1]["rows"][0]["auc"], 0.5);
    let (status, text, _) = bench.run(&["eval", "compat", "--data", &data, "--scorer", weights]);
    assert_eq!(status, 0);
    for part in [
        "set transformer",
        "category PMI",
        "logistic probe",
        "its class alone",
        "AUC",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Without a scorer, the baselines alone.
    let (status, text, _) =
        bench.run(&["eval", "compat", "--data", &data, "--negatives", "shuffled"]);
    assert_eq!(status, 0);
    assert!(
        !text.contains("set transformer") && !text.contains("same-category"),
        "{text}"
    );
    // What knows no wardrobe's classes is told apart from what is broken.
    let (status, _, stderr) =
        bench.run(&["eval", "compat", "--data", &data, "--weights", &settings]);
    assert_eq!(status, 1);
    assert!(only_line(&stderr).contains("compat.toml"), "{stderr}");
}
