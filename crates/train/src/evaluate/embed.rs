//! Whether embeddings keep like with like, and a photo with its own variations.

use super::neighbours::nearest;
use crate::AugmentConfig;
use crate::data::Dataset;
use crate::descriptors::{Views, describe};
use crate::error::Result;
use crate::progress::Event;
use candle_core::{D, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wardrobe_classify::{Classifier, EfficientNet};
use wardrobe_embed::StarterEmbedder;
use wardrobe_eval::{Bootstrap, Interval, neighbour_purity, recall_hits};

/// Neighbours looked at.
pub const K: usize = 10;

/// What a second photo of the same garment may differ by: 70 % to all of the area, 15 degrees, a quarter of the light.
pub const VARIATION: AugmentConfig = AugmentConfig {
    min_area: 0.7,
    max_aspect: 1.1,
    rotation: 15.0,
    flip: 0.0,
    color: 0.25,
    erase: 0.0,
};

/// Seed of the variations: always the same ones.
const SEED: u64 = 1;

/// How good embeddings are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean share of a photo's ten nearest neighbours that have its label.
    pub knn_purity: f64,
    /// Share of photos that are the nearest to their own varied view ([`VARIATION`]).
    pub near_duplicate_recall: f64,
}

/// Metrics of an embedder beside those of the plain features, and what stands behind them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// [`Metrics`] by name; those of the classifier's pooled features begin with `plain_`.
    pub metrics: BTreeMap<&'static str, f64>,
    /// Photos measured.
    pub n: usize,
    /// 95 % intervals, by the bootstrap over photos.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// Mean purity a label.
    pub per_label: BTreeMap<String, f64>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<String>,
}

/// Measures `embedder` on photos of one garment each.
///
/// # Errors
/// No photo that can be read; fewer than 11 photos; descriptors that cannot be embedded.
pub fn embed(
    classifier: &Classifier,
    embedder: &StarterEmbedder,
    data: &Dataset,
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    let validation = Validation::read(classifier, data, watch)?;
    let ours = validation.outcomes(|descriptors| {
        let rows = descriptors.to_vec2::<f32>()?;
        let rows = rows
            .iter()
            .map(|row| Ok(embedder.embed(row)?.values().to_vec()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::new(rows, descriptors.device())?)
    })?;
    let plain = validation
        .outcomes(|descriptors| Ok(descriptors.narrow(1, 0, EfficientNet::FEATURES)?))?;
    let mut report = Report {
        n: validation.labels.len(),
        failed: validation.failed.clone(),
        ..Report::default()
    };
    for (name, values) in [
        ("knn_purity", &ours.purity),
        ("near_duplicate_recall", &ours.found),
        ("plain_knn_purity", &plain.purity),
        ("plain_near_duplicate_recall", &plain.found),
    ] {
        let interval = Bootstrap::default().ci95(values.len(), |drawn| {
            Some(mean(drawn.iter().map(|&i| values[i])))
        })?;
        report.metrics.insert(name, mean(values.iter().copied()));
        report.ci95.insert(name, interval.interval);
    }
    for (number, label) in data.labels.iter().enumerate() {
        let of_label = validation.labels.iter().zip(&ours.purity);
        let of_label = of_label.filter(|(label, _)| **label == number);
        let purity: Vec<f64> = of_label.map(|(_, purity)| *purity).collect();
        if !purity.is_empty() {
            report
                .per_label
                .insert(label.name.clone(), mean(purity.into_iter()));
        }
    }
    Ok(report)
}

/// Descriptors of photos to measure on and of a varied view of each, read once.
pub(crate) struct Validation {
    plain: Tensor,
    varied: Tensor,
    labels: Vec<usize>,
    failed: Vec<String>,
}

/// What is measured, a photo.
struct Outcomes {
    purity: Vec<f64>,
    /// 1 where the photo is the nearest to its own varied view.
    found: Vec<f64>,
}

impl Validation {
    pub(crate) fn read(
        classifier: &Classifier,
        data: &Dataset,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let pictures: Vec<_> = data.samples.iter().map(|s| &s.picture).collect();
        let views = Views {
            count: 1,
            augment: &VARIATION,
            seed: SEED,
        };
        let seen = describe(classifier, &pictures, views, |_| Ok(()), watch)?;
        let view = |number: usize| seen.tensor.narrow(1, number, 1)?.squeeze(1)?.contiguous();
        Ok(Self {
            plain: view(0)?,
            varied: view(1)?,
            labels: seen.read.iter().map(|&i| data.samples[i].label).collect(),
            failed: seen.failed,
        })
    }

    /// The metrics of what `embed` makes of descriptors.
    ///
    /// # Shapes
    /// `embed` (n, 1472) -> (n, d)
    pub(crate) fn measure(&self, embed: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Metrics> {
        let Outcomes { purity, found } = self.outcomes(embed)?;
        Ok(Metrics {
            knn_purity: mean(purity.into_iter()),
            near_duplicate_recall: mean(found.into_iter()),
        })
    }

    fn outcomes(&self, embed: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Outcomes> {
        let (items, queries) = (unit(&embed(&self.plain)?)?, unit(&embed(&self.varied)?)?);
        let neighbours = nearest(&items, &items, K, true)?;
        let found = nearest(&queries, &items, 1, false)?;
        let own: Vec<Vec<usize>> = (0..self.labels.len()).map(|i| vec![i]).collect();
        let found = recall_hits(&own, &found, 1)?.into_iter();
        Ok(Outcomes {
            purity: neighbour_purity(&self.labels, &neighbours, K)?,
            found: found.map(|hit| f64::from(u8::from(hit))).collect(),
        })
    }
}

/// Rows of length 1.
fn unit(rows: &Tensor) -> Result<Tensor> {
    let length = (rows.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    Ok(rows.broadcast_div(&length)?)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    sum / n as f64
}
