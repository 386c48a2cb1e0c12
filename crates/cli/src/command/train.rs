//! `wardrobe train`

mod clip;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe::Models;
use wardrobe_train::tasks::Run;
use wardrobe_train::tasks::classify;
use wardrobe_train::tasks::compat::{self, CompatConfig};
use wardrobe_train::tasks::detect::{self, DetectConfig};
use wardrobe_train::tasks::embed::{self, EmbedConfig};
use wardrobe_train::tasks::tag::{self, TagConfig};
use wardrobe_train::{DataConfig, Eyes, TrainConfig};

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

/// What a run came to; `B` is the task's best epoch.
#[derive(Serialize)]
struct Document<B> {
    task: &'static str,
    best: B,
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
    let config = files.config.as_deref().map(TrainConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    name_data(&mut config.data, &files.data)?;
    let device = context.models().device()?;
    let bar = progress::bar(context.quiet);
    let run = files.run();
    let trained = classify::train(&config, &run, &device, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let summary = trained?;
    let classify::Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: top-1 {:.3}, top-5 {:.3}, macro-F1 {:.3}",
        metrics.top1, metrics.top5, metrics.macro_f1
    );
    let document = Document {
        task: "classify",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    document.answer(&best, context)
}

fn train_detector(files: Files, context: &Context) -> Result<Status> {
    let config = files.config.as_deref().map(DetectConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    name_data(&mut config.data, &files.data)?;
    let device = context.models().device()?;
    let bar = progress::bar(context.quiet);
    let run = files.run();
    let trained = detect::train(&config, &run, &device, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let summary = trained?;
    let detect::Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch} of {}: mAP50 {:.3}, mAP50-95 {:.3}",
        summary.epochs, metrics.map50, metrics.map50_95
    );
    let document = Document {
        task: "detect",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    document.answer(&best, context)
}

fn train_embedder(files: Files, context: &Context) -> Result<Status> {
    from_nothing(&files)?;
    let config = files.config.as_deref().map(EmbedConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    name_data(&mut config.data, &files.data)?;
    let models = Models::load(context.models())?;
    let (classifier, sha256) = (models.classifier(), models.classifier_sha256());
    let bar = progress::bar(context.quiet);
    let run = files.run();
    let mut watch = progress::watch(&bar, context);
    let trained = embed::train(&config, &run, classifier, sha256, &mut watch);
    bar.finish_and_clear();
    let summary = trained?;
    let embed::Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: purity of 10 neighbours {:.3}, near-duplicates found {:.3}",
        metrics.knn_purity, metrics.near_duplicate_recall
    );
    let document = Document {
        task: "embed",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    document.answer(&best, context)
}

fn train_tagger(files: Files, context: &Context) -> Result<Status> {
    from_nothing(&files)?;
    let config = files.config.as_deref().map(TagConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    name_data(&mut config.data, &files.data)?;
    let models = Models::load(context.models())?;
    let (classifier, sha256) = (models.classifier(), models.classifier_sha256());
    let bar = progress::bar(context.quiet);
    let run = files.run();
    let mut watch = progress::watch(&bar, context);
    let trained = tag::train(&config, &run, classifier, sha256, &mut watch);
    bar.finish_and_clear();
    let summary = trained?;
    let tag::Best { epoch, metrics } = summary.best;
    let best = format!(
        "best epoch {epoch}: pattern {:.3}, seasons {:.3}, styles {:.3} right, formality off by {:.3}",
        metrics.pattern, metrics.seasons, metrics.styles, metrics.formality_error
    );
    let document = Document {
        task: "tag",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    document.answer(&best, context)
}

fn train_scorer(files: Files, context: &Context) -> Result<Status> {
    from_nothing(&files)?;
    let config = files.config.as_deref().map(CompatConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    name_data(&mut config.data, &files.data)?;
    let models = Models::load(context.models())?;
    let eyes = Eyes {
        classifier: models.classifier(),
        embedder: models.starter_embedder(),
    };
    let bar = progress::bar(context.quiet);
    let run = files.run();
    let trained = compat::train(
        &config,
        &run,
        Some(eyes),
        &mut progress::watch(&bar, context),
    );
    bar.finish_and_clear();
    let summary = trained?;
    let compat::Best { epoch, metrics } = summary.best;
    let seen = match summary.pictures {
        true => "",
        false => " (no pictures: a garment is its class alone)",
    };
    let best = format!(
        "best epoch {epoch} of {}: AUC {:.3}, accuracy {:.3}, blanks filled {:.3}, with {} negatives{seen}",
        summary.epochs,
        metrics.auc,
        metrics.accuracy,
        metrics.fitb,
        config.negatives.name()
    );
    let document = Document {
        task: "compat",
        best: summary.best,
        weights: summary.weights,
        curves: summary.curves,
        peak_memory_bytes: peak_memory_bytes(),
        seconds: summary.seconds,
    };
    document.answer(&best, context)
}

/// Heads have no weights to start from but the classifier's.
fn from_nothing(files: &Files) -> Result<()> {
    if files.init.is_some() {
        bail!("this starts from nothing: leave --init out (--weights FILE names a classifier)");
    }
    Ok(())
}

/// The data sets of the command line, where it names any, in the place of the settings'.
fn name_data(data: &mut Vec<DataConfig>, named: &[PathBuf]) -> Result<()> {
    if !named.is_empty() {
        let once = |path: &PathBuf| DataConfig {
            path: path.clone(),
            repeat: 1,
        };
        *data = named.iter().map(once).collect();
    }
    if data.is_empty() {
        bail!("no data to train on: name a data set with --data, or in the settings of --config");
    }
    Ok(())
}

impl Files {
    fn run(self) -> Run {
        Run {
            out: self.out,
            init: self.init,
            resume: self.resume,
        }
    }
}

impl<B: Serialize> Document<B> {
    fn answer(&self, best: &str, context: &Context) -> Result<Status> {
        context.out.answer(self, || {
            let (weights, curves) = (self.weights.display(), self.curves.display());
            let memory = self.peak_memory_bytes.map_or_else(String::new, |bytes| {
                format!(
                    "\n{:.1} GiB of memory at most",
                    bytes as f64 / f64::from(1 << 30)
                )
            });
            format!("{best}\n{weights}\n{curves}{memory}")
        })?;
        Ok(Status::Done)
    }
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
