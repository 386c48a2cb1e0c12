//! How well a CLIP finds photos by text, keeps like with like, and names what it was not trained to name.

mod encoder;
mod measure;

pub use encoder::Encoder;
pub(crate) use encoder::{padded, tokens};
pub use measure::PROMPTS;
pub use wardrobe_embed::Variant;

use crate::data::{Labelled, Pairs};
use crate::error::Result;
use crate::progress::Event;
use measure::{K, Named, Neighbours, Search};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use wardrobe_eval::{
    Bootstrap, Interval, chance_recall_at_k, neighbour_purity, recall_at_k, recall_hits,
};

/// What is measured after every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of texts whose photo is the nearest.
    pub recall_at_1: f64,
    /// Share of texts with their photo among the ten nearest.
    pub recall_at_10: f64,
    /// Share of the labelled photos named right without training on them, where there are such photos.
    pub zero_shot: Option<f64>,
}

/// Measurements, and what stands behind them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// `recall_at_1`, `recall_at_10` and `chance_recall_at_10`, by lot, where there are pairs; `knn_purity` where photos
    /// have labels; `zero_shot` where they lie in folders named by them.
    pub metrics: BTreeMap<&'static str, f64>,
    /// Photos measured.
    pub n: usize,
    /// 95 % intervals by the bootstrap, over texts for recall and over photos for the others.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// Labels of the folders, and the photos of each.
    pub labels: BTreeMap<String, usize>,
    /// Photos that could not be read and rows that are no pairs, with the reason.
    pub failed: Vec<String>,
}

/// Measures on pairs of photo and text at `data`, or on folders named by labels there, and on such folders at `labelled`
/// where given. Folders' names are put into words by `prompts`, [`PROMPTS`] usually.
///
/// # Errors
/// Neither pairs nor folders, no photo that can be read.
pub fn clip(
    encoder: &Encoder,
    data: &Path,
    labelled: Option<&Path>,
    prompts: &[String],
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    let pairs = Pairs::for_evaluation(data)?;
    let labelled = match (&pairs, labelled) {
        (_, Some(folder)) => Some(Labelled::for_evaluation(folder)?),
        (None, None) => Some(Labelled::for_evaluation(data)?),
        (Some(_), None) => None,
    };
    let mut report = Report::default();
    if let Some(pairs) = pairs {
        let search = Search::new(encoder, &pairs, watch)?;
        report.search(&search)?;
        report.purity(search.neighbours()?.as_ref())?;
        report.failed.extend(pairs.bad);
        report.failed.extend(search.failed);
    }
    if let Some(labelled) = labelled {
        let named = Named::new(encoder, &labelled, prompts, watch)?;
        report.named(&named)?;
        // Of the two, the photos with texts are what the question is about.
        if !report.metrics.contains_key("recall_at_1") {
            report.purity(named.neighbours.as_ref())?;
        }
        for (_, label) in &labelled.photos {
            *report
                .labels
                .entry(labelled.labels[*label].clone())
                .or_default() += 1;
        }
        report.failed.extend(named.failed);
    }
    Ok(report)
}

impl Report {
    fn search(&mut self, search: &Search) -> Result<()> {
        let Search {
            relevant, ranked, ..
        } = search;
        self.n += search.photos;
        let k = K.min(search.photos);
        for (name, k) in [("recall_at_1", 1), ("recall_at_10", k)] {
            let hits = recall_hits(relevant, ranked, k)?;
            let hits: Vec<f64> = hits
                .into_iter()
                .map(|hit| f64::from(u8::from(hit)))
                .collect();
            self.mean(name, &hits)?;
        }
        let chance = chance_recall_at_k(relevant, search.photos, k)?;
        self.metrics.insert("chance_recall_at_10", chance);
        Ok(())
    }

    fn purity(&mut self, neighbours: Option<&Neighbours>) -> Result<()> {
        if let Some(Neighbours { labels, nearest, k }) = neighbours {
            self.mean("knn_purity", &neighbour_purity(labels, nearest, *k)?)?;
        }
        Ok(())
    }

    fn named(&mut self, named: &Named) -> Result<()> {
        self.n += named.right.len();
        let right: Vec<f64> = named
            .right
            .iter()
            .map(|&right| f64::from(u8::from(right)))
            .collect();
        self.mean("zero_shot", &right)
    }

    fn mean(&mut self, name: &'static str, values: &[f64]) -> Result<()> {
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, n) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
            sum / n as f64
        };
        let interval = Bootstrap::default().ci95(values.len(), |drawn| {
            Some(mean(&mut drawn.iter().map(|&i| values[i])))
        })?;
        self.metrics.insert(name, mean(&mut values.iter().copied()));
        self.ci95.insert(name, interval.interval);
        Ok(())
    }
}

/// What a run is validated on, read once.
#[derive(Debug)]
pub(crate) struct Validation {
    pub(crate) pairs: Pairs,
    /// What it must not forget.
    pub(crate) forgetting: Option<Labelled>,
    pub(crate) prompts: Vec<String>,
}

impl Validation {
    pub(crate) fn measure(
        &self,
        encoder: &Encoder,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Metrics> {
        let search = Search::new(encoder, &self.pairs, watch)?;
        let mut zero_shot = None;
        if let Some(labelled) = &self.forgetting {
            let named = Named::new(encoder, labelled, &self.prompts, watch)?;
            let right = named.right.iter().filter(|right| **right).count();
            zero_shot = Some(right as f64 / named.right.len() as f64);
        }
        Ok(Metrics {
            recall_at_1: recall_at_k(&search.relevant, &search.ranked, 1)?,
            recall_at_10: recall_at_k(&search.relevant, &search.ranked, K.min(search.photos))?,
            zero_shot,
        })
    }
}
