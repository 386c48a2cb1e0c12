//! The recommender's rules as a judge: what a learned scorer has to beat.

use super::Judge;
use super::probe::{Features, Logistic};
use crate::data::outfits::{Outfit, OutfitData, Sampler};
use crate::error::{Error, Result};
use crate::looks::crop_for_colors;
use crate::progress::Event;
use rayon::prelude::*;
use std::collections::HashMap;
use wardrobe_attributes::color::dominant_colors;
use wardrobe_attributes::foreground::segment;
use wardrobe_recommend::{Item, score};
use wardrobe_types::Breakdown;

/// Items between two reports of progress.
const CHUNK: usize = 128;

/// Items with the category of their label and the colours that are seen in their pictures.
#[derive(Debug)]
pub struct Wearable {
    items: HashMap<usize, Item>,
}

impl Wearable {
    /// Looks for the colours of `items` as `ingest` does.
    ///
    /// # Errors
    /// A picture that cannot be read, an item of no category.
    pub fn read(data: &OutfitData, items: &[usize], watch: &mut dyn FnMut(Event)) -> Result<Self> {
        let mut wearable = HashMap::with_capacity(items.len());
        for chunk in items.chunks(CHUNK) {
            let seen = chunk
                .par_iter()
                .map(|&index| Ok((index, item(data, index)?)));
            wearable.extend(seen.collect::<Result<Vec<_>>>()?);
            watch(Event::Loading {
                done: wearable.len(),
                total: items.len(),
            });
        }
        Ok(Self { items: wearable })
    }

    /// The terms of the rules' score of a set.
    ///
    /// # Errors
    /// A set without an item that was read.
    pub fn terms(&self, set: &[usize]) -> Result<Breakdown> {
        Ok(score(&self.of(set))?.breakdown)
    }

    fn of(&self, set: &[usize]) -> Vec<Item> {
        set.iter()
            .filter_map(|item| self.items.get(item).cloned())
            .collect()
    }
}

fn item(data: &OutfitData, index: usize) -> Result<Item> {
    let listed = &data.items[index];
    let category = listed.category.ok_or_else(|| Error::Data {
        path: data.path.clone(),
        problem: format!("item {} is of no category of ours", listed.id),
    })?;
    let crop = crop_for_colors(data, index)?;
    let colors = dominant_colors(&crop, &segment(&crop)?)?;
    Ok(Item {
        colors,
        ..Item::new(
            listed.id.clone(),
            category,
            wardrobe_types::ColorName::Black,
        )
    })
}

/// The rules' score, as `wardrobe score` gives it.
#[derive(Debug)]
pub struct Rules<'a>(pub &'a Wearable);

impl Judge for Rules<'_> {
    fn name(&self) -> &str {
        "rules"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        let sets = sets.par_iter();
        sets.map(|set| Ok(score(&self.0.of(set))?.score)).collect()
    }
}

/// The rules' terms under other weights: a logistic regression on the terms of outfits that people wear and of others.
#[derive(Debug)]
pub struct FittedRules<'a> {
    wearable: &'a Wearable,
    model: Logistic,
}

impl<'a> FittedRules<'a> {
    /// Fitted on `outfits` and negatives of `sampler`; all their items must be in `wearable`.
    ///
    /// # Errors
    /// A set without an item that was read.
    pub fn fit(
        wearable: &'a Wearable,
        outfits: &[&Outfit],
        sampler: &Sampler<'_>,
        seed: u64,
    ) -> Result<Self> {
        let features = |set: &[usize]| features(wearable, set);
        Ok(Self {
            model: Logistic::of_outfits(TERMS, outfits, sampler, seed, features)?,
            wearable,
        })
    }

    /// What color, formality and category weigh.
    pub fn weights(&self) -> &[f32] {
        self.model.weights()
    }
}

/// Color, formality, category.
const TERMS: usize = 3;

fn features(wearable: &Wearable, set: &[usize]) -> Result<Features> {
    let terms = wearable.terms(set)?;
    let known = [terms.color, terms.formality, terms.category];
    Ok(Features {
        sparse: Vec::new(),
        // What does not apply says nothing: the middle of the scale.
        dense: known.map(|term| term.unwrap_or(0.5)).to_vec(),
    })
}

impl Judge for FittedRules<'_> {
    fn name(&self) -> &str {
        "rules, refitted"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        let sets = sets.par_iter();
        let logit = |set: &Vec<usize>| Ok(self.model.logit(&features(self.wearable, set)?));
        sets.map(logit).collect()
    }

    fn gives_logits(&self) -> bool {
        true
    }
}
