//! Photos and texts to features of length 1, by a CLIP of any size.

use crate::error::Result;
use crate::progress::Event;
use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use std::path::Path;
use wardrobe_embed::{Clip, ClipConfig, Tokenizer, Variant, load_weights};
use wardrobe_ingest::{Layout, RgbImage};
use wardrobe_nn::{Mode, Precision};
use wardrobe_weights::Tensors;

/// Photos or texts that go through a tower together.
const BATCH: usize = 32;

/// A CLIP for use, with what brings photos and texts to it.
#[derive(Debug)]
pub struct Encoder {
    network: Clip,
    config: ClipConfig,
    device: Device,
}

/// Features of the photos that could be read.
pub(super) struct Seen {
    /// (photos, dimension), rows of length 1.
    pub(super) features: Tensor,
    /// Which of the photos asked for they are.
    pub(super) read: Vec<usize>,
    /// Why the others are left out.
    pub(super) failed: Vec<String>,
}

impl Encoder {
    /// The network of a file's weights: the one they say they are for, else `otherwise`.
    ///
    /// # Errors
    /// Weights that do not fit.
    pub fn new(weights: &Tensors, otherwise: Variant, device: &Device) -> Result<Self> {
        let config = ClipConfig::of(weights)?.unwrap_or(otherwise.config());
        let tensors = load_weights(&config, weights)?.into_iter().collect();
        let vb = VarBuilder::from_tensors(tensors, DType::F32, device);
        Self::of(&Clip::new(&config, vb)?, config, device)
    }

    /// A network in training, as it is now.
    pub(crate) fn of(network: &Clip, config: ClipConfig, device: &Device) -> Result<Self> {
        let network = match device.is_cpu() {
            true => network.fold(Precision::F32)?,
            false => network.clone(),
        };
        Ok(Self {
            network,
            config,
            device: device.clone(),
        })
    }

    /// # Shapes
    /// n texts -> (n, dimension), rows of length 1
    ///
    /// # Errors
    /// A tensor operation that failed.
    pub fn texts(&self, texts: &[&str]) -> Result<Tensor> {
        let tokens: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| tokens(text, self.config.text.context))
            .collect::<Result<_>>()?;
        let features = tokens.chunks(BATCH).map(|tokens| {
            let tokens = padded(tokens.iter(), &self.device)?;
            self.network.text.forward(&tokens, Mode::Eval)
        });
        unit_rows(features, self.config.dimension, &self.device)
    }

    /// # Shapes
    /// n upright photos -> (n, dimension), rows of length 1
    ///
    /// # Errors
    /// A photo that cannot be resized.
    pub fn photos(&self, photos: &[&RgbImage]) -> Result<Tensor> {
        let mut pixels = Vec::new();
        for photo in photos {
            pixels.extend(self.config.preprocess().apply(photo)?.to_vec(Layout::Nhwc));
        }
        let side = self.config.image.size;
        let pixels = Tensor::from_vec(pixels, (photos.len(), side, side, 3), &self.device)?;
        let features = self.network.image.forward(&pixels, Mode::Eval);
        unit_rows([features].into_iter(), self.config.dimension, &self.device)
    }

    /// [`photos`](Self::photos) from files; one that cannot be read is left out with an [`Event::Skipped`].
    pub(super) fn files(&self, paths: &[&Path], watch: &mut dyn FnMut(Event)) -> Result<Seen> {
        let (mut features, mut read, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let total = paths.len();
        for (batch, paths) in paths.chunks(BATCH).enumerate() {
            let loaded: Vec<_> = paths.par_iter().map(wardrobe_ingest::load).collect();
            let mut photos = Vec::with_capacity(paths.len());
            for (i, photo) in loaded.iter().enumerate() {
                match photo {
                    Ok(photo) => {
                        read.push(batch * BATCH + i);
                        photos.push(&photo.image);
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        failed.push(reason.clone());
                        watch(Event::Skipped { reason });
                    }
                }
            }
            if !photos.is_empty() {
                features.push(self.photos(&photos)?);
            }
            let done = batch * BATCH + paths.len();
            watch(Event::Loading { done, total });
        }
        let features = match features.is_empty() {
            true => Tensor::zeros((0, self.config.dimension), DType::F32, &self.device)?,
            false => Tensor::cat(&features, 0)?,
        };
        Ok(Seen {
            features,
            read,
            failed,
        })
    }
}

/// A text's tokens, at most `context`, of a longer text the first and the end.
pub(crate) fn tokens(text: &str, context: usize) -> Result<Vec<u32>> {
    let mut tokens = Tokenizer::clip()?.encode(text)?;
    if tokens.len() > context {
        tokens.truncate(context);
        if let Some(last) = tokens.last_mut() {
            *last = Tokenizer::END;
        }
    }
    Ok(tokens)
}

/// Texts of different lengths as one tensor, padded with 0 behind their ends.
///
/// # Shapes
/// n texts -> (n, tokens of the longest) in u32
pub(crate) fn padded<'a>(
    texts: impl ExactSizeIterator<Item = &'a Vec<u32>> + Clone,
    device: &Device,
) -> candle_core::Result<Tensor> {
    let (n, longest) = (texts.len(), texts.clone().map(Vec::len).max().unwrap_or(1));
    let rows = texts.flat_map(|text| {
        let padding = std::iter::repeat_n(0, longest - text.len());
        text.iter().copied().chain(padding)
    });
    Tensor::from_vec(rows.collect::<Vec<_>>(), (n, longest), device)
}

fn unit_rows(
    features: impl Iterator<Item = candle_core::Result<Tensor>>,
    dimension: usize,
    device: &Device,
) -> Result<Tensor> {
    let features = features.collect::<candle_core::Result<Vec<_>>>()?;
    if features.is_empty() {
        return Ok(Tensor::zeros((0, dimension), DType::F32, device)?);
    }
    unit(&Tensor::cat(&features, 0)?)
}

/// # Shapes
/// (n, d) -> (n, d), rows of length 1; a row of zeros stays one
pub(super) fn unit(features: &Tensor) -> Result<Tensor> {
    let length = (features.sqr()?.sum_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    Ok(features.broadcast_div(&length)?)
}
