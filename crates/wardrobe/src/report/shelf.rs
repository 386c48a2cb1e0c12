//! The wardrobe on the page, one shelf a kind of garment.

use maud::{Markup, html};
use wardrobe_types::{Formality, Garment, Slot};

use super::pictures::Pictures;
use super::{count, swatches};
use crate::describe;

/// The garments that fill the same places of an outfit.
pub(super) struct Shelf<'a> {
    anchor: &'static str,
    title: &'static str,
    garments: Vec<&'a Garment>,
}

/// Anchor, title and slots of every shelf.
const SHELVES: [(&str, &str, &[Slot]); 6] = [
    ("tops", "Tops", &[Slot::Top]),
    ("bottoms", "Bottoms", &[Slot::Bottom]),
    (
        "dresses",
        "Dresses and jumpsuits",
        &[Slot::Top, Slot::Bottom],
    ),
    ("outerwear", "Outerwear", &[Slot::Outerwear]),
    ("shoes", "Shoes", &[Slot::Shoes]),
    ("accessories", "Accessories", &[Slot::Accessory]),
];

/// The shelves that are not empty. On a shelf, garments of one category stand together.
pub(super) fn shelves(garments: &[Garment]) -> Vec<Shelf<'_>> {
    let shelves = SHELVES.into_iter().map(|(anchor, title, slots)| {
        let mut garments: Vec<&Garment> = garments.iter().filter(|g| g.slots == slots).collect();
        garments.sort_by_key(|garment| garment.category);
        Shelf {
            anchor,
            title,
            garments,
        }
    });
    shelves.filter(|shelf| !shelf.garments.is_empty()).collect()
}

impl Shelf<'_> {
    /// The entry in the page's navigation.
    pub(super) fn link(&self) -> Markup {
        html! { li { a href={ "#" (self.anchor) } { (self.title) } } }
    }

    /// The shelf itself.
    pub(super) fn section(&self, pictures: &Pictures) -> Markup {
        let title = format!("{}-title", self.anchor);
        html! {
            section id=(self.anchor) aria-labelledby=(title) {
                h2 id=(title) {
                    (self.title) " "
                    span.count { (count(self.garments.len(), "garment")) }
                }
                div.shelf { @for garment in &self.garments { (card(garment, pictures)) } }
            }
        }
    }
}

fn card(garment: &Garment, pictures: &Pictures) -> Markup {
    let seasons: Vec<&str> = garment
        .seasons
        .iter()
        .map(|season| season.as_str())
        .collect();
    let seasons = if seasons.len() == 4 {
        "all year".to_owned()
    } else {
        seasons.join(", ")
    };
    let band = Formality::new(garment.formality).map(|formality| formality.band().to_string());
    html! {
        figure.garment.washing[garment.laundry] {
            (pictures.show(garment))
            figcaption {
                strong { (describe(garment)) }
                (swatches(garment))
                @if let Ok(band) = band { span.fine { (band) " · " (seasons) } }
                @if garment.laundry { span.badge { "in the laundry" } }
                code { (garment.id) }
            }
        }
    }
}
