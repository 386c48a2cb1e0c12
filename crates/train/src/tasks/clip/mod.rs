//! Fine-tunes CLIP on photos with texts, or trains a small one from scratch.
//!
//! A fine-tuned CLIP easily forgets what it knew. What is here against that: modes that train a part of it
//! ([`ClipMode`]), a penalty on the distance from the start, mixtures with the start, measured in the end, and a
//! forgetting set, named without training before and after, whose accuracy is told beside the gain.

mod config;
mod contrast;
mod data;
mod parameters;
mod trainer;
mod wise;

#[cfg(test)]
mod tests;

use super::Row;
pub use super::Run;
pub use config::{ClipMode, ClipTrainConfig, LoraConfig};

use super::epochs::{self, Curve, Limits, Task};
use crate::checkpoint::Progress;
use crate::curves::{BLUE, GREEN, RED};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::clip::Metrics;
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use trainer::Trainer;

/// The best epoch so far: the one with the highest recall among ten, of equals the one with the highest at once.
pub type Best = super::Best<Metrics>;

/// A mixture of the weights at the start with the best epoch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mixture {
    /// The new weights' share.
    pub share: f64,
    /// What the mixture comes to.
    pub metrics: Metrics,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The network before training.
    pub before: Metrics,
    /// The best epoch, whose weights were kept.
    pub best: Best,
    /// Mixtures of the two, where the run started from given weights.
    pub sweep: Vec<Mixture>,
    /// The best weights: a plain CLIP as f16 safetensors, with its sizes.
    pub weights: PathBuf,
    /// The mixture at [`ClipTrainConfig::wise_export`], in the same form.
    pub mixed_weights: Option<PathBuf>,
    /// The curves, as a PNG.
    pub curves: PathBuf,
    /// Rows that are no pairs and photos that cannot be read, with the reason.
    pub bad: Vec<String>,
    /// Wall time of all epochs, over all resumptions.
    pub seconds: f64,
}

/// File names within [`Run::out`].
const WISE_WEIGHTS: &str = "wise.safetensors";
const WISE: &str = "wise.csv";

/// One line of the log; epoch 0 is the network before training.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LogRow {
    epoch: usize,
    learning_rate: f64,
    train_loss: Option<f32>,
    logit_scale: f32,
    val_recall_at_1: f64,
    val_recall_at_10: f64,
    zero_shot: Option<f64>,
    seconds: f64,
}

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[("loss", BLUE, |row| row.train_loss.map(f64::from))];
    const METRICS: &'static [Curve<Self>] = &[
        ("recall@1", BLUE, |row| Some(row.val_recall_at_1)),
        ("recall@10", GREEN, |row| Some(row.val_recall_at_10)),
        ("zero-shot", RED, |row| row.zero_shot),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss.unwrap_or_default()
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            recall_at_1: self.val_recall_at_1,
            recall_at_10: self.val_recall_at_10,
            zero_shot: self.zero_shot,
        })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        let recall = |metrics: &Metrics| (metrics.recall_at_10, metrics.recall_at_1);
        recall(one) > recall(other)
    }
}

impl LogRow {
    /// The network before training.
    fn before(trainer: &Trainer<'_>, metrics: Metrics) -> Result<Self> {
        Ok(Self {
            epoch: 0,
            learning_rate: 0.0,
            train_loss: None,
            logit_scale: trainer.parameters.logit_scale()?,
            val_recall_at_1: metrics.recall_at_1,
            val_recall_at_10: metrics.recall_at_10,
            zero_shot: metrics.zero_shot,
            seconds: 0.0,
        })
    }
}

/// Trains until the last epoch and keeps the weights of the one with the best validation recall.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the weights or the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &ClipTrainConfig,
    run: &Run,
    device: &Device,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let mut trainer = Trainer::new(config, run, device)?;
    let (side, context) = (trainer.network.image.size, trainer.network.text.context);
    let data = Data::load(config, side, context, watch)?;
    // The text tower's features are those of the start: before a checkpoint is taken up or after, it is the same.
    trainer.prepare(&data)?;
    let mut task = FineTuning {
        trainer,
        data: &data,
    };
    let mut log = epochs::begin(&mut task, run)?;
    if !run.resume {
        let metrics = data.validation.measure(&task.trainer.encoder()?, watch)?;
        log.push(LogRow::before(&task.trainer, metrics)?);
    }
    let Some((first, before)) = log.first().and_then(|row| Some((row, row.metrics()?))) else {
        return Err(Error::Checkpoint {
            path: run.log(),
            problem: "the log has no line: start anew in another folder".to_owned(),
        });
    };
    watch(Event::Before {
        metrics: first.named(),
    });
    let limits = Limits {
        epochs: config.epochs,
        patience: 0,
    };
    let super::Summary {
        best,
        weights,
        curves,
        seconds,
        ..
    } = epochs::run(&mut task, run, limits, log, watch)?;
    let (sweep, mixed_weights) = match run.init.is_some() && !config.wise.is_empty() {
        true => {
            let shares = (config.wise.as_slice(), config.wise_export);
            let watch = &mut loading(watch);
            let (sweep, weights) = wise::sweep(&task.trainer, &data, shares, run, watch)?;
            (sweep, Some(weights))
        }
        false => (Vec::new(), None),
    };
    Ok(Summary {
        before,
        best,
        sweep,
        weights,
        mixed_weights,
        curves,
        bad: data.bad,
        seconds,
    })
}

struct FineTuning<'a> {
    trainer: Trainer<'a>,
    data: &'a Data,
}

impl Task for FineTuning<'_> {
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

    fn validate(&mut self, _: usize, watch: &mut dyn FnMut(Event)) -> Result<Metrics> {
        let encoder = self.trainer.encoder()?;
        self.data.validation.measure(&encoder, &mut loading(watch))
    }

    fn row(&self, epoch: usize, train_loss: f32, metrics: Metrics, seconds: f64) -> Result<LogRow> {
        Ok(LogRow {
            epoch: epoch + 1,
            learning_rate: self.trainer.rate(self.data, epoch),
            train_loss: Some(train_loss),
            seconds,
            ..LogRow::before(&self.trainer, metrics)?
        })
    }

    fn export(&self, path: &Path) -> Result<()> {
        let best = self.trainer.progress.best;
        let about = best.map(|Best { epoch, metrics }| {
            [
                ("epoch", epoch.to_string()),
                ("recall_at_10", metrics.recall_at_10.to_string()),
            ]
        });
        let merged = self.trainer.parameters.merged()?;
        let about = about.iter().flatten().cloned().collect::<Vec<_>>();
        self.trainer.export(&merged, &about, path)
    }

    fn checkpoint(&self, path: &Path) -> Result<()> {
        self.trainer.checkpoint(path)
    }
}

/// Of the validation's photos, what cannot be read was told before the first epoch.
fn loading(watch: &mut dyn FnMut(Event)) -> impl FnMut(Event) {
    move |event| {
        if matches!(event, Event::Loading { .. }) {
            watch(event);
        }
    }
}
