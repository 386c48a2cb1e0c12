//! `wardrobe train`

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe_train::tasks::classify::{self, Best, Run};
use wardrobe_train::{DataConfig, TrainConfig};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Train a model
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first --resume"
)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// The classifier: EfficientNet-B0 over the 47 categories
    Classify(Classify),
    /// CLIP: fine-tuned on photos with texts, or a small one from scratch
    Clip(super::train_clip::Args),
}

#[derive(Debug, clap::Args)]
struct Classify {
    /// The run's settings, as TOML [default: the mission's, 30 epochs of batch 32 at 1e-4]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A data set, instead of those the settings name; may be given several times
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Folder for weights, checkpoint, log and curves
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Weights to start from, ImageNet's or an earlier run's
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Go on from the checkpoint in --out
    #[arg(long)]
    resume: bool,
}

#[derive(Serialize)]
struct Document {
    task: &'static str,
    best: Best,
    weights: PathBuf,
    curves: PathBuf,
    /// Of the whole process; null where the system does not tell.
    peak_memory_bytes: Option<u64>,
    seconds: f64,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.task {
        Task::Classify(args) => classify(args, context),
        Task::Clip(args) => super::train_clip::run(args, context),
    }
}

fn classify(args: Classify, context: &Context) -> Result<Status> {
    let Classify {
        config: file,
        data,
        out,
        init,
        resume,
    } = args;
    let mut config = file
        .as_deref()
        .map(TrainConfig::from_file)
        .transpose()?
        .unwrap_or_default();
    if !data.is_empty() {
        config.data = data
            .into_iter()
            .map(|path| DataConfig { path, repeat: 1 })
            .collect();
    }
    if config.data.is_empty() {
        bail!("no data to train on: name a data set with --data, or in the settings of --config");
    }
    let bar = progress::bar(context.quiet);
    let device = context.models().device()?;
    let run = Run { out, init, resume };
    let trained = classify::train(&config, &run, &device, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let summary = trained?;
    let document = Document {
        task: "classify",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    context.out.answer(&document, || {
        let Best { epoch, metrics } = document.best;
        format!(
            "best epoch {epoch}: top-1 {:.3}, top-5 {:.3}, macro-F1 {:.3}\n{}\n{}",
            metrics.top1,
            metrics.top5,
            metrics.macro_f1,
            document.weights.display(),
            document.curves.display()
        )
    })?;
    Ok(Status::Done)
}

/// The most memory the process has had, as Linux tells it.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
