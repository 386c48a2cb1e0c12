//! Whole runs of a tiny CLIP on coloured squares: learning, resuming, diverging, fine-tuning in every mode.

mod common;

use candle_core::{DType, Device, Tensor};
use common::save;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tempfile::tempdir;
use wardrobe_train::evaluate::clip::{Encoder, PROMPTS, Variant, clip};
use wardrobe_train::tasks::Run;
use wardrobe_train::tasks::clip::{ClipMode, ClipTrainConfig, LoraConfig, Summary, train};
use wardrobe_train::{AugmentConfig, DataConfig, Error, Event, Result};
use wardrobe_weights::Tensors;

const COLORS: [(&str, [u8; 3]); 6] = [
    ("red", [255, 0, 0]),
    ("green", [0, 255, 0]),
    ("blue", [0, 0, 255]),
    ("yellow", [255, 255, 0]),
    ("purple", [255, 0, 255]),
    ("grey", [128, 128, 128]),
];

const NETWORK: &str = "
    dimension = 16
    activation = 'quick-gelu'
    image = { size = 16, patch = 8, transformer = { width = 16, layers = 1, heads = 2 } }
    text = { context = 8, vocabulary = 49408, transformer = { width = 16, layers = 1, heads = 2 } }
";

/// Eight photos of each colour to learn from, two to measure on, and folders named by colour.
fn data_set(folder: &Path) {
    for (part, seeds) in [("train", 0..8), ("val", 8..10)] {
        let mut table = "path,text\n".to_owned();
        for (name, color) in COLORS {
            for seed in seeds.clone() {
                let photo = format!("photos/{name}-{seed}.png");
                save(&folder.join(&photo), color, seed);
                table += &format!("{photo},a {name} square\n");
                save(
                    &folder.join(format!("named/{name}/{seed}.png")),
                    color,
                    seed,
                );
            }
        }
        std::fs::write(folder.join(format!("pairs_{part}.csv")), table).unwrap();
    }
}

fn config(data: &Path) -> ClipTrainConfig {
    ClipTrainConfig {
        epochs: 6,
        batch_size: 12,
        micro_batch_size: 5,
        mode: ClipMode::Full,
        learning_rate: 3e-3,
        drift_penalty: 0.0,
        seed: 3,
        network: Some(toml::from_str(NETWORK).unwrap()),
        augment: AugmentConfig {
            min_area: 0.8,
            ..AugmentConfig::STILL
        },
        wise: vec![0.0, 0.5, 1.0],
        forgetting: Some(data.join("named")),
        data: vec![DataConfig {
            path: data.to_path_buf(),
            repeat: 1,
        }],
        ..ClipTrainConfig::default()
    }
}

fn go(
    config: &ClipTrainConfig,
    out: &Path,
    init: Option<&Path>,
    resume: bool,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    let run = Run {
        out: out.to_path_buf(),
        init: init.map(Path::to_path_buf),
        resume,
    };
    train(config, &run, &Device::Cpu, watch)
}

/// A file's tensors, bit for bit.
fn bits(path: &Path) -> BTreeMap<String, Vec<u64>> {
    let bits = |tensor: &Tensor| match tensor.dtype() {
        DType::I64 => vec![tensor.to_scalar::<i64>().unwrap() as u64],
        _ => {
            let values = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap();
            let values = values.to_vec1::<f32>().unwrap().into_iter();
            values.map(|value| value.to_bits().into()).collect()
        }
    };
    let file = Tensors::load(path).unwrap();
    let named = file.map.iter();
    named
        .map(|(name, tensor)| (name.clone(), bits(tensor)))
        .collect()
}

/// The log's rows without the wall time, which is the last column.
fn log(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("log.csv")).unwrap();
    text.lines()
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
        .collect()
}

#[test]
fn a_run_learns_to_find_photos_and_an_interrupted_one_ends_with_the_same_bits() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"));
    let config = config(&at("data"));
    let mut losses = Vec::new();
    let whole = go(&config, &at("whole"), None, false, &mut |event| {
        if let Event::Epoch { train_loss, .. } = event {
            losses.push(train_loss);
        }
    })
    .unwrap();
    assert!(losses[5] < 0.8 * losses[0], "{losses:?}");
    // Six texts, two of twelve photos each; by lot 1 of 6 is found first.
    let (before, after) = (whole.before, whole.best.metrics);
    assert!(after.recall_at_1 >= 5.0 / 6.0, "{before:?} {after:?}");
    // Not trained on: "a photo of a red." and so on.
    assert!(after.zero_shot > before.zero_shot, "{before:?} {after:?}");
    assert!(
        whole.sweep.is_empty() && whole.mixed_weights.is_none(),
        "it started from nothing"
    );
    assert_eq!(log(&at("whole")).len(), 1 + 1 + 6);
    assert!(
        log(&at("whole"))[1].starts_with("0,0.0,,"),
        "{:?}",
        log(&at("whole"))
    );
    let curves = wardrobe_ingest::load(&whole.curves).unwrap().image;
    assert!(
        curves
            .pixels()
            .filter(|pixel| pixel.0.iter().any(|&v| v < 200))
            .count()
            > 1000
    );

    let stopped = catch_unwind(AssertUnwindSafe(|| {
        go(&config, &at("broken"), None, false, &mut |event| {
            let here = matches!(
                event,
                Event::Step {
                    epoch: 3,
                    step: 2,
                    ..
                }
            );
            assert!(!here, "stopped here on purpose");
        })
    }));
    assert!(stopped.is_err());
    let resumed = go(&config, &at("broken"), None, true, &mut |_| ()).unwrap();
    assert_eq!((resumed.best, resumed.before), (whole.best, whole.before));
    for file in ["checkpoint.safetensors", "best.safetensors"] {
        let (whole, resumed) = (
            bits(&at("whole").join(file)),
            bits(&at("broken").join(file)),
        );
        assert!(whole == resumed, "{file}");
    }
    assert_eq!(log(&at("broken")), log(&at("whole")));

    let other = ClipTrainConfig {
        learning_rate: 1e-3,
        ..config
    };
    let error = go(&other, &at("broken"), None, true, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");
    exported_weights_measure_as_in_training(&whole, &at("data"));
}

fn exported_weights_measure_as_in_training(summary: &Summary, data: &Path) {
    let weights = Tensors::load(&summary.weights).unwrap();
    assert!(
        weights
            .map
            .values()
            .all(|tensor| tensor.dtype() == DType::F16)
    );
    for entry in ["clip", "training", "epoch", "recall_at_10"] {
        assert!(weights.metadata.contains_key(entry), "{entry}");
    }
    // The file says what network it is for: the variant is not asked.
    let encoder = Encoder::new(&weights, Variant::VitB32, &Device::Cpu).unwrap();
    let prompts = PROMPTS.map(str::to_owned);
    let named = data.join("named");
    let report = clip(&encoder, data, Some(&named), &prompts, &mut |_| ()).unwrap();
    let metrics = summary.best.metrics;
    // Rounded to f16 since: one text may find another photo.
    let near = |name: &str, value: f64, step: f64| {
        let measured = report.metrics[name];
        assert!(
            (measured - value).abs() < 1.5 * step,
            "{name}: {measured}, {value}"
        );
        assert!(report.ci95[name].contains(measured), "{name}");
    };
    near("recall_at_1", metrics.recall_at_1, 1.0 / 6.0);
    near("recall_at_10", metrics.recall_at_10, 1.0 / 6.0);
    near("zero_shot", metrics.zero_shot.unwrap(), 1.0 / 60.0);
    // One of two photos among 10 of 12 drawn: all but 1 in 66.
    assert!((report.metrics["chance_recall_at_10"] - (1.0 - 1.0 / 66.0)).abs() < 1e-12);
    assert_eq!((report.n, report.labels["red"]), (12 + 60, 10));
    assert!(
        !report.metrics.contains_key("knn_purity"),
        "the pairs have no labels"
    );
    let report = clip(&encoder, &named, None, &prompts, &mut |_| ()).unwrap();
    assert!(report.metrics["knn_purity"] > 0.5, "{:?}", report.metrics);
    assert!(!report.metrics.contains_key("recall_at_1"));
}

#[test]
fn every_mode_fine_tunes_given_weights_and_mixes_them() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"));
    let scratch = ClipTrainConfig {
        epochs: 2,
        ..config(&at("data"))
    };
    let start = go(&scratch, &at("start"), None, false, &mut |_| ()).unwrap();
    for mode in [ClipMode::VisionOnly, ClipMode::TextFrozen, ClipMode::Lora] {
        let config = ClipTrainConfig {
            epochs: 2,
            mode,
            lora: LoraConfig {
                rank: 2,
                alpha: 4.0,
            },
            // The file says it.
            network: None,
            drift_penalty: 0.01,
            ..scratch.clone()
        };
        let out = at(&format!("{mode:?}"));
        let tuned = go(&config, &out, Some(&start.weights), false, &mut |_| ()).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 0.2;
        assert!(
            near(tuned.before.recall_at_1, start.best.metrics.recall_at_1),
            "{mode:?}"
        );
        let shares: Vec<f64> = tuned.sweep.iter().map(|mixture| mixture.share).collect();
        assert_eq!(shares, [0.0, 0.5, 1.0]);
        assert!(
            near(tuned.sweep[0].metrics.recall_at_1, tuned.before.recall_at_1),
            "{mode:?}"
        );
        assert!(
            near(
                tuned.sweep[2].metrics.recall_at_1,
                tuned.best.metrics.recall_at_1
            ),
            "{mode:?}"
        );
        assert_eq!(
            std::fs::read_to_string(out.join("wise.csv"))
                .unwrap()
                .lines()
                .count(),
            4
        );
        let (first, last) = (bits(&start.weights), bits(&tuned.weights));
        assert_eq!(
            first.keys().collect::<Vec<_>>(),
            last.keys().collect::<Vec<_>>(),
            "a plain CLIP"
        );
        let changed = |name: &str| first[name] != last[name];
        assert_eq!(changed("image.class"), mode != ClipMode::Lora, "{mode:?}");
        assert!(changed("image.blocks.0.qkv.weight"), "{mode:?}");
        assert_eq!(
            changed("text.blocks.0.qkv.weight"),
            mode == ClipMode::Lora,
            "{mode:?}"
        );
        assert_eq!(
            changed("text.projection.weight"),
            mode == ClipMode::TextFrozen,
            "{mode:?}"
        );
        assert!(!changed("text.tokens.weight"), "{mode:?}");
        assert!(tuned.mixed_weights.is_some_and(|path| path.is_file()));
    }
}

#[test]
fn what_cannot_start_or_go_on_is_an_error() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"));
    let part = ClipTrainConfig {
        mode: ClipMode::Lora,
        ..config(&at("data"))
    };
    let error = go(&part, &at("out"), None, false, &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("--init") && error.contains("full"),
        "{error}"
    );

    let wild = ClipTrainConfig {
        learning_rate: 1e30,
        warmup_epochs: 0.0,
        ..config(&at("data"))
    };
    match go(&wild, &at("out"), None, false, &mut |_| ()).unwrap_err() {
        Error::Diverged {
            epoch, step, files, ..
        } => {
            assert_eq!((epoch, step, files.len()), (1, 2, 12));
            assert!(files.iter().all(|file| file.starts_with(at("data/photos"))));
        }
        other => panic!("{other}"),
    }
    assert!(
        !at("out/best.safetensors").exists(),
        "no weights of a failed run"
    );
}

#[test]
fn bad_photos_are_listed_and_what_has_no_validation_part_is_split_by_text() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"));
    let train = std::fs::read_to_string(at("data/pairs_train.csv")).unwrap();
    std::fs::remove_file(at("data/pairs_val.csv")).unwrap();
    std::fs::remove_file(at("data/pairs_train.csv")).unwrap();
    std::fs::write(at("data/broken.png"), "no photo").unwrap();
    std::fs::write(
        at("data/pairs.csv"),
        train + "broken.png,a red square\nlost.png,lost\n",
    )
    .unwrap();
    let config = ClipTrainConfig {
        epochs: 1,
        hold_out: 0.3,
        // None of them is kept: each is read again.
        photo_memory: 0,
        forgetting: None,
        ..config(&at("data"))
    };
    let mut skipped = Vec::new();
    let summary = go(&config, &at("out"), None, false, &mut |event| {
        if let Event::Skipped { reason } = event {
            skipped.push(reason);
        }
    })
    .unwrap();
    assert!(
        summary.bad.iter().any(|bad| bad.contains("lost.png")),
        "{:?}",
        summary.bad
    );
    assert!(
        skipped.iter().any(|bad| bad.contains("broken.png")),
        "{skipped:?}"
    );
    assert_eq!(summary.best.metrics.zero_shot, None);
    // Two of six texts are kept aside, with eight photos each.
    let again = go(&config, &at("again"), None, false, &mut |_| ()).unwrap();
    assert_eq!(again.best, summary.best);
}

#[test]
fn settings_are_read_and_checked() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("clip.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        ClipTrainConfig::from_file(&path)
    };
    let text = format!(
        "forgetting = 'named'\nmode = 'lora'\n[network]\n{NETWORK}\n[[data]]\npath = 'pairs'\n"
    );
    let config = read(&text).unwrap();
    assert_eq!(config.forgetting, Some(folder.path().join("named")));
    assert_eq!(config.data[0].path, folder.path().join("pairs"));
    assert_eq!((config.mode, config.epochs), (ClipMode::Lora, 10));
    assert_eq!(ClipTrainConfig::default().check(), Ok(()));
    // What a table leaves out is CLIP's default, not the classifier's: no colours are changed.
    let config = read("[augment]\nflip = 0.25\n").unwrap();
    let expected = AugmentConfig {
        flip: 0.25,
        ..ClipTrainConfig::default().augment
    };
    assert_eq!((config.augment.color, config.augment), (0.0, expected));
    for (text, named) in [
        ("batch_size = 1", "batch_size"),
        ("micro_batch_size = 0", "micro_batch_size"),
        ("learning_rate = nan", "learning_rate"),
        ("drift_penalty = -1.0", "drift_penalty"),
        ("hold_out = 1.0", "hold_out"),
        ("wise = [0.0, 1.5]", "wise"),
        ("prompts = ['a photo']", "prompts"),
        ("mode = 'half'", "mode"),
        ("[lora]\nrank = 0", "lora.rank"),
        ("[augment]\nflip = 2.0", "augment.flip"),
        ("[augment]\nzoom = 2.0", "zoom"),
        ("[[data]]\npath = 'a'\nrepeat = 0", "repeat"),
        ("speed = 1", "speed"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(
            error.contains("clip.toml") && error.contains(named),
            "{text}: {error}"
        );
    }
    let small = NETWORK.replace("49408", "100");
    let error = read(&format!("[network]\n{small}"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("49408"), "{error}");
}

#[test]
fn shipped_settings_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    for name in ["clip.toml", "clip-small.toml"] {
        let config = ClipTrainConfig::from_file(&folder.join(name)).unwrap();
        assert_eq!(
            config.mode == ClipMode::Full,
            config.network.is_some(),
            "{name}"
        );
    }
}
