//! Trains YOLOv8 on photos with boxes, by Ultralytics' recipe.
//!
//! [`assign`] says which anchor points learn which garment, [`loss`] what they learn. Photos are put together, moved,
//! scaled, mirrored and lit anew while the network learns from those before; the average of its weights is validated
//! and kept.

pub mod assign;
mod config;
mod data;
mod loader;
pub mod loss;
mod photos;
mod schedule;
mod trainer;
mod validate;
mod view;

pub use config::{DetectAugment, DetectConfig, OptimizerChoice};
pub use validate::Metrics;

use super::Row;
use super::epochs::{self, Curve, Limits, Task};
use crate::checkpoint::Progress;
use crate::curves::{BLUE, GREEN, RED};
use crate::error::{AtPath, Result};
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::Path;
use trainer::{Learned, Trainer};

pub use super::Run;

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
    box_loss: f32,
    class_loss: f32,
    distance_loss: f32,
    val_map50: Option<f64>,
    val_map50_95: Option<f64>,
    seconds: f64,
}

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[
        ("boxes", BLUE, |row| Some(row.box_loss.into())),
        ("classes", RED, |row| Some(row.class_loss.into())),
        ("distances", GREEN, |row| Some(row.distance_loss.into())),
    ];
    const METRICS: &'static [Curve<Self>] = &[
        ("mAP50", BLUE, |row| row.val_map50),
        ("mAP50-95", RED, |row| row.val_map50_95),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss
    }

    fn metrics(&self) -> Option<Metrics> {
        let (map50, map50_95) = (self.val_map50?, self.val_map50_95?);
        Some(Metrics { map50, map50_95 })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        one.fitness() > other.fitness()
    }
}

/// Trains until the last epoch, or until none was better for long, and keeps the weights of the best by
/// [`Metrics::fitness`].
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &DetectConfig,
    run: &Run,
    device: &Device,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config)?;
    let mut task = Detect {
        config,
        trainer: Trainer::new(config, run, &data, device)?,
        data: &data,
    };
    let limits = Limits {
        epochs: config.epochs,
        patience: config.patience,
    };
    let log = epochs::begin(&mut task, run)?;
    epochs::run(&mut task, run, limits, log, watch)
}

struct Detect<'a> {
    config: &'a DetectConfig,
    trainer: Trainer<'a>,
    data: &'a Data,
}

impl Task for Detect<'_> {
    type Row = LogRow;
    type Learned = Learned;
    type Measured = Option<Metrics>;

    fn progress(&mut self) -> &mut Progress<Metrics> {
        &mut self.trainer.progress
    }

    fn resume(&mut self, run: &Run) -> Result<Vec<LogRow>> {
        self.trainer.resume(run)
    }

    fn learn(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<Learned> {
        self.trainer.learn(self.data, epoch, watch)
    }

    fn validate(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<Option<Metrics>> {
        let done = epoch + 1;
        let due = done.is_multiple_of(self.config.eval_every) || done == self.config.epochs;
        due.then(|| self.trainer.validate(self.data, watch))
            .transpose()
    }

    fn row(
        &self,
        epoch: usize,
        learned: Learned,
        metrics: Option<Metrics>,
        seconds: f64,
    ) -> Result<LogRow> {
        let [box_loss, class_loss, distance_loss] = learned.terms;
        Ok(LogRow {
            epoch: epoch + 1,
            image_size: self.config.image_size_in(epoch),
            learning_rate: learned.rate,
            train_loss: learned.loss,
            box_loss,
            class_loss,
            distance_loss,
            val_map50: metrics.map(|m| m.map50),
            val_map50_95: metrics.map(|m| m.map50_95),
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
