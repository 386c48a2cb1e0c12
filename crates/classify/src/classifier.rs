//! Photos to categories.

use crate::{ClassifierConfig, EfficientNet, Result, load_weights};
use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use wardrobe_ingest::{Layout, RgbImage};
use wardrobe_nn::{Mode, Precision, Rng};
use wardrobe_types::Category;
use wardrobe_types::labels::ClothingLabel;
use wardrobe_weights::Tensors;

/// A trained classifier, ready for photos.
#[derive(Debug)]
pub struct Classifier {
    network: EfficientNet,
    config: ClassifierConfig,
    device: Device,
}

/// A category and how sure the classifier is of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The category.
    pub category: Category,
    /// Its probability, 0..1.
    pub confidence: f32,
}

/// What the classifier found in one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// A probability for each of the classifier's categories, most likely first; they sum to 1. Where a group of
    /// categories is certain and its members are not, its most usual member has all of the group's probability.
    pub predictions: Vec<Prediction>,
    /// [`EfficientNet::descriptors`], for an embedder.
    pub descriptors: Vec<f32>,
}

impl Classification {
    /// The `k` most likely categories.
    pub fn top(&self, k: usize) -> &[Prediction] {
        &self.predictions[..k.min(self.predictions.len())]
    }
}

impl Classifier {
    /// Builds the classifier that a file's metadata describes, from its tensors, in the fastest precision: bf16's answers
    /// are f32's (`tests/precision.rs`).
    ///
    /// # Errors
    /// Metadata without settings, or tensors that do not fit the network.
    pub fn new(weights: &Tensors, device: &Device) -> Result<Self> {
        Self::with_precision(weights, Precision::fastest_on(device), device)
    }

    /// [`Classifier::new`] in a precision of one's choice.
    ///
    /// # Errors
    /// As [`Classifier::new`]; bf16 on a processor that does not multiply it.
    pub fn with_precision(
        weights: &Tensors,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let config = ClassifierConfig::of(weights)?;
        let tensors = load_weights(&config.network, weights, false)?
            .into_iter()
            .collect();
        let vb = VarBuilder::from_tensors(tensors, DType::F32, device);
        // The generator is for training only: inference drops nothing.
        let network = EfficientNet::new(&config.network, &Rng::new(0), vb)?.fold(precision)?;
        Ok(Self {
            network,
            config,
            device: device.clone(),
        })
    }

    /// The settings found in the weights.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// Classifies upright photos of one garment each, in one pass of the network.
    ///
    /// # Errors
    /// A photo that cannot be resized, or a failed tensor operation.
    pub fn classify(&self, photos: &[&RgbImage]) -> Result<Vec<Classification>> {
        if photos.is_empty() {
            return Ok(Vec::new());
        }
        let descriptors = self.descriptors(&self.batch(photos)?)?;
        let features = descriptors.narrow(1, 0, EfficientNet::FEATURES)?;
        let logits = self.network.classify(&features, Mode::Eval)?;
        let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?.to_vec2::<f32>()?;
        let classified = probabilities.iter().zip(descriptors.to_vec2::<f32>()?);
        Ok(classified
            .map(|(probs, descriptors)| self.classification(probs, descriptors))
            .collect())
    }

    /// The descriptors alone, of pixels that are preprocessed as [`ClassifierConfig::preprocess`] says.
    ///
    /// # Shapes
    /// (n, h, w, 3) -> (n, 1472)
    ///
    /// # Errors
    /// Another shape.
    pub fn descriptors(&self, pixels: &Tensor) -> candle_core::Result<Tensor> {
        self.network.descriptors(&pixels.to_device(&self.device)?)
    }

    /// (n, h, w, 3) of normalised pixels.
    fn batch(&self, photos: &[&RgbImage]) -> Result<Tensor> {
        let mut pixels = Vec::new();
        let mut shape = [0; 4];
        for photo in photos {
            let processed = self.config.preprocess.apply(photo)?;
            shape = Layout::Nhwc.shape(&processed.image);
            pixels.extend(processed.to_vec(Layout::Nhwc));
        }
        shape[0] = photos.len();
        Ok(Tensor::from_vec(pixels, &shape, &self.device)?)
    }

    fn classification(&self, probabilities: &[f32], descriptors: Vec<f32>) -> Classification {
        let scored = self.config.categories.iter().zip(probabilities);
        let mut predictions: Vec<_> = scored
            .map(|(&category, &confidence)| Prediction {
                category,
                confidence,
            })
            .collect();
        for group in groups() {
            settle(&mut predictions, group);
        }
        predictions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Classification {
            predictions,
            descriptors,
        }
    }
}

/// Categories that coarse labels do not tell apart, most usual first.
fn groups() -> impl Iterator<Item = &'static [Category]> {
    let groups = ClothingLabel::ALL
        .into_iter()
        .map(ClothingLabel::categories);
    groups.filter(|group| group.len() > 1)
}

/// The share of its group's probability from which a category is told apart from its group.
const DISTINCT: f32 = 0.6;

/// Much of the training data says "shoes" or "pants" and no more, so that a photo's probability may be certain of the
/// group and spread evenly over its members, each of which then loses to a worse guess. Where no member has the
/// better part of the group, the group's most usual category stands for it, with the group's probability.
fn settle(predictions: &mut [Prediction], group: &[Category]) {
    let of_group = |p: &Prediction| group.contains(&p.category);
    let total: f32 = predictions
        .iter()
        .filter(|p| of_group(p))
        .map(|p| p.confidence)
        .sum();
    let distinct = |p: &Prediction| p.confidence >= DISTINCT * total;
    if predictions.iter().any(|p| of_group(p) && distinct(p)) {
        return;
    }
    for prediction in predictions.iter_mut().filter(|p| of_group(p)) {
        prediction.confidence = if prediction.category == group[0] {
            total
        } else {
            0.0
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(probabilities: &[(Category, f32)]) -> Vec<f32> {
        let predict = |&(category, confidence)| Prediction {
            category,
            confidence,
        };
        let mut predictions: Vec<_> = probabilities.iter().map(predict).collect();
        groups().for_each(|group| settle(&mut predictions, group));
        predictions.iter().map(|p| p.confidence).collect()
    }

    #[test]
    fn a_group_that_cannot_be_told_apart_is_its_most_usual_category() {
        use Category::{Boots, Hoodie, Jacket, PufferJacket, Sneakers};
        let close = |got: Vec<f32>, expected: &[f32]| {
            assert!(
                got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
                "{got:?}"
            );
        };
        close(
            settled(&[(Boots, 0.4), (Sneakers, 0.3), (Hoodie, 0.3)]),
            &[0.0, 0.7, 0.3],
        );
        close(
            settled(&[(Boots, 0.5), (Sneakers, 0.2), (Hoodie, 0.3)]),
            &[0.5, 0.2, 0.3],
        );
        close(
            settled(&[(Hoodie, 0.4), (PufferJacket, 0.3), (Jacket, 0.3)]),
            &[0.4, 0.0, 0.6],
        );
    }
}
