//! The wardrobe and its outfits as one self-contained page.
//!
//! The page asks nothing of the network: style, script and pictures (small JPEGs as data URIs) are
//! inside, and its content security policy forbids everything else. It follows the reader's light
//! or dark scheme, prints, and reads in order without its style. Without its script it lacks the
//! filters alone.

mod filters;
mod outfit;
mod palette;
mod pictures;
mod shelf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use wardrobe_types::{Garment, GarmentId};

use self::pictures::Pictures;
use crate::{Outfits, Result, Wardrobe};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Wardrobe {
    /// A page of outfits alone.
    ///
    /// # Errors
    /// A crop that is there and cannot be read.
    pub fn outfits_page(&self, outfits: &Outfits) -> Result<String> {
        let worn = || outfits.outfits.iter().flat_map(|outfit| &outfit.items);
        let pictures = Pictures::large(self, worn())?;
        let content = Content {
            title: "Lookbook",
            summary: count(outfits.outfits.len(), "outfit"),
            palette: palette::band(worn()),
            links: html! {},
            body: outfit::section(outfits, &pictures, outfit::Links::None),
            script: None,
        };
        Ok(content.page())
    }

    /// A page of the whole wardrobe, shelf by shelf, with these outfits.
    ///
    /// # Errors
    /// A database or crop that cannot be read.
    pub fn report_page(&self, outfits: &Outfits) -> Result<String> {
        let garments = self.store.garments()?;
        let worn = outfits.outfits.iter().flat_map(|outfit| &outfit.items);
        let (large, small) = (
            Pictures::large(self, worn)?,
            Pictures::small(self, &garments)?,
        );
        let shelves = shelf::shelves(&garments);
        let content = Content {
            title: "Wardrobe",
            summary: format!(
                "{}, {}",
                count(garments.len(), "garment"),
                count(outfits.outfits.len(), "outfit")
            ),
            palette: palette::band(&garments),
            links: html! {
                li { a href="#outfits" { "Outfits" } }
                @for shelf in &shelves { (shelf.link()) }
            },
            body: html! {
                (outfit::section(outfits, &large, outfit::Links::Shelves))
                @if !garments.is_empty() {
                    section.part id="garments" aria-labelledby="garments-title" {
                        h2 id="garments-title" { "Garments" }
                        (filters::form(&garments))
                        @for shelf in &shelves { (shelf.section(&small)) }
                        (filters::none())
                    }
                }
            },
            script: (!garments.is_empty()).then_some(SCRIPT),
        };
        Ok(content.page())
    }
}

/// What a page is made of.
struct Content {
    title: &'static str,
    summary: String,
    palette: Markup,
    links: Markup,
    body: Markup,
    script: Option<&'static str>,
}

impl Content {
    /// The page around it.
    fn page(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy" content=(policy(self.script));
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.masthead {
                        h1 { (self.title) }
                        p { (self.summary) }
                        (self.palette)
                        @if !self.links.0.is_empty() { nav aria-label="Sections" { ul { (self.links) } } }
                    }
                    main id="content" tabindex="-1" { (self.body) }
                    @if let Some(script) = self.script { script { (PreEscaped(script)) } }
                }
            }
        }
        .into_string()
    }
}

/// Nothing from outside, and of scripts this one alone.
fn policy(script: Option<&str>) -> String {
    let digest = |script| STANDARD.encode(Sha256::digest(script));
    let script = script.map_or_else(
        || "'none'".into(),
        |script| format!("'sha256-{}'", digest(script)),
    );
    format!("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {script}")
}

/// `1 outfit`, `2 outfits`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Where a garment is on the page.
fn anchor(id: &GarmentId) -> String {
    format!("garment-{id}")
}

/// A garment's colours as dots, with their names and shares for those who cannot see them.
fn swatches(garment: &Garment) -> Markup {
    html! {
        ul.swatches aria-label="Colours" {
            @for color in &garment.colors {
                li title={ (color.name) ", " (percent(color.fraction)) } {
                    span.dot style={ "background:" (color.hex) } {}
                    (color.name)
                }
            }
        }
    }
}

/// A share as `12 %`.
fn percent(fraction: f32) -> String {
    format!("{:.0} %", fraction * 100.0)
}
