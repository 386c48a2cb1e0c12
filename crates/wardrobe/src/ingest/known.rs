//! What an ingest needs to know of the photos already there.

use std::collections::{HashMap, HashSet};

use wardrobe_ingest::PerceptualHash;

use crate::store::PhotoRow;
use crate::{Result, Wardrobe};

/// The wardrobe's photos, by content and by looks.
pub(super) struct Known {
    photos: HashMap<String, PhotoRow>,
    hashes: Vec<(PerceptualHash, String)>,
    /// Photos with a garment that an embedder at hand has not embedded.
    stale: HashSet<String>,
}

impl Known {
    /// Reads what is there.
    pub(super) fn read(wardrobe: &Wardrobe) -> Result<Self> {
        let store = &wardrobe.store;
        let mut stale = store.photos_not_by(wardrobe.models()?.embedder())?;
        if let Some(clip) = wardrobe.clip()? {
            let embedded = wardrobe.vectors()?.ids(clip.id())?;
            stale.extend(store.photos_beyond(&embedded)?);
        }
        let mut known = Self {
            photos: HashMap::new(),
            hashes: Vec::new(),
            stale,
        };
        for photo in store.photos()? {
            known.insert(photo);
        }
        let removed = store.photos_removed()?;
        known.hashes.retain(|(_, sha256)| !removed.contains(sha256));
        Ok(known)
    }

    /// Takes note of one more photo, or of one looked at again.
    pub(super) fn add(&mut self, photo: PhotoRow) {
        self.stale.remove(&photo.sha256);
        self.insert(photo);
    }

    fn insert(&mut self, photo: PhotoRow) {
        let sha256 = photo.sha256.clone();
        let phash = photo.phash;
        if self.photos.insert(sha256.clone(), photo).is_none() {
            self.hashes.push((phash, sha256));
        }
    }

    /// The photo with this very content.
    pub(super) fn same(&self, sha256: &str) -> Option<&PhotoRow> {
        self.photos.get(sha256)
    }

    /// Whether there is nothing to be learned from this content.
    pub(super) fn is_settled(&self, sha256: &str) -> bool {
        self.photos.contains_key(sha256) && !self.stale.contains(sha256)
    }

    /// Of the other photos that look like this one, the nearest, with the bits that differ.
    pub(super) fn near(&self, sha256: &str, phash: PerceptualHash) -> Option<(&PhotoRow, u32)> {
        let alike = self
            .hashes
            .iter()
            .filter(|(other, of)| other.is_near_duplicate(phash) && of != sha256)
            .min_by_key(|(other, _)| other.distance(phash));
        alike.and_then(|(other, of)| Some((self.photos.get(of)?, other.distance(phash))))
    }
}
