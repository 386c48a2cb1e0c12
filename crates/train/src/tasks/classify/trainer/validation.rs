//! How good the averaged weights are, and how sharp their probabilities should be.

use super::Trainer;
use crate::error::{AtPath, Result};
use crate::evaluate::classify::{Metrics, metrics, rank_labels};
use crate::tasks::classify::data::Data;
use crate::temperature::best_factor;
use candle_core::{D, DType, Tensor};
use candle_nn::VarBuilder;
use std::path::Path;
use wardrobe_classify::{ClassifierConfig, EfficientNet, Groups, load_weights};
use wardrobe_ingest::{ChannelOrder, Layout, Normalization, tensor};
use wardrobe_nn::{Mode, Precision};
use wardrobe_weights::Tensors;

impl Trainer<'_> {
    /// The averaged network on the validation photos.
    pub(in super::super) fn validate(&self, data: &Data) -> Result<Metrics> {
        let (mut truth, mut ranked) = (Vec::new(), Vec::new());
        for (label, probabilities) in self.val_probabilities(&self.averaged()?, data)? {
            truth.push(label);
            ranked.push(rank_labels(&data.val.labels, label, |category| {
                probabilities[category as usize]
            }));
        }
        metrics(data.val.labels.len(), &truth, &ranked)
    }

    /// Writes into a file of weights how sharp its probabilities are to be, so that they fit the validation photos' labels best.
    pub(in super::super) fn calibrate(&self, data: &Data, path: &Path) -> Result<()> {
        let mut file = Tensors::load(path)?;
        let tensors = load_weights(&self.network_config, &file, false)?;
        let vb = VarBuilder::from_tensors(tensors.into_iter().collect(), DType::F32, &self.device);
        let network = EfficientNet::new(&self.network_config, &self.rng, vb)?;
        let seen = self.val_probabilities(&network, data)?;
        let mut config = ClassifierConfig::of(&file)?;
        let groups = Groups::of(&config.categories);
        let power = best_factor(|power| {
            let loss = |(label, probabilities): &(usize, Vec<f32>)| {
                let mut sharpened = probabilities.clone();
                groups.sharpen(&mut sharpened, power as f32);
                let members = data.val.labels[*label].categories.iter();
                let right: f32 = members.map(|&category| sharpened[category as usize]).sum();
                -f64::from(right.max(f32::MIN_POSITIVE)).ln()
            };
            seen.iter().map(loss).sum()
        });
        config.sharpness = power as f32;
        let entry = config.to_metadata().map_err(std::io::Error::other);
        file.metadata.extend([entry.at(path)?]);
        Ok(file.save(path)?)
    }

    /// Label and probabilities (categories) of each validation photo that can be read.
    fn val_probabilities(
        &self,
        network: &EfficientNet,
        data: &Data,
    ) -> Result<Vec<(usize, Vec<f32>)>> {
        const BATCH: usize = 32;
        let network = network.fold(Precision::F32)?;
        let side = self.config.eval_size();
        let readable: Vec<usize> = (0..data.val.samples.len())
            .filter(|&i| data.val_photos.get(i).is_some())
            .collect();
        let mut seen = Vec::with_capacity(readable.len());
        for batch in readable.chunks(BATCH) {
            let photos = batch.iter().filter_map(|&i| data.val_photos.get(i));
            let pixels: Vec<f32> = photos
                .flat_map(|p| {
                    tensor::to_vec(p, Normalization::ImageNet, ChannelOrder::Rgb, Layout::Nhwc)
                })
                .collect();
            let x = Tensor::from_vec(pixels, (batch.len(), side, side, 3), &self.device)?;
            let logits = network.forward(&x, Mode::Eval)?;
            let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?.to_vec2::<f32>()?;
            let labels = batch.iter().map(|&i| data.val.samples[i].label);
            seen.extend(labels.zip(probabilities));
        }
        Ok(seen)
    }
}
