//! Garments that look alike.

use std::path::PathBuf;

use serde::Serialize;
use wardrobe_types::{Garment, GarmentId};

use crate::{Error, Result, Wardrobe, inspect};

/// What to be similar to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A garment of the wardrobe, by its id or the beginning of it; it is not among its own likes.
    Garment(String),
    /// A photo that need not be in the wardrobe.
    Photo(PathBuf),
}

/// A garment and how much it looks like the target.
#[derive(Debug, Clone, Serialize)]
pub struct Similar {
    /// The garment.
    #[serde(flatten)]
    pub garment: Garment,
    /// Cosine similarity of the embeddings, -1..=1.
    pub score: f32,
}

impl Wardrobe {
    /// The `k` garments most like the target, best first; fewer where there are fewer.
    ///
    /// Of a garment's photos, the one that looks most like the target counts, and likewise of the target's own.
    /// Garments that another embedder has embedded cannot be compared and are not among them;
    /// taking their photos in again renews them.
    ///
    /// # Errors
    /// An unknown garment, a bad photo, models that cannot be loaded.
    pub fn similar(&self, target: &Target, k: usize) -> Result<Vec<Similar>> {
        let (itself, embeddings) = match target {
            Target::Garment(id) => {
                let garment = self.garment(id)?;
                let embeddings = self.embeddings(&garment)?;
                if embeddings.is_empty() {
                    return Err(Error::NoEmbedding {
                        garment: garment.id.to_string(),
                    });
                }
                (Some(garment.id), embeddings)
            }
            Target::Photo(path) => (None, vec![inspect::embed(self.models()?, path)?]),
        };
        let nearest = self.nearest(&embeddings, k.saturating_add(1))?;
        let others = nearest
            .into_iter()
            .filter(|(id, _)| Some(id) != itself.as_ref());
        others
            .take(k)
            .filter_map(|(id, score)| self.scored(&id, score).transpose())
            .collect()
    }

    /// `None` for a garment that another process has removed since its vector was found.
    fn scored(&self, id: &GarmentId, score: f32) -> Result<Option<Similar>> {
        match self.garment(id.as_str()) {
            Ok(garment) => Ok(Some(Similar { garment, score })),
            Err(Error::UnknownGarment { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
