//! `wardrobe train clip`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;
use wardrobe_train::DataConfig;
use wardrobe_train::evaluate::clip::Metrics;
use wardrobe_train::tasks::Run;
use wardrobe_train::tasks::clip::{self, Best, ClipTrainConfig, Mixture, Summary};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe train clip --config config/clip.toml --init clip-vit-b-32.safetensors --data products --out runs/clip\n  wardrobe train clip --config config/clip-small.toml --data products --out runs/small\n  wardrobe train clip --config config/clip-small.toml --data products --out runs/small --resume\n\nDATA is a folder with pairs_train.csv and pairs_val.csv (columns path and text; .jsonl works too), or a catalogue's\nstyles_train.csv, styles_val.csv and images/. With pairs.csv alone, a tenth of the texts is kept for validation."
)]
pub struct Args {
    /// The run's settings, as TOML [default: ViT-B/32's image tower, 10 epochs of batch 256 at 2e-6]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Photos and texts, instead of those the settings name; may be given several times
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Folder for weights, checkpoint, log and curves
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// CLIP's weights to start from: OpenCLIP's, OpenAI's, Hugging Face's or an earlier run's
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Photos in folders named as what they show, on which to tell what is forgotten
    #[arg(long, value_name = "DIR")]
    forgetting: Option<PathBuf>,
    /// Go on from the checkpoint in --out
    #[arg(long)]
    resume: bool,
}

#[derive(Serialize)]
struct Document {
    task: &'static str,
    #[serde(flatten)]
    summary: Summary,
    /// Of the whole process; null where the system does not tell.
    peak_memory_bytes: Option<u64>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let config = args.config.as_deref().map(ClipTrainConfig::from_file);
    let mut config = config.transpose()?.unwrap_or_default();
    if !args.data.is_empty() {
        let data = args.data.into_iter();
        config.data = data.map(|path| DataConfig { path, repeat: 1 }).collect();
    }
    config.forgetting = args.forgetting.or(config.forgetting);
    if config.data.is_empty() {
        bail!("no pairs to train on: name them with --data, or in the settings of --config");
    }
    if config.forgetting.is_none() {
        context.note("nothing is given to tell what is forgotten: name folders of labelled photos with --forgetting");
    }
    let bar = progress::bar(context.quiet);
    let device = context.models().device()?;
    let run = Run {
        out: args.out,
        init: args.init,
        resume: args.resume,
    };
    let trained = clip::train(&config, &run, &device, &mut progress::watch(&bar, context));
    bar.finish_and_clear();
    let document = Document {
        task: "clip",
        summary: trained?,
        peak_memory_bytes: super::train::peak_memory_bytes(),
    };
    context.out.answer(&document, || text(&document.summary))?;
    Ok(Status::of(1, document.summary.bad.len()))
}

fn text(summary: &Summary) -> String {
    let mut text = format!(
        "{:22} recall@10  recall@1  zero-shot on what it was not trained on\n",
        ""
    );
    let mut row = |name: String, metrics: Metrics| {
        let zero_shot = metrics
            .zero_shot
            .map_or("-".into(), |share| format!("{share:.3}"));
        let Metrics {
            recall_at_1,
            recall_at_10,
            ..
        } = metrics;
        let _ = writeln!(
            text,
            "{name:22} {recall_at_10:<9.3}  {recall_at_1:<8.3}  {zero_shot}"
        );
    };
    let Best { epoch, metrics } = summary.best;
    row("before".to_owned(), summary.before);
    row(format!("best, epoch {epoch}"), metrics);
    for mixture in &summary.sweep {
        let Mixture { share, metrics } = mixture;
        row(format!("mixture, {share:.2} of it"), *metrics);
    }
    let files = [
        Some(&summary.weights),
        summary.mixed_weights.as_ref(),
        Some(&summary.curves),
    ];
    for file in files.into_iter().flatten() {
        let _ = writeln!(text, "{}", file.display());
    }
    if !summary.bad.is_empty() {
        let _ = writeln!(text, "{} rows or photos left out", summary.bad.len());
    }
    text.truncate(text.trim_end().len());
    text
}
