//! What is in two parts of a data set at once.

use super::{OutfitData, Part};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// What two parts share: a scorer may have seen what it is measured on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leaks {
    /// The part that is learned from, or chosen by.
    pub of: Part,
    /// The part that is measured on.
    pub within: Part,
    /// Items of `within` that are in `of`, too.
    pub items: usize,
    /// Items of `within`.
    pub of_items: usize,
    /// Outfits of `within` that hold such an item.
    pub outfits: usize,
    /// Outfits with one name in both.
    pub sets: usize,
}

impl Leaks {
    /// Of every two parts. Where items are known by nothing but their place in a list, none is seen to be shared.
    pub fn of(data: &OutfitData) -> Vec<Self> {
        let items: BTreeMap<Part, HashSet<usize>> = data
            .parts
            .iter()
            .map(|(part, outfits)| {
                let items = outfits.iter().flat_map(|outfit| &outfit.items);
                (*part, items.copied().collect())
            })
            .collect();
        let mut leaks = Vec::new();
        for (&within, outfits) in &data.parts {
            for (&of, seen) in items.range(..within) {
                let shared: HashSet<usize> = items[&within].intersection(seen).copied().collect();
                let names: HashSet<&str> = data.parts[&of].iter().map(|o| &*o.id).collect();
                let holds =
                    |outfit: &&super::Outfit| outfit.items.iter().any(|i| shared.contains(i));
                leaks.push(Self {
                    of,
                    within,
                    items: shared.len(),
                    of_items: items[&within].len(),
                    outfits: outfits.iter().filter(holds).count(),
                    sets: outfits.iter().filter(|o| names.contains(&*o.id)).count(),
                });
            }
        }
        leaks
    }
}
