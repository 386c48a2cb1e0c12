//! Trains EfficientNet-B0 over the taxonomy's categories.
//!
//! Data sets label photos more coarsely than the taxonomy ("shoes", "outwear"), and each in its own way. A label is
//! therefore learned as a *set* of categories: the loss is the negative logarithm of the set's summed probability
//! ([`wardrobe_nn::loss::set_cross_entropy`]), so that several data sets teach one head, each as finely as it knows.

mod data;
mod targets;
mod trainer;

pub use super::Run;

use crate::TrainConfig;
use crate::checkpoint::write_log;
use crate::curves::{self, BLUE, GREEN, Line, Panel, RED};
use crate::error::{AtPath, Result};
use crate::evaluate::classify::Metrics;
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;
use trainer::Trainer;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The best epoch, whose weights were kept.
    pub best: Best,
    /// The weights, as f16 safetensors with their settings.
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
    image_size: usize,
    learning_rate: f64,
    train_loss: f32,
    val_top1: f64,
    val_top5: f64,
    val_macro_f1: f64,
    seconds: f64,
}

impl super::Row for LogRow {
    type Metrics = Metrics;

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            top1: self.val_top1,
            top5: self.val_top5,
            macro_f1: self.val_macro_f1,
        })
    }
}

/// Trains until the last epoch and keeps the weights of the one with the best validation accuracy.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &TrainConfig,
    run: &Run,
    device: &Device,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config, watch)?;
    let mut trainer = Trainer::new(config, run, &data, device)?;
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
            .is_none_or(|best| metrics.top1 > best.metrics.top1);
        if best {
            trainer.progress.best = Some(Best {
                epoch: epoch + 1,
                metrics,
            });
            trainer.export(&run.weights())?;
        }
        trainer.progress.epochs = epoch + 1;
        trainer.progress.seconds += seconds;
        let Metrics {
            top1,
            top5,
            macro_f1,
        } = metrics;
        log.push(LogRow {
            epoch: epoch + 1,
            image_size: config.image_size_in(epoch),
            learning_rate: config.learning_rate
                * trainer.schedule(epoch * data.steps(config), data.steps(config)),
            train_loss,
            val_top1: top1,
            val_top5: top5,
            val_macro_f1: macro_f1,
            seconds,
        });
        write_log(&log, &run.log())?;
        draw(&log, &run.curves())?;
        trainer.checkpoint(&run.checkpoint())?;
        watch(Event::Epoch {
            epoch: epoch + 1,
            train_loss,
            metrics: vec![("top-1", top1), ("macro-F1", macro_f1)],
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
    let line = |name, color, of: fn(&LogRow) -> f64| {
        let points = rows.iter().map(|row| (row.epoch, of(row)));
        Line {
            name,
            color,
            points: points.collect(),
        }
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
            line("top-1", BLUE, |row| row.val_top1),
            line("top-5", GREEN, |row| row.val_top5),
            line("macro-F1", RED, |row| row.val_macro_f1),
        ],
    };
    curves::draw([loss, validation], rows.len(), path)
}
