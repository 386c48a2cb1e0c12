//! The loop over epochs that all tasks share: learn, measure, keep the best, write down.

use super::{Best, Run};
use crate::checkpoint::{Progress, write_log};
use crate::curves::{self, Line, Panel, RGBColor};
use crate::error::Result;
use crate::progress::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A column of the log as a line of its picture: its name, its colour, and its value where the row has one.
pub(crate) type Curve<R> = (&'static str, RGBColor, fn(&R) -> Option<f64>);

/// A line of a run's log.
pub(crate) trait Row: Serialize + DeserializeOwned + 'static {
    /// The task's validation metrics.
    type Metrics: Copy + Serialize + DeserializeOwned;

    /// What is drawn of the loss.
    const LOSSES: &'static [Curve<Self>];
    /// What is drawn, and told, of the validation: shares of 1.
    const METRICS: &'static [Curve<Self>];

    /// From 1; 0 for the network before training.
    fn epoch(&self) -> usize;

    /// The mean loss over the epoch's batches.
    fn train_loss(&self) -> f32;

    /// `None` where the epoch was not measured.
    fn metrics(&self) -> Option<Self::Metrics>;

    /// Whether `one` is to be kept rather than `other`.
    fn better(one: &Self::Metrics, other: &Self::Metrics) -> bool;

    /// The metrics by name.
    fn named(&self) -> Vec<(&'static str, f64)> {
        let named = |(name, _, of): &Curve<Self>| Some((*name, of(self)?));
        Self::METRICS.iter().filter_map(named).collect()
    }
}

/// What a task does in an epoch.
pub(crate) trait Task {
    /// A line of its log.
    type Row: Row;
    /// What it tells of an epoch's learning.
    type Learned;
    /// Its metrics, or an option of them where not every epoch is measured.
    type Measured;

    /// How far it is.
    fn progress(&mut self) -> &mut Progress<<Self::Row as Row>::Metrics>;

    /// Takes up the run's checkpoint; the log so far.
    fn resume(&mut self, run: &Run) -> Result<Vec<Self::Row>>;

    /// Learns for one epoch, numbered from 0.
    fn learn(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<Self::Learned>;

    /// Measures what an epoch came to.
    fn validate(&mut self, epoch: usize, watch: &mut dyn FnMut(Event)) -> Result<Self::Measured>;

    /// The log's line of an epoch.
    fn row(
        &self,
        epoch: usize,
        learned: Self::Learned,
        measured: Self::Measured,
        seconds: f64,
    ) -> Result<Self::Row>;

    /// Writes the weights for use.
    fn export(&self, path: &Path) -> Result<()>;

    /// Writes all that going on takes.
    fn checkpoint(&self, path: &Path) -> Result<()>;
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) epochs: usize,
    /// Epochs without a better one; 0 for any number.
    pub(crate) patience: usize,
}

/// What a run came to; `M` is the task's validation metrics.
#[derive(Clone, Debug, Serialize)]
pub struct Summary<M> {
    /// The best epoch, whose weights were kept.
    pub best: Best<M>,
    /// The weights, as f16 safetensors with their settings.
    pub weights: PathBuf,
    /// The curves, as a PNG.
    pub curves: PathBuf,
    /// Epochs done; fewer than asked for where patience ran out.
    pub epochs: usize,
    /// Wall time of all epochs, over all resumptions.
    pub seconds: f64,
}

/// The log of a run that begins, or goes on.
pub(crate) fn begin<T: Task>(task: &mut T, run: &Run) -> Result<Vec<T::Row>> {
    match run.resume {
        true => task.resume(run),
        false => Ok(Vec::new()),
    }
}

/// Learns until the last epoch, or until none was better for long, and keeps the weights of the best.
pub(crate) fn run<T: Task>(
    task: &mut T,
    run: &Run,
    limits: Limits,
    mut log: Vec<T::Row>,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary<<T::Row as Row>::Metrics>> {
    while !limits.reached(task.progress()) {
        let (start, epoch) = (Instant::now(), task.progress().epochs);
        let learned = task.learn(epoch, watch)?;
        let measured = task.validate(epoch, watch)?;
        let seconds = start.elapsed().as_secs_f64();
        let row = task.row(epoch, learned, measured, seconds)?;
        let progress = task.progress();
        progress.epochs = epoch + 1;
        progress.seconds += seconds;
        let best = row.metrics().filter(|found| {
            let best = progress.best.as_ref();
            best.is_none_or(|best| T::Row::better(found, &best.metrics))
        });
        if let Some(metrics) = best {
            progress.best = Some(Best {
                epoch: epoch + 1,
                metrics,
            });
            task.export(&run.weights())?;
        }
        let event = Event::Epoch {
            epoch: epoch + 1,
            train_loss: row.train_loss(),
            metrics: row.named(),
            best: best.is_some(),
            seconds,
        };
        log.push(row);
        write_log(&log, &run.log())?;
        draw(&log, &run.curves())?;
        task.checkpoint(&run.checkpoint())?;
        watch(event);
    }
    let progress = task.progress();
    Ok(Summary {
        best: progress.best(run)?,
        weights: run.weights(),
        curves: run.curves(),
        epochs: progress.epochs,
        seconds: progress.seconds,
    })
}

impl Limits {
    fn reached<M>(self, progress: &Progress<M>) -> bool {
        let best = progress.best.as_ref();
        let waited = best.map_or(0, |best| progress.epochs - best.epoch);
        progress.epochs >= self.epochs || (self.patience > 0 && waited >= self.patience)
    }
}

/// Draws the log to a PNG: loss above, validation below.
fn draw<R: Row>(rows: &[R], path: &Path) -> Result<()> {
    let lines = |curves: &[Curve<R>]| -> Vec<Line> {
        let line = |&(name, color, of): &Curve<R>| Line {
            name,
            color,
            points: (rows.iter().filter_map(|row| Some((row.epoch(), of(row)?)))).collect(),
        };
        let lines = curves.iter().map(line);
        lines.filter(|line| !line.points.is_empty()).collect()
    };
    let loss = Panel {
        title: "Training loss",
        top: None,
        lines: lines(R::LOSSES),
    };
    let validation = Panel {
        title: "Validation",
        top: Some(1.0),
        lines: lines(R::METRICS),
    };
    let epochs = rows.last().map_or(0, R::epoch);
    curves::draw([loss, validation], epochs, path)
}
