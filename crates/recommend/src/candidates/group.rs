//! The garments for one place, and how one of them is picked.

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use wardrobe_types::Formality;

use super::{Generator, diverse};
use crate::Item;

/// Garments this near to the formality asked for are drawn from.
const FORMALITY_REACH: f32 = 0.2;

/// ... but never fewer than this many of a slot, if it has them: colours need a choice.
const LEAST: usize = 8;

/// The garments for one place, as indices into the eligible items.
#[derive(Debug)]
pub(super) struct Group {
    members: Vec<usize>,
    by_category: Vec<Vec<usize>>,
    /// What [`Generator::Diverse`] picks from.
    representatives: Vec<usize>,
}

impl Group {
    /// Groups `members`, narrowed to those near the formality asked for.
    pub(super) fn new(items: &[&Item], members: Vec<usize>, asked: Option<Formality>) -> Self {
        let members = match asked {
            Some(asked) => nearest(items, members, asked.value()),
            None => members,
        };
        let mut by_category: Vec<Vec<usize>> = Vec::new();
        for &member in &members {
            let category = items[member].category;
            match by_category
                .iter_mut()
                .find(|of| items[of[0]].category == category)
            {
                Some(of_category) => of_category.push(member),
                None => by_category.push(vec![member]),
            }
        }
        Self {
            representatives: members.clone(),
            members,
            by_category,
        }
    }

    /// The same group, of which [`Generator::Diverse`] picks those that look least like each other.
    pub(super) fn spread(self, items: &[&Item], rng: &mut ChaCha8Rng) -> Self {
        let representatives = diverse::representatives(items, &self.members, rng);
        Self {
            representatives,
            ..self
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn members(&self) -> &[usize] {
        &self.members
    }

    /// How many choices a generator has.
    pub(super) fn choices(&self, generator: Generator) -> usize {
        match generator {
            Generator::Random => self.members.len(),
            Generator::Diverse => self.representatives.len(),
            Generator::Balanced => self.by_category.len(),
        }
    }

    /// One garment; `None` where there is none.
    pub(super) fn pick(&self, generator: Generator, rng: &mut ChaCha8Rng) -> Option<usize> {
        let from = match generator {
            Generator::Random => &self.members,
            Generator::Diverse => &self.representatives,
            Generator::Balanced => self.by_category.choose(rng)?,
        };
        from.choose(rng).copied()
    }
}

/// The members within reach of the formality asked for, or the nearest [`LEAST`], in their old order.
fn nearest(items: &[&Item], mut members: Vec<usize>, asked: f32) -> Vec<usize> {
    let distance = |member: &usize| (items[*member].formality - asked).abs();
    members.sort_by(|a, b| distance(a).total_cmp(&distance(b)).then(a.cmp(b)));
    let within = members.partition_point(|member| distance(member) <= FORMALITY_REACH);
    members.truncate(within.max(LEAST));
    members.sort_unstable();
    members
}
