//! What is measured of a CLIP: search by text, neighbours by looks, naming without training.

use super::encoder::{Encoder, unit};
use crate::data::{Labelled, Pairs};
use crate::error::{Error, Result};
use crate::evaluate::neighbours::nearest;
use crate::progress::Event;
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::path::Path;

/// Neighbours looked at, and the longer of the two recalls.
pub(super) const K: usize = 10;

/// How a label is put into words, the label in place of `{}`; the features of all of them are averaged (Radford et al.
/// 2021, section 3.1.4).
pub const PROMPTS: [&str; 3] = [
    "a photo of a {}.",
    "a photo of a {}, a type of clothing.",
    "a catalogue photo of a {}.",
];

/// Texts and the photos they find.
pub(super) struct Search {
    /// For each different text, its photos among those read.
    pub(super) relevant: Vec<Vec<usize>>,
    /// For each different text, the nearest photos, the nearest first.
    pub(super) ranked: Vec<Vec<usize>>,
    /// Labels of the photos that have one.
    labels: Vec<(usize, usize)>,
    features: Tensor,
    /// Photos read.
    pub(super) photos: usize,
    pub(super) failed: Vec<String>,
}

impl Search {
    /// Every different text of `pairs` is a query, and every photo that has this text belongs to it.
    pub(super) fn new(
        encoder: &Encoder,
        pairs: &Pairs,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let paths: Vec<&Path> = pairs.pairs.iter().map(|pair| pair.path.as_path()).collect();
        let seen = encoder.files(&paths, watch)?;
        let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, &pair) in seen.read.iter().enumerate() {
            by_text
                .entry(&pairs.pairs[pair].text)
                .or_default()
                .push(row);
        }
        let Some(k) = most(seen.read.len()) else {
            return Err(unreadable(&seen.failed));
        };
        let queries: Vec<&str> = by_text.keys().copied().collect();
        let ranked = nearest(&encoder.texts(&queries)?, &seen.features, k, false)?;
        let rows: BTreeMap<usize, usize> = (0..)
            .zip(&seen.read)
            .map(|(row, &pair)| (pair, row))
            .collect();
        let labels = pairs.labels().into_iter();
        Ok(Self {
            relevant: by_text.into_values().collect(),
            ranked,
            labels: labels
                .filter_map(|(pair, label)| Some((*rows.get(&pair)?, label)))
                .collect(),
            features: seen.features,
            photos: seen.read.len(),
            failed: seen.failed,
        })
    }

    /// Labels and neighbours of the photos that have a label.
    pub(super) fn neighbours(&self) -> Result<Option<Neighbours>> {
        let (rows, labels): (Vec<usize>, Vec<usize>) = self.labels.iter().copied().unzip();
        Neighbours::of(&self.features, &rows, labels)
    }
}

/// Labelled photos and their nearest.
pub(super) struct Neighbours {
    pub(super) labels: Vec<usize>,
    pub(super) nearest: Vec<Vec<usize>>,
    /// How many are looked at.
    pub(super) k: usize,
}

impl Neighbours {
    /// `None` where there are no two photos.
    fn of(features: &Tensor, rows: &[usize], labels: Vec<usize>) -> Result<Option<Self>> {
        let Some(k) = most(labels.len().saturating_sub(1)) else {
            return Ok(None);
        };
        let rows = Tensor::from_iter(rows.iter().map(|&row| row as u32), features.device())?;
        let features = features.index_select(&rows, 0)?;
        let nearest = nearest(&features, &features, k, true)?;
        Ok(Some(Self { labels, nearest, k }))
    }
}

/// Photos named by the label whose prompts are nearest.
pub(super) struct Named {
    /// Whether the label is right, a photo.
    pub(super) right: Vec<bool>,
    pub(super) neighbours: Option<Neighbours>,
    pub(super) failed: Vec<String>,
}

impl Named {
    pub(super) fn new(
        encoder: &Encoder,
        labelled: &Labelled,
        prompts: &[String],
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let paths: Vec<&Path> = labelled
            .photos
            .iter()
            .map(|(path, _)| path.as_path())
            .collect();
        let seen = encoder.files(&paths, watch)?;
        if seen.read.is_empty() {
            return Err(unreadable(&seen.failed));
        }
        let names: Result<Vec<Tensor>> = labelled
            .labels
            .iter()
            .map(|label| name(encoder, label, prompts))
            .collect();
        let ranked = nearest(&seen.features, &Tensor::cat(&names?, 0)?, 1, false)?;
        let truth: Vec<usize> = seen
            .read
            .iter()
            .map(|&photo| labelled.photos[photo].1)
            .collect();
        let right = truth
            .iter()
            .zip(&ranked)
            .map(|(truth, ranked)| ranked[0] == *truth);
        let rows: Vec<usize> = (0..truth.len()).collect();
        Ok(Self {
            right: right.collect(),
            neighbours: Neighbours::of(&seen.features, &rows, truth)?,
            failed: seen.failed,
        })
    }
}

/// # Shapes
/// -> (1, dimension), of length 1
fn name(encoder: &Encoder, label: &str, prompts: &[String]) -> Result<Tensor> {
    let words = label.replace('_', " ");
    let texts: Vec<String> = prompts
        .iter()
        .map(|prompt| prompt.replace("{}", &words))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    unit(&encoder.texts(&texts)?.mean_keepdim(0)?)
}

fn most(photos: usize) -> Option<usize> {
    (photos > 0).then_some(photos.min(K))
}

fn unreadable(failed: &[String]) -> Error {
    let first = failed.first().map_or("there is none", String::as_str);
    Error::Data {
        path: std::path::PathBuf::new(),
        problem: format!("no photo can be read: {first}"),
    }
}
