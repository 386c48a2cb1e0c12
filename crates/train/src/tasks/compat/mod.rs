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

use super::Row;
use super::epochs::{self, Curve, Limits, Task};
use crate::checkpoint::Progress;
use crate::curves::{BLUE, GREEN, RED};
use crate::data::outfits::{Outfit, Sampler};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::compat::Metrics;
use crate::looks::Eyes;
use crate::progress::Event;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::Path;
use trainer::Trainer;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to. The weights hold the network's shape and the embedder's id.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// As of every task.
    #[serde(flatten)]
    pub training: super::Summary<Metrics>,
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

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[("loss", BLUE, |row| Some(row.train_loss.into()))];
    const METRICS: &'static [Curve<Self>] = &[
        ("AUC", BLUE, |row| Some(row.val_auc)),
        ("accuracy", GREEN, |row| Some(row.val_accuracy)),
        ("FITB", RED, |row| Some(row.val_fitb)),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            auc: self.val_auc,
            accuracy: self.val_accuracy,
            fitb: self.val_fitb,
            ece: self.val_ece,
        })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        one.auc > other.auc
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
    let mut task = Compat {
        trainer: Trainer::new(config, run, &data)?,
        data: &data,
        outfits: &outfits,
        sampler,
    };
    let limits = Limits {
        epochs: config.epochs,
        patience: config.patience,
    };
    let log = epochs::begin(&mut task, run)?;
    Ok(Summary {
        training: epochs::run(&mut task, run, limits, log, watch)?,
        pictures: data.items.looks.is_some(),
    })
}

struct Compat<'a> {
    trainer: Trainer<'a>,
    data: &'a Data,
    outfits: &'a [&'a Outfit],
    sampler: Sampler<'a>,
}

impl Task for Compat<'_> {
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
        let (data, outfits, sampler) = (self.data, self.outfits, &self.sampler);
        self.trainer.learn(data, outfits, sampler, epoch, watch)
    }

    fn validate(&mut self, _: usize, _: &mut dyn FnMut(Event)) -> Result<Metrics> {
        self.trainer.validate(self.data)
    }

    fn row(&self, epoch: usize, train_loss: f32, metrics: Metrics, seconds: f64) -> Result<LogRow> {
        Ok(LogRow {
            epoch: epoch + 1,
            learning_rate: self.trainer.rate(epoch, self.outfits.len()),
            train_loss,
            val_auc: metrics.auc,
            val_accuracy: metrics.accuracy,
            val_fitb: metrics.fitb,
            val_ece: metrics.ece,
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
