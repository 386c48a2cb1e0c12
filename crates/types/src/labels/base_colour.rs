//! The 46 colour names of the Kaggle Fashion Product Images (`baseColour` in `styles.csv`).

use crate::{BasicColor, ColorName};

/// A `baseColour` and what it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseColour {
    /// The name as the table spells it.
    pub label: &'static str,
    /// The basic colour it is; `None` for `Multi`, `Metallic` and `NA`, which name none.
    pub basic: Option<BasicColor>,
    /// The palette's name for it, where the two mean the same; else `None`.
    pub name: Option<ColorName>,
}

/// Declares the table: label, basic colour, the palette's name where there is one.
macro_rules! base_colours {
    ($($label:literal => $basic:expr, $name:expr;)+) => {
        /// All 46 names and `NA`.
        pub const BASE_COLOURS: &[BaseColour] = {
            use BasicColor as B;
            use ColorName as N;
            &[$(BaseColour { label: $label, basic: $basic, name: $name }),+]
        };
    };
}

base_colours! {
    "Beige" => Some(B::Beige), Some(N::Beige);
    "Black" => Some(B::Black), Some(N::Black);
    "Blue" => Some(B::Blue), Some(N::Blue);
    "Bronze" => Some(B::Brown), None;
    "Brown" => Some(B::Brown), Some(N::Brown);
    "Burgundy" => Some(B::Red), Some(N::Burgundy);
    "Charcoal" => Some(B::Grey), Some(N::Charcoal);
    "Coffee Brown" => Some(B::Brown), Some(N::Chocolate);
    "Copper" => Some(B::Brown), None;
    "Cream" => Some(B::Beige), Some(N::Cream);
    "Fluorescent Green" => Some(B::Green), None;
    "Gold" => Some(B::Yellow), Some(N::Gold);
    "Green" => Some(B::Green), Some(N::Green);
    "Grey" => Some(B::Grey), Some(N::Grey);
    "Grey Melange" => Some(B::Grey), Some(N::Grey);
    "Khaki" => Some(B::Beige), Some(N::Khaki);
    "Lavender" => Some(B::Purple), Some(N::Lavender);
    "Lime Green" => Some(B::Green), None;
    "Magenta" => Some(B::Pink), Some(N::HotPink);
    "Maroon" => Some(B::Red), Some(N::Maroon);
    "Mauve" => Some(B::Purple), None;
    "Metallic" => None, None;
    "Multi" => None, None;
    "Mushroom Brown" => Some(B::Brown), None;
    "Mustard" => Some(B::Yellow), Some(N::Mustard);
    "NA" => None, None;
    "Navy Blue" => Some(B::Blue), Some(N::Navy);
    "Nude" => Some(B::Beige), None;
    "Off White" => Some(B::White), Some(N::OffWhite);
    "Olive" => Some(B::Green), Some(N::Olive);
    "Orange" => Some(B::Orange), Some(N::Orange);
    "Peach" => Some(B::Orange), Some(N::Peach);
    "Pink" => Some(B::Pink), Some(N::Pink);
    "Purple" => Some(B::Purple), Some(N::Purple);
    "Red" => Some(B::Red), Some(N::Red);
    "Rose" => Some(B::Pink), None;
    "Rust" => Some(B::Orange), None;
    "Sea Green" => Some(B::Green), None;
    "Silver" => Some(B::Grey), Some(N::Silver);
    "Skin" => Some(B::Beige), None;
    "Steel" => Some(B::Grey), None;
    "Tan" => Some(B::Beige), Some(N::Tan);
    "Taupe" => Some(B::Brown), None;
    "Teal" => Some(B::Blue), Some(N::Teal);
    "Turquoise Blue" => Some(B::Blue), Some(N::Turquoise);
    "White" => Some(B::White), Some(N::White);
    "Yellow" => Some(B::Yellow), Some(N::Yellow);
}

/// The entry of a `baseColour`; `None` for a name outside the table.
pub fn base_colour(label: &str) -> Option<&'static BaseColour> {
    BASE_COLOURS.iter().find(|entry| entry.label == label)
}
