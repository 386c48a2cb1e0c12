//! The set transformer as a judge.

use super::Judge;
use crate::error::Result;
use crate::tasks::compat::Items;
use wardrobe_recommend::learned::OutfitScorer;

/// A scorer's logits, of items as they are.
#[derive(Debug)]
pub struct Network<'a> {
    scorer: &'a OutfitScorer,
    items: &'a Items,
    /// The scorer's class of each item.
    classes: Vec<Option<u32>>,
}

impl<'a> Network<'a> {
    /// `scorer` on a data set whose classes have these `names`: by name; items of a class it does not know are left out of
    /// their sets.
    pub fn new(scorer: &'a OutfitScorer, items: &'a Items, names: &[String]) -> Self {
        let known = &scorer.config().classes;
        let number = |name: &String| known.iter().position(|class| class == name);
        let numbers: Vec<Option<u32>> = names
            .iter()
            .map(|name| number(name).map(|n| n as u32))
            .collect();
        Self {
            scorer,
            items,
            classes: items
                .classes
                .iter()
                .map(|&class| numbers[class as usize])
                .collect(),
        }
    }
}

impl Judge for Network<'_> {
    fn name(&self) -> &str {
        "set transformer"
    }

    /// 0 for a set of which the scorer knows nothing.
    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        let mut used: Vec<usize> = sets.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        used.retain(|&item| self.classes[item].is_some());
        let sets: Vec<Vec<usize>> = sets
            .iter()
            .map(|set| {
                set.iter()
                    .filter_map(|item| used.binary_search(item).ok())
                    .collect()
            })
            .collect();
        let classes: Vec<u32> = used.iter().filter_map(|&item| self.classes[item]).collect();
        let vectors: Vec<&[f32]> = used
            .iter()
            .map(|&item| self.items.vector(item, 0))
            .collect();
        Ok(self.scorer.logits(&classes, &vectors, &sets)?)
    }

    fn gives_logits(&self) -> bool {
        true
    }
}
