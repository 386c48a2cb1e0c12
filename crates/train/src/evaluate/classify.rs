//! How often a classifier is right, in the data set's own labels.

use crate::data::{Dataset, Label};
use crate::error::Result;
use crate::progress::Event;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wardrobe_classify::{Classification, Classifier};
use wardrobe_eval::{
    Bootstrap, Interval, confused_pairs, confusion, expected_calibration_error, macro_f1,
    per_class, top_k_accuracy, wilson_ci95,
};
use wardrobe_types::Category;

/// Bins of the calibration error.
const BINS: usize = 15;

/// Accuracy over a data set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of photos whose most likely label is right.
    pub top1: f64,
    /// Share of photos whose label is among the five most likely.
    pub top5: f64,
    /// F1 averaged over labels.
    pub macro_f1: f64,
}

/// [`Metrics`] with what stands behind them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The metrics.
    pub metrics: Metrics,
    /// Photos measured.
    pub n: usize,
    /// 95 % intervals: Wilson's for top-1 and top-5, the bootstrap's over photos for macro-F1.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// How far the probability of the most likely label is from how often it is right, on average (15 bins).
    pub ece: f64,
    /// F1 a label; `None` where it is undefined.
    pub per_label: BTreeMap<String, Option<f64>>,
    /// What is taken for what, most often first: (label, taken for, photos).
    pub confused: Vec<(String, String, usize)>,
    /// How labels map onto categories.
    pub labels: BTreeMap<String, Vec<Category>>,
    /// Labels without a category, and the photos they leave out.
    pub unmapped: BTreeMap<String, usize>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<String>,
}

/// A photo's own label among those that it is not, ordered by the summed probability of their categories, most likely first.
///
/// A label such as "shoes" covers several categories: any of them counts for it. Other labels that share a category with
/// the photo's own are left out: a photo of "shoes" may show the "heels" of the same data set, and heels are shoes.
pub fn rank_labels(
    labels: &[Label],
    own: usize,
    probability: impl Fn(Category) -> f32,
) -> Vec<usize> {
    let ranked = ranked(labels, own, probability).into_iter();
    ranked.map(|(label, _)| label).collect()
}

/// [`rank_labels`] with the probabilities.
fn ranked(
    labels: &[Label],
    own: usize,
    probability: impl Fn(Category) -> f32,
) -> Vec<(usize, f32)> {
    let covered = &labels[own].categories;
    let apart = |label: &Label| label.categories.iter().all(|c| !covered.contains(c));
    let summed = |label: &Label| label.categories.iter().map(|&c| probability(c)).sum();
    let all = labels.iter().enumerate();
    let mut ranked: Vec<(usize, f32)> = all
        .filter(|&(index, label)| index == own || apart(label))
        .map(|(index, label)| (index, summed(label)))
        .collect();
    ranked.sort_by(|(_, p), (_, q)| q.total_cmp(p));
    ranked
}

/// [`ranked`] for what a classifier said of a photo.
fn rank(labels: &[Label], own: usize, classification: &Classification) -> Vec<(usize, f32)> {
    let by_category: BTreeMap<Category, f32> = classification
        .predictions
        .iter()
        .map(|p| (p.category, p.confidence))
        .collect();
    ranked(labels, own, |category| {
        by_category.get(&category).copied().unwrap_or(0.0)
    })
}

/// Top-1, top-5 and macro-F1 of rankings.
pub(crate) fn metrics(labels: usize, truth: &[usize], ranked: &[Vec<usize>]) -> Result<Metrics> {
    let first: Vec<usize> = ranked.iter().map(|ranked| ranked[0]).collect();
    Ok(Metrics {
        top1: top_k_accuracy(truth, ranked, 1)?,
        top5: top_k_accuracy(truth, ranked, 5.min(labels))?,
        macro_f1: macro_f1(&confusion(truth, &first, labels)?)?,
    })
}

/// Classifies every photo of `data` and compares.
///
/// # Errors
/// No photo that can be read, or a classifier that fails.
pub fn classify(
    classifier: &Classifier,
    data: &Dataset,
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    const BATCH: usize = 16;
    let (mut truth, mut ranked, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (i, batch) in data.samples.chunks(BATCH).enumerate() {
        let photos: Vec<_> = batch
            .par_iter()
            .map(|sample| sample.picture.load())
            .collect();
        let mut read = Vec::with_capacity(photos.len());
        for (sample, photo) in batch.iter().zip(&photos) {
            match photo {
                Ok(photo) => {
                    truth.push(sample.label);
                    read.push(photo);
                }
                Err(error) => {
                    watch(Event::Skipped {
                        reason: error.to_string(),
                    });
                    failed.push(error.to_string());
                }
            }
        }
        let own = &truth[ranked.len()..];
        let found = classifier.classify(&read)?;
        let seen = own.iter().zip(&found);
        ranked.extend(seen.map(|(&own, found)| rank(&data.labels, own, found)));
        watch(Event::Loading {
            done: i * BATCH + batch.len(),
            total: data.samples.len(),
        });
    }
    report(data, &truth, &ranked, failed)
}

fn report(
    data: &Dataset,
    truth: &[usize],
    ranked: &[Vec<(usize, f32)>],
    failed: Vec<String>,
) -> Result<Report> {
    let labels = data.labels.len();
    let sure: Vec<f32> = ranked.iter().map(|ranked| ranked[0].1.min(1.0)).collect();
    let only_labels = |ranked: &Vec<(usize, f32)>| ranked.iter().map(|&(label, _)| label).collect();
    let ranked: &[Vec<usize>] = &ranked.iter().map(only_labels).collect::<Vec<_>>();
    let metrics = metrics(labels, truth, ranked)?;
    let first: Vec<usize> = ranked.iter().map(|ranked| ranked[0]).collect();
    let table = confusion(truth, &first, labels)?;
    let right: Vec<bool> = truth.iter().zip(&first).map(|(a, b)| a == b).collect();
    let name = |label: usize| data.labels[label].name.clone();
    let wilson =
        |share: f64| wilson_ci95((share * truth.len() as f64).round() as usize, truth.len());
    let f1 = Bootstrap::default().ci95(truth.len(), |drawn| {
        let pick = |values: &[usize]| drawn.iter().map(|&i| values[i]).collect::<Vec<_>>();
        confusion(&pick(truth), &pick(&first), labels)
            .and_then(|table| macro_f1(&table))
            .ok()
    })?;
    let pairs = confused_pairs(&table, 10).into_iter();
    let by_label = per_class(&table).into_iter().enumerate();
    Ok(Report {
        metrics,
        ece: expected_calibration_error(&sure, &right, BINS)?.ece,
        n: truth.len(),
        ci95: [
            ("top1", wilson(metrics.top1)?),
            ("top5", wilson(metrics.top5)?),
            ("macro_f1", f1.interval),
        ]
        .into(),
        per_label: by_label
            .map(|(label, class)| (name(label), class.f1))
            .collect(),
        confused: pairs
            .map(|pair| (name(pair.truth), name(pair.predicted), pair.count))
            .collect(),
        labels: data
            .labels
            .iter()
            .map(|label| (label.name.clone(), label.categories.clone()))
            .collect(),
        unmapped: data.unmapped.clone(),
        failed,
    })
}
