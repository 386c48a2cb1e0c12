//! Garments as the program tagged them, from a table.

use std::path::Path;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use wardrobe_recommend::Item;
use wardrobe_types::{Category, Color, ColorName, GarmentId, Slot};

use crate::error::{Error, Result};

/// A row: `0083bdb15341,shirt,0.77,0.60,brown:0.540;white:0.460`.
#[derive(Deserialize)]
struct Row {
    id: String,
    category: Category,
    certainty: f32,
    formality: f32,
    colors: String,
}

/// Reads a table of tags with the columns `id`, `category`, `certainty`, `formality` and `colors`.
///
/// # Errors
/// No such table, or one with other columns or values.
pub fn read(table: &Path) -> Result<Vec<Item>> {
    let invalid = |problem: String| Error::Data {
        path: table.to_path_buf(),
        problem: format!(
            "expected a table with the columns id, category, certainty, formality and colors (navy:0.8;white:0.2): {problem}"
        ),
    };
    let mut reader = csv::Reader::from_path(table).map_err(|e| invalid(e.to_string()))?;
    let items = reader.deserialize().map(|row| {
        let row: Row = row.map_err(|e| invalid(e.to_string()))?;
        let color = |text| color(text).ok_or_else(|| invalid(format!("{text:?} is no colour")));
        let colors: Vec<Color> = row.colors.split(';').map(color).collect::<Result<_>>()?;
        Ok(Item {
            colors,
            formality: row.formality,
            certainty: row.certainty,
            ..Item::new(GarmentId::new(row.id), row.category, ColorName::Black)
        })
    });
    items.collect()
}

fn color(text: &str) -> Option<Color> {
    let (name, fraction) = text.split_once(':')?;
    let color = Color::plain(name.parse().ok()?);
    Some(Color {
        fraction: fraction.parse().ok()?,
        ..color
    })
}

/// How many garments of each kind a wardrobe has.
const WARDROBE: [(Slot, bool, usize); 6] = [
    (Slot::Top, false, 14),
    (Slot::Bottom, false, 9),
    (Slot::Top, true, 3),
    (Slot::Shoes, false, 7),
    (Slot::Outerwear, false, 5),
    (Slot::Accessory, false, 3),
];

/// A wardrobe of some forty garments, drawn from all.
pub(super) fn wardrobe(all: &[Item], rng: &mut ChaCha8Rng) -> Vec<Item> {
    let mut drawn = Vec::new();
    for (slot, one_piece, count) in WARDROBE {
        let fits = |item: &&Item| {
            let slots = item.category.slots();
            slots[0] == slot && (slots.len() > 1) == one_piece
        };
        let of_kind: Vec<&Item> = all.iter().filter(fits).collect();
        drawn.extend(of_kind.sample(rng, count).map(|&item| item.clone()));
    }
    drawn
}
