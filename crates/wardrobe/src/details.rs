//! Everything known of one garment.

use serde::Serialize;
use wardrobe_types::{BoxXyxy, Garment, GarmentId};

use crate::wear::Usage;
use crate::{Result, Wardrobe};

/// A garment with its photos, its wear and what it cost.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    /// The garment.
    #[serde(flatten)]
    pub garment: Garment,
    /// Its photos, the first one first.
    pub photos: Vec<View>,
    /// How much it was worn.
    pub worn: Usage,
    /// What it cost, in the wearer's own currency.
    pub price: Option<f64>,
    /// The price by the days it was worn on; `None` before the first.
    pub cost_per_wear: Option<f64>,
}

/// One photo of a garment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The garment's own id for its first photo, and an id like it for each further one.
    pub id: GarmentId,
    /// The stored photo, relative to the wardrobe's folder.
    pub photo: String,
    /// The stored crop, relative to the wardrobe's folder.
    pub crop: String,
    /// Where the garment is, in pixels of the upright photo.
    pub bbox: BoxXyxy,
}

impl From<&Garment> for View {
    fn from(garment: &Garment) -> Self {
        Self {
            id: garment.id.clone(),
            photo: garment.photo.clone(),
            crop: garment.crop.clone(),
            bbox: garment.bbox,
        }
    }
}

impl Wardrobe {
    /// Everything known of a garment, by its id or the beginning of it.
    ///
    /// # Errors
    /// As [`Wardrobe::garment`].
    pub fn details(&self, id: &str) -> Result<Details> {
        let garment = self.garment(id)?;
        let worn = self.usage()?.remove(&garment.id).unwrap_or_default();
        let price = self.store.edit_of(&garment.id)?.price;
        let further = self.store.views_of(&garment.id)?;
        Ok(Details {
            photos: std::iter::once(&garment)
                .chain(&further)
                .map(View::from)
                .collect(),
            cost_per_wear: price
                .filter(|_| worn.times > 0)
                .map(|price| price / worn.times as f64),
            garment,
            worn,
            price,
        })
    }
}
