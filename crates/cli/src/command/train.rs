//! `wardrobe train`

mod clip;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe::Models;
use wardrobe_train::tasks::classify;
use wardrobe_train::tasks::compat::{self, CompatConfig};
use wardrobe_train::tasks::detect::{self, DetectConfig};
use wardrobe_train::tasks::embed::{self, EmbedConfig};
use wardrobe_train::tasks::tag::{self, TagConfig};
use wardrobe_train::tasks::{Best, Run, Summary};
use wardrobe_train::{DataConfig, Event, Eyes, TrainConfig};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Train a model
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first --resume\n  wardrobe train detect --config config/detect.toml --data deepfashion2 --out runs/detector\n  wardrobe train compat --config config/compat.toml --data polyvore --out runs/compat\n  wardrobe train embed --data clothing --data products --out runs/embedder\n  wardrobe train tag --data products --out runs/tagger\n  wardrobe train clip --config config/clip.toml --init openclip-vit-b32.safetensors --data products --out runs/clip"
)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// The classifier: EfficientNet-B0 over the 47 categories
    #[command(
        after_help = "Examples:\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first\n  wardrobe train classify --config config/classify.toml --data clothing --out runs/first --resume"
    )]
    Classify(Files),
    /// CLIP: fine-tuned on photos with texts, or a small one from scratch
    Clip(clip::Args),
    /// The outfit scorer: a set transformer over garments that people wear together
    #[command(
        after_help = "Example:\n  wardrobe train compat --config config/compat.toml --data polyvore --out runs/compat"
    )]
    Compat(Files),
    /// The detector: YOLOv8 over the classes of the data
    #[command(
        after_help = "Examples:\n  wardrobe train detect --config config/detect.toml --data deepfashion2 --out runs/detector\n  wardrobe train detect --config config/detect.toml --init yolov8n.pt --data ccp --out runs/tuned"
    )]
    Detect(Files),
    /// The embedder: a linear map of the classifier's features
    #[command(
        after_help = "Example:\n  wardrobe train embed --data clothing --data products --out runs/embedder"
    )]
    Embed(Files),
    /// The tagger: pattern, fit, formality, seasons and styles from the classifier's features
    #[command(after_help = "Example:\n  wardrobe train tag --data products --out runs/tagger")]
    Tag(Files),
}

#[derive(Debug, clap::Args)]
struct Files {
    /// The run's settings, as TOML [default: as in config/classify.toml, config/clip.toml, config/compat.toml,
    /// config/detect.toml, config/starter-embedder.toml and config/starter-tagger.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A data set, instead of those the settings name; may be given several times
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Folder for weights, checkpoint, log and curves
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Weights to start from, an earlier run's or others of the same network
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Go on from the checkpoint in --out
    #[arg(long)]
    resume: bool,
}

/// What a run came to; `M` is the task's validation metrics.
#[derive(Serialize)]
struct Document<M> {
    task: &'static str,
    best: Best<M>,
    weights: PathBuf,
    curves: PathBuf,
    /// Of the whole process; null where the system does not tell.
    peak_memory_bytes: Option<u64>,
    seconds: f64,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.task {
        Task::Classify(files) => train_classifier(files, context),
        Task::Clip(args) => clip::run(args, context),
        Task::Compat(files) => train_scorer(files, context),
        Task::Detect(files) => train_detector(files, context),
        Task::Embed(files) => train_embedder(files, context),
        Task::Tag(files) => train_tagger(files, context),
    }
}

fn train_classifier(files: Files, context: &Context) -> Result<Status> {
    let config = files.settings(TrainConfig::from_file, |config| &mut config.data)?;
    let device = context.models().device()?;
    let run = files.run();
    let summary = watched(context, |watch| {
        classify::train(&config, &run, &device, watch)
    })?;
    let Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: top-1 {:.3}, top-5 {:.3}, macro-F1 {:.3}",
        metrics.top1, metrics.top5, metrics.macro_f1
    );
    answer("classify", summary, &best, context)
}

fn train_detector(files: Files, context: &Context) -> Result<Status> {
    let config = files.settings(DetectConfig::from_file, |config| &mut config.data)?;
    let device = context.models().device()?;
    let run = files.run();
    let summary = watched(context, |watch| {
        detect::train(&config, &run, &device, watch)
    })?;
    let Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch} of {}: mAP50 {:.3}, mAP50-95 {:.3}",
        summary.epochs, metrics.map50, metrics.map50_95
    );
    answer("detect", summary, &best, context)
}

fn train_embedder(files: Files, context: &Context) -> Result<Status> {
    files.start_from_nothing()?;
    let config = files.settings(EmbedConfig::from_file, |config| &mut config.data)?;
    let models = Models::load(context.models())?;
    let (classifier, sha256) = (models.classifier(), models.classifier_sha256());
    let run = files.run();
    let summary = watched(context, |watch| {
        embed::train(&config, &run, classifier, sha256, watch)
    })?;
    let Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: purity of 10 neighbours {:.3}, near-duplicates found {:.3}",
        metrics.knn_purity, metrics.near_duplicate_recall
    );
    answer("embed", summary, &best, context)
}

fn train_tagger(files: Files, context: &Context) -> Result<Status> {
    files.start_from_nothing()?;
    let config = files.settings(TagConfig::from_file, |config| &mut config.data)?;
    let models = Models::load(context.models())?;
    let (classifier, sha256) = (models.classifier(), models.classifier_sha256());
    let run = files.run();
    let summary = watched(context, |watch| {
        tag::train(&config, &run, classifier, sha256, watch)
    })?;
    let Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: pattern {:.3}, seasons {:.3}, styles {:.3}, colour {:.3} right, formality off by {:.3}",
        metrics.pattern, metrics.seasons, metrics.styles, metrics.color, metrics.formality_error
    );
    answer("tag", summary, &best, context)
}

fn train_scorer(files: Files, context: &Context) -> Result<Status> {
    files.start_from_nothing()?;
    let config = files.settings(CompatConfig::from_file, |config| &mut config.data)?;
    let models = Models::load(context.models())?;
    let eyes = Eyes {
        classifier: models.classifier(),
        embedder: models.starter_embedder(),
    };
    let run = files.run();
    let compat::Summary { training, pictures } = watched(context, |watch| {
        compat::train(&config, &run, Some(eyes), watch)
    })?;
    let Best { epoch, metrics } = training.best;
    let seen = match pictures {
        true => "",
        false => " (no pictures: a garment is its class alone)",
    };
    let best = format!(
        "best epoch {epoch} of {}: AUC {:.3}, accuracy {:.3}, blanks filled {:.3}, with {} negatives{seen}",
        training.epochs,
        metrics.auc,
        metrics.accuracy,
        metrics.fitb,
        config.negatives.name()
    );
    answer("compat", training, &best, context)
}

impl Files {
    /// The settings of `--config`, read by `read`, with the data sets of the command line, where it names any, in the place of
    /// theirs.
    fn settings<C: Default>(
        &self,
        read: fn(&Path) -> wardrobe_train::Result<C>,
        data: fn(&mut C) -> &mut Vec<DataConfig>,
    ) -> Result<C> {
        let config = self.config.as_deref().map(read);
        let mut config = config.transpose()?.unwrap_or_default();
        let data = data(&mut config);
        if !self.data.is_empty() {
            let once = |path: &PathBuf| DataConfig {
                path: path.clone(),
                repeat: 1,
            };
            *data = self.data.iter().map(once).collect();
        }
        if data.is_empty() {
            bail!(
                "no data to train on: name a data set with --data, or in the settings of --config"
            );
        }
        Ok(config)
    }

    /// Heads have no weights to start from but the classifier's.
    fn start_from_nothing(&self) -> Result<()> {
        if self.init.is_some() {
            bail!("this starts from nothing: leave --init out (--weights FILE names a classifier)");
        }
        Ok(())
    }

    fn run(self) -> Run {
        Run {
            out: self.out,
            init: self.init,
            resume: self.resume,
        }
    }
}

/// Trains beside a bar that shows how far it is.
fn watched<S>(
    context: &Context,
    train: impl FnOnce(&mut dyn FnMut(Event)) -> wardrobe_train::Result<S>,
) -> Result<S> {
    let bar = progress::bar(context.quiet);
    let trained = train(&mut progress::watch(&bar, context));
    bar.finish_and_clear();
    Ok(trained?)
}

/// Tells what a run came to; people read of its `best` epoch in words.
fn answer<M: Serialize>(
    task: &'static str,
    summary: Summary<M>,
    best: &str,
    context: &Context,
) -> Result<Status> {
    let document = Document {
        task,
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    context.out.answer(&document, || {
        let (weights, curves) = (document.weights.display(), document.curves.display());
        let memory = document
            .peak_memory_bytes
            .map_or_else(String::new, |bytes| {
                format!(
                    "\n{:.1} GiB of memory at most",
                    bytes as f64 / f64::from(1 << 30)
                )
            });
        format!("{best}\n{weights}\n{curves}{memory}")
    })?;
    Ok(Status::Done)
}

/// The most memory the process has had, as Linux tells it.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
