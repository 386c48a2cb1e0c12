//! Photos to detections.

use crate::{
    Candidate, Detection, DetectorConfig, Error, Result, Thresholds, Yolo, candidates, load_weights,
};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use wardrobe_ingest::{
    ChannelOrder, Layout, Letterboxed, Normalization, RgbImage, letterbox_with, tensor,
};
use wardrobe_nn::{Mode, Precision};
use wardrobe_weights::Tensors;

/// A trained detector, ready for photos.
#[derive(Debug)]
pub struct Detector {
    network: Yolo,
    config: DetectorConfig,
    thresholds: Thresholds,
    device: Device,
}

impl Detector {
    /// Builds the detector that a file's tensors and metadata describe, in the fastest precision: bf16's boxes are f32's
    /// (`tests/precision.rs`).
    ///
    /// # Errors
    /// As [`DetectorConfig::of`]; tensors that do not fit the network.
    pub fn new(weights: &Tensors, device: &Device) -> Result<Self> {
        Self::with_precision(weights, Precision::fastest_on(device), device)
    }

    /// [`Detector::new`] with weights and activations in `precision`.
    ///
    /// # Errors
    /// As [`Detector::new`]; bf16 on a processor that does not multiply it.
    pub fn with_precision(
        weights: &Tensors,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let config = DetectorConfig::of(weights)?;
        let tensors = load_weights(&config.network, weights, false)?;
        let vb = VarBuilder::from_tensors(tensors.into_iter().collect(), DType::F32, device);
        let network = Yolo::new(&config.network, vb)?.fold(precision)?;
        Ok(Self {
            network,
            config,
            thresholds: Thresholds::default(),
            device: device.clone(),
        })
    }

    /// The same detector with other thresholds.
    ///
    /// # Errors
    /// As [`Thresholds::check`]; a class number that the detector does not have.
    pub fn with_thresholds(self, thresholds: Thresholds) -> Result<Self> {
        thresholds.check()?;
        let classes = self.config.names.len();
        let unknown = |&&class: &&usize| class >= classes;
        if let Some(class) = thresholds.classes.iter().flatten().find(unknown) {
            return Err(self.unknown(class.to_string()));
        }
        Ok(Self { thresholds, ..self })
    }

    /// The same detector for the classes of these names alone.
    ///
    /// # Errors
    /// [`Error::UnknownClass`].
    pub fn only(mut self, names: &[&str]) -> Result<Self> {
        let number = |name: &&str| {
            let named = |known: &String| known == name;
            let number = self.config.names.iter().position(named);
            number.ok_or_else(|| self.unknown((*name).to_owned()))
        };
        let classes = names.iter().map(number).collect::<Result<_>>()?;
        self.thresholds.classes = Some(classes);
        Ok(self)
    }

    fn unknown(&self, name: String) -> Error {
        Error::UnknownClass {
            name,
            known: self.config.names.join(", "),
        }
    }

    /// The settings found in the weights.
    pub fn config(&self) -> &DetectorConfig {
        &self.config
    }

    /// What becomes a detection.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// The garments in an upright photo, the surest first, in its own pixels.
    ///
    /// # Errors
    /// A photo that cannot be resized, or a failed tensor operation.
    pub fn detect(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        let fitted = letterbox_with(photo, &self.config.letterbox)?;
        let levels = self.network.forward(&self.input(&fitted)?, Mode::Eval)?;
        let candidates = candidates(&levels, 0, &self.thresholds)?;
        let selected = self.thresholds.select(&candidates);
        let detections = selected.iter().filter_map(|c| self.detection(c, &fitted));
        Ok(detections.collect())
    }

    /// [`Detector::detect`] for each of several photos, which may be of any sizes.
    ///
    /// Each is a task of its own, so that its activations stay in its core's cache and no photo is padded to another's
    /// shape. The results do not depend on how many there are.
    ///
    /// # Errors
    /// As [`Detector::detect`], for any of them.
    pub fn detect_batch(&self, photos: &[&RgbImage]) -> Result<Vec<Vec<Detection>>> {
        photos.par_iter().map(|photo| self.detect(photo)).collect()
    }

    /// (1, h, w, 3), RGB in 0..=1.
    fn input(&self, fitted: &Letterboxed) -> Result<Tensor> {
        let (order, layout) = (ChannelOrder::Rgb, Layout::Nhwc);
        let pixels = tensor::to_vec(&fitted.image, Normalization::Unit, order, layout);
        let shape = layout.shape(&fitted.image);
        Ok(Tensor::from_vec(pixels, &shape, &self.device)?)
    }

    /// In the photo's pixels; `None` for a box that lies in the padding.
    fn detection(&self, candidate: &Candidate, fitted: &Letterboxed) -> Option<Detection> {
        let bbox = fitted.to_photo(candidate.bbox);
        let class = self.config.names.get(candidate.class)?;
        (bbox.area() > 0.0).then(|| Detection {
            bbox,
            class: class.clone().into(),
            confidence: candidate.score,
        })
    }
}
