//! Trains the starter embedder: a linear map of the classifier's descriptors that draws together photos of a
//! category, of a category and a colour, and views of a photo (supervised contrastive learning, Khosla et al. 2020).
//!
//! The network itself stays, so that a garment's embedding costs a matrix product on top of its category. Descriptors of every
//! photo and of its varied views are computed once, at the start; the epochs then take seconds.

mod config;
mod data;
mod head;

pub use super::Run;
pub use config::EmbedConfig;

use super::Row;
use super::epochs::Curve;
use crate::curves::{BLUE, GREEN};
use crate::error::{AtPath, Result};
use crate::evaluate::embed::Metrics;
use crate::progress::Event;
use data::Data;
use head::Embed;
use serde::{Deserialize, Serialize};
use wardrobe_classify::Classifier;

/// The best epoch so far.
pub type Best = super::Best<Metrics>;

/// What a run came to. The weights hold the classifier's SHA-256.
pub type Summary = super::Summary<Metrics>;

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LogRow {
    epoch: usize,
    learning_rate: f64,
    train_loss: f32,
    val_knn_purity: f64,
    val_near_duplicate_recall: f64,
    seconds: f64,
}

impl Row for LogRow {
    type Metrics = Metrics;

    const LOSSES: &'static [Curve<Self>] = &[("loss", BLUE, |row| Some(row.train_loss.into()))];
    const METRICS: &'static [Curve<Self>] = &[
        ("kNN purity", BLUE, |row| Some(row.val_knn_purity)),
        ("near-duplicates", GREEN, |row| {
            Some(row.val_near_duplicate_recall)
        }),
    ];

    fn epoch(&self) -> usize {
        self.epoch
    }

    fn train_loss(&self) -> f32 {
        self.train_loss
    }

    fn metrics(&self) -> Option<Metrics> {
        Some(Metrics {
            knn_purity: self.val_knn_purity,
            near_duplicate_recall: self.val_near_duplicate_recall,
        })
    }

    fn better(one: &Metrics, other: &Metrics) -> bool {
        one.knn_purity > other.knn_purity
    }
}

/// Trains until the last epoch and keeps the weights of the one with the purest neighbourhoods.
///
/// `classifier_sha256` is of the classifier's weights, whose descriptors the map takes. `run.init` has no use here.
///
/// # Errors
/// Data that cannot be read, settings that do not fit the checkpoint, a loss that is no longer a number.
pub fn train(
    config: &EmbedConfig,
    run: &Run,
    classifier: &Classifier,
    classifier_sha256: &str,
    watch: &mut dyn FnMut(Event),
) -> Result<Summary> {
    std::fs::create_dir_all(&run.out).at(&run.out)?;
    let data = Data::load(config, classifier, watch)?;
    let embed = Embed {
        config,
        data: &data,
        classifier_sha256,
    };
    super::head::train(&embed, run, watch)
}
