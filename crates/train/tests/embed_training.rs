//! The embedder on a few coloured squares, with the shipped classifier: learning, resuming, what the file holds.

mod common;

use common::{assert_resumes, classifier, once, run, save};
use std::path::Path;
use tempfile::tempdir;
use wardrobe_embed::StarterEmbedder;
use wardrobe_train::data::Dataset;
use wardrobe_train::evaluate;
use wardrobe_train::tasks::embed::{EmbedConfig, Summary, train};
use wardrobe_train::{Event, Result};
use wardrobe_weights::Tensors;

/// Red and blue ones of two categories: colour alone does not tell them apart, nor category.
const CLASSES: [(&str, [u8; 3]); 4] = [
    ("t-shirt", [200, 20, 20]),
    ("t-shirt", [20, 20, 200]),
    ("pants", [200, 60, 20]),
    ("pants", [20, 60, 200]),
];

fn data_set(folder: &Path) {
    for (part, photos) in [("train", 0..5), ("val", 20..24)] {
        for (class, (label, color)) in (0..).zip(CLASSES) {
            for seed in photos.clone() {
                let name = format!("{part}/{label}/{class}-{seed}.png");
                save(&folder.join(name), color, class * 100 + seed);
            }
        }
    }
}

fn config(data: &Path) -> EmbedConfig {
    EmbedConfig {
        epochs: 4,
        batch_size: 10,
        views: 2,
        learning_rate: 3e-3,
        warmup_epochs: 0.5,
        seed: 3,
        data: once(data),
        ..EmbedConfig::default()
    }
}

fn go(
    config: &EmbedConfig,
    out: &Path,
    resume: bool,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    let (classifier, sha256) = classifier();
    train(config, &run(out, resume), &classifier, &sha256, watch)
}

#[test]
fn what_is_trained_keeps_like_with_like() {
    let folder = tempdir().unwrap();
    data_set(folder.path());
    let out = folder.path().join("run");
    let summary = go(&config(folder.path()), &out, false, &mut |_| {}).unwrap();
    assert!(summary.best.metrics.knn_purity > 0.0);
    assert!(summary.curves.is_file());

    let (classifier, sha256) = classifier();
    let weights = Tensors::load(&summary.weights).unwrap();
    let embedder = StarterEmbedder::new(&weights, "test", &sha256).unwrap();
    let data = Dataset::for_evaluation(folder.path()).unwrap();
    let report = evaluate::embed::embed(&classifier, &embedder, &data, &mut |_| {}).unwrap();
    assert_eq!(report.n, 16);
    let [ours, plain] = ["knn_purity", "plain_knn_purity"].map(|name| report.metrics[name]);
    // Written in f16, and so nearly what the run measured.
    assert!((ours - summary.best.metrics.knn_purity).abs() < 0.02);
    assert!(ours > plain, "{ours}, plain features {plain}");
    assert_eq!(report.per_label.len(), 2);
    let interval = report.ci95["knn_purity"];
    assert!(interval.low <= ours && ours <= interval.high);

    let error = StarterEmbedder::new(&weights, "test", "another").unwrap_err();
    assert!(error.to_string().contains("another"), "{error}");
}

#[test]
fn a_run_that_was_resumed_is_one_that_was_not() {
    let folder = tempdir().unwrap();
    data_set(folder.path());
    let at = |name: &str| folder.path().join(name);
    let (whole, parts) = (at("whole"), at("parts"));
    let all = config(folder.path());
    let expected = assert_resumes([&whole, &parts], |out, resume, watch| {
        Ok(go(&all, out, resume, watch)?.best)
    });
    // An unbroken run again, from its checkpoint after the last epoch: nothing is left to do.
    let again = go(&all, &whole, true, &mut |_| {}).unwrap();
    assert_eq!(again.best, expected);

    let empty = at("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let error = go(&all, &empty, true, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("checkpoint"), "{error}");
    let other = EmbedConfig {
        temperature: 0.2,
        ..all.clone()
    };
    let error = go(&other, &whole, true, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");
}

#[test]
fn settings_that_cannot_work_are_named() {
    for (config, named) in [
        (
            EmbedConfig {
                temperature: 0.0,
                ..EmbedConfig::default()
            },
            "temperature",
        ),
        (
            EmbedConfig {
                category: 0.0,
                color: 0.0,
                identity: 0.0,
                ..EmbedConfig::default()
            },
            "identity",
        ),
        (
            EmbedConfig {
                views: 0,
                ..EmbedConfig::default()
            },
            "views",
        ),
    ] {
        let problem = config.check().unwrap_err();
        assert!(problem.contains(named), "{problem}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/starter-embedder.toml");
    assert_eq!(EmbedConfig::from_file(&file).unwrap().data.len(), 2);
}
