//! `wardrobe eval clothing`: photos of garments told from photos without any.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe::{ClothingRule, GarmentDetector, Models, inspect};
use wardrobe_eval::Interval;
use wardrobe_train::data::Split;
use wardrobe_train::data::cut_paste::grounds;
use wardrobe_train::evaluate::clothing::{Rule, Seen, measure, plot};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// Photos read at once, so that memory does not grow with their number.
const BATCH: usize = 32;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Photos of garments with train and val parts: a folder a label, or photos with boxes; several times for several
    #[arg(long, value_name = "DIR", required = true)]
    data: Vec<PathBuf>,
    /// Fit the rule to the train parts and choose its threshold on the val parts, instead of the rule in use
    #[arg(long)]
    fit: bool,
    /// The most photos of a part of a data set, spread evenly
    #[arg(long, default_value_t = 400, value_name = "N")]
    photos: usize,
    /// Seed of the grounds made of the photos
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw which share of grounds is caught for which share of photos warned of
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    task: &'static str,
    metrics: BTreeMap<&'static str, f64>,
    n: usize,
    ci95: BTreeMap<&'static str, Interval>,
    weights: String,
    seconds: f64,
    /// Grounds measured beside the `n` photos.
    grounds: usize,
    rule: ClothingRule,
}

/// What was seen in the pictures of one part, of all data sets.
#[derive(Default)]
struct Part {
    photos: Vec<Seen>,
    grounds: Vec<Seen>,
}

pub fn run(args: &Args, bar: &ProgressBar, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let models = Models::load(context.models())?;
    let detector = context.detector()?;
    let val = look(args, Split::Val, &models, &detector, bar, context)?;
    let mut rule = ClothingRule::STARTER;
    if args.fit {
        let train = look(args, Split::Train, &models, &detector, bar, context)?;
        let fitted = Rule::fit(&train.photos, &train.grounds);
        let report = measure(&fitted, 0.0, &val.photos, &val.grounds)?;
        rule = ClothingRule {
            bias: fitted.bias as f32,
            detected: fitted.detected as f32,
            classified: fitted.classified as f32,
            threshold: report.best_threshold as f32,
        };
    }
    let of_rule = Rule {
        bias: rule.bias.into(),
        detected: rule.detected.into(),
        classified: rule.classified.into(),
    };
    let report = measure(&of_rule, rule.threshold.into(), &val.photos, &val.grounds)?;
    bar.finish_and_clear();
    if let Some(path) = &args.plot {
        plot(&of_rule, [&val.photos, &val.grounds], &report, path)?;
        context.note(format_args!("wrote {}", path.display()));
    }
    let document = Document {
        task: "clothing",
        metrics: report.metrics,
        n: val.photos.len(),
        ci95: report.ci95,
        weights: format!("{} and {}", detector.weights(), models.weights()),
        seconds: start.elapsed().as_secs_f64(),
        grounds: val.grounds.len(),
        rule,
    };
    context.out.answer(&document, || text(&document))?;
    Ok(Status::Done)
}

fn look(
    args: &Args,
    split: Split,
    models: &Models,
    detector: &GarmentDetector,
    bar: &ProgressBar,
    context: &Context,
) -> Result<Part> {
    let mut part = Part::default();
    let mut watch = progress::watch(bar, context);
    for data in &args.data {
        let made = grounds(data, split, args.photos, args.seed, &mut watch)?;
        let seen = |pictures: &[_]| -> Result<Vec<Seen>> {
            let evidence = inspect::evidence(models, detector, pictures)?;
            let both = |e: wardrobe::Evidence| [e.detected.into(), e.classified.into()];
            Ok(evidence.into_iter().map(both).collect())
        };
        for paths in made.photos.chunks(BATCH) {
            let photos: Vec<_> = paths
                .iter()
                .map(|path| inspect::photo(path))
                .collect::<wardrobe::Result<_>>()
                .with_context(|| format!("in {}", data.display()))?;
            part.photos.extend(seen(&photos)?);
        }
        part.grounds.extend(seen(&made.grounds)?);
    }
    Ok(part)
}

fn text(document: &Document) -> String {
    let mut text = format!(
        "clothing: {} photos of garments and {} grounds in {:.1} s\n",
        document.n, document.grounds, document.seconds
    );
    for (name, value) in &document.metrics {
        let Interval { low, high } = document.ci95[name];
        let _ = writeln!(
            text,
            "  {name:8} {value:.3}  ({low:.3} to {high:.3} at 95 %)"
        );
    }
    let ClothingRule {
        bias,
        detected,
        classified,
        threshold,
    } = document.rule;
    let _ = writeln!(
        text,
        "  rule     bias {bias:.4}, detected {detected:.4}, classified {classified:.4}, threshold {threshold:.4}"
    );
    text
}
