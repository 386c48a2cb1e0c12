//! What a batch is learned by.

use super::Trainer;
use crate::error::Result;
use crate::tasks::classify::data::{Data, TrainSample};
use crate::tasks::classify::targets;
use candle_core::Tensor;
use wardrobe_nn::{Mode, loss};

impl Trainer<'_> {
    /// The loss of a batch, of which each photo is `own` its own and the rest its partner's ([`crate::mix::Mix`]); `None` for not mixed.
    pub(super) fn loss(
        &self,
        x: &Tensor,
        batch: &[&TrainSample],
        own: Option<f64>,
        data: &Data,
        epoch: usize,
    ) -> Result<Tensor> {
        let features = if epoch < self.frozen_epochs {
            self.network.features(x, Mode::Eval)?.detach()
        } else {
            self.network.features(x, Mode::Train)?
        };
        let logits = self.network.classify(&features, Mode::Train)?;
        let labels = |batch: &[&TrainSample]| self.label_loss(&logits, &features, batch, data);
        let Some(own) = own else {
            let (labels, contrast) = (labels(batch)?, self.contrast_loss(&features, batch)?);
            return Ok(match contrast {
                Some(contrast) => (labels + contrast)?,
                None => labels,
            });
        };
        let partners: Vec<&TrainSample> = batch.iter().rev().copied().collect();
        Ok(((labels(batch)? * own)? + (labels(&partners)? * (1.0 - own))?)?)
    }

    /// Of categories, and of what else the data says of the photos.
    fn label_loss(
        &self,
        logits: &Tensor,
        features: &Tensor,
        batch: &[&TrainSample],
        data: &Data,
    ) -> Result<Tensor> {
        let config = self.config;
        let members = targets::categories(batch, &self.device)?;
        let mut total = loss::set_cross_entropy(logits, &members, config.label_smoothing)?;
        for (facet, head) in self.facets.iter().enumerate() {
            let known = targets::facet(batch, facet, data.facets[facet], &self.device)?;
            let loss = loss::cross_entropy(&head.forward(features)?, &known)?;
            total = (total + (loss * config.facet_weight)?)?;
        }
        Ok(total)
    }

    /// Draws photos of one label together; `None` where that is not asked for, or no two have the same.
    fn contrast_loss(&self, features: &Tensor, batch: &[&TrainSample]) -> Result<Option<Tensor>> {
        const TEMPERATURE: f64 = 0.1;
        let weight = self.config.contrast_weight;
        if weight == 0.0 {
            return Ok(None);
        }
        let Some([positives, compared]) = targets::neighbours(batch, &self.device)? else {
            return Ok(None);
        };
        let loss = loss::supervised_contrastive(features, &positives, &compared, TEMPERATURE)?;
        Ok(Some((loss * weight)?))
    }
}
