//! Trains the tagger: linear heads on the classifier's descriptors, each learning from the photos of which its tag is known.
//!
//! The network itself stays, so that a garment's tags cost a matrix product on top of its category. Descriptors of every
//! photo and of its varied views are computed once, at the start; the epochs then take seconds. What is exported is
//! calibrated on the validation photos.

mod calibrate;
mod config;
mod data;
mod head;

pub use super::Run;
pub use config::TagConfig;

use super::Row;
use super::epochs::Curve;
use crate::curves::{BLUE, GREEN, MAGENTA, RED};
use crate::error::{AtPath, Result};
use crate::evaluate::tag::Metrics;
use crate::progress::Event;
use data::Data;
use head::Tag;
use serde::{Deserialize, Serialize};
use wardrobe_classify::Classifier;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to. The weights hold the classifier's SHA-256.
pub type Summary = super::Summary<Metrics>;

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LogRow {
    epoch: usize,
    learning_rate: f64,
    train_loss: f32,
    val_pattern: f64,
    val_seasons: f64,
    val_styles: f64,
    val_formality_error: f64,
    val_color: f64,
    seconds: f64,
}

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[("loss", BLUE, |row| Some(row.train_loss.into()))];
    const METRICS: &'static [Curve<Self>] = &[
        ("pattern", BLUE, |row| Some(row.val_pattern)),
        ("seasons", GREEN, |row| Some(row.val_seasons)),
        ("styles", RED, |row| Some(row.val_styles)),
        ("colour", MAGENTA, |row| Some(row.val_color)),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            pattern: self.val_pattern,
            seasons: self.val_seasons,
            styles: self.val_styles,
            formality_error: self.val_formality_error,
            color: self.val_color,
        })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        one.score() > other.score()
    }
}

/// Trains until the last epoch and keeps the weights of the one whose accuracies, less formality's error, sum highest.
///
/// `classifier_sha256` is of the classifier's weights, whose descriptors the heads take. `run.init` has no use here.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &TagConfig,
    run: &Run,
    classifier: &Classifier,
    classifier_sha256: &str,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config, classifier, watch)?;
    let tag = Tag {
        config,
        data: &data,
        classifier_sha256,
    };
    super::head::train(&tag, run, watch)
}
