//! Photos and texts to embeddings.

use crate::{ClipConfig, ImageTower, Result, TextTower, Tokenizer, Variant, load_weights};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use wardrobe_ingest::{Layout, Preprocess, RgbImage};
use wardrobe_nn::{Mode, Precision};
use wardrobe_types::{EmbedderId, Embedding};
use wardrobe_weights::Tensors;

/// Photos or texts that go through a tower together; more at once would be no faster and take more memory.
const BATCH: usize = 16;

/// Photos to embeddings by CLIP's image tower.
///
/// ```no_run
/// use wardrobe_embed::{ImageEmbedder, Variant};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (weights, photo) = (wardrobe_weights::Tensors::load("clip.safetensors")?, wardrobe_ingest::load("shirt.jpg")?);
/// # let device = candle_core::Device::Cpu;
/// let fingerprint = &wardrobe_weights::sha256_of_file("clip.safetensors")?[..8];
/// let embedder = ImageEmbedder::new(Variant::VitB32, &weights, fingerprint, &device)?;
/// let embeddings = embedder.embed(&[&photo.image])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ImageEmbedder {
    id: EmbedderId,
    tower: ImageTower,
    preprocess: Preprocess,
    device: Device,
}

/// Texts to embeddings by CLIP's text tower: comparable with those of the [`ImageEmbedder`] of the same weights.
///
/// ```no_run
/// use wardrobe_embed::{TextEmbedder, Variant};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let weights = wardrobe_weights::Tensors::load("clip.safetensors")?;
/// # let device = candle_core::Device::Cpu;
/// let fingerprint = &wardrobe_weights::sha256_of_file("clip.safetensors")?[..8];
/// let embedder = TextEmbedder::new(Variant::VitB32, &weights, fingerprint, &device)?;
/// let embeddings = embedder.embed(&["a photo of a red dress"])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TextEmbedder {
    id: EmbedderId,
    tower: TextTower,
    tokenizer: &'static Tokenizer,
    device: Device,
}

/// The network of `weights`, the variant's where they do not say, and its parameters.
fn network(
    variant: Variant,
    weights: &Tensors,
    device: &Device,
) -> Result<(ClipConfig, VarBuilder<'static>)> {
    let config = Variant::of(weights)?.unwrap_or(variant).config();
    let tensors = load_weights(&config, weights)?.into_iter().collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, device);
    Ok((config, vb))
}

fn embeddings(id: &EmbedderId, features: &Tensor) -> Result<Vec<Embedding>> {
    let rows = features.to_vec2::<f32>()?.into_iter();
    rows.map(|row| Ok(Embedding::new(id.clone(), row)?))
        .collect()
}

impl ImageEmbedder {
    /// The embedder with `weights` of this fingerprint (say, the start of their SHA-256), which is part of its id, in
    /// the fastest precision: bf16's embeddings are f32's but for an angle whose cosine is above 0.999
    /// (`tests/parity.rs`). They are of `variant` where their file does not say what they are of.
    ///
    /// # Errors
    /// Weights that do not fit, of either tower.
    pub fn new(
        variant: Variant,
        weights: &Tensors,
        fingerprint: &str,
        device: &Device,
    ) -> Result<Self> {
        let precision = Precision::fastest_on(device);
        Self::with_precision(variant, weights, fingerprint, precision, device)
    }

    /// [`ImageEmbedder::new`] in a precision of one's choice.
    ///
    /// # Errors
    /// As [`ImageEmbedder::new`]; bf16 on a processor that does not multiply it.
    pub fn with_precision(
        variant: Variant,
        weights: &Tensors,
        fingerprint: &str,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let (config, vb) = network(variant, weights, device)?;
        Ok(Self {
            id: variant.embedder_id(fingerprint),
            tower: ImageTower::new(&config, vb.pp("image"))?.fold(precision)?,
            preprocess: config.preprocess(),
            device: device.clone(),
        })
    }

    /// What its embeddings are marked with.
    pub fn id(&self) -> &EmbedderId {
        &self.id
    }

    /// An embedding for each upright photo, of length 1.
    ///
    /// # Errors
    /// A photo that cannot be resized; features without a direction, all zeros or not finite.
    pub fn embed(&self, photos: &[&RgbImage]) -> Result<Vec<Embedding>> {
        let mut all = Vec::with_capacity(photos.len());
        for photos in photos.chunks(BATCH) {
            let features = self.tower.forward(&self.pixels(photos)?, Mode::Eval)?;
            all.extend(embeddings(&self.id, &features)?);
        }
        Ok(all)
    }

    /// (n, h, w, 3) of normalised pixels.
    fn pixels(&self, photos: &[&RgbImage]) -> Result<Tensor> {
        let mut pixels = Vec::new();
        let mut shape = [0; 4];
        for photo in photos {
            let processed = self.preprocess.apply(photo)?;
            shape = Layout::Nhwc.shape(&processed.image);
            pixels.extend(processed.to_vec(Layout::Nhwc));
        }
        shape[0] = photos.len();
        Ok(Tensor::from_vec(pixels, &shape, &self.device)?)
    }
}

impl TextEmbedder {
    /// As [`ImageEmbedder::new`].
    ///
    /// # Errors
    /// As [`ImageEmbedder::new`].
    pub fn new(
        variant: Variant,
        weights: &Tensors,
        fingerprint: &str,
        device: &Device,
    ) -> Result<Self> {
        let precision = Precision::fastest_on(device);
        Self::with_precision(variant, weights, fingerprint, precision, device)
    }

    /// As [`ImageEmbedder::with_precision`].
    ///
    /// # Errors
    /// As [`ImageEmbedder::with_precision`].
    pub fn with_precision(
        variant: Variant,
        weights: &Tensors,
        fingerprint: &str,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let (config, vb) = network(variant, weights, device)?;
        Ok(Self {
            id: variant.embedder_id(fingerprint),
            tower: TextTower::new(&config, vb.pp("text"))?.fold(precision)?,
            tokenizer: Tokenizer::clip()?,
            device: device.clone(),
        })
    }

    /// What its embeddings are marked with.
    pub fn id(&self) -> &EmbedderId {
        &self.id
    }

    /// An embedding for each text, of length 1. Of a text of more than 77 tokens only the first are read.
    ///
    /// # Errors
    /// Features without a direction, all zeros or not finite.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let mut all = Vec::with_capacity(texts.len());
        for texts in texts.chunks(BATCH) {
            let tokens = self.tokenizer.batch(texts, &self.device)?;
            all.extend(embeddings(
                &self.id,
                &self.tower.forward(&tokens, Mode::Eval)?,
            )?);
        }
        Ok(all)
    }
}
