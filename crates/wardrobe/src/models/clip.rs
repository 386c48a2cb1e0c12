//! CLIP, where its weights are at hand: photos and words in one space.

use std::cell::OnceCell;
use std::path::Path;

use candle_core::Device;
use wardrobe_embed::{ImageEmbedder, TextEmbedder, Variant};
use wardrobe_ingest::RgbImage;
use wardrobe_types::{EmbedderId, Embedding};
use wardrobe_weights::{Error, Resolved, Resolver, Tensors};

use super::{FINGERPRINT, Look, ModelOptions, fingerprint};
use crate::Result;

/// CLIP's weights, and its two towers from when they are first needed.
#[derive(Debug)]
pub struct Clip {
    resolved: Resolved,
    variant: Variant,
    fingerprint: String,
    id: EmbedderId,
    device: Device,
    image: OnceCell<ImageEmbedder>,
    text: OnceCell<TextEmbedder>,
}

impl Clip {
    /// The weights' name in the manifest.
    pub const WEIGHTS: &str = "openclip-vit-b32";

    /// The weights that the options name or that are in one of the usual places; `None` where they are in none.
    ///
    /// # Errors
    /// Weights that are there and are not the manifest's; a file that was named and cannot be read; a device that is
    /// not there.
    pub fn find(options: &ModelOptions) -> Result<Option<Self>> {
        let resolved = match &options.clip {
            Some(file) => {
                let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                Resolver::usual(None)?.resolve(&path.to_string_lossy())
            }
            None => {
                let folder = options.weights.as_deref().filter(|path| path.is_dir());
                Resolver::usual(folder)?.resolve(Self::WEIGHTS)
            }
        };
        match resolved {
            Ok(resolved) => Self::new(resolved, options).map(Some),
            // A manifest without them has none at hand either.
            Err(Error::NotFound { .. } | Error::UnknownName { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn new(resolved: Resolved, options: &ModelOptions) -> Result<Self> {
        let told = match &resolved.entry {
            Some(entry) => entry.architecture.clone(),
            None => options
                .clip
                .as_deref()
                .unwrap_or(Path::new(""))
                .to_string_lossy()
                .into_owned(),
        };
        let variant = if told.contains("quickgelu") {
            Variant::VitB32QuickGelu
        } else {
            Variant::VitB32
        };
        let mut fingerprint = fingerprint(&resolved)?;
        fingerprint.truncate(FINGERPRINT);
        Ok(Self {
            id: variant.embedder_id(&fingerprint),
            device: options.device()?,
            image: OnceCell::new(),
            text: OnceCell::new(),
            resolved,
            variant,
            fingerprint,
        })
    }

    /// What its embeddings are marked with, those of photos and those of texts.
    pub fn id(&self) -> &EmbedderId {
        &self.id
    }

    /// Where the weights came from.
    pub fn weights(&self) -> String {
        self.resolved.source.to_string()
    }

    /// What they are, where their file does not say.
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// Reads the weights, for measuring them.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn load(&self) -> Result<Tensors> {
        Ok(self.resolved.load()?)
    }

    /// An embedding for each text.
    ///
    /// # Errors
    /// Weights that do not fit.
    pub fn embed_texts(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let tower = loaded(&self.text, || {
            let weights = self.load()?;
            Ok(TextEmbedder::new(
                self.variant,
                &weights,
                &self.fingerprint,
                &self.device,
            )?)
        })?;
        Ok(tower.embed(texts)?)
    }

    /// An embedding for each upright picture of one garment, in passes of a few.
    ///
    /// # Errors
    /// Weights that do not fit.
    pub fn embed_pictures(&self, pictures: &[&RgbImage]) -> Result<Vec<Embedding>> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let tower = loaded(&self.image, || {
            let weights = self.load()?;
            Ok(ImageEmbedder::new(
                self.variant,
                &weights,
                &self.fingerprint,
                &self.device,
            )?)
        })?;
        Ok(tower.embed(pictures)?)
    }

    /// Adds the meanings of pictures to what the other models saw in them.
    pub(crate) fn look(&self, pictures: &[&RgbImage], looks: &mut [Result<Look>]) -> Result<()> {
        let meanings = self.embed_pictures(pictures)?;
        for (look, meaning) in looks.iter_mut().zip(meanings) {
            if let Ok(look) = look {
                look.meaning = Some(meaning);
            }
        }
        Ok(())
    }
}

/// What the cell holds, loaded on first use.
fn loaded<T>(cell: &OnceCell<T>, load: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(there) = cell.get() {
        return Ok(there);
    }
    let new = load()?;
    Ok(cell.get_or_init(|| new))
}
