//! The detector's settings files: those that ship, defaults, and what cannot work.

use std::path::Path;
use tempfile::tempdir;
use wardrobe_train::tasks::detect::DetectConfig;
use wardrobe_train::{DataConfig, Error, Result};

fn read(text: &str) -> Result<DetectConfig> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("detect.toml");
    std::fs::write(&path, text).unwrap();
    DetectConfig::from_file(&path)
}

fn shipped(name: &str) -> DetectConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    DetectConfig::from_file(&folder.join(name)).unwrap()
}

#[test]
fn the_shipped_settings_are_the_defaults_and_a_small_machines() {
    let whole = shipped("detect.toml");
    let expected = DetectConfig {
        data: whole.data.clone(),
        ..DetectConfig::default()
    };
    assert_eq!(whole, expected);
    let small = shipped("starter-detector.toml");
    assert!(small.image_size < whole.image_size && !small.data.is_empty());
}

#[test]
fn what_a_file_leaves_out_has_its_default() {
    let config = read("epochs = 2\n[augment]\nflip = 0.0\n[[data]]\npath = '/photos'").unwrap();
    assert_eq!((config.epochs, config.augment.flip), (2, 0.0));
    assert_eq!(config.augment.mosaic, 1.0);
    let data = DataConfig {
        path: "/photos".into(),
        repeat: 1,
    };
    assert_eq!(config.data, [data]);
    assert_eq!(DetectConfig::default().check(), Ok(()));
}

#[test]
fn values_that_cannot_work_are_named_with_the_file() {
    for (text, named) in [
        ("epochs = 0", "epochs"),
        ("eval_every = 0", "eval_every"),
        ("image_size = 300", "multiple of 32"),
        ("eval_image_size = 300", "multiple of 32"),
        ("first_image_size = 672", "first_image_size"),
        ("optimizer = 'adam'", "adam"),
        ("variant = 'y'", "variant"),
        ("learning_rate = -1.0", "learning_rate"),
        ("momentum = 1.0", "momentum"),
        ("clip_norm = 0.0", "clip_norm"),
        ("[augment]\nmosaic = 1.5", "augment.mosaic"),
        ("[augment]\nrotation = 5", "rotation"),
        ("[gains]\nboxes = nan", "gains.boxes"),
        ("[[data]]\npath = 'x'\nrepeat = 0", "repeat"),
    ] {
        match read(text) {
            Err(Error::Config { path, problem }) => {
                assert!(path.ends_with("detect.toml"), "{text}");
                assert!(problem.contains(named), "{text}: {problem}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}
