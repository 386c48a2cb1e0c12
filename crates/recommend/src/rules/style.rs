//! Whether the garments are of the style asked for.

use wardrobe_types::Style;

use crate::Item;
use crate::weights::rule;

/// How many of the garments whose styles are known have the one asked for.
#[derive(Debug)]
pub(crate) struct Fit {
    /// What it takes from the category term.
    pub penalty: f32,
    style: Style,
    matching: usize,
    known: usize,
}

/// Judges the garments whose styles are known; `None` where none is. An unknown style is not held against a garment.
pub(crate) fn judge(items: &[&Item], style: Style) -> Option<Fit> {
    let known = items.iter().filter(|item| !item.styles.is_empty()).count();
    if known == 0 {
        return None;
    }
    let matching = items
        .iter()
        .filter(|item| item.styles.contains(&style))
        .count();
    Some(Fit {
        penalty: rule::OTHER_STYLE * (known - matching) as f32 / known as f32,
        style,
        matching,
        known,
    })
}

impl Fit {
    pub(crate) fn text(&self) -> String {
        match (self.matching, self.known) {
            (0, _) => format!("nothing here is {}", self.style),
            (matching, known) if matching == known => format!("{} throughout", self.style),
            (matching, known) => format!("{matching} of {known} garments are {}", self.style),
        }
    }
}
