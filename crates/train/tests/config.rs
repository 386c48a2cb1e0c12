//! Settings files: defaults, paths, and what cannot work.

use std::path::PathBuf;
use tempfile::tempdir;
use wardrobe_train::{AugmentConfig, DataConfig, Error, Result, TrainConfig};

fn read(text: &str) -> (PathBuf, Result<TrainConfig>) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("train.toml");
    std::fs::write(&path, text).unwrap();
    let config = TrainConfig::from_file(&path);
    (folder.path().to_path_buf(), config)
}

#[test]
fn what_a_file_leaves_out_has_its_default() {
    let text = "
        epochs = 2
        learning_rate = 3e-4
        [augment]
        flip = 0.0
        [[data]]
        path = 'photos'
        [[data]]
        path = '/elsewhere'
        repeat = 3
    ";
    let (folder, config) = read(text);
    let data = |path: PathBuf, repeat| DataConfig { path, repeat };
    let expected = TrainConfig {
        epochs: 2,
        learning_rate: 3e-4,
        augment: AugmentConfig {
            flip: 0.0,
            ..AugmentConfig::default()
        },
        // Relative to the file, not to where the program runs.
        data: vec![data(folder.join("photos"), 1), data("/elsewhere".into(), 3)],
        ..TrainConfig::default()
    };
    assert_eq!(config.unwrap(), expected);
    assert_eq!(TrainConfig::default().check(), Ok(()));
}

#[test]
fn values_that_cannot_work_are_named_with_the_file() {
    for (text, named) in [
        ("epochs = 0", "epochs"),
        ("batch_size = 1", "batch_size"),
        ("learning_rate = 0.0", "learning_rate"),
        ("learning_rate = -1e-4", "learning_rate"),
        ("learning_rate = nan", "learning_rate"),
        ("clip_norm = 0.0", "clip_norm"),
        ("image_size = 31", "image_size"),
        ("first_image_size = 8", "first_image_size"),
        ("eval_image_size = 31", "eval_image_size"),
        ("label_smoothing = 1.0", "label_smoothing"),
        ("label_smoothing = -0.1", "label_smoothing"),
        ("ema_decay = 1.0", "ema_decay"),
        ("ema_decay = nan", "ema_decay"),
        ("dropout = 1.5", "dropout"),
        ("stochastic_depth = 1.0", "stochastic_depth"),
        ("[augment]\nflip = 2.0", "augment.flip"),
        ("[augment]\nerase = -1.0", "augment.erase"),
        ("[augment]\ncolor = 1.0", "augment.color"),
        ("[augment]\nmin_area = 0.0", "augment.min_area"),
        ("[augment]\nmin_area = 1.1", "augment.min_area"),
        ("[augment]\nmax_aspect = 0.5", "augment.max_aspect"),
        ("[[data]]\npath = 'a'\nrepeat = 0", "repeat"),
        // Not settings at all.
        ("learning_rat = 1e-4", "learning_rat"),
        ("[augment]\nzoom = 2", "zoom"),
        ("[[data]]\npath = 'a'\nweight = 2", "weight"),
        ("epochs = 'many'", "epochs"),
        ("epochs = -3", "epochs"),
        ("epochs =", "epochs"),
    ] {
        match read(text).1 {
            Err(error @ Error::Config { .. }) => {
                let error = error.to_string();
                assert!(
                    error.contains("train.toml") && error.contains(named),
                    "{text}: {error}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_edges_of_the_ranges_are_allowed() {
    let text = "
        batch_size = 2
        image_size = 32
        first_image_size = 32
        eval_image_size = 0
        ema_decay = 0.0
        label_smoothing = 0.0
        dropout = 0.0
        [augment]
        min_area = 1.0
        max_aspect = 1.0
        erase = 0.0
    ";
    assert!(read(text).1.is_ok());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let path = tempdir().unwrap().path().join("none.toml");
    match TrainConfig::from_file(&path) {
        Err(Error::File { path: named, .. }) => assert_eq!(named, path),
        other => panic!("{other:?}"),
    }
}
