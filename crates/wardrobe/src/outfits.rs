//! Outfits of the wardrobe, and scores of outfits that are in none.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use wardrobe_attributes::color::name_color;
use wardrobe_recommend::{Item, Request, ScoreInput, recommend_for};
use wardrobe_types::{EmbedderId, Garment, GarmentId, OutfitId, Scored};

use crate::{Result, Wardrobe};

/// The outfits recommended.
#[derive(Debug, Clone, Serialize)]
pub struct Outfits {
    /// The best first.
    pub outfits: Vec<Outfit>,
    /// How many candidates were scored.
    pub candidates: usize,
    /// The same wardrobe, request and seed give the same outfits.
    pub seed: u64,
    /// Why there are fewer outfits than asked for, where there are.
    pub reason: Option<String>,
    /// How many garments were left out because it is unsure what they are; [`crate::Filter::unsure`] finds them.
    pub unsure: usize,
}

/// One outfit with its garments.
#[derive(Debug, Clone, Serialize)]
pub struct Outfit {
    /// Its name; the same garments have the same id.
    pub id: OutfitId,
    /// Its garments' ids.
    pub garments: Vec<GarmentId>,
    /// Its garments, in the same order.
    pub items: Vec<Garment>,
    /// How good it is, and why.
    #[serde(flatten)]
    pub scored: Scored,
}

impl Wardrobe {
    /// Outfits of what is in the wardrobe and not in the laundry, to the taste that [`Wardrobe::feedback`] taught. They
    /// are remembered, so that feedback can name them.
    ///
    /// # Errors
    /// A request for what is not there, a database that cannot be read.
    pub fn recommend(&self, request: &Request) -> Result<Outfits> {
        let garments = self.store.garments()?;
        let request = Request {
            with: self.resolve(&request.with)?,
            without: self.resolve(&request.without)?,
            ..request.clone()
        };
        let taste = self.learned(&garments)?.taste(self.today()?);
        let answer = recommend_for(&self.items(&garments)?, &request, Some(&taste))?;
        self.store.remember(&answer.outfits)?;
        let by_id: HashMap<&GarmentId, &Garment> = garments.iter().map(|g| (&g.id, g)).collect();
        let outfits = answer.outfits.into_iter().map(|outfit| Outfit {
            id: outfit.id,
            items: outfit
                .garments
                .iter()
                .filter_map(|id| by_id.get(id).copied().cloned())
                .collect(),
            garments: outfit.garments,
            scored: outfit.scored,
        });
        let outfits = outfits.collect();
        Ok(Outfits {
            outfits,
            candidates: answer.candidates,
            seed: answer.seed,
            reason: answer.reason,
            unsure: answer.unsure,
        })
    }

    /// The garments as the recommender sees them. Only embeddings of one embedder can be compared:
    /// the one that has embedded most.
    fn items(&self, garments: &[Garment]) -> Result<Vec<Item>> {
        let mut vectors = match usual_embedder(garments) {
            Some(embedder) => self.vectors()?.all(embedder)?,
            None => HashMap::new(),
        };
        let items = garments.iter().map(|garment| {
            let item = Item::from(garment);
            match vectors.remove(&garment.id) {
                Some(vector) => item.with_embedding(vector),
                None => item,
            }
        });
        Ok(items.collect())
    }
}

fn usual_embedder(garments: &[Garment]) -> Option<&EmbedderId> {
    let mut counts = BTreeMap::new();
    for garment in garments {
        *counts.entry(&garment.embedder).or_insert(0_usize) += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(embedder, _)| embedder)
}

/// Scores an outfit given in words; no wardrobe is needed.
///
/// # Errors
/// No items, or names that are not in the vocabulary, with the names near them.
pub fn score(outfit: ScoreInput) -> Result<Scored> {
    Ok(wardrobe_recommend::score(&outfit.into_items(name_color)?)?)
}
