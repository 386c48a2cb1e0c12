//! An outfit's garments laid out side by side, for the page and for the collage.

use wardrobe_types::{Garment, Slot};

/// Garments one above the other.
pub(crate) struct Column<'a> {
    pub(crate) garments: Vec<&'a Garment>,
    /// In heights of the whole.
    pub(crate) width: f32,
}

/// Widths in heights of the whole: phone photos are three wide to four high, and are cut as little as these allow.
const ALONE: (f32, f32) = (0.65, 1.0);
const STACKED: (f32, f32) = (0.48, 0.7);
/// Small garments one above the other.
const STACK: usize = 2;

/// What covers the body in columns of its own, outer layers first, then shoes and accessories in pairs. `aspect` is a
/// picture's width over its height.
pub(crate) fn flat_lay<'a>(
    garments: &'a [Garment],
    aspect: impl Fn(&Garment) -> f32,
) -> Vec<Column<'a>> {
    let (mut body, small): (Vec<&Garment>, Vec<&Garment>) =
        garments.iter().partition(|garment| place(garment) < SMALL);
    body.sort_by_key(|garment| place(garment));
    let columns = body
        .chunks(1)
        .chain(small.chunks(STACK))
        .map(|garments| Column {
            garments: garments.to_vec(),
            width: width(garments, &aspect),
        });
    columns.collect()
}

/// From here on garments are small.
const SMALL: u8 = 3;

fn place(garment: &Garment) -> u8 {
    match garment.slots.first() {
        Some(Slot::Outerwear) => 0,
        Some(Slot::Top) => 1,
        Some(Slot::Bottom) => 2,
        _ => SMALL,
    }
}

/// As wide as shows the pictures whole, within bounds.
fn width(garments: &[&Garment], aspect: impl Fn(&Garment) -> f32) -> f32 {
    let (least, most) = if garments.len() == 1 { ALONE } else { STACKED };
    let height: f32 = garments.iter().map(|garment| 1.0 / aspect(garment)).sum();
    (1.0 / height).clamp(least, most)
}
