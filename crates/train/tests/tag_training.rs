//! The tagger on a few coloured squares, with the shipped classifier: learning, resuming, what the file holds.

mod common;

use common::{assert_resumes, classifier, once, run, save};
use std::fmt::Write;
use std::path::Path;
use tempfile::tempdir;
use wardrobe_attributes::tagger::Tagger;
use wardrobe_train::data::{Split, TagSet};
use wardrobe_train::evaluate;
use wardrobe_train::tasks::tag::{Summary, TagConfig, train};
use wardrobe_train::{Event, Result};
use wardrobe_types::{BasicColor, Pattern, Season, Style};
use wardrobe_weights::Tensors;

/// Red ones are striped and for summer's sports, blue ones plain and for winter's work; of green ones nothing is told but
/// that they are South Asian dress.
const KINDS: [(&str, [u8; 3]); 3] = [
    (
        "Shirts,Red,Summer,2011,Sports,Some Striped Shirt",
        [200, 20, 20],
    ),
    (
        "Trousers,Blue,Winter,2011,Formal,Some Solid Trousers",
        [20, 20, 200],
    ),
    ("Kurtas,Green,NA,2011,Ethnic,Some Kurta", [20, 200, 20]),
];

fn data_set(folder: &Path) {
    for (part, photos) in [("train", 0..8), ("val", 20..24)] {
        let mut table =
            "id,articleType,baseColour,season,year,usage,productDisplayName\n".to_owned();
        for (kind, (row, color)) in (0..).zip(KINDS) {
            for seed in photos.clone() {
                let id = kind * 100 + seed;
                writeln!(table, "{id},{row}").unwrap();
                save(&folder.join(format!("images/{id}.jpg")), color, id);
            }
        }
        std::fs::write(folder.join(format!("styles_{part}.csv")), table).unwrap();
    }
}

fn config(data: &Path) -> TagConfig {
    TagConfig {
        epochs: 4,
        batch_size: 8,
        views: 1,
        learning_rate: 3e-3,
        warmup_epochs: 0.5,
        least_photos: 4,
        seed: 3,
        data: once(data),
        ..TagConfig::default()
    }
}

fn go(
    config: &TagConfig,
    out: &Path,
    resume: bool,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    let (classifier, sha256) = classifier();
    train(config, &run(out, resume), &classifier, &sha256, watch)
}

#[test]
fn what_is_trained_tells_tags_and_says_which() {
    let folder = tempdir().unwrap();
    data_set(folder.path());
    let out = folder.path().join("run");
    let summary = go(&config(folder.path()), &out, false, &mut |_| {}).unwrap();
    assert!(summary.curves.is_file());

    let (classifier, sha256) = classifier();
    let tagger = Tagger::new(&Tensors::load(&summary.weights).unwrap(), &sha256).unwrap();
    let learned = tagger.config();
    assert_eq!(learned.pattern, [Pattern::Solid, Pattern::Striped]);
    assert!(learned.fit.is_empty() && learned.formality);
    let seasons: Vec<Season> = learned.seasons.iter().map(|t| t.label).collect();
    assert_eq!(seasons, [Season::Summer, Season::Winter]);
    let styles: Vec<Style> = learned.styles.iter().map(|t| t.label).collect();
    assert_eq!(styles, [Style::Formal, Style::Sporty]);

    let colors = [BasicColor::Blue, BasicColor::Green, BasicColor::Red];
    assert_eq!(learned.color, colors);

    let part = |split| TagSet::split(folder.path(), split).unwrap().unwrap();
    let (train, val) = (part(Split::Train), part(Split::Val));
    // Of a kurta the colour alone is known.
    assert_eq!(val.samples.len(), 12);
    assert_eq!(val.unmapped["usage: Ethnic"], 4);
    let watch = &mut |_| {};
    let report = evaluate::tag::tag(&classifier, &tagger, &val, Some(&train), watch).unwrap();
    for head in [
        "pattern_accuracy",
        "seasons_accuracy",
        "styles_accuracy",
        "color_accuracy",
    ] {
        assert_eq!(report.metrics[head], 1.0, "{head}");
    }
    assert_eq!(report.metrics["pattern_lookup"], 1.0);
    assert_eq!(report.metrics["pattern_majority"], 0.5);
    assert!(report.metrics["formality_mae"] < report.metrics["formality_mean_mae"]);
    assert!(!report.metrics.contains_key("fit_accuracy"));
    assert!(Tagger::new(&Tensors::load(&summary.weights).unwrap(), "another").is_err());
}

#[test]
fn a_run_that_was_resumed_is_one_that_was_not() {
    let folder = tempdir().unwrap();
    data_set(folder.path());
    let at = |name: &str| folder.path().join(name);
    let all = config(folder.path());
    assert_resumes([&at("whole"), &at("parts")], |out, resume, watch| {
        Ok(go(&all, out, resume, watch)?.best)
    });
}

#[test]
fn data_and_settings_that_cannot_work_are_named() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("run");
    let error = go(&config(folder.path()), &out, false, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("styles_train.csv"), "{error}");
    let config = TagConfig {
        dropout: 1.0,
        ..TagConfig::default()
    };
    assert!(config.check().unwrap_err().contains("dropout"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/starter-tagger.toml");
    TagConfig::from_file(&file).unwrap();
}
