//! What is worn less than the rest: a bounded lift, so that what hangs at the back comes out too.

use std::collections::HashMap;

use wardrobe_types::{Category, GarmentId, Slot};

use crate::explain::Reason;
use crate::weights::WEIGHTS;
use crate::{Item, phrase};

/// A day of wear counts half after so many days, a quarter after twice as many.
const HALF_LIFE: f32 = 45.0;

/// Wear within so many days is told.
const RECENT: u32 = 30;
/// A garment that has waited for less has not waited.
const LONG: u32 = 14;

/// How much each garment is worn beside the others for the same place of an outfit.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// 0..=1; 0.5 where it is worn as often as they are on average, 1 where never.
    rest: HashMap<GarmentId, f32>,
}

/// Garments that take turns: those for the same slots, and of accessories those of a kind.
type Place = (&'static [Slot], Option<Category>);

fn place(item: &Item) -> Place {
    (
        item.category.slots(),
        item.is_accessory().then_some(item.category),
    )
}

/// Days of wear, recent ones counting more.
fn wear(item: &Item) -> f32 {
    let days = item.worn.iter();
    days.map(|&day| (-(day as f32) / HALF_LIFE).exp2()).sum()
}

impl Rotation {
    /// Compares the garments of a wardrobe; `None` where none is known to have been worn.
    pub(crate) fn of(wardrobe: &[Item]) -> Option<Self> {
        if wardrobe.iter().all(|item| item.worn.is_empty()) {
            return None;
        }
        // In a fixed order, in which sums of rounded numbers are always the same.
        let mut in_order: Vec<&Item> = wardrobe.iter().collect();
        in_order.sort_by(|a, b| a.id.cmp(&b.id));
        let mut places: HashMap<Place, (f32, f32)> = HashMap::new();
        for item in in_order {
            let (sum, count) = places.entry(place(item)).or_default();
            *sum += wear(item);
            *count += 1.0;
        }
        let rest = wardrobe.iter().map(|item| {
            let (sum, count) = places[&place(item)];
            let mean = sum / count;
            let rest = if mean > 0.0 {
                mean / (mean + wear(item))
            } else {
                0.5
            };
            (item.id.clone(), rest)
        });
        Some(Self {
            rest: rest.collect(),
        })
    }

    fn rest(&self, item: &Item) -> f32 {
        self.rest.get(&item.id).copied().unwrap_or(0.5)
    }

    /// The mean over an outfit's garments, 0..=1.
    pub(crate) fn term(&self, items: &[&Item]) -> f32 {
        let sum: f32 = items.iter().map(|item| self.rest(item)).sum();
        sum / items.len().max(1) as f32
    }

    /// What is to be said of the garment that stands out.
    pub(crate) fn reason(&self, items: &[&Item]) -> Option<Reason> {
        let off = |item: &&&Item| (self.rest(item) - 0.5).abs();
        let item = items.iter().max_by(|a, b| off(a).total_cmp(&off(b)))?;
        let (garment, plural) = (phrase::the(item), phrase::is_plural(item.category));
        let text = if self.rest(item) < 0.5 {
            let times = item.worn.iter().filter(|&&day| day < RECENT).count();
            let were = if plural { "were" } else { "was" };
            (times > 1)
                .then(|| format!("{garment} {were} worn {times} times in the last {RECENT} days"))
        } else {
            match item.days_since_worn() {
                None => {
                    let have = if plural { "have" } else { "has" };
                    Some(format!("{garment} {have} not been worn yet"))
                }
                Some(days) if days >= LONG => Some(format!("{garment} waited for {days} days")),
                Some(_) => None,
            }
        };
        Some(Reason {
            strength: WEIGHTS.rotation * (2.0 * self.term(items) - 1.0).abs(),
            text: text?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_types::ColorName;

    fn worn(id: &str, category: Category, days: &[u32]) -> Item {
        Item {
            worn: days.to_vec(),
            ..Item::new(id, category, ColorName::White)
        }
    }

    #[test]
    fn rest_is_beside_the_others_for_the_place() {
        let wardrobe = [
            worn("a", Category::Shirt, &[0, 45, 90]), // 1 + 1/2 + 1/4
            worn("b", Category::TShirt, &[45]),       // 1/2
            worn("c", Category::Polo, &[]),           // 0; the mean is 3/4
            worn("only", Category::Jeans, &[1, 2]),
            worn("new", Category::Boots, &[]),
            worn("watch", Category::Watch, &[3]),
            worn("hat", Category::Hat, &[]),
        ];
        let rotation = Rotation::of(&wardrobe).unwrap();
        for (item, rest) in wardrobe.iter().zip([0.3, 0.6, 1.0, 0.5, 0.5, 0.5, 0.5]) {
            assert!((rotation.rest(item) - rest).abs() < 1e-6, "{}", item.id);
        }
        let outfit = [&wardrobe[0], &wardrobe[2], &wardrobe[3]];
        assert!((rotation.term(&outfit) - 0.6).abs() < 1e-6);
        assert_eq!(
            rotation.reason(&outfit).unwrap().text,
            "the white polo has not been worn yet"
        );
        assert!(Rotation::of(&wardrobe[4..5]).is_none());
    }
}
