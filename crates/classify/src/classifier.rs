//! Photos to categories.

use crate::groups::{Groups, settle};
use crate::{ClassifierConfig, EfficientNet, Result, load_weights};
use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use wardrobe_ingest::{Layout, RgbImage};
use wardrobe_nn::{Mode, Precision, Rng};
use wardrobe_types::Category;
use wardrobe_weights::Tensors;

/// A trained classifier, ready for photos.
#[derive(Debug)]
pub struct Classifier {
    network: EfficientNet,
    config: ClassifierConfig,
    groups: Groups,
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
            groups: Groups::of(&config.categories),
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
        let classified = probabilities.into_iter().zip(descriptors.to_vec2::<f32>()?);
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

    fn classification(&self, mut probabilities: Vec<f32>, descriptors: Vec<f32>) -> Classification {
        self.groups
            .sharpen(&mut probabilities, self.config.sharpness);
        let scored = self.config.categories.iter().zip(probabilities);
        let mut predictions: Vec<_> = scored
            .map(|(&category, confidence)| Prediction {
                category,
                confidence,
            })
            .collect();
        settle(&mut predictions);
        predictions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Classification {
            predictions,
            descriptors,
        }
    }
}
