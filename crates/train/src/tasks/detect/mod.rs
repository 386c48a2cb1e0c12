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

use crate::checkpoint::write_log;
use crate::curves::{self, BLUE, GREEN, Line, Panel, RED, RGBColor};
use crate::error::{AtPath, Result};
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;
use trainer::Trainer;

pub use super::Run;

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
    /// Epochs done; fewer than asked for where patience ran out.
    pub epochs: usize,
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
    box_loss: f32,
    class_loss: f32,
    distance_loss: f32,
    val_map50: Option<f64>,
    val_map50_95: Option<f64>,
    seconds: f64,
}

impl super::Row for LogRow {
    type Metrics = Metrics;

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn metrics(&self) -> Option<Metrics> {
        let (map50, map50_95) = (self.val_map50?, self.val_map50_95?);
        Some(Metrics { map50, map50_95 })
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
    let mut trainer = Trainer::new(config, run, &data, device)?;
    let mut log = if run.resume {
        trainer.resume(run)?
    } else {
        Vec::new()
    };
    while trainer.progress.epochs < config.epochs && !out_of_patience(config, &trainer) {
        let row = one_epoch(&mut trainer, &data, run, watch)?;
        log.push(row);
        write_log(&log, &run.log())?;
        draw(&log, &run.curves())?;
        trainer.checkpoint(&run.checkpoint())?;
    }
    Ok(Summary {
        best: trainer.progress.best(run)?,
        weights: run.weights(),
        curves: run.curves(),
        epochs: trainer.progress.epochs,
        seconds: trainer.progress.seconds,
    })
}

fn out_of_patience(config: &DetectConfig, trainer: &Trainer<'_>) -> bool {
    let since = |best: Best| trainer.progress.epochs - best.epoch;
    config.patience > 0
        && trainer
            .progress
            .best
            .is_some_and(|best| since(best) >= config.patience)
}

fn one_epoch(
    trainer: &mut Trainer<'_>,
    data: &Data,
    run: &Run,
    watch: &mut dyn FnMut(Event),
) -> Result<LogRow> {
    let (start, epoch) = (Instant::now(), trainer.progress.epochs);
    let learned = trainer.learn(data, epoch, watch)?;
    let config = trainer.config();
    let due = (epoch + 1).is_multiple_of(config.eval_every) || epoch + 1 == config.epochs;
    let metrics = due.then(|| trainer.validate(data, watch)).transpose()?;
    let better = |found: &Metrics| {
        let best = trainer.progress.best;
        best.is_none_or(|best| found.fitness() > best.metrics.fitness())
    };
    let best = metrics.filter(better);
    if let Some(metrics) = best {
        let epoch = epoch + 1;
        trainer.progress.best = Some(Best { epoch, metrics });
        trainer.export(&run.weights())?;
    }
    let seconds = start.elapsed().as_secs_f64();
    trainer.progress.epochs = epoch + 1;
    trainer.progress.seconds += seconds;
    let shown = metrics.map(|m| vec![("mAP50", m.map50), ("mAP50-95", m.map50_95)]);
    watch(Event::Epoch {
        epoch: epoch + 1,
        train_loss: learned.loss,
        metrics: shown.unwrap_or_default(),
        best: best.is_some(),
        seconds,
    });
    Ok(LogRow {
        epoch: epoch + 1,
        image_size: trainer.config().image_size_in(epoch),
        learning_rate: learned.rate,
        train_loss: learned.loss,
        box_loss: learned.terms[0],
        class_loss: learned.terms[1],
        distance_loss: learned.terms[2],
        val_map50: metrics.map(|m| m.map50),
        val_map50_95: metrics.map(|m| m.map50_95),
        seconds,
    })
}

/// Draws the log to a PNG: the terms of the loss above, validation metrics below.
fn draw(rows: &[LogRow], path: &Path) -> Result<()> {
    let line = |name, color: RGBColor, of: fn(&LogRow) -> Option<f64>| {
        let points = rows.iter().filter_map(|row| Some((row.epoch, of(row)?)));
        Line {
            name,
            color,
            points: points.collect(),
        }
    };
    let loss = Panel {
        title: "Training loss",
        top: None,
        lines: vec![
            line("boxes", BLUE, |row| Some(row.box_loss.into())),
            line("classes", RED, |row| Some(row.class_loss.into())),
            line("distances", GREEN, |row| Some(row.distance_loss.into())),
        ],
    };
    let validation = Panel {
        title: "Validation",
        top: Some(1.0),
        lines: vec![
            line("mAP50", BLUE, |row| row.val_map50),
            line("mAP50-95", RED, |row| row.val_map50_95),
        ],
    };
    curves::draw([loss, validation], rows.len(), path)
}
