//! The JSON of an outfit to be scored, turned into items.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::IgnoredAny;
use wardrobe_types::{Category, Color, ColorName, Formality, GarmentId, Rgb8, did_you_mean};

use crate::{Error, Item, Result};

/// An outfit as JSON: `{"items": [{"category": "chinos", "colors": ["navy"]}, ...]}`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ScoreInput {
    /// Its garments, in any order.
    pub items: Vec<ScoreInputItem>,
}

/// One garment of a [`ScoreInput`]. Names are text here, so that an unknown one is reported with its place and
/// with the names near it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ScoreInputItem {
    /// A name for it; its place in the list where absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Its category's name.
    pub category: String,
    /// Palette names or `#rrggbb`, in equal shares.
    #[serde(default)]
    pub colors: Vec<String>,
    /// How formal it is, 0..=1; the category's prior where absent.
    #[serde(default)]
    pub formality: Option<f32>,
    /// Its pattern's name.
    #[serde(default)]
    pub pattern: Option<String>,
    /// The seasons' names.
    #[serde(default)]
    pub seasons: Vec<String>,
    /// The styles' names.
    #[serde(default)]
    pub styles: Vec<String>,
    /// Its embedding.
    #[serde(default)]
    pub embedding: Option<Vec<f32>>,
    /// Fields of any other name: those of a stored garment mean nothing to a score, the rest are errors.
    #[serde(flatten)]
    pub other: BTreeMap<String, IgnoredAny>,
}

const USED: [&str; 8] = [
    "category",
    "colors",
    "formality",
    "pattern",
    "seasons",
    "styles",
    "embedding",
    "id",
];

/// Fields of a stored garment that a score does not depend on: they may be there.
const IGNORED: [&str; 9] = [
    "photo",
    "crop",
    "bbox",
    "category_confidence",
    "slots",
    "fit",
    "embedder",
    "laundry",
    "created_at",
];

impl ScoreInput {
    /// The items to give to [`crate::score`].
    ///
    /// `name_color` names a `#rrggbb`: naming colours is not this crate's work, so that one crate decides what is
    /// called navy.
    ///
    /// # Errors
    /// [`Error::BadInput`] or [`Error::UnknownField`], which name the item and the names near the unknown one;
    /// [`Error::BadItem`] for an embedding that is not finite; [`Error::NoItems`].
    pub fn into_items(self, name_color: impl Fn(Rgb8) -> ColorName) -> Result<Vec<Item>> {
        if self.items.is_empty() {
            return Err(Error::NoItems);
        }
        let items = self.items.into_iter().enumerate();
        items
            .map(|(index, item)| item.into_item(index, &name_color))
            .collect()
    }
}

impl ScoreInputItem {
    fn into_item(self, index: usize, name_color: impl Fn(Rgb8) -> ColorName) -> Result<Item> {
        self.check_fields(index)?;
        let category: Category = parse(&self.category, index, "category")?;
        let formality = match self.formality {
            Some(value) => Formality::new(value).map_err(bad(index, "formality"))?,
            None => category.formality(),
        };
        let item = Item {
            id: GarmentId::new(self.id.unwrap_or_else(|| format!("items[{index}]"))),
            category,
            colors: colors(&self.colors, index, name_color)?,
            formality: formality.value(),
            pattern: self
                .pattern
                .map(|name| parse(&name, index, "pattern"))
                .transpose()?,
            material: None,
            open: None,
            seasons: parse_all(&self.seasons, index, "seasons")?,
            styles: parse_all(&self.styles, index, "styles")?,
            embedding: self.embedding,
            laundry: false,
            certainty: 1.0,
            worn: Vec::new(),
        };
        item.check()?;
        Ok(item)
    }

    fn check_fields(&self, index: usize) -> Result<()> {
        let unknown = |field: &&String| !IGNORED.contains(&field.as_str());
        let Some(field) = self.other.keys().find(unknown) else {
            return Ok(());
        };
        Err(Error::UnknownField {
            index,
            field: field.clone(),
            near: did_you_mean(field, USED)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }
}

fn colors(
    texts: &[String],
    index: usize,
    name_color: impl Fn(Rgb8) -> ColorName,
) -> Result<Vec<Color>> {
    let fraction = 1.0 / texts.len().max(1) as f32;
    texts
        .iter()
        .map(|text| {
            let (name, hex) = if text.starts_with('#') {
                let hex: Rgb8 = parse(text, index, "colors")?;
                (name_color(hex), hex)
            } else {
                let name: ColorName = parse(text, index, "colors")?;
                (name, name.srgb())
            };
            Ok(Color {
                name,
                hex,
                fraction,
            })
        })
        .collect()
}

fn bad(index: usize, field: &'static str) -> impl Fn(wardrobe_types::Error) -> Error {
    move |source| Error::BadInput {
        index,
        field,
        source,
    }
}

fn parse<T: FromStr<Err = wardrobe_types::Error>>(
    text: &str,
    index: usize,
    field: &'static str,
) -> Result<T> {
    text.parse().map_err(bad(index, field))
}

fn parse_all<T: FromStr<Err = wardrobe_types::Error>>(
    texts: &[String],
    index: usize,
    field: &'static str,
) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(text, index, field)).collect()
}
