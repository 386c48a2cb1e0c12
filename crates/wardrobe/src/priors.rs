//! What a category says of a garment before any model has looked closer.
//!
//! Formality is the taxonomy's own prior ([`Category::formality`]). Seasons follow from the
//! taxonomy's prior warmth: each season has a range of warmth that is worn in it, alone or under
//! and over other layers. The ranges overlap, since a shirt is worn all year and a coat half of it.

use wardrobe_types::{Category, Season, Slot};

/// The least and the greatest prior warmth worn in each season.
const WORN: [(Season, f32, f32); 4] = [
    (Season::Spring, 0.1, 0.7),
    (Season::Summer, 0.0, 0.45),
    (Season::Fall, 0.15, 0.9),
    (Season::Winter, 0.3, 1.0),
];

/// An accessory below this warmth is not worn for warmth: a belt or a watch knows no season.
const WARMING: f32 = 0.1;

/// The seasons a garment of this category is usually worn in; never empty.
pub(crate) fn seasons(category: Category) -> Vec<Season> {
    let warmth = category.warmth();
    if category.slots() == [Slot::Accessory] && warmth < WARMING {
        return Season::ALL.to_vec();
    }
    let worn = WORN
        .into_iter()
        .filter(|(_, least, most)| (*least..=*most).contains(&warmth));
    worn.map(|(season, ..)| season).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_a_season() {
        for category in Category::ALL {
            assert!(!seasons(category).is_empty(), "{category}");
        }
    }

    #[test]
    fn the_obvious_ones() {
        assert_eq!(seasons(Category::Shorts), [Season::Summer]);
        assert_eq!(seasons(Category::PufferJacket), [Season::Winter]);
        assert_eq!(seasons(Category::Coat), [Season::Fall, Season::Winter]);
        assert_eq!(seasons(Category::Shirt), Season::ALL);
        assert_eq!(seasons(Category::Watch), Season::ALL);
    }
}
