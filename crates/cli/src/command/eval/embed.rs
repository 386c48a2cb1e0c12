//! `wardrobe eval embed`

use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressBar;
use wardrobe::{ModelOptions, Models};
use wardrobe_train::data::Dataset;
use wardrobe_train::evaluate::embed::embed;

use super::Document;
use crate::context::Context;
use crate::progress;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data set; its val part is measured where it has one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The embedder's file instead of the usual one, as `train embed` wrote it for the classifier in use
    #[arg(long, value_name = "FILE")]
    embedder: Option<PathBuf>,
}

pub fn measure(args: &Args, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let data = Dataset::for_evaluation(&args.data)?;
    let models = Models::load(&ModelOptions {
        embedder: args.embedder.clone(),
        ..context.models().clone()
    })?;
    let embedder = models.starter_embedder();
    let mut watch = progress::watch(bar, context);
    let report = embed(models.classifier(), embedder, &data, &mut watch)?;
    let labels = report.per_label.into_iter();
    Ok(Document {
        task: "embed",
        metrics: report.metrics,
        n: report.n,
        ci95: report.ci95,
        weights: Some(models.embedder().as_str().to_owned()),
        seconds: 0.0,
        confused: Vec::new(),
        labels: labels
            .map(|(label, purity)| (label, vec![format!("purity {purity:.3}")]))
            .collect(),
        unmapped: data.unmapped,
        failed: report.failed,
    })
}
