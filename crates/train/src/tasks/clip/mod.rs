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

use crate::checkpoint::write_log;
use crate::curves::{self, BLUE, GREEN, Line, Panel, RED, RGBColor};
use crate::error::{AtPath, Error, Result};
use crate::evaluate::clip::Metrics;
use crate::progress::Event;
use candle_core::Device;
use data::Data;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;
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

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            recall_at_1: self.val_recall_at_1,
            recall_at_10: self.val_recall_at_10,
            zero_shot: self.zero_shot,
        })
    }
}

impl LogRow {
    /// Loss and rate are those of an epoch; there are none before the first.
    fn new(
        trainer: &Trainer<'_>,
        learned: Option<(f32, f64)>,
        metrics: Metrics,
        seconds: f64,
    ) -> Result<Self> {
        Ok(Self {
            epoch: trainer.progress.epochs,
            learning_rate: learned.map_or(0.0, |(_, rate)| rate),
            train_loss: learned.map(|(loss, _)| loss),
            logit_scale: trainer.parameters.logit_scale()?,
            val_recall_at_1: metrics.recall_at_1,
            val_recall_at_10: metrics.recall_at_10,
            zero_shot: metrics.zero_shot,
            seconds,
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
    let mut log = match run.resume {
        true => trainer.resume(run)?,
        false => {
            let metrics = data.validation.measure(&trainer.encoder()?, watch)?;
            vec![LogRow::new(&trainer, None, metrics, 0.0)?]
        }
    };
    let Some(before) = log.first().and_then(Row::metrics) else {
        return Err(Error::Checkpoint {
            path: run.log(),
            problem: "the log has no line: start anew in another folder".to_owned(),
        });
    };
    watch(Event::Before {
        metrics: named(&before),
    });
    for epoch in trainer.progress.epochs..config.epochs {
        learn_and_keep(&mut trainer, &data, epoch, &mut log, run, watch)?;
    }
    let best = trainer.progress.best(run)?;
    let (sweep, mixed_weights) = match run.init.is_some() && !config.wise.is_empty() {
        true => {
            let shares = (config.wise.as_slice(), config.wise_export);
            let watch = &mut loading(watch);
            let (sweep, weights) = wise::sweep(&trainer, &data, shares, run, watch)?;
            (sweep, Some(weights))
        }
        false => (Vec::new(), None),
    };
    Ok(Summary {
        before,
        best,
        sweep,
        weights: run.weights(),
        mixed_weights,
        curves: run.curves(),
        bad: data.bad,
        seconds: trainer.progress.seconds,
    })
}

/// One epoch, measured, logged, and kept if it is the best.
fn learn_and_keep(
    trainer: &mut Trainer<'_>,
    data: &Data,
    epoch: usize,
    log: &mut Vec<LogRow>,
    run: &Run,
    watch: &mut dyn FnMut(Event),
) -> Result<()> {
    let start = Instant::now();
    let train_loss = trainer.learn(data, epoch, watch)?;
    let metrics = data
        .validation
        .measure(&trainer.encoder()?, &mut loading(watch))?;
    let seconds = start.elapsed().as_secs_f64();
    trainer.progress.epochs = epoch + 1;
    trainer.progress.seconds += seconds;
    let recall = |metrics: &Metrics| (metrics.recall_at_10, metrics.recall_at_1);
    let best = trainer.progress.best;
    let best = best.is_none_or(|best| recall(&metrics) > recall(&best.metrics));
    if best {
        let epoch = epoch + 1;
        trainer.progress.best = Some(Best { epoch, metrics });
        let about = [
            ("epoch", epoch.to_string()),
            ("recall_at_10", metrics.recall_at_10.to_string()),
        ];
        let path = run.weights();
        trainer.export(&trainer.parameters.merged()?, &about, &path)?;
    }
    let rate = trainer.rate(data, epoch);
    log.push(LogRow::new(
        trainer,
        Some((train_loss, rate)),
        metrics,
        seconds,
    )?);
    write_log(log, &run.log())?;
    draw(log, &run.curves())?;
    trainer.checkpoint(&run.checkpoint())?;
    watch(Event::Epoch {
        epoch: epoch + 1,
        train_loss,
        metrics: named(&metrics),
        best,
        seconds,
    });
    Ok(())
}

/// Of the validation's photos, what cannot be read was told before the first epoch.
fn loading(watch: &mut dyn FnMut(Event)) -> impl FnMut(Event) {
    move |event| {
        if matches!(event, Event::Loading { .. }) {
            watch(event);
        }
    }
}

fn named(metrics: &Metrics) -> Vec<(&'static str, f64)> {
    let mut named = vec![
        ("recall@10", metrics.recall_at_10),
        ("recall@1", metrics.recall_at_1),
    ];
    named.extend(metrics.zero_shot.map(|share| ("zero-shot", share)));
    named
}

/// Draws the log to a PNG: loss above, validation metrics below, from before training on.
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
        lines: vec![line("loss", BLUE, |row| row.train_loss.map(f64::from))],
    };
    let mut metrics = vec![
        line("recall@1", BLUE, |row| Some(row.val_recall_at_1)),
        line("recall@10", GREEN, |row| Some(row.val_recall_at_10)),
        line("zero-shot", RED, |row| row.zero_shot),
    ];
    metrics.retain(|line| !line.points.is_empty());
    let validation = Panel {
        title: "Validation",
        top: Some(1.0),
        lines: metrics,
    };
    let epochs = rows.last().map_or(0, |row| row.epoch);
    curves::draw([loss, validation], epochs, path)
}
