//! Which garments may be worn, and which filter left a slot empty.

use std::collections::HashMap;

use wardrobe_types::Slot;

use crate::phrase;
use crate::rules::weather::{rain_ruins, suits_season, suits_temperature};
use crate::{Item, Request};

/// A reason to leave garments out. In this order: what the wearer said comes before the weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Without,
    Laundry,
    Season,
    Temperature,
    Rain,
    Worn,
}

impl Filter {
    const ALL: [Self; 6] = [
        Self::Without,
        Self::Laundry,
        Self::Season,
        Self::Temperature,
        Self::Rain,
        Self::Worn,
    ];

    fn passes(self, item: &Item, request: &Request) -> bool {
        match self {
            Self::Without => !request.without.contains(&item.id),
            Self::Laundry => !item.laundry,
            Self::Season => request
                .season
                .is_none_or(|season| suits_season(item, season)),
            Self::Temperature => request
                .temperature
                .is_none_or(|celsius| suits_temperature(item.category, celsius)),
            Self::Rain => !request.rain || rain_ruins(item).is_none(),
            Self::Worn => request
                .not_worn_days
                .is_none_or(|days| item.days_since_worn().is_none_or(|since| since >= days)),
        }
    }

    /// "no shoes left after leaving out ...".
    fn what_it_leaves_out(self, request: &Request) -> String {
        match self {
            Self::Without => "the excluded garments".to_owned(),
            Self::Laundry => "what is in the laundry".to_owned(),
            Self::Season => {
                let season = request
                    .season
                    .map_or("the season", |season| season.as_str());
                format!("what is not worn in {season}")
            }
            Self::Temperature => {
                let celsius = request.temperature.unwrap_or_default();
                format!("what is not worn at {celsius} °C")
            }
            Self::Rain => "what rain ruins".to_owned(),
            Self::Worn => {
                let days = request.not_worn_days.unwrap_or_default() as usize;
                format!(
                    "what was worn in the last {}",
                    phrase::counted(days, "day", "days")
                )
            }
        }
    }
}

/// The garments of a wardrobe that a request lets through.
#[derive(Debug)]
pub(crate) struct Eligible<'a> {
    /// Sorted by id, so that the answer does not depend on the order of the wardrobe.
    pub items: Vec<&'a Item>,
    /// How many garments were left out because their category is unsure.
    pub unsure: usize,
    /// What was there before each filter, after all of them, and without the unsure garments.
    stages: Vec<Supply>,
}

/// How many garments fill each place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Supply {
    pub tops: usize,
    pub bottoms: usize,
    pub one_pieces: usize,
    pub shoes: usize,
}

impl Supply {
    pub(crate) fn of<'i>(items: impl IntoIterator<Item = &'i Item>) -> Self {
        let mut supply = Self::default();
        for item in items {
            if item.is_one_piece() {
                supply.one_pieces += 1;
            } else if item.fills(Slot::Top) {
                supply.tops += 1;
            } else if item.fills(Slot::Bottom) {
                supply.bottoms += 1;
            } else if item.fills(Slot::Shoes) {
                supply.shoes += 1;
            }
        }
        supply
    }

    /// How many garments fill a required slot.
    fn fill(self, slot: Slot) -> usize {
        match slot {
            Slot::Top => self.tops + self.one_pieces,
            Slot::Bottom => self.bottoms + self.one_pieces,
            Slot::Shoes => self.shoes,
            Slot::Outerwear | Slot::Accessory => 0,
        }
    }

    /// The slots without which there is no outfit.
    fn missing(self) -> Vec<Slot> {
        let mut missing = Vec::new();
        if self.one_pieces == 0 && self.tops == 0 {
            missing.push(Slot::Top);
        }
        if self.one_pieces == 0 && self.bottoms == 0 {
            missing.push(Slot::Bottom);
        }
        if self.shoes == 0 {
            missing.push(Slot::Shoes);
        }
        missing
    }

    /// "2 tops, 1 bottom and 1 pair of shoes".
    pub(crate) fn text(self) -> String {
        let counts = [
            (self.tops, "top", "tops"),
            (self.bottoms, "bottom", "bottoms"),
            (self.one_pieces, "dress or jumpsuit", "dresses or jumpsuits"),
            (self.shoes, "pair of shoes", "pairs of shoes"),
        ];
        let there = counts.into_iter().filter(|(count, ..)| *count > 0);
        phrase::list(there.map(|(count, one, many)| phrase::counted(count, one, many)))
    }
}

/// Lets `wardrobe` through the filters of `request`. The garments in `with` pass them all, and push out everything
/// that would take their place.
pub(crate) fn eligible<'a>(wardrobe: &'a [Item], request: &Request) -> Eligible<'a> {
    let locked: Vec<&Item> = wardrobe
        .iter()
        .filter(|item| request.with.contains(&item.id))
        .collect();
    let is_locked = |item: &Item| request.with.contains(&item.id);
    let mut items: Vec<&Item> = wardrobe
        .iter()
        .filter(|item| is_locked(item) || has_place(item, &locked))
        .collect();
    let mut stages = vec![Supply::of(wardrobe), Supply::of(items.iter().copied())];
    for filter in Filter::ALL {
        items.retain(|item| is_locked(item) || filter.passes(item, request));
        stages.push(Supply::of(items.iter().copied()));
    }
    let before = items.len();
    leave_out_unsure(&mut items, is_locked);
    let unsure = before - items.len();
    if request.not_worn_days.is_none() {
        leave_out_just_worn(&mut items, is_locked);
    }
    stages.push(Supply::of(items.iter().copied()));
    items.sort_by(|a, b| a.id.cmp(&b.id));
    Eligible {
        unsure,
        items,
        stages,
    }
}

/// Sure garments enough for a place to do without the unsure ones.
const ENOUGH: usize = 3;

/// A skirt taken for a hat spoils an outfit: garments whose category is unsure wait until the wearer has confirmed it,
/// as long as others can take their place.
fn leave_out_unsure(items: &mut Vec<&Item>, is_locked: impl Fn(&Item) -> bool) {
    leave_out_if_enough(items, |item| !is_locked(item) && item.is_unsure());
}

/// Who wore it within fewer days does not want to see a top again, unless asked to.
const JUST_WORN: u32 = 2;

/// A top or one-piece worn today or yesterday waits, as long as others can take its place. Trousers, shoes and coats are
/// worn for days.
fn leave_out_just_worn(items: &mut Vec<&Item>, is_locked: impl Fn(&Item) -> bool) {
    leave_out_if_enough(items, |item| {
        let just_worn = item.days_since_worn().is_some_and(|days| days < JUST_WORN);
        just_worn && item.fills(Slot::Top) && !is_locked(item)
    });
}

/// Takes out what `waits`, where enough others fill the same slots.
fn leave_out_if_enough(items: &mut Vec<&Item>, waits: impl Fn(&Item) -> bool) {
    let mut others: HashMap<&[Slot], usize> = HashMap::new();
    for item in items.iter().filter(|item| !waits(item)) {
        *others.entry(item.category.slots()).or_default() += 1;
    }
    let enough = |item: &Item| {
        others
            .get(item.category.slots())
            .is_some_and(|&n| n >= ENOUGH)
    };
    items.retain(|item| !waits(item) || !enough(item));
}

fn has_place(item: &Item, locked: &[&Item]) -> bool {
    locked
        .iter()
        .all(|other| crate::slots::shared_slot(item, other).is_none())
}

impl Eligible<'_> {
    /// How many garments are left for each place.
    pub(crate) fn supply(&self) -> Supply {
        self.stages.last().copied().unwrap_or_default()
    }

    /// What the filters took of the slots every outfit fills, in words; `None` where they took nothing.
    pub(crate) fn left_out(&self, request: &Request) -> Option<String> {
        let filters = self.filters_on(&crate::slots::REQUIRED);
        let left_out = phrase::list(filters.map(|filter| filter.what_it_leaves_out(request)));
        (!left_out.is_empty()).then_some(left_out)
    }

    /// Why no outfit can be made, naming the missing slots and the filters that emptied them; `None` where one can.
    pub(crate) fn why_none(&self, request: &Request) -> Option<String> {
        let missing = self.supply().missing();
        if missing.is_empty() {
            return None;
        }
        let slots = phrase::list(missing.iter().map(|slot| format!("no {}", plural(*slot))));
        Some(
            match self
                .stages
                .iter()
                .position(|stage| !stage.missing().is_empty())
            {
                Some(0) | None => format!("{slots} in the wardrobe"),
                Some(1) => format!("{slots} to go with the garments asked for"),
                Some(_) => {
                    let left_out = self
                        .filters_on(&missing)
                        .map(|filter| filter.what_it_leaves_out(request));
                    format!("{slots} left after leaving out {}", phrase::list(left_out))
                }
            },
        )
    }

    /// The filters that took garments for any of `slots`.
    fn filters_on(&self, slots: &[Slot]) -> impl Iterator<Item = Filter> {
        let count = |supply: &Supply| slots.iter().map(|&slot| supply.fill(slot)).sum::<usize>();
        let counts: Vec<usize> = self.stages[1..].iter().map(count).collect();
        let filters = Filter::ALL.into_iter().enumerate();
        filters
            .filter(move |(i, _)| counts[i + 1] < counts[*i])
            .map(|(_, filter)| filter)
    }
}

fn plural(slot: Slot) -> &'static str {
    match slot {
        Slot::Top => "tops",
        Slot::Bottom => "bottoms",
        Slot::Outerwear => "outerwear",
        Slot::Shoes => "shoes",
        Slot::Accessory => "accessories",
    }
}
