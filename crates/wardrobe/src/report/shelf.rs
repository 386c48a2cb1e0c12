//! The wardrobe on the page, one shelf a kind of garment.

use maud::{Markup, html};
use wardrobe_types::{Garment, Slot};

use super::filters::{Answers, band};
use super::pictures::Pictures;
use super::{anchor, count, swatches};
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
            section.shelf id=(self.anchor) aria-labelledby=(title) {
                h3 id=(title) { (self.title) " " span.count { (count(self.garments.len(), "garment")) } }
                ul.garments { @for garment in &self.garments { (card(garment, pictures)) } }
            }
        }
    }
}

fn card(garment: &Garment, pictures: &Pictures) -> Markup {
    let answers = Answers::of(garment);
    html! {
        li.garment.washing[garment.laundry] id=(anchor(&garment.id)) data-slot=(answers.slot)
            data-category=(answers.category) data-color=(answers.color) data-season=(answers.season)
            data-formality=(answers.formality) data-style=(answers.style) data-text=(answers.text) {
            (pictures.show(garment))
            div.about {
                strong { (describe(garment)) }
                (swatches(garment))
                span.fine { (wearing(garment)) }
                @if garment.laundry { span.badge { "in the laundry" } }
                code { (garment.id) }
            }
        }
    }
}

/// When and how it is worn: `casual · spring, summer`.
fn wearing(garment: &Garment) -> String {
    let seasons = garment.seasons.iter().map(|season| season.to_string());
    let seasons = match garment.seasons.len() {
        4 => "all year".to_owned(),
        _ => seasons.collect::<Vec<_>>().join(", "),
    };
    let mut parts: Vec<String> = band(garment).iter().map(ToString::to_string).collect();
    parts.extend(garment.fit.map(|fit| fit.to_string()));
    parts.extend(garment.styles.iter().map(ToString::to_string));
    parts.push(seasons);
    parts.retain(|part| !part.is_empty());
    parts.dedup();
    parts.join(" · ")
}
