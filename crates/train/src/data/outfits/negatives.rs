//! Outfits that nobody put together, made of items of outfits that people did.

use super::{Outfit, OutfitData};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// How the items of an outfit are replaced.
///
/// Whichever way, no item is taken that is in the outfit, or that was ever worn with one of the outfit's items or with one
/// already taken: it might well go with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Negatives {
    /// By any item of another outfit: items shuffled over outfits. Mostly told by classes alone, since two pairs of shoes
    /// come up; the usual task of the Maryland lists.
    #[default]
    Shuffled,
    /// By an item of the same class: classes tell nothing, looks must (Vasileva et al. 2018, section 4).
    SameCategory,
    /// By an item about as frequent, to the next power of two: frequency tells nothing. It is the item's where items come up
    /// in several outfits, else its class's.
    Popularity,
}

impl Negatives {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shuffled, Self::SameCategory, Self::Popularity];

    /// As in settings and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shuffled => "shuffled",
            Self::SameCategory => "same-category",
            Self::Popularity => "popularity",
        }
    }
}

/// Draws until one fits; the pools of a rare class may hold nothing else.
const TRIES: usize = 100;

/// Makes negatives of one part's items.
#[derive(Debug)]
pub struct Sampler<'a> {
    data: &'a OutfitData,
    kind: Negatives,
    /// Items that may replace one another, each as often as it is worn.
    pools: HashMap<usize, Vec<usize>>,
    /// The pool of each item.
    pool_of: HashMap<usize, usize>,
    /// For each item, what it was worn with in any part.
    worn_with: HashMap<usize, HashSet<usize>>,
}

impl<'a> Sampler<'a> {
    /// For the items of `outfits`. What was worn together is known from all parts of `data`.
    pub fn new(data: &'a OutfitData, outfits: &[&Outfit], kind: Negatives) -> Self {
        let worn: Vec<usize> = outfits
            .iter()
            .flat_map(|o| o.items.iter().copied())
            .collect();
        let popularity = Popularity::of(data, &worn);
        let mut pools: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut pool_of = HashMap::new();
        for &item in &worn {
            let pool = match kind {
                Negatives::Shuffled => 0,
                Negatives::SameCategory => data.items[item].class,
                Negatives::Popularity => popularity.of_item(data, item).ilog2() as usize,
            };
            pools.entry(pool).or_default().push(item);
            pool_of.insert(item, pool);
        }
        Self {
            data,
            kind,
            pools,
            pool_of,
            worn_with: worn_with(data),
        }
    }

    /// How items are replaced.
    pub fn kind(&self) -> Negatives {
        self.kind
    }

    /// As many items as `outfit` has, each in the place of one of its own; `None` where there is too little to draw from.
    pub fn negative(&self, outfit: &Outfit, rng: &mut impl Rng) -> Option<Vec<usize>> {
        let mut taken = Vec::with_capacity(outfit.items.len());
        for &item in &outfit.items {
            let next = self.replacement(item, outfit, &taken, rng)?;
            taken.push(next);
        }
        Some(taken)
    }

    /// An item in the place of `item` that was worn neither with the rest of `outfit` nor with any of `taken`.
    pub fn replacement(
        &self,
        item: usize,
        outfit: &Outfit,
        taken: &[usize],
        rng: &mut impl Rng,
    ) -> Option<usize> {
        let pool = self.pools.get(self.pool_of.get(&item)?)?;
        let fits = |drawn: usize| {
            let together = |other: &usize| *other == drawn || self.together(drawn, *other);
            // What is worn with `item` alone may replace it; `item` itself may not.
            drawn != item
                && !taken.iter().any(together)
                && !outfit
                    .items
                    .iter()
                    .any(|other| *other != item && together(other))
        };
        (0..TRIES)
            .map(|_| pool[rng.random_range(0..pool.len())])
            .find(|&drawn| fits(drawn))
    }

    fn together(&self, a: usize, b: usize) -> bool {
        self.worn_with.get(&a).is_some_and(|with| with.contains(&b))
    }

    /// The data set the items are of.
    pub fn data(&self) -> &'a OutfitData {
        self.data
    }
}

fn worn_with(data: &OutfitData) -> HashMap<usize, HashSet<usize>> {
    let mut worn_with: HashMap<usize, HashSet<usize>> = HashMap::new();
    for outfit in data.parts.values().flatten() {
        for &item in &outfit.items {
            worn_with.entry(item).or_default().extend(&outfit.items);
        }
    }
    worn_with
}

/// How often items are worn.
#[derive(Debug)]
enum Popularity {
    /// Some item is in two outfits.
    Items(HashMap<usize, usize>),
    /// Each item is worn once: classes' frequencies have to do.
    Classes(Vec<usize>),
}

impl Popularity {
    /// Of items, each listed as often as it is worn.
    fn of(data: &OutfitData, worn: &[usize]) -> Self {
        let mut items = HashMap::new();
        let mut classes = vec![0; data.classes.len()];
        for &item in worn {
            *items.entry(item).or_default() += 1;
            classes[data.items[item].class] += 1;
        }
        match items.values().any(|&count| count > 1) {
            true => Self::Items(items),
            false => Self::Classes(classes),
        }
    }

    /// At least 1.
    fn of_item(&self, data: &OutfitData, item: usize) -> usize {
        let count = match self {
            Self::Items(counts) => counts.get(&item).copied().unwrap_or(0),
            Self::Classes(counts) => counts[data.items[item].class],
        };
        count.max(1)
    }
}

/// How often each item of the data set, or its class, is among `worn`; at least 1.
pub(crate) fn popularity(data: &OutfitData, worn: &[usize]) -> Vec<usize> {
    let counts = Popularity::of(data, worn);
    let items = 0..data.items.len();
    items.map(|item| counts.of_item(data, item)).collect()
}
