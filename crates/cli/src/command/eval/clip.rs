//! `wardrobe eval clip`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressBar;
use wardrobe_train::evaluate::clip::{Encoder, PROMPTS, Variant, clip};

use super::Document;
use crate::context::Context;
use crate::progress;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Photos with texts (pairs.csv, pairs.jsonl, styles.csv; the _val one where there is one), or folders of photos named
    /// as what they show. The weights are those of --weights FILE or --clip FILE, else the usual ones
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folders of photos to be named without training, beside photos with texts in --data
    #[arg(long, value_name = "DIR")]
    labelled: Option<PathBuf>,
    /// What the weights are, where neither they nor their name tell: vit-b-32, or vit-b-32-quickgelu (OpenAI's, FashionCLIP's)
    #[arg(long, value_name = "NAME", value_parser = ["vit-b-32", "vit-b-32-quickgelu"])]
    variant: Option<String>,
}

pub fn measure(args: &Args, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let weights = context.clip()?;
    let variant = match args.variant.as_deref() {
        Some("vit-b-32-quickgelu") => Variant::VitB32QuickGelu,
        Some(_) => Variant::VitB32,
        None => weights.variant(),
    };
    let encoder = Encoder::new(&weights.load()?, variant, &context.models().device()?)?;
    let prompts = PROMPTS.map(str::to_owned);
    let labelled = args.labelled.as_deref();
    let mut watch = progress::watch(bar, context);
    let report = clip(&encoder, &args.data, labelled, &prompts, &mut watch)?;
    let labels = report.labels.into_iter();
    Ok(Document {
        task: "clip",
        metrics: report.metrics,
        n: report.n,
        ci95: report.ci95,
        weights: Some(weights.weights()),
        seconds: 0.0,
        confused: Vec::new(),
        labels: labels
            .map(|(label, photos)| (label, vec![format!("{photos} photos")]))
            .collect(),
        unmapped: BTreeMap::new(),
        failed: report.failed,
    })
}
