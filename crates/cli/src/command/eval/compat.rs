//! `wardrobe eval compat`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe::{ModelOptions, Models, OutfitScorer, find_outfit_scorer, load_outfit_scorer};
use wardrobe_eval::Interval;
use wardrobe_train::Eyes;
use wardrobe_train::data::outfits::{Negatives, Part};
use wardrobe_train::evaluate::compat::{Measurement, Report, Row, Table, measure};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe eval compat --data polyvore --weights runs/compat/best.safetensors\n  wardrobe eval compat --data ccp --negatives same-category --rules\n\n--weights FILE or --scorer FILE names the outfit scorer's file; without it, the shipped one, where there is one for the embedder in use,\nelse the baselines alone. Baselines are fitted on the train part, with negatives of the same kind."
)]
pub struct Args {
    /// The outfits: Maryland Polyvore, Polyvore Outfits, or photos of dressed people as COCO's JSON
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How outfits nobody wore are made; may be given several times [default: shuffled and same-category]
    #[arg(long, value_enum, value_name = "KIND")]
    negatives: Vec<Kind>,
    /// Measure the recommender's rules, too: where items have pictures, and so colours
    #[arg(long)]
    rules: bool,
    /// Measure on the test part rather than on the validation part
    #[arg(long)]
    test: bool,
    /// Outfits of fewer items are left out
    #[arg(long, value_name = "N", default_value_t = 3)]
    least_items: usize,
    /// Draws the negatives
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Any item of another outfit
    Shuffled,
    /// An item of the same class
    SameCategory,
    /// An item about as frequent
    Popularity,
}

#[derive(Serialize)]
struct Document {
    task: &'static str,
    /// The first judge's, on the first table: the scorer's, where there is one.
    metrics: BTreeMap<&'static str, f64>,
    n: usize,
    ci95: BTreeMap<&'static str, Interval>,
    weights: Option<String>,
    seconds: f64,
    #[serde(flatten)]
    report: Report,
}

pub fn run(args: Args, bar: &ProgressBar, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let mut options: ModelOptions = context.models().clone();
    let file = options.weights.take_if(|path| path.is_file());
    let models = Models::load(&options)?;
    let scorer = match file.or_else(|| options.scorer.take()) {
        Some(file) => Some(load_outfit_scorer(&file)?),
        None => find_outfit_scorer(&options, models.embedder())?,
    };
    let how = Measurement {
        data: &args.data,
        part: if args.test { Part::Test } else { Part::Valid },
        scorer: scorer.as_ref(),
        eyes: Some(Eyes {
            classifier: models.classifier(),
            embedder: models.starter_embedder(),
        }),
        rules: args.rules,
        negatives: negatives(&args.negatives),
        least_items: args.least_items,
        seed: args.seed,
        cache: None,
    };
    let report = measure(&how, &mut progress::watch(bar, context));
    bar.finish_and_clear();
    let report = report?;
    let first = report.tables.first().and_then(|table| table.rows.first());
    let first = first.context("nothing was measured: name a kind of --negatives")?;
    let metrics = [
        ("auc", Some(first.metrics.auc)),
        ("accuracy", Some(first.metrics.accuracy)),
        ("fitb", Some(first.metrics.fitb)),
        ("ece", first.metrics.ece),
    ];
    let metrics = metrics
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let document = Document {
        task: "compat",
        metrics: metrics.collect(),
        n: report.outfits,
        ci95: first.ci95.clone(),
        weights: scorer.map(|scorer: OutfitScorer| scorer.file().to_owned()),
        seconds: start.elapsed().as_secs_f64(),
        report,
    };
    context.out.answer(&document, || text(&document))?;
    Ok(Status::Done)
}

fn negatives(kinds: &[Kind]) -> Vec<Negatives> {
    let kinds = match kinds {
        [] => &[Kind::Shuffled, Kind::SameCategory],
        kinds => kinds,
    };
    let kind = |kind: &Kind| match kind {
        Kind::Shuffled => Negatives::Shuffled,
        Kind::SameCategory => Negatives::SameCategory,
        Kind::Popularity => Negatives::Popularity,
    };
    kinds.iter().map(kind).collect()
}

fn text(document: &Document) -> String {
    let Report {
        part,
        outfits,
        pictures,
        classes,
        tables,
    } = &document.report;
    let mut text = format!(
        "compat on {outfits} {} outfits, {classes} classes of items, {} in {:.1} s\n",
        part.name(),
        match pictures {
            true => "seen in pictures",
            false => "no pictures: an item is its class alone",
        },
        document.seconds
    );
    for table in tables {
        let Table {
            negatives,
            judged,
            questions,
            rows,
            rule_weights,
            ..
        } = table;
        let _ = writeln!(text, "{negatives}: {judged} outfits, {questions} blanks");
        let _ = writeln!(
            text,
            "  {:16} {:21} {:21} {:21} {:7} AUC of the first ahead by",
            "", "AUC", "accuracy", "blanks filled", "ECE"
        );
        for row in rows {
            line(&mut text, row);
        }
        if let Some([color, formality, category]) = rule_weights.as_deref() {
            let _ = writeln!(
                text,
                "  refitted, the rules weigh {color:.2} for color, {formality:.2} for formality, {category:.2} for category"
            );
        }
    }
    text
}

fn line(text: &mut String, row: &Row) {
    let metrics = row.metrics;
    let with = |name: &str, value: f64| match row.ci95.get(name) {
        Some(Interval { low, high }) => format!("{value:.3} ({low:.3}-{high:.3})"),
        None => format!("{value:.3}"),
    };
    let ece = metrics
        .ece
        .map_or("-".to_owned(), |ece| format!("{ece:.3}"));
    let gap = row.auc_behind.map_or(String::new(), |gap| {
        let Interval { low, high } = gap.ci95;
        format!("{:+.3} ({low:+.3} to {high:+.3})", gap.value)
    });
    let _ = writeln!(
        text,
        "  {:16} {:21} {:21} {:21} {ece:7} {gap}",
        row.judge,
        with("auc", metrics.auc),
        with("accuracy", metrics.accuracy),
        with("fitb", metrics.fitb),
    );
}
