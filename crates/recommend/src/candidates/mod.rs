//! Candidate outfits: a few hundred worth scoring, never all there are.
//!
//! A wardrobe of 10,000 garments holds more outfits than can be scored, so candidates are drawn, in three ways that
//! make up for each other's blind spots ([`Generator`]). Where all combinations fit into the number asked for,
//! they are all made. What would crowd a slot is narrowed before: by a garment that must be worn, and by the
//! formality asked for.

mod diverse;
mod enumerate;
mod group;

use std::collections::HashSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use wardrobe_types::{Category, Slot};

use crate::filter::Eligible;
use crate::rules::weather::{layer_probability, suits_as_layer};
use crate::{Item, Request};
use group::Group;

/// A way to draw candidate outfits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generator {
    /// Every garment of a slot is as likely as any other: what the wardrobe is full of comes often.
    Random,
    /// Garments that look least like each other (farthest-point traversal of the embeddings, Gonzalez 1985): every
    /// look of the wardrobe comes, however rare. Without embeddings it is the same as [`Generator::Random`].
    Diverse,
    /// Every category of a slot is as likely as any other: one pair of heels comes as often as twenty pairs of
    /// sneakers together.
    Balanced,
}

impl Generator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Random, Self::Diverse, Self::Balanced];
}

/// An outfit as ascending indices into the eligible items.
pub(crate) type Candidate = Vec<usize>;

/// How likely an accessory of each kind is worn, before the score decides.
const ACCESSORY_PROBABILITY: f64 = 0.2;

/// Draws give up after this many times the number of candidates asked for: in a wardrobe with little more than that
/// many combinations, the last ones take long to hit.
const MOST_TRIES: usize = 4;

/// The eligible garments by the place they fill; a place with a demanded garment has only that.
#[derive(Debug)]
pub(crate) struct Pools {
    tops: Group,
    bottoms: Group,
    one_pieces: Group,
    shoes: Group,
    outerwear: Group,
    /// One group a kind.
    accessories: Vec<Group>,
    /// Whether outerwear was demanded.
    needs_layer: bool,
    /// Demanded accessories: they come always.
    demanded: Vec<usize>,
    layer_probability: f64,
}

impl Pools {
    fn new(items: &[&Item], request: &Request, rng: &mut ChaCha8Rng) -> Self {
        let group = |belongs: &dyn Fn(&Item) -> bool| {
            let members = (0..items.len())
                .filter(|&index| belongs(items[index]))
                .collect();
            Group::new(items, members, request.formality)
        };
        // An accessory is too small to make an outfit look different.
        let mut spread = |belongs: &dyn Fn(&Item) -> bool| group(belongs).spread(items, rng);
        // Where warm layers are to be had, the others stay at home in the cold.
        let suits = |item: &Item| suits_as_layer(item.category, request);
        let warm_layers = items
            .iter()
            .any(|item| item.fills(Slot::Outerwear) && suits(item));
        let demanded_item = |item: &Item| request.with.contains(&item.id);
        let kinds = Category::of_slot(Slot::Accessory);
        Self {
            tops: spread(&|item| item.fills(Slot::Top) && !item.is_one_piece()),
            bottoms: spread(&|item| item.fills(Slot::Bottom) && !item.is_one_piece()),
            one_pieces: spread(&Item::is_one_piece),
            shoes: spread(&|item| item.fills(Slot::Shoes)),
            outerwear: spread(&|item| item.fills(Slot::Outerwear) && (!warm_layers || suits(item))),
            accessories: kinds
                .map(|kind| group(&|item| item.category == kind && !demanded_item(item)))
                .filter(|group| !group.is_empty())
                .collect(),
            needs_layer: items
                .iter()
                .any(|item| item.fills(Slot::Outerwear) && demanded_item(item)),
            demanded: (0..items.len())
                .filter(|&index| items[index].is_accessory() && demanded_item(items[index]))
                .collect(),
            layer_probability: layer_probability(request),
        }
    }

    /// One outfit, unsorted; `None` where a required slot is empty.
    fn draw(&self, generator: Generator, rng: &mut ChaCha8Rng) -> Option<Candidate> {
        let mut outfit = self.demanded.clone();
        self.draw_body(generator, rng, &mut outfit)?;
        outfit.push(self.shoes.pick(generator, rng)?);
        if self.needs_layer || rng.random_bool(self.layer_probability) {
            outfit.extend(self.outerwear.pick(generator, rng));
        }
        self.draw_accessories(generator, rng, &mut outfit);
        Some(outfit)
    }

    /// Top and bottom, or a one-piece: as likely as the generator has choices for each.
    fn draw_body(
        &self,
        generator: Generator,
        rng: &mut ChaCha8Rng,
        outfit: &mut Candidate,
    ) -> Option<()> {
        let one_pieces = self.one_pieces.choices(generator);
        let (tops, bottoms) = (
            self.tops.choices(generator),
            self.bottoms.choices(generator),
        );
        let separates = if tops == 0 || bottoms == 0 {
            0
        } else {
            tops.max(bottoms)
        };
        if one_pieces + separates == 0 {
            return None;
        }
        if rng.random_range(0..one_pieces + separates) < one_pieces {
            outfit.push(self.one_pieces.pick(generator, rng)?);
        } else {
            outfit.push(self.tops.pick(generator, rng)?);
            outfit.push(self.bottoms.pick(generator, rng)?);
        }
        Some(())
    }

    fn draw_accessories(&self, generator: Generator, rng: &mut ChaCha8Rng, outfit: &mut Candidate) {
        for kind in &self.accessories {
            if rng.random_bool(ACCESSORY_PROBABILITY) {
                outfit.extend(kind.pick(generator, rng));
            }
        }
    }
}

/// The candidates for a request.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// No two of them are the same.
    pub outfits: Vec<Candidate>,
    /// Whether every combination of body, shoes and outerwear is among them.
    pub exhaustive: bool,
}

/// At most `request.candidates` different outfits of the eligible garments.
pub(crate) fn generate(
    eligible: &Eligible<'_>,
    request: &Request,
    rng: &mut ChaCha8Rng,
) -> Candidates {
    let pools = Pools::new(&eligible.items, request, rng);
    let mut seen = Unique::default();
    let exhaustive = enumerate::count(&pools) <= request.candidates;
    if exhaustive {
        enumerate::all(&pools).for_each(|outfit| seen.add(outfit));
        enumerate::with_accessories(&pools, request, rng, &mut seen);
    } else {
        draw_all(&pools, request, rng, &mut seen);
    }
    Candidates {
        outfits: seen.outfits,
        exhaustive,
    }
}

fn draw_all(pools: &Pools, request: &Request, rng: &mut ChaCha8Rng, seen: &mut Unique) {
    let generators = request.generators.iter().cycle();
    for &generator in generators.take(MOST_TRIES * request.candidates) {
        if seen.outfits.len() >= request.candidates {
            return;
        }
        if let Some(outfit) = pools.draw(generator, rng) {
            seen.add(outfit);
        }
    }
}

/// Different outfits in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Unique {
    outfits: Vec<Candidate>,
    seen: HashSet<Candidate>,
}

impl Unique {
    fn add(&mut self, mut outfit: Candidate) {
        outfit.sort_unstable();
        if self.seen.insert(outfit.clone()) {
            self.outfits.push(outfit);
        }
    }
}
