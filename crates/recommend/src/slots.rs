//! What an outfit is made of, and what is wrong with one that is not.

use std::fmt;

use serde::Serialize;
use wardrobe_types::{Category, GarmentId, Slot};

use crate::Item;
use crate::phrase;

/// The slots every outfit fills.
pub(crate) const REQUIRED: [Slot; 3] = [Slot::Top, Slot::Bottom, Slot::Shoes];

/// Slots that hold one garment at most.
const SINGLE: [Slot; 4] = [Slot::Top, Slot::Bottom, Slot::Outerwear, Slot::Shoes];

/// Why garments are not an outfit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Problem {
    /// Nothing fills a slot that every outfit fills.
    Missing {
        /// The slot.
        slot: Slot,
    },
    /// Two garments fill a slot that holds one.
    Doubled {
        /// The slot.
        slot: Slot,
        /// One of the garments.
        first: GarmentId,
        /// The other.
        second: GarmentId,
    },
    /// Two accessories of one kind.
    SameAccessory {
        /// The kind.
        category: Category,
        /// One of them.
        first: GarmentId,
        /// The other.
        second: GarmentId,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { slot } => write!(f, "no {slot}: the outfit is not complete"),
            Self::Doubled {
                slot,
                first,
                second,
            } => write!(f, "`{first}` and `{second}` both fill the {slot} slot"),
            Self::SameAccessory {
                category,
                first,
                second,
            } => write!(f, "`{first}` and `{second}` are both a {category}"),
        }
    }
}

/// What keeps `items` from being an outfit; empty for an outfit. It needs top, bottom and shoes (a dress or jumpsuit
/// fills the first two); each of these and outerwear at most once; accessories at most one of a kind.
///
/// ```
/// use wardrobe_recommend::{Item, Problem, problems};
/// use wardrobe_types::{Category, ColorName, Slot};
/// let dress = Item::new("dress", Category::Dress, ColorName::Navy);
/// let heels = Item::new("heels", Category::Heels, ColorName::Black);
/// assert_eq!(problems(&[dress.clone()]), [Problem::Missing { slot: Slot::Shoes }]);
/// assert!(problems(&[dress, heels]).is_empty());
/// ```
pub fn problems(items: &[Item]) -> Vec<Problem> {
    let items: Vec<&Item> = items.iter().collect();
    let missing = missing(&items).map(|slot| Problem::Missing { slot });
    missing
        .chain(
            doubled(&items)
                .into_iter()
                .map(|double| double.problem(&items)),
        )
        .collect()
}

/// The required slots nothing fills.
pub(crate) fn missing(items: &[&Item]) -> impl Iterator<Item = Slot> {
    REQUIRED
        .into_iter()
        .filter(|&slot| !items.iter().any(|item| item.fills(slot)))
}

/// Two garments for one place, as indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Double {
    pub slot: Slot,
    pub first: usize,
    pub second: usize,
}

impl Double {
    /// Whether the two can be put on at all: a second top is a layer, a second scarf merely odd.
    pub(crate) fn can_be_worn(self) -> bool {
        matches!(self.slot, Slot::Top | Slot::Accessory)
    }

    fn problem(self, items: &[&Item]) -> Problem {
        let (first, second) = (items[self.first].id.clone(), items[self.second].id.clone());
        match self.slot {
            Slot::Accessory => Problem::SameAccessory {
                category: items[self.first].category,
                first,
                second,
            },
            slot => Problem::Doubled {
                slot,
                first,
                second,
            },
        }
    }

    pub(crate) fn text(self, items: &[&Item]) -> String {
        let both = format!(
            "{} and {}",
            phrase::a(items[self.first]),
            phrase::a(items[self.second])
        );
        match self.slot {
            Slot::Accessory => format!(
                "{both}: one {} is enough",
                phrase::category(items[self.first].category)
            ),
            Slot::Top => format!("{both}: two tops at once"),
            Slot::Shoes => format!("{both}: two pairs of shoes cannot be worn at once"),
            slot => format!("{both}: two garments for the {slot} slot cannot be worn at once"),
        }
    }
}

/// Every pair of garments that fill one place; two garments are reported once, for the lower of the slots they share.
pub(crate) fn doubled(items: &[&Item]) -> Vec<Double> {
    let mut doubles = Vec::new();
    for (first, a) in items.iter().enumerate() {
        for (offset, b) in items[first + 1..].iter().enumerate() {
            if let Some(slot) = shared_slot(a, b) {
                let second = first + 1 + offset;
                doubles.push(Double {
                    slot,
                    first,
                    second,
                });
            }
        }
    }
    doubles
}

/// Whether two garments cannot be worn together, as two tops or two hats: one takes the other's place.
pub fn share_a_place(a: &Item, b: &Item) -> bool {
    shared_slot(a, b).is_some()
}

/// The place two garments would share: the lower one where there are two (two dresses cannot be worn, two tops can).
pub(crate) fn shared_slot(a: &Item, b: &Item) -> Option<Slot> {
    if a.is_accessory() && a.category == b.category {
        return Some(Slot::Accessory);
    }
    SINGLE
        .into_iter()
        .rev()
        .find(|&slot| a.fills(slot) && b.fills(slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_types::ColorName::Black;

    fn of(categories: &[Category]) -> Vec<Problem> {
        let name = |(i, &category)| Item::new(format!("g{i}"), category, Black);
        problems(&categories.iter().enumerate().map(name).collect::<Vec<_>>())
    }

    #[test]
    fn outfits_worked_by_hand() {
        use Category::{
            Belt, Blazer, Chinos, Coat, Dress, Hat, Jeans, Romper, Shirt, Sneakers, TShirt,
        };
        assert!(of(&[Shirt, Chinos, Sneakers]).is_empty());
        assert!(of(&[Romper, Sneakers, Hat, Belt, Coat]).is_empty());
        assert_eq!(
            of(&[Shirt, Chinos]),
            [Problem::Missing { slot: Slot::Shoes }]
        );
        assert_eq!(of(&[]).len(), 3);
        let (first, second) = (GarmentId::from("g1"), GarmentId::from("g3"));
        let doubled = |slot| {
            vec![Problem::Doubled {
                slot,
                first: first.clone(),
                second: second.clone(),
            }]
        };
        assert_eq!(of(&[Shirt, Chinos, Sneakers, Jeans]), doubled(Slot::Bottom));
        assert_eq!(of(&[Sneakers, Dress, Hat, Chinos]), doubled(Slot::Bottom));
        assert_eq!(of(&[Sneakers, Dress, Hat, TShirt]), doubled(Slot::Top));
        assert_eq!(
            of(&[Dress, Blazer, Sneakers, Coat]),
            doubled(Slot::Outerwear)
        );
        assert_eq!(
            of(&[Dress, Hat, Sneakers, Hat]),
            [Problem::SameAccessory {
                category: Hat,
                first,
                second
            }]
        );
    }
}
