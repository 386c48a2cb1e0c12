//! `wardrobe eval`: weights and methods, measured on labelled data.

mod clip;
mod clothing;
mod compat;
mod detect;
mod embed;
mod preferences;
mod tag;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe::{IngestOptions, Models, PhotoStatus, Progress, Wardrobe};
use wardrobe_eval::Interval;
use wardrobe_train::data::Dataset;
use wardrobe_train::evaluate;

use crate::context::Context;
use crate::failure::Status;
use crate::output;
use crate::progress;

/// Confusions shown to people.
const SHOWN: usize = 8;

/// Measure a model or method on labelled data, in the data's own labels
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe eval classify --data clothing/val\n  wardrobe eval classify --data clothing --weights runs/first/best.safetensors\n  wardrobe eval colors --data products --json\n  wardrobe eval clothing --data clothing --data ccp\n  wardrobe eval search --data products\n  wardrobe eval detect --data ccp --weights runs/detector/best.safetensors\n  wardrobe eval clip --data products --labelled clothing --weights runs/clip/best.safetensors\n  wardrobe eval compat --data polyvore --weights runs/compat/best.safetensors\n  wardrobe eval embed --data clothing --embedder runs/embedder/best.safetensors\n  wardrobe eval tag --data products\n  wardrobe eval preferences --data data/tags/clothing.csv --plot preferences.png"
)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// The garment detector, on photos with boxes: COCO's JSON, a YOLO folder or DeepFashion2
    #[command(
        after_help = "Examples:\n  wardrobe eval detect --data ccp\n  wardrobe eval detect --data ccp --weights runs/detector/best.safetensors"
    )]
    Detect(Data),
    /// The classifier, on a folder of photos a label or on styles.csv and images/
    #[command(
        after_help = "Example:\n  wardrobe eval classify --data clothing --weights runs/first/best.safetensors"
    )]
    Classify(Data),
    /// CLIP, on photos with texts, on folders named as what their photos show, or on both
    #[command(
        after_help = "Example:\n  wardrobe eval clip --data products --labelled clothing --weights runs/clip/best.safetensors"
    )]
    Clip(clip::Args),
    /// Whether photos show clothes at all: photos of garments against the grounds they lie on
    #[command(
        after_help = "Examples:\n  wardrobe eval clothing --data clothing --data ccp\n  wardrobe eval clothing --data clothing --data ccp --fit --plot roc.png"
    )]
    Clothing(clothing::Args),
    /// The outfit scorer, on outfits that people wear, beside baselines
    #[command(
        after_help = "Example:\n  wardrobe eval compat --data polyvore --weights runs/compat/best.safetensors"
    )]
    Compat(compat::Args),
    /// The colours, on a catalogue: styles.csv and images/
    #[command(after_help = "Example:\n  wardrobe eval colors --data products --json")]
    Colors(Data),
    /// The garments' embeddings, on a folder of photos a label or on styles.csv and images/
    #[command(
        after_help = "Example:\n  wardrobe eval embed --data clothing --embedder runs/embedder/best.safetensors"
    )]
    Embed(embed::Args),
    /// The search in words, on a catalogue: styles.csv and images/, taken into a wardrobe of their own
    #[command(after_help = "Example:\n  wardrobe eval search --data products")]
    Search(Data),
    #[command(
        after_help = "Examples:\n  wardrobe eval tag --data products\n  wardrobe eval tag --data products --tagger runs/tagger/best.safetensors"
    )]
    /// The tagger, on a catalogue: styles.csv and images/, beside what is most usual
    Tag(tag::Args),
    /// What feedback teaches: simulated wearers with hidden tastes, on a table of garments' tags
    #[command(
        after_help = "Example:\n  wardrobe eval preferences --data data/tags/clothing.csv --plot preferences.png"
    )]
    Preferences(preferences::Args),
}

#[derive(Debug, clap::Args)]
struct Data {
    /// The data set; its val part is measured where it has one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// A measurement, and what stands behind it.
#[derive(Serialize)]
struct Document {
    task: &'static str,
    metrics: BTreeMap<&'static str, f64>,
    n: usize,
    ci95: BTreeMap<&'static str, Interval>,
    weights: Option<String>,
    seconds: f64,
    /// What is taken for what, most often first: label, taken for, photos.
    confused: Vec<(String, String, usize)>,
    /// How the data's labels map onto the vocabulary.
    labels: BTreeMap<String, Vec<String>>,
    /// Labels outside it, and the photos they leave out.
    unmapped: BTreeMap<String, usize>,
    failed: Vec<String>,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let bar = progress::bar(context.quiet);
    let measured = match args.task {
        // Its metrics have parts, and so a document of their own.
        Task::Detect(Data { data }) => return detect::run(&data, &bar, context),
        Task::Compat(args) => return compat::run(args, &bar, context),
        Task::Preferences(args) => return preferences::run(&args, &bar, context),
        Task::Clothing(args) => return clothing::run(&args, &bar, context),
        Task::Classify(Data { data }) => classify(&data, &bar, context),
        Task::Clip(args) => clip::measure(&args, &bar, context),
        Task::Colors(Data { data }) => colors(&data, &bar, context),
        Task::Embed(args) => embed::measure(&args, &bar, context),
        Task::Search(Data { data }) => search(&data, &bar, context),
        Task::Tag(args) => tag::measure(&args, &bar, context),
    };
    bar.finish_and_clear();
    let mut document = measured?;
    document.seconds = start.elapsed().as_secs_f64();
    context.out.answer(&document, || text(&document))?;
    Ok(Status::of(document.n, document.failed.len()))
}

fn classify(data: &Path, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let data = Dataset::for_evaluation(data)?;
    let models = Models::load(context.models())?;
    let mut watch = progress::watch(bar, context);
    let report = evaluate::classify::classify(models.classifier(), &data, &mut watch)?;
    let metrics = report.metrics;
    let names = |categories: Vec<_>| strings(&categories);
    Ok(Document {
        task: "classify",
        metrics: BTreeMap::from([
            ("top1", metrics.top1),
            ("top5", metrics.top5),
            ("macro_f1", metrics.macro_f1),
            ("ece", report.ece),
        ]),
        n: report.n,
        ci95: report.ci95,
        weights: Some(models.weights().to_owned()),
        seconds: 0.0,
        confused: report.confused,
        labels: report
            .labels
            .into_iter()
            .map(|(label, of)| (label, names(of)))
            .collect(),
        unmapped: report.unmapped,
        failed: report.failed,
    })
}

fn colors(data: &Path, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let models = Models::load(context.models())?;
    let tagger = models.tagger().map(|tagger| (models.classifier(), tagger));
    let mut watch = progress::watch(bar, context);
    let report = evaluate::colors::colors(data, tagger, &mut watch)?;
    let metrics = report.metrics;
    let stored = [
        ("stored_top1_basic", metrics.stored_top1_basic),
        ("stored_top2_basic", metrics.stored_top2_basic),
    ];
    let confused = report.confused.into_iter();
    Ok(Document {
        task: "colors",
        metrics: [
            ("top1_basic", metrics.top1_basic),
            ("top2_basic", metrics.top2_basic),
            ("top1", metrics.top1),
            ("mean_delta_e", metrics.mean_delta_e),
        ]
        .into_iter()
        .chain(
            stored
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .collect(),
        n: report.n,
        ci95: report.ci95,
        weights: Some(models.weights().to_owned()),
        seconds: 0.0,
        confused: confused
            .map(|(a, b, n)| (a.to_string(), b.to_string(), n))
            .collect(),
        labels: report
            .labels
            .into_iter()
            .map(|(label, of)| (label, strings(&[of])))
            .collect(),
        unmapped: report.unmapped,
        failed: report.failed,
    })
}

fn search(data: &Path, bar: &ProgressBar, context: &Context) -> Result<Document> {
    let mut catalogue = evaluate::search::Catalogue::read(data)?;
    let folder =
        tempfile::tempdir().context("cannot make a folder for the catalogue's wardrobe")?;
    let mut wardrobe = Wardrobe::open(folder.path(), context.models().clone())?;
    let photos: Vec<&Path> = catalogue
        .products()
        .iter()
        .map(|product| product.photo.as_path())
        .collect();
    // A catalogue's photos are what is searched, whatever is seen in them.
    let ingested = wardrobe.ingest_with(
        &photos,
        IngestOptions { force: true },
        &AtomicBool::new(false),
        |progress| match progress {
            Progress::Found(photos) => bar.set_length(photos as u64),
            _ => bar.inc(1),
        },
    )?;
    let (mut photo_of, mut taken_in, mut failed) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    for photo in ingested.photos {
        match photo.status {
            PhotoStatus::Added | PhotoStatus::Duplicate => {
                for garment in photo.garments {
                    photo_of
                        .entry(garment.id)
                        .or_insert_with(|| photo.path.clone());
                }
                taken_in.insert(photo.path);
            }
            _ => {
                let reason = photo.reason.unwrap_or_default();
                bar.suspend(|| output::to_stderr(format_args!("error: {reason}")));
                failed.push(reason);
            }
        }
    }
    catalogue.retain(&taken_in);
    let report = evaluate::search::search(&catalogue, |text| {
        let found = wardrobe.search(text, evaluate::search::DEPTH)?.garments;
        let photos = found
            .iter()
            .filter_map(|found| photo_of.get(&found.garment.id).cloned());
        Ok::<_, anyhow::Error>(photos.collect())
    })?;
    let metrics = report.metrics;
    Ok(Document {
        task: "search",
        metrics: BTreeMap::from([
            ("precision_at_5", metrics.precision_at_5),
            ("ceiling", metrics.ceiling),
            (
                "precision_at_5_type_color",
                metrics.precision_at_5_type_color,
            ),
            ("ceiling_type_color", metrics.ceiling_type_color),
        ]),
        n: report.n,
        ci95: report.ci95,
        weights: Some(wardrobe.models()?.weights().to_owned()),
        seconds: 0.0,
        confused: Vec::new(),
        labels: BTreeMap::new(),
        unmapped: report.unmapped,
        failed,
    })
}

fn strings<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn text(document: &Document) -> String {
    let mut text = format!(
        "{} on {} photos in {:.1} s\n",
        document.task, document.n, document.seconds
    );
    for (name, value) in &document.metrics {
        let _ = write!(text, "  {name:22} {value:.3}");
        if let Some(Interval { low, high }) = document.ci95.get(name) {
            let _ = write!(text, "  ({low:.3} to {high:.3} at 95 %)");
        }
        text.push('\n');
    }
    if !document.confused.is_empty() {
        text.push_str("most often confused\n");
    }
    for (label, taken_for, photos) in document.confused.iter().take(SHOWN) {
        let _ = writeln!(text, "  {photos:4}  {label} taken for {taken_for}");
    }
    if !document.labels.is_empty() {
        text.push_str("labels\n");
    }
    for (label, names) in &document.labels {
        let _ = writeln!(text, "  {label:18} {}", names.join(", "));
    }
    for (label, photos) in &document.unmapped {
        let _ = writeln!(text, "  {label:18} left out, {photos} photos");
    }
    text
}
