//! The wardrobe and its outfits as one self-contained page.
//!
//! The page asks nothing of the network: its style is inside, its pictures are small JPEG data
//! URIs, and its content security policy forbids everything else. It follows the reader's light or
//! dark scheme, prints, and reads in order without its style.

mod outfit;
mod pictures;
mod shelf;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use wardrobe_types::Garment;

use self::pictures::Pictures;
use crate::{Outfits, Result, Wardrobe};

const STYLE: &str = include_str!("page.css");

impl Wardrobe {
    /// A page of outfits alone.
    ///
    /// # Errors
    /// A crop that is there and cannot be read.
    pub fn outfits_page(&self, outfits: &Outfits) -> Result<String> {
        let worn = outfits.outfits.iter().flat_map(|outfit| &outfit.items);
        let pictures = Pictures::of(self, worn)?;
        let summary = count(outfits.outfits.len(), "outfit");
        let body = html! { (outfit::section(outfits, &pictures)) };
        Ok(page("Lookbook", &summary, &html! {}, &body))
    }

    /// A page of the whole wardrobe, shelf by shelf, with these outfits.
    ///
    /// # Errors
    /// A database or crop that cannot be read.
    pub fn report_page(&self, outfits: &Outfits) -> Result<String> {
        let garments = self.store.garments()?;
        let pictures = Pictures::of(self, &garments)?;
        let shelves = shelf::shelves(&garments);
        let summary = format!(
            "{}, {}",
            count(garments.len(), "garment"),
            count(outfits.outfits.len(), "outfit")
        );
        let links = html! {
            li { a href="#outfits" { "Outfits" } }
            @for shelf in &shelves { (shelf.link()) }
        };
        let body = html! {
            (outfit::section(outfits, &pictures))
            @for shelf in &shelves { (shelf.section(&pictures)) }
        };
        Ok(page("Wardrobe", &summary, &links, &body))
    }
}

/// The page around its content.
fn page(title: &str, summary: &str, links: &Markup, body: &Markup) -> String {
    let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(policy);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.masthead {
                    h1 { (title) }
                    p { (summary) }
                    @if !links.0.is_empty() { nav aria-label="Sections" { ul { (links) } } }
                }
                main id="content" { (body) }
            }
        }
    }
    .into_string()
}

/// `1 outfit`, `2 outfits`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A garment's colours as dots, with their names and shares for those who cannot see them.
fn swatches(garment: &Garment) -> Markup {
    html! {
        ul.swatches aria-label="Colours" {
            @for color in &garment.colors {
                @let percent = format!("{:.0} %", color.fraction * 100.0);
                li title={ (color.name) ", " (percent) } {
                    span.dot style={ "background:" (color.hex) } {}
                    (color.name)
                }
            }
        }
    }
}
