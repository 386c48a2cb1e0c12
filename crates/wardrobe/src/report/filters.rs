//! The controls that choose which garments the page shows; `page.js` moves them.

use std::collections::BTreeMap;
use std::fmt::Display;

use maud::{Markup, html};
use wardrobe_types::{BasicColor, Formality, FormalityBand, Garment};

use super::count;
use crate::describe;

/// How a garment answers the controls, as attributes of its element: a list of values each.
pub(super) struct Answers {
    pub(super) slot: String,
    pub(super) category: String,
    pub(super) color: String,
    pub(super) season: String,
    pub(super) formality: String,
    pub(super) style: String,
    /// In lower case, for the search.
    pub(super) text: String,
}

impl Answers {
    pub(super) fn of(garment: &Garment) -> Self {
        let text = [
            describe(garment),
            garment.category.to_string(),
            listed(garment.colors.iter().map(|color| color.name)),
            listed(garment.pattern),
            listed(garment.fit),
            listed(&garment.styles),
            garment.id.to_string(),
        ];
        Self {
            slot: listed(&garment.slots),
            category: garment.category.to_string(),
            color: listed(basic_colors(garment)),
            season: listed(&garment.seasons),
            formality: listed(band(garment)),
            style: listed(&garment.styles),
            text: text.join(" ").to_lowercase(),
        }
    }
}

/// The band a garment's formality is in.
pub(super) fn band(garment: &Garment) -> Option<FormalityBand> {
    let formality = Formality::new(garment.formality).ok()?;
    Some(formality.band())
}

fn basic_colors(garment: &Garment) -> Vec<BasicColor> {
    let mut colors: Vec<_> = garment
        .colors
        .iter()
        .map(|color| color.name.basic())
        .collect();
    colors.sort_unstable();
    colors.dedup();
    colors
}

fn listed<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    values.join(" ")
}

/// The controls, with what the garments can answer; hidden until the script is there to move them.
pub(super) fn form(garments: &[Garment]) -> Markup {
    let all = || garments.iter();
    html! {
        form.filters id="filters" role="search" aria-label="Garments shown" hidden {
            div {
                label for="filter-text" { "Search" }
                input type="search" id="filter-text" name="text" placeholder="striped shirt" autocomplete="off";
            }
            (choice("slot", "Slot", all().flat_map(|garment| garment.slots.iter().copied())))
            (choice("category", "Category", all().map(|garment| garment.category)))
            (choice("season", "Season", all().flat_map(|garment| garment.seasons.iter().copied())))
            (choice("formality", "Formality", all().filter_map(band)))
            (choice("style", "Style", all().flat_map(|garment| garment.styles.iter().copied())))
            div.line {
                (colors(garments))
                button.all type="button" { "Show all" }
                output id="shown" aria-live="polite" { (count(garments.len(), "garment")) }
            }
        }
    }
}

/// What is said where no garment answers.
pub(super) fn none() -> Markup {
    html! {
        div.none id="none" hidden {
            p { "No garment is like that." }
            button.all type="button" { "Show all" }
        }
    }
}

/// One of the values that garments have, or any; no control where all have the same or none.
fn choice<T: Ord + Display>(
    name: &str,
    label: &str,
    values: impl IntoIterator<Item = T>,
) -> Markup {
    let counts = counted(values);
    let id = format!("filter-{name}");
    html! {
        @if counts.len() > 1 {
            div.half {
                label for=(id) { (label) }
                select id=(id) name=(name) {
                    option value="" { "any" }
                    @for (value, count) in &counts {
                        option value=(value) { (value) " (" (count) ")" }
                    }
                }
            }
        }
    }
}

/// Any of the basic colours that garments have.
fn colors(garments: &[Garment]) -> Markup {
    let counts = counted(garments.iter().flat_map(basic_colors));
    html! {
        @if counts.len() > 1 {
            div.colors role="group" aria-label="Colour, any of" {
                span.fine aria-hidden="true" { "Colour" }
                @for (color, count) in &counts {
                    input type="checkbox" name="color" value=(color) title={ (color) " (" (count) ")" }
                        aria-label=(color) style={ "--swatch:" (swatch(*color)) };
                }
            }
        }
    }
}

/// How often each value is there, in the vocabulary's order.
fn counted<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// A basic colour as the palette shows the colour of its name.
fn swatch(color: BasicColor) -> String {
    let named = color.as_str().parse::<wardrobe_types::ColorName>();
    named.map_or_else(|_| color.to_string(), |name| name.srgb().to_string())
}
