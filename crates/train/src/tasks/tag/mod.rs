//! Trains the tagger: linear heads on the classifier's descriptors, each learning from the photos of which its tag is known.
//!
//! The network itself stays, so that a garment's tags cost a matrix product on top of its category. Descriptors of every
//! photo and of its varied views are computed once, at the start; the epochs then take seconds. What is exported is
//! calibrated on the validation photos.

mod calibrate;
mod config;
mod data;
mod trainer;

pub use super::Run;
pub use config::TagConfig;

use crate::checkpoint::write_log;
use crate::curves::{self, BLUE, GREEN, Line, Panel, RED};
use crate::error::{AtPath, Result};
use crate::evaluate::tag::Metrics;
use crate::progress::Event;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;
use trainer::Trainer;
use wardrobe_classify::Classifier;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The best epoch, whose weights were kept.
    pub best: Best,
    /// The weights, as f16 safetensors with the classifier's SHA-256 and what was learned.
    pub weights: PathBuf,
    /// The curves, as a PNG.
    pub curves: PathBuf,
    /// Wall time of all epochs, over all resumptions.
    pub seconds: f64,
}

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
    seconds: f64,
}

impl super::Row for LogRow {
    type Metrics = Metrics;

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            pattern: self.val_pattern,
            seasons: self.val_seasons,
            styles: self.val_styles,
            formality_error: self.val_formality_error,
        })
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
    let mut trainer = Trainer::new(config, run, &data)?;
    let mut log = if run.resume {
        trainer.resume(run)?
    } else {
        Vec::new()
    };
    for epoch in trainer.progress.epochs..config.epochs {
        let start = Instant::now();
        let train_loss = trainer.learn(&data, epoch, watch)?;
        let metrics = trainer.validate(&data)?;
        let seconds = start.elapsed().as_secs_f64();
        let best = trainer
            .progress
            .best
            .is_none_or(|best| metrics.score() > best.metrics.score());
        if best {
            trainer.progress.best = Some(Best {
                epoch: epoch + 1,
                metrics,
            });
            trainer.export(&run.weights(), &data, classifier_sha256)?;
        }
        trainer.progress.epochs = epoch + 1;
        trainer.progress.seconds += seconds;
        let steps = data.steps(config);
        log.push(LogRow {
            epoch: epoch + 1,
            learning_rate: config.learning_rate * trainer.schedule(epoch * steps, steps),
            train_loss,
            val_pattern: metrics.pattern,
            val_seasons: metrics.seasons,
            val_styles: metrics.styles,
            val_formality_error: metrics.formality_error,
            seconds,
        });
        write_log(&log, &run.log())?;
        draw(&log, &run.curves())?;
        trainer.checkpoint(&run.checkpoint())?;
        watch(Event::Epoch {
            epoch: epoch + 1,
            train_loss,
            metrics: vec![
                ("pattern", metrics.pattern),
                ("seasons", metrics.seasons),
                ("styles", metrics.styles),
            ],
            best,
            seconds,
        });
    }
    Ok(Summary {
        best: trainer.progress.best(run)?,
        weights: run.weights(),
        curves: run.curves(),
        seconds: trainer.progress.seconds,
    })
}

/// Draws the log to a PNG: loss above, validation metrics below.
fn draw(rows: &[LogRow], path: &Path) -> Result<()> {
    let line = |name, color, of: fn(&LogRow) -> f64| Line {
        name,
        color,
        points: rows.iter().map(|row| (row.epoch, of(row))).collect(),
    };
    let loss = Panel {
        title: "Training loss",
        top: None,
        lines: vec![line("loss", BLUE, |row| row.train_loss.into())],
    };
    let validation = Panel {
        title: "Validation",
        top: Some(1.0),
        lines: vec![
            line("pattern", BLUE, |row| row.val_pattern),
            line("seasons", GREEN, |row| row.val_seasons),
            line("styles", RED, |row| row.val_styles),
        ],
    };
    curves::draw([loss, validation], rows.len(), path)
}
