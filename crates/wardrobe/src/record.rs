//! A garment's row in the database, and the garment it becomes under the wearer's corrections.

use rusqlite::Row;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wardrobe_attributes::tagger::Tagged;
use wardrobe_types::{
    BoxXyxy, Category, Color, EmbedderId, Fit, Formality, Garment, GarmentId, Pattern, Season,
    Slot, Style,
};

use crate::{Edit, priors};

/// What the models saw of one garment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// Its id: the beginning of its photo's hash, and its place in the photo.
    pub(crate) id: GarmentId,
    /// Its crop, relative to the wardrobe's folder.
    pub(crate) crop: String,
    /// Pixels of the upright photo.
    pub(crate) bbox: BoxXyxy,
    /// The classifier's first choice.
    pub(crate) category: Category,
    /// Its probability, 0..=1.
    pub(crate) category_confidence: f32,
    /// Dominant colours, the main one first.
    pub(crate) colors: Vec<Color>,
    /// What the tagger said.
    pub(crate) tags: SeenTags,
    /// The model that embedded it.
    pub(crate) embedder: EmbedderId,
}

/// What a tagger was sure of. All of it is kept; a garment takes its pattern, fit and styles from it.
///
/// Not formality and seasons: what catalogues teach of them (the season of a collection, three usages) says less of a
/// photo than its category does (weights/starter-tagger.md).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SeenTags {
    pub(crate) pattern: Option<Pattern>,
    pub(crate) fit: Option<Fit>,
    pub(crate) formality: Option<Formality>,
    pub(crate) seasons: Vec<Season>,
    pub(crate) styles: Vec<Style>,
}

impl From<&Tagged> for SeenTags {
    fn from(tagged: &Tagged) -> Self {
        Self {
            pattern: tagged.pattern.value,
            fit: tagged.fit.value,
            formality: tagged.formality,
            seasons: tagged.seasons.values.clone(),
            styles: tagged.styles.values.clone(),
        }
    }
}

impl SeenTags {
    /// The pattern of a garment that has one: nobody has told the tagger of patterns on shoes and accessories.
    fn pattern_of(&self, category: Category) -> Option<Pattern> {
        let cloth = |slot: &Slot| !matches!(slot, Slot::Shoes | Slot::Accessory);
        self.pattern.filter(|_| category.slots().iter().all(cloth))
    }
}

/// One row of the garments with its photo's file and its corrections.
pub(crate) struct GarmentRow {
    seen: Seen,
    photo: String,
    created_at: String,
    edit: Edit,
}

/// The columns [`GarmentRow::read`] expects, from garments `g`, photos `p` and the edits.
pub(crate) const GARMENTS: &str = "
    SELECT g.id, g.crop, g.bbox, g.category, g.category_confidence, g.colors, g.embedder,
           g.tags, p.file, g.created_at,
           (SELECT json_group_object(field, json(value)) FROM edits WHERE garment = g.id)
    FROM garments g JOIN photos p ON p.sha256 = g.photo";

/// The condition on those [`GARMENTS`] that are there to be seen: not removed, and not a further photo of another.
pub(crate) const SHOWN: &str = "g.removed_at IS NULL AND g.view_of IS NULL";

impl GarmentRow {
    /// Reads a row of [`GARMENTS`].
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let seen = Seen {
            id: GarmentId::new(row.get::<_, String>(0)?),
            crop: row.get(1)?,
            bbox: json(row, 2)?,
            category: name(row, 3)?,
            category_confidence: row.get(4)?,
            colors: json(row, 5)?,
            embedder: EmbedderId::new(row.get::<_, String>(6)?),
            tags: match row.get::<_, Option<String>>(7)? {
                Some(_) => json(row, 7)?,
                None => SeenTags::default(),
            },
        };
        Ok(Self {
            seen,
            photo: row.get(8)?,
            created_at: row.get(9)?,
            edit: json(row, 10)?,
        })
    }

    /// The garment: what the wearer said, else what the models saw, else the category's prior.
    pub(crate) fn garment(self) -> Garment {
        let Self {
            seen,
            photo,
            created_at,
            edit,
        } = self;
        let category = edit.category.unwrap_or(seen.category);
        let stated = edit.category.is_some();
        Garment {
            id: seen.id,
            photo,
            crop: seen.crop,
            bbox: seen.bbox,
            category,
            category_confidence: if stated {
                1.0
            } else {
                seen.category_confidence
            },
            slots: category.slots().to_vec(),
            colors: edit.colors.unwrap_or(seen.colors),
            pattern: edit.pattern.or(seen.tags.pattern_of(category)),
            fit: edit.fit.or(seen.tags.fit),
            material: edit.material,
            open: edit.open,
            formality: edit.formality.unwrap_or(category.formality()).value(),
            seasons: edit.seasons.unwrap_or_else(|| priors::seasons(category)),
            styles: edit.styles.unwrap_or(seen.tags.styles),
            embedder: seen.embedder,
            laundry: edit.laundry.unwrap_or(false),
            created_at,
        }
    }
}

/// A column of JSON text.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

/// A column of a vocabulary's name.
pub(crate) fn name<T: std::str::FromStr<Err = wardrobe_types::Error>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
