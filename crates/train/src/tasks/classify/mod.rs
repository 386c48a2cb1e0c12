//! Trains EfficientNet-B0 over the taxonomy's categories.
//!
//! Data sets label photos more coarsely than the taxonomy ("shoes", "outwear"), and each in its own way. A label is
//! therefore learned as a *set* of categories: the loss is the negative logarithm of the set's summed probability
//! ([`wardrobe_nn::loss::set_cross_entropy`]), so that several data sets teach one head, each as finely as it knows.

mod data;
mod targets;
mod trainer;

pub use super::Run;

use super::Row;
use super::epochs::{self, Curve, Limits, Task};
use crate::TrainConfig;
use crate::checkpoint::Progress;
use crate::curves::{BLUE, GREEN, RED};
use crate::error::{AtPath, Result};
use crate::evaluate::classify::Metrics;
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::Path;
use trainer::Trainer;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to.
pub type Summary = super::Summary<Metrics>;

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

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[("loss", BLUE, |row| Some(row.train_loss.into()))];
    const METRICS: &'static [Curve<Self>] = &[
        ("top-1", BLUE, |row| Some(row.val_top1)),
        ("top-5", GREEN, |row| Some(row.val_top5)),
        ("macro-F1", RED, |row| Some(row.val_macro_f1)),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            top1: self.val_top1,
            top5: self.val_top5,
            macro_f1: self.val_macro_f1,
        })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        one.top1 > other.top1
    }
}

/// Trains until the last epoch and keeps the weights of the one with the best validation accuracy, calibrated on the same
/// photos ([`wardrobe_classify::Groups::sharpen`]).
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
    let mut task = Classify {
        config,
        trainer: Trainer::new(config, run, &data, device)?,
        data: &data,
    };
    let limits = Limits {
        epochs: config.epochs,
        patience: 0,
    };
    let log = epochs::begin(&mut task, run)?;
    let summary = epochs::run(&mut task, run, limits, log, watch)?;
    task.trainer.calibrate(&data, &summary.weights)?;
    Ok(summary)
}

struct Classify<'a> {
    config: &'a TrainConfig,
    trainer: Trainer<'a>,
    data: &'a Data,
}

impl Task for Classify<'_> {
    type Row = LogRow;
    type Learned = f32;
    type Measured = Metrics;

    fn progress(&mut self) -> &mut Progress<Metrics> {
        &mut self.trainer.progress
    }

    fn resume(&mut self, run: &Run) -> Result<Vec<LogRow>> {
        self.trainer.resume(run)
    }

    fn learn(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<f32> {
        self.trainer.learn(self.data, epoch, watch)
    }

    fn validate(&mut self, _: usize, _: &mut dyn FnMut(Event)) -> Result<Metrics> {
        self.trainer.validate(self.data)
    }

    fn row(&self, epoch: usize, train_loss: f32, metrics: Metrics, seconds: f64) -> Result<LogRow> {
        let (config, steps) = (self.config, self.data.steps(self.config));
        let Metrics {
            top1,
            top5,
            macro_f1,
        } = metrics;
        Ok(LogRow {
            epoch: epoch + 1,
            image_size: config.image_size_in(epoch),
            learning_rate: config.learning_rate * self.trainer.schedule(epoch * steps, steps),
            train_loss,
            val_top1: top1,
            val_top5: top5,
            val_macro_f1: macro_f1,
            seconds,
        })
    }

    fn export(&self, path: &Path) -> Result<()> {
        self.trainer.export(path)
    }

    fn checkpoint(&self, path: &Path) -> Result<()> {
        self.trainer.checkpoint(path)
    }
}
