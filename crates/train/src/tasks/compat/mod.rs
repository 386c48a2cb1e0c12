//! Trains the outfit scorer: a set transformer that tells outfits people wear from outfits made of their items
//! (Sarkar et al. 2022, <https://arxiv.org/abs/2204.04812>, without their pictures' network: garments come embedded).
//!
//! Embeddings of all pictures are computed once and kept in `embeddings.safetensors` beside the weights; where a data set has
//! no pictures, an item is its class alone. Negatives are made anew every epoch ([`crate::data::outfits::Negatives`]), and the
//! epoch with the best AUC on the validation outfits is kept.

mod config;
mod data;
mod trainer;

pub use super::Run;
pub use config::{CompatConfig, Network};
pub use data::Items;
pub(crate) use data::items_of;

use crate::checkpoint::write_log;
use crate::curves::{self, BLUE, GREEN, Line, Panel, RED};
use crate::data::outfits::Sampler;
use crate::error::{AtPath, Error, Result};
use crate::evaluate::compat::Metrics;
use crate::looks::Eyes;
use crate::progress::Event;
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
    /// The weights, as f16 safetensors with the network's shape and the embedder's id.
    pub weights: PathBuf,
    /// The curves, as a PNG.
    pub curves: PathBuf,
    /// Epochs run.
    pub epochs: usize,
    /// Wall time of all epochs, over all resumptions.
    pub seconds: f64,
    /// Whether garments are seen, or are their class alone.
    pub pictures: bool,
}

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LogRow {
    epoch: usize,
    learning_rate: f64,
    train_loss: f32,
    val_auc: f64,
    val_accuracy: f64,
    val_fitb: f64,
    val_ece: Option<f64>,
    seconds: f64,
}

impl super::Row for LogRow {
    type Metrics = Metrics;

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            auc: self.val_auc,
            accuracy: self.val_accuracy,
            fitb: self.val_fitb,
            ece: self.val_ece,
        })
    }
}

/// Trains until the last epoch, or until no epoch has been better for `patience` of them, and keeps the best one's weights.
///
/// `eyes` look at the pictures, where the data set has any. `run.init` has no use here.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &CompatConfig,
    run: &Run,
    eyes: Option<Eyes<'_>>,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    config.check().map_err(|problem| Error::Start { problem })?;
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config, run, eyes, watch)?;
    let outfits = data.train(config)?;
    let sampler = Sampler::new(&data.outfits, &outfits, config.negatives);
    let mut trainer = Trainer::new(config, run, &data)?;
    let mut log = match run.resume {
        true => trainer.resume(run)?,
        false => Vec::new(),
    };
    for epoch in trainer.progress.epochs..config.epochs {
        if out_of_patience(config, trainer.progress.best, epoch) {
            break;
        }
        let start = Instant::now();
        let learning_rate = trainer.rate(epoch, outfits.len());
        let train_loss = trainer.learn(&data, &outfits, &sampler, epoch, watch)?;
        let metrics = trainer.validate(&data)?;
        let seconds = start.elapsed().as_secs_f64();
        let best = trainer
            .progress
            .best
            .is_none_or(|best| metrics.auc > best.metrics.auc);
        if best {
            trainer.progress.best = Some(Best {
                epoch: epoch + 1,
                metrics,
            });
            trainer.export(&run.weights())?;
        }
        trainer.progress.epochs = epoch + 1;
        trainer.progress.seconds += seconds;
        log.push(LogRow {
            epoch: epoch + 1,
            learning_rate,
            train_loss,
            val_auc: metrics.auc,
            val_accuracy: metrics.accuracy,
            val_fitb: metrics.fitb,
            val_ece: metrics.ece,
            seconds,
        });
        write_log(&log, &run.log())?;
        draw(&log, &run.curves())?;
        trainer.checkpoint(&run.checkpoint())?;
        watch(Event::Epoch {
            epoch: epoch + 1,
            train_loss,
            metrics: vec![
                ("AUC", metrics.auc),
                ("accuracy", metrics.accuracy),
                ("FITB", metrics.fitb),
            ],
            best,
            seconds,
        });
    }
    Ok(Summary {
        best: trainer.progress.best(run)?,
        weights: run.weights(),
        curves: run.curves(),
        epochs: trainer.progress.epochs,
        seconds: trainer.progress.seconds,
        pictures: data.items.looks.is_some(),
    })
}

fn out_of_patience(config: &CompatConfig, best: Option<Best>, epoch: usize) -> bool {
    config.patience > 0 && best.is_some_and(|best| epoch >= best.epoch + config.patience)
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
            line("AUC", BLUE, |row| row.val_auc),
            line("accuracy", GREEN, |row| row.val_accuracy),
            line("FITB", RED, |row| row.val_fitb),
        ],
    };
    curves::draw([loss, validation], rows.len(), path)
}
