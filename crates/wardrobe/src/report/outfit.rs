//! Outfits on the page: pictures, score, terms and reasons.

use maud::{Markup, html};
use wardrobe_types::{Breakdown, Garment};

use super::pictures::Pictures;
use super::{anchor, count};
use crate::flat_lay::flat_lay;
use crate::{Outfit, Outfits, describe};

/// Where an outfit's pictures lead.
#[derive(Clone, Copy)]
pub(super) enum Links {
    /// Nowhere.
    None,
    /// To the garments' places on their shelves.
    Shelves,
}

/// The outfits, best first, or why there are none.
pub(super) fn section(outfits: &Outfits, pictures: &Pictures, links: Links) -> Markup {
    html! {
        section.part id="outfits" aria-labelledby="outfits-title" {
            h2 id="outfits-title" { "Outfits" }
            @if let Some(reason) = &outfits.reason { p.note { (reason) } }
            @if !outfits.outfits.is_empty() {
                div.outfits {
                    @for (place, outfit) in outfits.outfits.iter().enumerate() {
                        (card(place + 1, outfit, pictures, links))
                    }
                }
            }
            p.fine { "Best of " (count(outfits.candidates, "candidate")) ", seed " (outfits.seed) "." }
        }
    }
}

fn card(place: usize, outfit: &Outfit, pictures: &Pictures, links: Links) -> Markup {
    let title = format!("outfit-{place}");
    let reasons = outfit.scored.explanation.split_first();
    html! {
        article.outfit aria-labelledby=(title) {
            (collage(&outfit.items, pictures, links))
            div.words {
                div {
                    h3 id=(title) {
                        span { "Outfit " (place) }
                        span.score { span.unseen { "score " } (format!("{:.2}", outfit.scored.score)) }
                    }
                    @if let Some((first, _)) = reasons { p.lead { (first) } }
                    ul.pieces aria-label="Garments" { @for garment in &outfit.items { (piece(garment)) } }
                }
                div {
                    (terms(&outfit.scored.breakdown))
                    @if let Some((_, more @ [_, ..])) = reasons {
                        ul.reasons aria-label="More reasons" { @for reason in more { li { (reason) } } }
                    }
                    p.fine { code { "wardrobe feedback " (outfit.id) " like" } }
                }
            }
        }
    }
}

fn collage(garments: &[Garment], pictures: &Pictures, links: Links) -> Markup {
    let columns = flat_lay(garments, |garment| pictures.aspect(garment));
    let width: f32 = columns.iter().map(|column| column.width).sum();
    html! {
        div.collage style=(format!("aspect-ratio:{width:.2}")) {
            @for column in columns {
                div.column style=(format!("flex-grow:{:.2}", column.width)) {
                    @for garment in column.garments { (tile(garment, pictures, links)) }
                }
            }
        }
    }
}

fn tile(garment: &Garment, pictures: &Pictures, links: Links) -> Markup {
    html! {
        @match links {
            Links::None => div.tile { (pictures.show(garment)) },
            Links::Shelves => a.tile href={ "#" (anchor(&garment.id)) } { (pictures.show(garment)) },
        }
    }
}

/// A garment's main colour and name.
fn piece(garment: &Garment) -> Markup {
    html! {
        li {
            @if let Some(color) = garment.colors.first() {
                span.dot style={ "background:" (color.hex) } {}
            }
            span { (describe(garment)) }
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
                        span { (format!("{value:.2}")) }
                    }
                }
            }
        }
    }
}
