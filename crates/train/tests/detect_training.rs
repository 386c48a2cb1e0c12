//! Whole runs of the detector on a few coloured shapes: learning one batch by heart, resuming, starting from given
//! weights, stopping early.

use candle_core::{DType, Device};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tempfile::tempdir;
use wardrobe_detect::{Detector, Variant};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::Rgb;
use wardrobe_train::tasks::detect::{
    DetectAugment, DetectConfig, OptimizerChoice, Run, Summary, train,
};
use wardrobe_train::{DataConfig, Error, Event, Result};
use wardrobe_weights::Tensors;

const NAMES: [&str; 3] = ["skirt", "bag", "hat"];
const COLORS: [[u8; 3]; 3] = [[200, 40, 40], [40, 170, 60], [50, 60, 210]];

/// A photo of 96 x 72 pixels with two rectangles in the colours of their classes, and its line-by-line labels.
fn photo(seed: u32) -> (RgbImage, String) {
    let mut photo = RgbImage::from_fn(96, 72, |x, y| {
        Rgb([150 + ((x * 7 + y * 5 + seed * 11) % 40) as u8; 3])
    });
    let mut labels = String::new();
    for (i, x0) in [4 + seed * 5 % 13, 50 + seed * 3 % 9]
        .into_iter()
        .enumerate()
    {
        let class = (seed as usize + i) % 3;
        let (y0, w, h) = (6 + seed * 7 % 19, 28 + seed * 2 % 9, 30 + seed * 5 % 14);
        for (x, y) in (x0..x0 + w).flat_map(|x| (y0..y0 + h).map(move |y| (x, y))) {
            photo.put_pixel(x, y, Rgb(COLORS[class]));
        }
        let share = |low: u32, side: u32, of: f32| {
            ((low as f32 + side as f32 / 2.0) / of, side as f32 / of)
        };
        let ((cx, w), (cy, h)) = (share(x0, w, 96.0), share(y0, h, 72.0));
        writeln!(labels, "{class} {cx} {cy} {w} {h}").unwrap();
    }
    (photo, labels)
}

/// A YOLO folder; `val` may name photos of `train`.
fn data_set(folder: &Path, names: &[&str], train: &[u32], val: &[u32]) {
    for (part, seeds) in [("train", train), ("val", val)] {
        let (images, labels) = (
            folder.join("images").join(part),
            folder.join("labels").join(part),
        );
        std::fs::create_dir_all(&images).unwrap();
        std::fs::create_dir_all(&labels).unwrap();
        for &seed in seeds {
            let (photo, lines) = photo(seed);
            photo.save(images.join(format!("{seed}.png"))).unwrap();
            std::fs::write(labels.join(format!("{seed}.txt")), lines).unwrap();
        }
    }
    let yaml = format!("path: .\ntrain: images/train\nval: images/val\nnames: {names:?}\n");
    std::fs::write(folder.join("data.yaml"), yaml).unwrap();
}

fn config(data: &Path) -> DetectConfig {
    DetectConfig {
        variant: Variant::N,
        epochs: 3,
        batch_size: 4,
        nominal_batch_size: 4,
        image_size: 96,
        optimizer: OptimizerChoice::AdamW,
        learning_rate: 2e-3,
        warmup_epochs: 0.0,
        ema_warmup: 20.0,
        seed: 2,
        augment: DetectAugment {
            close_mosaic: 1,
            ..DetectAugment::default()
        },
        data: vec![DataConfig {
            path: data.to_path_buf(),
            repeat: 1,
        }],
        ..DetectConfig::default()
    }
}

fn go(
    config: &DetectConfig,
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

#[test]
fn one_batch_is_learned_by_heart() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    data_set(&data, &NAMES, &[1, 2, 3, 4], &[1, 2, 3, 4]);
    let config = DetectConfig {
        epochs: 200,
        eval_every: 200,
        image_size: 96,
        augment: DetectAugment::none(),
        ema_decay: 0.9,
        ..config(&data)
    };
    let mut losses = Vec::new();
    let summary = go(&config, &folder.path().join("out"), false, &mut |event| {
        if let Event::Epoch { train_loss, .. } = event {
            losses.push(train_loss);
        }
    })
    .unwrap();
    // The untrained head says "nothing" at little cost, and learns to say more first.
    let highest = losses.iter().copied().fold(0.0, f32::max);
    assert!(losses.last().unwrap() < &(0.2 * highest), "{losses:?}");
    let metrics = summary.best.metrics;
    assert!(metrics.map50 >= 0.99, "{metrics:?} {losses:?}");
    assert!(metrics.map50_95 >= 0.8, "{metrics:?}");

    // The file says what it needs to be used, and finds in f16 what is there.
    let weights = Tensors::load(&summary.weights).unwrap();
    assert!(weights.map.values().all(|t| t.dtype() == DType::F16));
    let detector = Detector::new(&weights, &Device::Cpu).unwrap();
    assert_eq!(detector.config().names, NAMES);
    assert_eq!(detector.config().letterbox.width, 96);
    let mut found: Vec<_> = detector.detect(&photo(2).0).unwrap();
    found.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
    let classes: Vec<_> = found.iter().map(|d| d.class.as_ref()).collect();
    assert_eq!(classes, ["hat", "skirt"]);
}

/// A file's tensors, bit for bit.
fn bits(path: &Path) -> BTreeMap<String, Vec<u32>> {
    let bits = |tensor: &candle_core::Tensor| -> Vec<u32> {
        let flat = tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap();
        flat.to_vec1::<f32>()
            .unwrap()
            .iter()
            .map(|v| v.to_bits())
            .collect()
    };
    let file = Tensors::load(path).unwrap();
    file.map
        .iter()
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
fn an_interrupted_run_ends_with_the_same_bits() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), &NAMES, &[1, 2, 3, 4, 5, 6, 7], &[8, 9]);
    // Seven photos in batches of three, two at a time, gathered by twos: every remainder there is.
    let config = DetectConfig {
        batch_size: 3,
        micro_batch_size: 2,
        nominal_batch_size: 6,
        first_image_size: 64,
        warmup_epochs: 1.0,
        eval_every: 2,
        ..config(&at("data"))
    };
    let mut steps = Vec::new();
    let whole = go(&config, &at("whole"), false, &mut |event| {
        if let Event::Step {
            epoch,
            step,
            steps: of,
            ..
        } = event
        {
            steps.push((epoch, step, of));
        }
    })
    .unwrap();
    let expected: Vec<_> = (1..=3)
        .flat_map(|epoch| (1..=3).map(move |step| (epoch, step, 3)))
        .collect();
    assert_eq!(steps, expected);
    assert_eq!(whole.epochs, 3);

    // Stopped in the middle of the second epoch: what it did since the checkpoint is lost, and done again.
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        go(&config, &at("broken"), false, &mut |event| {
            let here = matches!(
                event,
                Event::Step {
                    epoch: 2,
                    step: 2,
                    ..
                }
            );
            assert!(!here, "stopped here on purpose");
        })
    }));
    assert!(stopped.is_err());
    let resumed = go(&config, &at("broken"), true, &mut |_| ()).unwrap();
    assert_eq!(resumed.best, whole.best);
    for file in ["checkpoint.safetensors", "best.safetensors"] {
        let (whole, resumed) = (
            bits(&at("whole").join(file)),
            bits(&at("broken").join(file)),
        );
        assert!(whole.keys().eq(resumed.keys()));
        let differs = whole.iter().find(|(name, bits)| resumed[*name] != **bits);
        assert!(differs.is_none(), "{file}: {:?}", differs.unwrap().0);
    }
    let rows = log(&at("whole"));
    assert_eq!(rows, log(&at("broken")));
    // Sides grow, and the first epoch is not measured.
    let cells = |row: usize| rows[row].split(',').map(str::to_owned).collect::<Vec<_>>();
    let sides: Vec<_> = (1..4).map(|row| cells(row)[1].clone()).collect();
    assert_eq!(sides, ["64", "96", "96"]);
    assert_eq!(cells(0)[7], "val_map50");
    let measured: Vec<_> = (1..4).map(|row| !cells(row)[7].is_empty()).collect();
    assert_eq!(measured, [false, true, true]);

    // Other settings are not the same run.
    let other = DetectConfig { seed: 9, ..config };
    match go(&other, &at("broken"), true, &mut |_| ()) {
        Err(Error::Checkpoint { problem, .. }) => {
            assert!(problem.contains("other settings"), "{problem}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_classes_get_a_new_head_and_the_rest_is_kept() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), &NAMES, &[1, 2], &[3]);
    // A rate of next to nothing: what differs afterwards did so at the start.
    let config = DetectConfig {
        epochs: 1,
        learning_rate: 1e-12,
        weight_decay: 0.0,
        ..config(&at("data"))
    };
    let first = go(&config, &at("first"), false, &mut |_| ()).unwrap();
    data_set(
        &at("more"),
        &["skirt", "bag", "hat", "shoes"],
        &[4, 5],
        &[6],
    );
    let from_first = |data: &str, out: &str| {
        let config = DetectConfig {
            seed: 77,
            data: vec![DataConfig {
                path: at(data),
                repeat: 1,
            }],
            ..config.clone()
        };
        let run = Run {
            out: at(out),
            init: Some(first.weights.clone()),
            resume: false,
        };
        train(&config, &run, &Device::Cpu, &mut |_| ()).unwrap();
        bits(&at(out).join("checkpoint.safetensors"))
    };
    let given = bits(&first.weights);
    let same = |after: &BTreeMap<String, Vec<u32>>, name: &str| {
        let near = |(a, b): (&u32, &u32)| (f32::from_bits(*a) - f32::from_bits(*b)).abs() < 1e-6;
        let (given, after) = (&given[name], &after[&format!("weights/{name}")]);
        given.len() == after.len() && given.iter().zip(after).all(near)
    };
    let names = given.keys().filter(|name| !name.contains("running_"));
    let names: Vec<_> = names
        .filter(|name| name.ends_with("weight") && !name.contains("norm"))
        .collect();
    assert!(names.len() > 60);
    let (four, three) = (from_first("more", "four"), from_first("data", "three"));
    for name in names {
        assert_eq!(
            same(&four, name),
            !name.starts_with("head.classes."),
            "{name}"
        );
        assert!(
            same(&three, name),
            "{name}: the same classes keep their head"
        );
    }
}

#[test]
fn patience_ends_a_run_that_gets_no_better() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), &NAMES, &[1, 2], &[3]);
    let config = DetectConfig {
        epochs: 9,
        patience: 2,
        learning_rate: 1e-12,
        ..config(&at("data"))
    };
    let summary = go(&config, &at("out"), false, &mut |_| ()).unwrap();
    assert_eq!((summary.best.epoch, summary.epochs), (1, 3));
    // Resuming a run that has ended adds nothing.
    let again = go(&config, &at("out"), true, &mut |_| ()).unwrap();
    assert_eq!((again.best, again.epochs), (summary.best, 3));
    assert_eq!(log(&at("out")).len(), 1 + 3);
}

#[test]
fn a_loss_that_is_no_number_names_the_photos() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), &NAMES, &[1, 2, 3, 4], &[5]);
    let config = DetectConfig {
        learning_rate: 1e30,
        batch_size: 2,
        nominal_batch_size: 2,
        ..config(&at("data"))
    };
    match go(&config, &at("out"), false, &mut |_| ()) {
        Err(Error::Diverged {
            files,
            epoch: 1,
            step: 2,
            ..
        }) => {
            assert_eq!(files.len(), 2);
            assert!(files.iter().all(|file| file.is_file()));
        }
        other => panic!("{other:?}"),
    }
    assert!(!at("out/best.safetensors").exists());
}

#[test]
fn a_photo_that_cannot_be_decoded_is_told_once_and_left_out() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    data_set(&at("data"), &NAMES, &[1, 2, 3], &[4]);
    let broken = at("data/images/train/2.png");
    let whole = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let config = DetectConfig {
        epochs: 2,
        ..config(&at("data"))
    };
    let mut told = Vec::new();
    go(&config, &at("out"), false, &mut |event| {
        if let Event::Skipped { reason } = event {
            told.push(reason);
        }
    })
    .unwrap();
    assert!(told.len() == 1 && told[0].contains("2.png"), "{told:?}");
}
