//! A scorer's opinion of the recommender's items.

use super::{Garment, LearnedError, OutfitScorer};
use crate::{Error, Item, Opinion, Result};
use std::collections::HashMap;
use wardrobe_types::EmbedderId;

/// Fewer garments that the scorer knows make no outfit to it.
const LEAST_KNOWN: usize = 2;

/// What a scorer says of items whose embeddings are all by one embedder.
#[derive(Clone, Copy, Debug)]
pub struct ScorerOpinion<'a> {
    scorer: &'a OutfitScorer,
    embedder: &'a EmbedderId,
}

impl OutfitScorer {
    /// What it says of items embedded by `embedder`.
    ///
    /// # Errors
    /// [`LearnedError::OtherEmbedder`].
    pub fn opinion<'a>(
        &'a self,
        embedder: &'a EmbedderId,
    ) -> std::result::Result<ScorerOpinion<'a>, LearnedError> {
        self.check_embedder(embedder)?;
        Ok(ScorerOpinion {
            scorer: self,
            embedder,
        })
    }
}

impl Opinion for ScorerOpinion<'_> {
    /// `None` of an outfit in which it knows fewer than two garments, or one without an embedding.
    fn judge(&self, outfits: &[Vec<&Item>]) -> Result<Vec<Option<f32>>> {
        let mut places: HashMap<*const Item, usize> = HashMap::new();
        let mut garments = Vec::new();
        let mut sets = Vec::with_capacity(outfits.len());
        for outfit in outfits {
            let known = |item: &&&Item| self.scorer.vocabulary().number(item.category).is_some();
            let embedded = outfit.iter().filter(known).map(|&item| {
                let values = item.embedding.as_deref()?;
                // An item is in many outfits, and is looked at once.
                let place = *places.entry(std::ptr::from_ref(item)).or_insert_with(|| {
                    garments.push(Garment::of_values(item.category, values, self.embedder));
                    garments.len() - 1
                });
                Some(place)
            });
            let set: Option<Vec<usize>> = embedded.collect();
            sets.push(
                set.filter(|set| set.len() >= LEAST_KNOWN)
                    .unwrap_or_default(),
            );
        }
        let scores = self.scorer.score(&garments, &sets);
        let scores = scores.map_err(|error| Error::Opinion {
            problem: error.to_string(),
        })?;
        let scores = scores.into_iter().zip(&sets);
        Ok(scores
            .map(|(score, set)| (!set.is_empty()).then_some(score))
            .collect())
    }
}
