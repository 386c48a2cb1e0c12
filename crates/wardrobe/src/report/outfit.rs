//! Outfits on the page: pictures, score, terms and reasons.

use maud::{Markup, html};
use wardrobe_types::{Breakdown, Garment, Slot};

use super::pictures::Pictures;
use super::{count, swatches};
use crate::{Outfit, Outfits, describe};

/// The outfits, best first, or why there are none.
pub(super) fn section(outfits: &Outfits, pictures: &Pictures) -> Markup {
    html! {
        section id="outfits" aria-labelledby="outfits-title" {
            h2 id="outfits-title" { "Outfits" }
            @if let Some(reason) = &outfits.reason { p.note { (reason) } }
            @for (place, outfit) in outfits.outfits.iter().enumerate() {
                (card(place + 1, outfit, pictures))
            }
            p.fine {
                "Best of " (count(outfits.candidates, "candidate")) ", seed " (outfits.seed) "."
            }
        }
    }
}

fn card(place: usize, outfit: &Outfit, pictures: &Pictures) -> Markup {
    let (large, small): (Vec<&Garment>, Vec<&Garment>) =
        outfit.items.iter().partition(|garment| is_large(garment));
    let title = format!("outfit-{place}");
    html! {
        article.outfit aria-labelledby=(title) {
            div.collage {
                @for garment in large { (tile(garment, pictures)) }
                @if !small.is_empty() {
                    div class=(details(small.len())) { @for garment in small { (tile(garment, pictures)) } }
                }
            }
            div.words {
                h3 id=(title) {
                    span { "Outfit " (place) }
                    span.score { (format!("{:.2}", outfit.scored.score)) }
                }
                (terms(&outfit.scored.breakdown))
                @if !outfit.scored.explanation.is_empty() {
                    h4 { "Why" }
                    ul.reasons { @for reason in &outfit.scored.explanation { li { (reason) } } }
                }
            }
        }
    }
}

/// Whether a garment is shown tall: the body of the outfit, with the rest beside it.
fn is_large(garment: &Garment) -> bool {
    garment
        .slots
        .iter()
        .any(|slot| matches!(slot, Slot::Top | Slot::Bottom))
}

/// How so many garments share the column beside the tall ones.
fn details(count: usize) -> &'static str {
    match count {
        1 => "details",
        2 => "details pair",
        _ => "details many",
    }
}

fn tile(garment: &Garment, pictures: &Pictures) -> Markup {
    html! {
        figure.tile {
            (pictures.show(garment))
            figcaption { (describe(garment)) (swatches(garment)) }
        }
    }
}

/// A bar a term; terms that do not apply are left out.
fn terms(breakdown: &Breakdown) -> Markup {
    let terms = [
        ("Colour", breakdown.color),
        ("Formality", breakdown.formality),
        ("Combination", breakdown.category),
        ("Learned", breakdown.learned),
        ("Your taste", breakdown.preference),
        ("Seldom worn", breakdown.rotation),
    ];
    let applying = terms
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    html! {
        dl.terms {
            @for (name, value) in applying {
                div {
                    dt { (name) }
                    dd {
                        span.bar aria-hidden="true" {
                            span.low[value < 0.5] style=(format!("width:{:.0}%", value * 100.0)) {}
                        }
                        span.value { (format!("{value:.2}")) }
                    }
                }
            }
        }
    }
}
