//! Tables and colour swatches for people.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use wardrobe::describe;
use wardrobe_types::{Color, Formality, Garment, Season};

use crate::output::Output;

/// A narrower table cannot be read.
const LEAST_WIDTH: u16 = 60;

/// A table without lines under these headings, as wide as the terminal allows.
pub fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    // Some pseudo-terminals say they are 0 wide, which would break every word.
    if table.width().is_some_and(|width| width < LEAST_WIDTH) {
        table.set_width(LEAST_WIDTH);
    }
    table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    table
}

/// Garments, one a line.
pub fn garments<'a>(out: Output, garments: impl IntoIterator<Item = &'a Garment>) -> String {
    let mut table = table(&["id", "garment", "colours", "slot", "formality", "seasons"]);
    for garment in garments {
        table.add_row(row(out, garment));
    }
    trimmed(&table)
}

/// The cells of a garment's row.
pub fn row(out: Output, garment: &Garment) -> Vec<String> {
    let washing = if garment.laundry {
        " (in the laundry)"
    } else {
        ""
    };
    let slots: Vec<&str> = garment.slots.iter().map(|slot| slot.as_str()).collect();
    vec![
        garment.id.to_string(),
        format!("{}{washing}", describe(garment)),
        swatches(out, &garment.colors),
        slots.join(" + "),
        formality(garment.formality),
        seasons(&garment.seasons),
    ]
}

/// The table's text without the blanks that end its lines.
pub fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A formality as a number and the band it is in.
pub fn formality(value: f32) -> String {
    let band = Formality::new(value).map(|formality| format!(" {}", formality.band()));
    format!("{value:.2}{}", band.unwrap_or_default())
}

/// Seasons by name, all four in short.
pub fn seasons(seasons: &[Season]) -> String {
    match seasons.len() {
        0 => "-".into(),
        4 => "all year".into(),
        _ => seasons
            .iter()
            .map(|season| season.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Colours as painted blocks where colour is shown, and by name and share everywhere.
pub fn swatches(out: Output, colors: &[Color]) -> String {
    let named = |color: &Color| {
        let text = format!("{} {:.0}%", color.name, color.fraction * 100.0);
        match out.colors.block(color.hex.to_array()) {
            // A wrapping table drops painted spaces and parts at plain ones: blocks, and spaces that hold.
            Some(block) => format!("{block} {text}").replace(' ', "\u{a0}"),
            None => text,
        }
    };
    colors.iter().map(named).collect::<Vec<_>>().join("  ")
}
