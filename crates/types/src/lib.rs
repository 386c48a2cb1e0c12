//! The vocabulary of wardrobe: categories, slots, colours, garments, outfits.
//!
//! Every name people type and scripts parse is a closed enum here: it prints and parses to the same kebab-case
//! text ([`std::fmt::Display`], [`std::str::FromStr`], serde), it can be listed (`ALL`), and an unknown name is
//! an error that says which names are near. [`labels`] maps the labels of public data sets onto the categories
//! and colours.
//!
//! ```
//! use wardrobe_types::{Category, Slot};
//! let category: Category = "evening-dress".parse()?;
//! assert_eq!(category.slots(), [Slot::Top, Slot::Bottom]);
//! assert!("evening-dres".parse::<Category>().unwrap_err().to_string().contains("evening-dress"));
//! # Ok::<(), wardrobe_types::Error>(())
//! ```

mod attribute;
mod category;
mod color;
mod embedding;
mod error;
mod formality;
mod garment;
mod geometry;
pub mod labels;
mod near;
mod palette;
mod signal;
mod vocabulary;

pub use attribute::{Fit, Hemisphere, Material, Pattern, Season, Slot, Style};
pub use category::Category;
pub use color::{Color, Rgb8};
pub use embedding::{Embedding, normalize};
pub use error::{Error, Result};
pub use formality::{Formality, FormalityBand};
pub use garment::{Breakdown, EmbedderId, Garment, GarmentId, Outfit, OutfitId, Scored};
pub use geometry::BoxXyxy;
pub use near::{did_you_mean, misspelling_of};
pub use palette::{BasicColor, ColorName};
pub use signal::Signal;
