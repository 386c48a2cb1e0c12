//! `wardrobe eval tag`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use wardrobe::{ModelOptions, Models};
use wardrobe_train::data::{Split, TagSet};
use wardrobe_train::evaluate::tag::tag;

use super::Document;
use crate::context::Context;
use crate::progress;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data set: its val part is measured, its train part is what the baselines know
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The tagger's file instead of the usual one, as `train tag` wrote it for the classifier in use
    #[arg(long, value_name = "FILE")]
    tagger: Option<PathBuf>,
}

pub fn measure(args: &Args, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let val = TagSet::split(&args.data, Split::Val)?;
    let val = val.with_context(|| {
        let folder = args.data.display();
        format!("{folder}: no val part with tags: expected styles_val.csv and images/")
    })?;
    let train = TagSet::split(&args.data, Split::Train)?;
    let models = Models::load(&ModelOptions {
        tagger: args.tagger.clone(),
        ..context.models().clone()
    })?;
    let tagger = models.tagger().context(
        "no tagger for this classifier: `wardrobe train tag` trains one, and --tagger FILE names it",
    )?;
    let mut watch = progress::watch(bar, context);
    let report = tag(
        models.classifier(),
        tagger,
        &val,
        train.as_ref(),
        &mut watch,
    )?;
    Ok(Document {
        task: "tag",
        metrics: report.metrics,
        n: report.n,
        ci95: report.ci95,
        weights: Some(models.weights().to_owned()),
        seconds: 0.0,
        confused: report.confused,
        labels: BTreeMap::new(),
        unmapped: val.unmapped,
        failed: report.failed,
    })
}
