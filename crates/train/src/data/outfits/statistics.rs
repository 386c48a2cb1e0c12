//! What a part of a data set of outfits is made of.

use super::{Outfit, OutfitData};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts over some outfits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Outfits.
    pub outfits: usize,
    /// Items in them, one that is in two outfits twice.
    pub items: usize,
    /// Outfits by their number of items.
    pub sizes: BTreeMap<usize, usize>,
    /// Items by class.
    pub classes: BTreeMap<String, usize>,
}

impl Statistics {
    /// Of `outfits`.
    pub fn of(data: &OutfitData, outfits: &[Outfit]) -> Self {
        let mut counts = Self {
            outfits: outfits.len(),
            ..Self::default()
        };
        for outfit in outfits {
            counts.items += outfit.items.len();
            *counts.sizes.entry(outfit.items.len()).or_default() += 1;
            for &item in &outfit.items {
                let class = &data.classes[data.items[item].class];
                *counts.classes.entry(class.clone()).or_default() += 1;
            }
        }
        counts
    }
}
