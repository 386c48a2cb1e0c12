//! The embedder's map: what it learns from, and what is written of it.

use super::data::{Data, Label, Relations};
use super::{EmbedConfig, LogRow};
use crate::checkpoint::write_half;
use crate::error::Result;
use crate::evaluate::embed::Metrics;
use crate::tasks::head::{Epoch, Head, Map, Training};
use candle_core::{DType, Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use wardrobe_embed::StarterEmbedder;
use wardrobe_nn::loss::supervised_contrastive;
use wardrobe_weights::LinearHead;

pub(super) struct Embed<'a> {
    pub(super) config: &'a EmbedConfig,
    pub(super) data: &'a Data,
    pub(super) classifier_sha256: &'a str,
}

impl Head for Embed<'_> {
    type Config = EmbedConfig;
    type Row = LogRow;

    const OUTPUTS: usize = StarterEmbedder::DIMENSION;

    fn config(&self) -> &EmbedConfig {
        self.config
    }

    fn training(&self) -> Training {
        Training {
            epochs: self.config.epochs,
            batch_size: self.config.batch_size,
            learning_rate: self.config.learning_rate,
            weight_decay: self.config.weight_decay,
            warmup_epochs: self.config.warmup_epochs,
            dropout: None,
            seed: self.config.seed,
        }
    }

    fn descriptors(&self) -> &Tensor {
        &self.data.descriptors
    }

    /// Two different views of each photo, all first ones before all second ones.
    fn draw(&self, batch: &[usize], views: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
        let pairs = batch.iter().map(|&photo| {
            let first = rng.random_range(0..views);
            let second = (first + rng.random_range(1..views)) % views;
            ((photo, first), (photo, second))
        });
        let (first, second): (Vec<_>, Vec<_>) = pairs.unzip();
        [first, second].concat()
    }

    fn loss(&self, embedded: &Tensor, batch: &[usize]) -> Result<Tensor> {
        let labels: Vec<&Label> = batch
            .iter()
            .map(|&photo| &self.data.labels[photo])
            .collect();
        let relations = Relations::of(&labels)?;
        let mut total = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for (weight, [positives, compared]) in [
            (self.config.category, relations.category),
            (self.config.color, relations.color),
            (self.config.identity, relations.identity),
        ] {
            if weight > 0.0 {
                let temperature = self.config.temperature;
                let loss = supervised_contrastive(embedded, &positives, &compared, temperature)?;
                total = (total + loss * weight)?;
            }
        }
        Ok(total)
    }

    fn validate(&self, map: &Map) -> Result<Metrics> {
        let val = &self.data.val;
        val.measure(|descriptors| Ok(map.forward(descriptors)?.detach()))
    }

    fn row(epoch: Epoch, metrics: Metrics) -> LogRow {
        LogRow {
            epoch: epoch.number,
            learning_rate: epoch.learning_rate,
            train_loss: epoch.train_loss,
            val_knn_purity: metrics.knn_purity,
            val_near_duplicate_recall: metrics.near_duplicate_recall,
            seconds: epoch.seconds,
        }
    }

    /// Writes the map of plain descriptors as f16, with the classifier that they come from.
    fn export(&self, map: &Map, path: &Path) -> Result<()> {
        let (weight, bias) = map.plain()?;
        let tensors = [("weight".to_owned(), weight), ("bias".to_owned(), bias)];
        let classifier = LinearHead::CLASSIFIER.to_owned();
        let metadata = [(classifier, self.classifier_sha256.to_owned())];
        write_half(path, &tensors.into(), metadata.into())
    }
}
