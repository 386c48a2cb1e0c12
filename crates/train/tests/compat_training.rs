//! The outfit scorer on made-up outfits: learning, resuming, stopping, its metrics by hand.

mod common;

use common::{assert_resumes, best_weights, classifier, once, run, save};
use std::path::Path;
use tempfile::tempdir;
use wardrobe_embed::StarterEmbedder;
use wardrobe_eval::Bootstrap;
use wardrobe_recommend::learned::OutfitScorer;
use wardrobe_train::data::outfits::{Judged, Negatives, Part, Question, Tasks};
use wardrobe_train::evaluate::compat::{Answers, Judge, Measurement, measure, table};
use wardrobe_train::tasks::compat::{CompatConfig, Network, Summary, train};
use wardrobe_train::{Event, Eyes, Result};
use wardrobe_weights::Tensors;

/// Outfits of two tribes whose classes never mix: each is told by the company its items keep, none by any item alone.
fn tribes(folder: &Path) {
    for (part, sets) in [("train", 0..240), ("valid", 240..320)] {
        let sets: Vec<String> = sets
            .map(|set: u32| {
                let tribe = (set % 2) * 100;
                let item = |index: u32| {
                    let class = tribe + (set / 2 + index * 7) % 5 + index * 10;
                    format!(r#"{{"index": {index}, "categoryid": {class}}}"#)
                };
                let items: Vec<String> = (1..=3 + set % 3).map(item).collect();
                format!(r#"{{"set_id": "{set}", "items": [{}]}}"#, items.join(","))
            })
            .collect();
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(
            folder.join(format!("{part}_no_dup.json")),
            format!("[{}]", sets.join(",")),
        )
        .unwrap();
    }
}

fn config(data: &Path) -> CompatConfig {
    CompatConfig {
        epochs: 12,
        batch_size: 48,
        learning_rate: 3e-3,
        classes: wardrobe_train::data::outfits::Classes::Own,
        seed: 3,
        network: Network {
            width: 16,
            hidden: 32,
            heads: 2,
            dropout: 0.1,
            ..Network::default()
        },
        data: once(data),
        ..CompatConfig::default()
    }
}

fn go(
    config: &CompatConfig,
    out: &Path,
    resume: bool,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    train(config, &run(out, resume), None, watch)
}

#[test]
fn what_keeps_company_is_learned_and_measured_beside_the_baselines() {
    let folder = tempdir().unwrap();
    tribes(folder.path());
    let out = folder.path().join("run");
    let summary = go(&config(folder.path()), &out, false, &mut |_| {}).unwrap();
    let Summary { training, pictures } = summary;
    assert!(training.best.metrics.auc > 0.9, "{:?}", training.best);
    assert!(training.curves.is_file() && !pictures);

    let scorer = OutfitScorer::new(&Tensors::load(&training.weights).unwrap()).unwrap();
    assert!(scorer.vocabulary().is_foreign() && scorer.embedder().is_none());
    let how = Measurement {
        data: folder.path(),
        part: Part::Valid,
        scorer: Some(&scorer),
        eyes: None,
        rules: true,
        negatives: vec![Negatives::Shuffled, Negatives::SameCategory],
        least_items: 3,
        seed: 0,
        cache: None,
    };
    let report = measure(&how, &mut |_| {}).unwrap();
    assert_eq!(
        (report.outfits, report.pictures, report.tables.len()),
        (80, false, 2)
    );
    let rows = &report.tables[0].rows;
    let judges: Vec<&str> = rows.iter().map(|row| row.judge.as_str()).collect();
    assert_eq!(
        judges,
        [
            "set transformer",
            "logistic probe",
            "category PMI",
            "popularity"
        ]
    );
    assert!(
        rows[0].metrics.auc > 0.9 && rows[0].metrics.ece.is_some() && rows[0].auc_behind.is_none()
    );
    assert!(rows[2].metrics.auc > 0.9 && rows[2].metrics.ece.is_none());
    // Popularity knows nothing of company.
    let gap = rows[3].auc_behind.unwrap();
    assert!(gap.ci95.low > 0.1, "{gap:?}");
    assert!(
        rows.iter()
            .all(|row| row.ci95["auc"].contains(row.metrics.auc))
    );
    // Where classes are all there is and all the same, nobody can tell.
    for row in &report.tables[1].rows {
        assert!(
            (row.metrics.auc - 0.5).abs() < 1e-9 && (row.metrics.fitb - 0.25).abs() < 1e-9,
            "{row:?}"
        );
    }
}

#[test]
fn a_run_that_was_resumed_is_one_that_was_not() {
    let folder = tempdir().unwrap();
    tribes(folder.path());
    let at = |name: &str| folder.path().join(name);
    let (whole, parts) = (at("whole"), at("parts"));
    let all = CompatConfig {
        epochs: 4,
        ..config(folder.path())
    };
    let expected = assert_resumes([&whole, &parts], |out, resume, watch| {
        Ok(go(&all, out, resume, watch)?.training.best)
    });
    let again = go(&all, &whole, true, &mut |_| {}).unwrap();
    assert_eq!(again.training.best, expected);
    let other = CompatConfig {
        focal_gamma: 2.0,
        ..all.clone()
    };
    let error = go(&other, &whole, true, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");

    // The focal loss is another run.
    let focal = at("focal");
    go(&other, &focal, false, &mut |_| {}).unwrap();
    assert_ne!(best_weights(&whole), best_weights(&focal));
}

#[test]
fn a_run_ends_where_nothing_gets_better() {
    let folder = tempdir().unwrap();
    tribes(folder.path());
    let hopeless = CompatConfig {
        epochs: 50,
        patience: 3,
        negatives: Negatives::SameCategory,
        ..config(folder.path())
    };
    let out = folder.path().join("run");
    let go = |resume| go(&hopeless, &out, resume, &mut |_| {}).unwrap().training;
    let summary = go(false);
    assert_eq!((summary.best.epoch, summary.epochs), (1, 4));
    assert_eq!(go(true).epochs, 4);
    let log = std::fs::read_to_string(out.join("log.csv")).unwrap();
    assert_eq!(log.lines().count(), 5);
    assert!(
        log.starts_with("epoch,learning_rate,train_loss,val_auc"),
        "{log}"
    );
}

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let folder = tempdir().unwrap();
    tribes(folder.path());
    let wild = CompatConfig {
        learning_rate: 1e30,
        ..config(folder.path())
    };
    let error = go(&wild, &folder.path().join("run"), false, &mut |_| {})
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("learning_rate") && error.contains("epoch 1"),
        "{error}"
    );
}

/// Photos of people in one colour from head to foot, as COCO's JSON.
fn dressed(folder: &Path) {
    for (part, photos) in [("train", 0..12), ("val", 12..20)] {
        let (mut images, mut annotations) = (Vec::new(), Vec::new());
        for photo in photos {
            let color = if photo % 2 == 0 {
                [200, 20, 20]
            } else {
                [20, 20, 200]
            };
            save(&folder.join(format!("photos/{photo}.png")), color, photo);
            images.push(format!(r#"{{"id": {photo}, "file_name": "{photo}.png"}}"#));
            for class in 1..=3 {
                let (id, top) = (photo * 3 + class, (class - 1) * 9);
                annotations.push(format!(
                    r#"{{"id": {id}, "image_id": {photo}, "category_id": {class}, "bbox": [1, {top}, 30, 20]}}"#
                ));
            }
        }
        let json = format!(
            r#"{{"images": [{}], "annotations": [{}], "categories": [{{"id": 1, "name": "coat"}}, {{"id": 2, "name": "jeans"}},
                {{"id": 3, "name": "shoes"}}]}}"#,
            images.join(","),
            annotations.join(",")
        );
        std::fs::write(folder.join(format!("annotations_{part}.json")), json).unwrap();
    }
}

#[test]
fn with_pictures_a_scorer_belongs_to_its_embedder() {
    let folder = tempdir().unwrap();
    dressed(folder.path());
    let (classifier, _) = classifier();
    let embedder = StarterEmbedder::untrained("test");
    let eyes = Eyes {
        classifier: &classifier,
        embedder: &embedder,
    };
    let settings = CompatConfig {
        epochs: 2,
        views: 1,
        classes: wardrobe_train::data::outfits::Classes::Wardrobe,
        negatives: Negatives::SameCategory,
        ..config(folder.path())
    };
    let out = folder.path().join("run");
    let run = run(&out, false);
    let mut looked = 0;
    let mut count = |event: Event| {
        if let Event::Loading { done, .. } = event {
            looked = done;
        }
    };
    let first = train(&settings, &run, Some(eyes), &mut count).unwrap();
    assert_eq!(looked, 60, "a look at every garment");
    assert!(first.pictures);
    let weights = best_weights(&out);
    // A second run looks at nothing again, and is the same.
    let mut again = 0;
    let second = train(&settings, &run, Some(eyes), &mut |event| {
        again += usize::from(matches!(event, Event::Loading { .. }));
    });
    assert_eq!(again, 0);
    second.unwrap();
    assert_eq!(best_weights(&out), weights);

    let scorer = OutfitScorer::new(&Tensors::load(&first.training.weights).unwrap()).unwrap();
    assert_eq!(scorer.embedder(), Some(embedder.id()));
    let how = Measurement {
        data: folder.path(),
        part: Part::Valid,
        scorer: Some(&scorer),
        eyes: Some(eyes),
        rules: true,
        negatives: vec![Negatives::SameCategory],
        least_items: 3,
        seed: 1,
        cache: None,
    };
    let report = measure(&how, &mut |_| {}).unwrap();
    let judges: Vec<&str> = report.tables[0]
        .rows
        .iter()
        .map(|row| row.judge.as_str())
        .collect();
    assert_eq!(
        judges,
        [
            "set transformer",
            "rules",
            "rules, refitted",
            "logistic probe",
            "category PMI",
            "popularity"
        ]
    );
    // One colour from head to foot is what the probe can see, and classes cannot.
    let auc = |judge: usize| report.tables[0].rows[judge].metrics.auc;
    assert!(auc(3) > 0.6, "{}", auc(3));
    assert_eq!((auc(4), auc(5)), (0.5, 0.5));
    assert!(report.tables[1].negatives.contains("grounds") && report.tables[1].rows.len() == 2);
    assert_eq!(report.tables[0].rule_weights.as_ref().unwrap().len(), 3);
    let other = StarterEmbedder::untrained("another");
    let eyes = Eyes {
        embedder: &other,
        ..eyes
    };
    let error = measure(
        &Measurement {
            eyes: Some(eyes),
            ..how
        },
        &mut |_| {},
    )
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("test") && error.contains("another"),
        "{error}"
    );
}

/// Scores by the sum of a table.
struct Table(Vec<f32>);

impl Judge for Table {
    fn name(&self) -> &str {
        "table"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        Ok(sets
            .iter()
            .map(|set| set.iter().map(|&item| self.0[item]).sum())
            .collect())
    }

    fn gives_logits(&self) -> bool {
        true
    }
}

#[test]
fn metrics_worked_by_hand() {
    let judged = |item, worn, group| Judged {
        items: vec![item],
        worn,
        group,
    };
    // Scores: worn 3, 1, 0.5, -1; others 0, 2, -2, 0.6.
    let scores = Table(vec![3.0, 0.0, 1.0, 2.0, 0.5, -2.0, -1.0, 0.6]);
    let tasks = Tasks {
        judged: (0..8)
            .map(|item| judged(item, item % 2 == 0, item / 2))
            .collect(),
        questions: vec![
            Question {
                items: vec![0],
                answers: vec![1, 2, 3, 6],
                right: 2,
                group: 0,
            },
            Question {
                items: vec![0],
                answers: vec![1, 2, 3, 6],
                right: 0,
                group: 1,
            },
            Question {
                items: vec![1],
                answers: vec![4, 4, 6, 5],
                right: 0,
                group: 2,
            },
        ],
        left_out: 0,
    };
    let answers = Answers::of(&scores, &tasks).unwrap();
    let metrics = answers.metrics().unwrap();
    // In order: 3 beats 4, 1 beats 3 less the 2: 0, -2, 0.6; 0.5 beats 0 and -2; -1 beats -2: 10 of 16.
    assert_eq!(metrics.auc, 10.0 / 16.0);
    // Even groups: worn 3 and 0.5, others 0 and -2, best told at 0.5. Odd: worn 1 and -1, others 2 and 0.6, best told at 1.
    // By the other half's: of the even, at 1, all but the worn 0.5; of the odd, at 0.5, the worn 1 alone. Of the worn 3 and 1
    // are told right, of the others 0 and -2.
    assert_eq!(metrics.accuracy, (2.0 / 4.0 + 2.0 / 4.0) / 2.0);
    // The first is right, the second wrong, the third shares the point with its twin.
    assert_eq!(metrics.fitb, 0.5);
    let ece = metrics.ece.unwrap();
    assert!((0.0..=1.0).contains(&ece));
    let rows = table(
        &[&scores, &Table(vec![0.0; 8])],
        &tasks,
        Bootstrap::default(),
    )
    .unwrap();
    let gap = rows[1].auc_behind.unwrap();
    assert_eq!((rows[1].metrics.auc, gap.value), (0.5, 0.125));
    assert!(gap.ci95.low < 0.125 && gap.ci95.high > 0.125);
    assert!(rows[0].ci95["auc"].contains(0.625) && rows[0].ci95.len() == 4);
}

#[test]
fn settings_that_cannot_work_are_named() {
    let usual = CompatConfig::default;
    for (config, named) in [
        (
            CompatConfig {
                learning_rate: 0.0,
                ..usual()
            },
            "learning_rate",
        ),
        (
            CompatConfig {
                focal_gamma: -1.0,
                ..usual()
            },
            "focal_gamma",
        ),
        (
            CompatConfig {
                least_items: 1,
                ..usual()
            },
            "least_items",
        ),
        (
            CompatConfig {
                network: Network {
                    heads: 5,
                    ..Network::default()
                },
                ..usual()
            },
            "5 heads",
        ),
        (
            CompatConfig {
                network: Network {
                    dropout: 1.0,
                    ..Network::default()
                },
                ..usual()
            },
            "dropout",
        ),
    ] {
        let problem = config.check().unwrap_err();
        assert!(problem.contains(named), "{problem}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/compat.toml");
    assert_eq!(CompatConfig::from_file(&file).unwrap().data.len(), 1);
}
