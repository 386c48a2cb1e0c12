//! Outfits of the wardrobe, and scores of outfits that are in none.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde::Serialize;
use wardrobe_attributes::color::name_color;
use wardrobe_recommend::{Advice, Item, Opinion, Request, ScoreInput, recommend_with};
use wardrobe_types::{EmbedderId, Garment, GarmentId, OutfitId, Scored, Season};

use crate::{Result, Wardrobe};

/// The outfits recommended.
#[derive(Debug, Clone, Serialize)]
pub struct Outfits {
    /// The best first.
    pub outfits: Vec<Outfit>,
    /// The season they are for.
    pub season: Option<Season>,
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
        self.recommend_on(Self::today(), request)
    }

    /// The same for a day, from which the wear log is looked back upon. A season is the request's alone:
    /// [`crate::Settings::season`] knows that of a day.
    ///
    /// # Errors
    /// As [`Wardrobe::recommend`].
    pub fn recommend_on(&self, day: Date, request: &Request) -> Result<Outfits> {
        let garments = self.store.garments()?;
        let request = Request {
            with: self.resolve(&request.with)?,
            without: self.resolve(&request.without)?,
            ..request.clone()
        };
        let taste = self.learned(&garments)?.taste(self.day_of_taste()?);
        let embedder = usual_embedder(&garments);
        let scorer = embedder.map(|embedder| self.outfit_scorer(embedder));
        let scorer = scorer.transpose()?.flatten();
        let opinion = scorer.as_ref().zip(embedder);
        let opinion = opinion.map(|(scorer, embedder)| scorer.opinion(embedder));
        let opinion = opinion.transpose()?;
        let advice = Advice {
            taste: Some(&taste),
            model: opinion.as_ref().map(|opinion| opinion as &dyn Opinion),
        };
        let answer = recommend_with(&self.items(&garments, day)?, &request, advice)?;
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
            season: request.season,
            candidates: answer.candidates,
            seed: answer.seed,
            reason: answer.reason,
            unsure: answer.unsure,
        })
    }

    /// The garments as the recommender sees them on a day. Only embeddings of one embedder can be compared:
    /// the one that has embedded most.
    fn items(&self, garments: &[Garment], day: Date) -> Result<Vec<Item>> {
        let worn = self.days_worn()?;
        let mut vectors = match usual_embedder(garments) {
            Some(embedder) => self.vectors()?.all(embedder)?,
            None => HashMap::new(),
        };
        let items = garments.iter().map(|garment| {
            let days = worn.get(&garment.id).into_iter().flatten();
            let item = Item {
                worn: days.filter_map(|&worn| days_before(worn, day)).collect(),
                ..Item::from(garment)
            };
            match vectors.remove(&garment.id) {
                Some(vector) => item.with_embedding(vector),
                None => item,
            }
        });
        Ok(items.collect())
    }
}

/// How many days a day is before another; `None` where it comes after.
fn days_before(day: Date, other: Date) -> Option<u32> {
    u32::try_from((other - day).get_days()).ok()
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
