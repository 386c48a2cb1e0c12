//! Whole runs on a few coloured squares: learning, resuming, diverging, starting from given weights.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{photo, save};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tempfile::tempdir;
use wardrobe_classify::Classifier;
use wardrobe_train::data::Dataset;
use wardrobe_train::evaluate;
use wardrobe_train::tasks::classify::{Run, Summary, train};
use wardrobe_train::{AugmentConfig, DataConfig, Error, Event, Result, TrainConfig};
use wardrobe_weights::Tensors;

const CLASSES: [(&str, [u8; 3]); 3] = [
    ("t-shirt", [255, 0, 0]),
    ("pants", [0, 255, 0]),
    ("shoes", [0, 0, 255]),
];

/// `per_class` photos to learn from and 3 to measure on, of each class.
fn data_set(folder: &Path, per_class: u32) {
    for (label, color) in CLASSES {
        for seed in 0..per_class {
            save(
                &folder.join(format!("train/{label}/{seed}.png")),
                color,
                seed,
            );
        }
        for seed in 100..103 {
            save(&folder.join(format!("val/{label}/{seed}.png")), color, seed);
        }
    }
}

fn config(data: &Path) -> TrainConfig {
    TrainConfig {
        epochs: 3,
        batch_size: 8,
        learning_rate: 2e-3,
        warmup_epochs: 0.5,
        label_smoothing: 0.1,
        ema_decay: 0.8,
        image_size: 32,
        dropout: 0.1,
        stochastic_depth: 0.1,
        seed: 4,
        augment: AugmentConfig {
            color: 0.1,
            ..AugmentConfig::default()
        },
        data: vec![DataConfig {
            path: data.to_path_buf(),
            repeat: 1,
        }],
        ..TrainConfig::default()
    }
}

fn start(config: &TrainConfig, out: &Path, watch: &mut dyn FnMut(Event)) -> Result<Summary> {
    go(config, out, false, watch)
}

fn go(
    config: &TrainConfig,
    out: &Path,
    resume: bool,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    let run = Run {
        out: out.to_path_buf(),
        init: None,
        resume,
    };
    train(config, &run, &Device::Cpu, watch)
}

/// A file's tensors, bit for bit.
fn bits(path: &Path) -> BTreeMap<String, Vec<u64>> {
    let bits = |tensor: &Tensor| match tensor.dtype() {
        DType::I64 => vec![tensor.to_scalar::<i64>().unwrap() as u64],
        _ => {
            let values: Vec<f32> = tensor
                .to_dtype(DType::F32)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1()
                .unwrap();
            values.iter().map(|v| v.to_bits().into()).collect()
        }
    };
    Tensors::load(path)
        .unwrap()
        .map
        .iter()
        .map(|(name, tensor)| (name.clone(), bits(tensor)))
        .collect()
}

/// The log's rows without the wall time, which is the last column.
fn log(out: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(out.join("log.csv")).unwrap();
    let row = |line: &str| {
        line.rsplit_once(',')
            .unwrap()
            .0
            .split(',')
            .map(str::to_owned)
            .collect()
    };
    text.lines().map(row).collect()
}

#[test]
fn a_run_learns_and_an_interrupted_one_ends_with_the_same_bits() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), 14);
    let config = config(&at("data"));
    let (mut losses, mut steps) = (Vec::new(), 0);
    let whole = start(&config, &at("whole"), &mut |event| match event {
        Event::Epoch { train_loss, .. } => losses.push(train_loss),
        Event::Step {
            loss, steps: of, ..
        } => {
            assert!(loss.is_finite());
            // 42 photos in batches of 8: the last 2 are left out.
            assert_eq!(of, 5);
            steps += 1;
        }
        _ => {}
    })
    .unwrap();
    assert_eq!((losses.len(), steps), (3, 15));
    assert!(
        losses[2] < 0.8 * losses[0],
        "the loss does not fall: {losses:?}"
    );
    learned(&at("whole"), &whole, &losses);
    usable(&whole, &at("data"));

    // Stopped in the middle of the second epoch: what it did since the checkpoint is lost, and done again.
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        start(&config, &at("broken"), &mut |event| {
            assert!(
                !matches!(
                    event,
                    Event::Step {
                        epoch: 2,
                        step: 3,
                        ..
                    }
                ),
                "stopped here on purpose"
            );
        })
    }));
    assert!(stopped.is_err());
    assert_eq!(log(&at("broken")).len(), 1 + 1);
    let mut resumed_at = None;
    let resumed = go(&config, &at("broken"), true, &mut |event| {
        if let Event::Step { epoch, step, .. } = event {
            resumed_at.get_or_insert((epoch, step));
        }
    })
    .unwrap();
    assert_eq!(resumed_at, Some((2, 1)));
    assert_eq!(resumed.best, whole.best);
    for file in ["checkpoint.safetensors", "best.safetensors"] {
        let (whole, resumed) = (
            bits(&at("whole").join(file)),
            bits(&at("broken").join(file)),
        );
        assert_eq!(
            whole.keys().collect::<Vec<_>>(),
            resumed.keys().collect::<Vec<_>>()
        );
        let differ: Vec<_> = whole
            .iter()
            .filter(|(name, bits)| resumed[*name] != **bits)
            .map(|(n, _)| n)
            .collect();
        assert!(
            differ.is_empty(),
            "{file}: {} differ, {:?}...",
            differ.len(),
            &differ[..differ.len().min(3)]
        );
    }
    assert_eq!(log(&at("broken")), log(&at("whole")));

    // Other settings are not the same run.
    let other = TrainConfig {
        learning_rate: 1e-3,
        ..config
    };
    match go(&other, &at("broken"), true, &mut |_| ()) {
        Err(Error::Checkpoint { problem, .. }) => {
            assert!(problem.contains("other settings"), "{problem}")
        }
        other => panic!("{other:?}"),
    }
}

fn learned(out: &Path, summary: &Summary, losses: &[f32]) {
    let rows = log(out);
    assert_eq!(rows.len(), 1 + 3);
    assert_eq!(
        rows[0][..4],
        ["epoch", "image_size", "learning_rate", "train_loss"]
    );
    for (i, (row, loss)) in rows[1..].iter().zip(losses).enumerate() {
        assert_eq!(row[..2], [(i + 1).to_string(), "32".to_owned()]);
        assert_eq!(row[3].parse::<f32>().unwrap(), *loss);
    }
    let best = &rows[summary.best.epoch];
    assert_eq!(best[4].parse::<f64>().unwrap(), summary.best.metrics.top1);
    assert_eq!(summary.curves, out.join("curves.png"));
    let curves = wardrobe_ingest::load(&summary.curves).unwrap().image;
    assert_eq!(curves.dimensions(), (900, 700));
    // Something is drawn: axes, letters, lines.
    let ink = curves
        .pixels()
        .filter(|pixel| pixel.0.iter().any(|&v| v < 200))
        .count();
    assert!(ink > 1000, "{ink} dark pixels");
}

/// The exported file is a classifier, and measures as it did in training.
fn usable(summary: &Summary, data: &Path) {
    let weights = Tensors::load(&summary.weights).unwrap();
    assert!(
        weights
            .map
            .values()
            .all(|tensor| tensor.dtype() == DType::F16)
    );
    let classifier = Classifier::new(&weights, &Device::Cpu).unwrap();
    let found = classifier.classify(&[&photo([255, 0, 0], 200)]).unwrap();
    let sum: f32 = found[0].predictions.iter().map(|p| p.confidence).sum();
    assert!((sum - 1.0).abs() < 1e-5);

    std::fs::create_dir_all(data.join("val/kimono")).unwrap();
    std::fs::copy(
        data.join("val/pants/100.png"),
        data.join("val/kimono/1.png"),
    )
    .unwrap();
    let whole = std::fs::read(data.join("val/pants/100.png")).unwrap();
    let broken = data.join("val/pants/broken.png");
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let dataset = Dataset::for_evaluation(data).unwrap();
    let report = evaluate::classify::classify(&classifier, &dataset, &mut |_| ()).unwrap();
    std::fs::remove_file(&broken).unwrap();
    assert_eq!(report.n, 9);
    assert_eq!(report.unmapped, [("kimono".to_owned(), 1)].into());
    assert!(
        report.failed.len() == 1 && report.failed[0].contains("broken.png"),
        "{:?}",
        report.failed
    );
    // Weights were rounded to f16 since: at most one of the nine may change.
    assert!((report.metrics.top1 - summary.best.metrics.top1).abs() < 1.5 / 9.0);
    assert_eq!(report.metrics.top5, 1.0, "three labels, five guesses");
}

#[test]
fn a_loss_that_is_no_number_stops_with_the_step_and_the_files() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    data_set(&data, 8);
    let config = TrainConfig {
        learning_rate: 1e30,
        warmup_epochs: 0.0,
        ..config(&data)
    };
    let mut done = 0;
    let result = start(&config, &folder.path().join("out"), &mut |event| {
        if matches!(event, Event::Step { .. }) {
            done += 1;
        }
    });
    let error = match result {
        Err(error @ Error::Diverged { .. }) => error,
        other => panic!("{other:?}"),
    };
    let text = error.to_string();
    let Error::Diverged {
        epoch, step, files, ..
    } = error
    else {
        unreachable!()
    };
    // The first step is still with the weights as drawn; the second sees what the rate has done.
    assert_eq!((epoch, step, done), (1, 2, 1));
    let mut distinct: Vec<&PathBuf> = files.iter().collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 8, "one batch");
    for file in &files {
        assert!(
            file.starts_with(data.join("train")) && file.is_file(),
            "{}",
            file.display()
        );
        assert!(text.contains(&file.display().to_string()), "{text}");
    }
    assert!(
        text.contains("step 2 of epoch 1") && text.contains("learning_rate"),
        "{text}"
    );
    assert!(
        !folder.path().join("out/best.safetensors").exists(),
        "no weights of a failed run"
    );
}

#[test]
fn frozen_epochs_change_the_head_alone() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), 6);
    let config = TrainConfig {
        epochs: 1,
        frozen_epochs: 1,
        ..config(&at("data"))
    };
    let first = start(&config, &at("first"), &mut |_| ()).unwrap();
    let run = Run {
        out: at("second"),
        init: Some(first.weights.clone()),
        resume: false,
    };
    train(&config, &run, &Device::Cpu, &mut |_| ()).unwrap();
    let (given, after) = (
        bits(&first.weights),
        bits(&at("second/checkpoint.safetensors")),
    );
    assert!(given.contains_key("stem.norm.running_mean"));
    for (name, given) in &given {
        let same = after[&format!("weights/{name}")] == *given;
        assert_eq!(same, !name.starts_with("classifier."), "{name}");
    }
}

#[test]
fn a_share_of_the_first_weights_is_kept() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), 6);
    let first = start(&config(&at("data")), &at("first"), &mut |_| ()).unwrap();
    let config = TrainConfig {
        epochs: 1,
        init_share: 0.25,
        seed: 8,
        ..config(&at("data"))
    };
    let run = Run {
        out: at("second"),
        init: Some(first.weights.clone()),
        resume: false,
    };
    let second = train(&config, &run, &Device::Cpu, &mut |_| ()).unwrap();
    let read = |path: &Path| Tensors::load(path).unwrap().map;
    let values = |tensor: &Tensor| -> Vec<f32> {
        let plain = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap();
        plain.to_vec1().unwrap()
    };
    let (first, kept) = (read(&first.weights), read(&second.weights));
    let last = read(&at("second/checkpoint.safetensors"));
    let mut moved = 0;
    for (name, kept) in kept.iter().filter(|(_, kept)| kept.dtype().is_float()) {
        let last = values(&last[&format!("average/{name}")]);
        let ends = values(&first[name]).into_iter().zip(last);
        for (kept, (first, last)) in values(kept).into_iter().zip(ends) {
            let expected = 0.25 * first + 0.75 * last;
            // Kept in half precision.
            let close = (kept - expected).abs() <= 1e-3 * expected.abs() + 1e-6;
            assert!(close, "{name}: {kept}, not {expected}");
            moved += usize::from((first - last).abs() > 0.01 * last.abs());
        }
    }
    assert!(moved > 1000, "{moved} values moved");

    let forgotten = Run { init: None, ..run };
    let error = train(&config, &forgotten, &Device::Cpu, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("--init"), "{error}");
}

#[test]
fn a_run_of_batches_mixed_in_pairs_learns() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), 14);
    let config = TrainConfig {
        epochs: 4,
        mixup: 0.5,
        cutmix: 0.5,
        contrast_weight: 0.1,
        ..config(&at("data"))
    };
    let mut losses = Vec::new();
    start(&config, &at("mixed"), &mut |event| {
        if let Event::Epoch { train_loss, .. } = event {
            losses.push(train_loss);
        }
    })
    .unwrap();
    assert!(losses[3] < 0.9 * losses[0], "{losses:?}");

    let too_much = TrainConfig {
        mixup: 0.6,
        ..config
    };
    let problem = too_much.check().unwrap_err();
    assert!(problem.contains("mixup = 0.6"), "{problem}");
}

#[test]
fn data_and_checkpoints_that_are_not_there_are_errors() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(&at("data/train/shirt/a.png"), [9, 9, 9], 1);
    let result = start(&config(&at("data")), &at("out"), &mut |_| ());
    match result {
        Err(Error::Data { path, problem }) => {
            assert_eq!(path, at("data"));
            assert!(problem.contains("validation"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    save(&at("data/val/shirt/b.png"), [9, 9, 9], 2);
    let error = go(&config(&at("data")), &at("new"), true, &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("checkpoint.safetensors"), "{error}");
    // Weights are not a checkpoint.
    let one = Tensor::ones(1, DType::F32, &Device::Cpu).unwrap();
    let named: BTreeMap<String, &Tensor> = [("one".to_owned(), &one)].into();
    safetensors::serialize_to_file(named, None, &at("new/checkpoint.safetensors")).unwrap();
    match go(&config(&at("data")), &at("new"), true, &mut |_| ()) {
        Err(Error::Checkpoint { problem, .. }) => {
            assert!(problem.contains("not a training checkpoint"), "{problem}")
        }
        other => panic!("{other:?}"),
    }
}
