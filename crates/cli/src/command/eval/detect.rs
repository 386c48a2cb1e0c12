//! `wardrobe eval detect`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use indicatif::ProgressBar;
use serde::Serialize;
use wardrobe_eval::Interval;
use wardrobe_train::data::detection::DetectionSet;
use wardrobe_train::evaluate::detect::{ClassReport, Report, detect};

use crate::context::Context;
use crate::failure::Status;
use crate::progress;

/// A measurement, and what stands behind it.
#[derive(Serialize)]
struct Document {
    task: &'static str,
    metrics: Metrics,
    n: usize,
    ci95: BTreeMap<&'static str, Interval>,
    weights: String,
    seconds: f64,
    /// The data's labels with the class each is measured as.
    labels: BTreeMap<String, String>,
    /// Labels the detector has no class for, and the boxes they leave out.
    unmapped: BTreeMap<String, usize>,
    failed: Vec<String>,
}

#[derive(Serialize)]
struct Metrics {
    map50: f64,
    map50_95: f64,
    map75: f64,
    recall50_95: f64,
    per_class: BTreeMap<String, ClassReport>,
}

pub fn run(data: &Path, bar: &ProgressBar, context: &Context) -> Result<Status> {
    let start = Instant::now();
    let set = DetectionSet::for_evaluation(data)?;
    let detector = context.detector()?;
    let weights = detector.weights().to_owned();
    let mut watch = progress::watch(bar, context);
    let report = detect(detector.into_detector(), &set, data, &mut watch);
    bar.finish_and_clear();
    let document = document(report?, weights, start);
    context.out.answer(&document, || text(&document))?;
    Ok(Status::of(document.n, document.failed.len()))
}

fn document(report: Report, weights: String, start: Instant) -> Document {
    Document {
        task: "detect",
        metrics: Metrics {
            map50: report.mean.ap50,
            map50_95: report.mean.ap50_95,
            map75: report.mean.ap75,
            recall50_95: report.mean.recall50_95,
            per_class: report.per_class,
        },
        n: report.n,
        ci95: report.ci95,
        weights,
        seconds: start.elapsed().as_secs_f64(),
        labels: report.labels,
        unmapped: report.unmapped,
        failed: report.failed,
    }
}

fn text(document: &Document) -> String {
    let metrics = &document.metrics;
    let mut text = format!(
        "detect on {} photos in {:.1} s\n",
        document.n, document.seconds
    );
    for (name, value) in [
        ("map50", metrics.map50),
        ("map50_95", metrics.map50_95),
        ("map75", metrics.map75),
        ("recall50_95", metrics.recall50_95),
    ] {
        let _ = write!(text, "  {name:12} {value:.3}");
        if let Some(Interval { low, high }) = document.ci95.get(name) {
            let _ = write!(text, "  ({low:.3} to {high:.3} at 95 %)");
        }
        text.push('\n');
    }
    text.push_str("  class        garments  AP50   AP50-95\n");
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    for (name, class) in &metrics.per_class {
        let (ap50, ap50_95) = (number(class.ap50), number(class.ap50_95));
        let _ = writeln!(text, "  {name:12} {:8}  {ap50:5}  {ap50_95}", class.truth);
    }
    let renamed = document
        .labels
        .iter()
        .filter(|(label, class)| label != class);
    for (label, class) in renamed {
        let _ = writeln!(text, "  {label} is measured as {class}");
    }
    for (label, boxes) in &document.unmapped {
        let _ = writeln!(
            text,
            "  {label} is no class of the detector's, {boxes} boxes left out"
        );
    }
    text
}
