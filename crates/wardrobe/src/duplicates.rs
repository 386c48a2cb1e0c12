//! Photos that look alike, side by side.

use std::collections::HashMap;

use serde::Serialize;
use wardrobe_detect::{Detection, contact_sheet, draw, thumbnail};
use wardrobe_ingest::{PerceptualHash, RgbImage};
use wardrobe_types::{BoxXyxy, Garment};

use crate::{Result, Wardrobe};

/// Two photos that look alike, and are perhaps of one garment.
#[derive(Debug, Clone, Serialize)]
pub struct LookAlike {
    /// Bits of the perceptual hashes that differ, of 64.
    pub bits: u32,
    /// The two photos, the earlier one first.
    pub photos: [Shot; 2],
}

/// A photo with its garments.
#[derive(Debug, Clone, Serialize)]
pub struct Shot {
    /// The stored photo, relative to the wardrobe's folder.
    pub photo: String,
    /// What the file was called when it came in.
    pub name: String,
    /// The garments on it.
    pub garments: Vec<Garment>,
}

impl Wardrobe {
    /// The pairs of photos that look alike, those most alike first. Further photos of a garment are looked for no
    /// duplicates of, nor removed garments.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn look_alikes(&self) -> Result<Vec<LookAlike>> {
        let mut on: HashMap<String, Vec<Garment>> = HashMap::new();
        for garment in self.store.garments()? {
            on.entry(garment.photo.clone()).or_default().push(garment);
        }
        let photos = self.store.photos()?.into_iter();
        let shots = photos.filter_map(|photo| {
            let shot = Shot {
                garments: on.remove(&photo.file)?,
                photo: photo.file,
                name: photo.name,
            };
            Some((photo.phash, shot))
        });
        let shots: Vec<(PerceptualHash, Shot)> = shots.collect();
        let mut pairs = Vec::new();
        for (place, (hash, later)) in shots.iter().enumerate() {
            let alike = shots[..place]
                .iter()
                .filter(|(other, _)| other.is_near_duplicate(*hash));
            pairs.extend(alike.map(|(other, earlier)| LookAlike {
                bits: other.distance(*hash),
                photos: [earlier.clone(), later.clone()],
            }));
        }
        pairs.sort_by_key(|pair| pair.bits);
        Ok(pairs)
    }

    /// Pairs as one picture, three pairs a row, the two photos of a pair beside each other with the ids of their garments.
    /// `None` where there are none.
    ///
    /// # Errors
    /// A photo that cannot be read.
    pub fn look_alikes_picture(&self, pairs: &[LookAlike]) -> Result<Option<RgbImage>> {
        if pairs.is_empty() {
            return Ok(None);
        }
        let shots = pairs.iter().flat_map(|pair| &pair.photos);
        let pictures = shots
            .map(|shot| self.labelled(shot))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(contact_sheet(&pictures)?))
    }

    /// A small picture of a photo with its garments' ids.
    fn labelled(&self, shot: &Shot) -> Result<RgbImage> {
        let photo = wardrobe_ingest::load(self.path(&shot.photo))?.image;
        let small = thumbnail(&photo)?;
        let scale = small.width() as f32 / photo.width() as f32;
        let labels = shot.garments.iter().map(|garment| Detection {
            bbox: BoxXyxy {
                x0: garment.bbox.x0 * scale,
                y0: garment.bbox.y0 * scale,
                x1: garment.bbox.x1 * scale,
                y1: garment.bbox.y1 * scale,
            },
            class: garment.id.to_string().into(),
            confidence: 1.0,
        });
        Ok(draw(&small, &labels.collect::<Vec<_>>()))
    }
}
