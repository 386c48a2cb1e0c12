//! `wardrobe train clip`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use wardrobe_train::evaluate::clip::Metrics;
use wardrobe_train::tasks::clip::{self, Best, ClipTrainConfig, Mixture, Summary};

use super::{Files, peak_memory_bytes, watched};
use crate::context::Context;
use crate::failure::Status;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe train clip --config config/clip.toml --init clip-vit-b-32.safetensors --data products --out runs/clip\n  wardrobe train clip --config config/clip-small.toml --data products --out runs/small\n  wardrobe train clip --config config/clip-small.toml --data products --out runs/small --resume\n\nDATA is a folder with pairs_train.csv and pairs_val.csv (columns path and text; .jsonl works too), or a catalogue's\nstyles_train.csv, styles_val.csv and images/. With pairs.csv alone, a tenth of the texts is kept for validation."
)]
pub struct Args {
    #[command(flatten)]
    files: Files,
    /// Photos in folders named as what they show, on which to tell what is forgotten
    #[arg(long, value_name = "DIR")]
    forgetting: Option<PathBuf>,
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
    let files = args.files;
    let mut config = files.settings(ClipTrainConfig::from_file, |config| &mut config.data)?;
    config.forgetting = args.forgetting.or(config.forgetting);
    // A network from scratch has nothing to forget.
    if config.forgetting.is_none() && files.init.is_some() {
        context.note("nothing is given to tell what is forgotten: name folders of labelled photos with --forgetting");
    }
    let device = context.models().device()?;
    let run = files.run();
    let document = Document {
        task: "clip",
        summary: watched(context, |watch| clip::train(&config, &run, &device, watch))?,
        peak_memory_bytes: peak_memory_bytes(),
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
