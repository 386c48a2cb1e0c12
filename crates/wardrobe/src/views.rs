//! Several photos of one garment.
//!
//! A further photo is a row among the garments like any other, with its crop and its vectors, that says whose photo it is.
//! It is not shown, and what looks for garments by their looks takes the best of a garment's photos: front and back look
//! different, and a mean of the two would look like neither.

use std::collections::HashMap;
use std::path::Path;

use wardrobe_ingest::RgbImage;
use wardrobe_types::{Embedding, Garment, GarmentId};

use crate::details::Details;
use crate::ingest::examine::{Examined, Ready, examine};
use crate::ingest::row_of;
use crate::{Error, Look, Result, Wardrobe};

impl Wardrobe {
    /// Adds a further photo to a garment. Of the garments found in the photo, the one that looks most like it is taken,
    /// and the others are not. The garment stays what its first photo shows: category, colours and the rest do not change.
    ///
    /// Where the photo is in the wardrobe already, with one garment, it is [`Wardrobe::join`] that is meant.
    ///
    /// # Errors
    /// As [`Wardrobe::garment`] and [`Wardrobe::join`]; [`Error::SeveralGarments`], [`Error::PhotoRejected`]; a photo that
    /// cannot be read; models that cannot be loaded; a wardrobe that cannot be written.
    pub fn add_photo(&mut self, id: &str, path: &Path) -> Result<Details> {
        let garment = self.garment(id)?;
        let is_stored = |sha256: &str| {
            self.store
                .seen_in(sha256)
                .is_ok_and(|seen| !seen.is_empty())
        };
        match examine(path, self.detector()?, is_stored)? {
            Examined::Known { sha256 } => match self.store.seen_in(&sha256)?.as_slice() {
                [only] => self.join_rows(&garment, only),
                several => Err(Error::SeveralGarments {
                    path: path.to_path_buf(),
                    garments: several
                        .iter()
                        .map(|garment| garment.id.to_string())
                        .collect(),
                }),
            },
            Examined::Rejected { reason, .. } => Err(Error::PhotoRejected {
                path: path.to_path_buf(),
                reason,
            }),
            Examined::Ready(mut ready) => {
                let look = self.most_like(&garment, &mut ready)?;
                let row = row_of(path, &ready);
                self.store_photo_of(&row, &ready, &[look], Some(&garment.id))?;
                self.details(garment.id.as_str())
            }
        }
    }

    /// Makes one garment of two that are the same: the other's photos become further photos of the first, and its wear
    /// counts for it. What was said of the other is kept for when [`Wardrobe::split`] takes them apart again.
    ///
    /// # Errors
    /// As [`Wardrobe::garment`]; [`Error::AlreadyItsPhoto`]; a database that cannot be written.
    pub fn join(&mut self, id: &str, other: &str) -> Result<Details> {
        let garment = self.garment(id)?;
        let other = self.store.find_among("g.removed_at IS NULL", other)?;
        self.join_rows(&garment, &other)
    }

    fn join_rows(&mut self, garment: &Garment, other: &Garment) -> Result<Details> {
        let photos = self.details(garment.id.as_str())?.photos;
        if photos.iter().any(|view| view.id == other.id) {
            return Err(Error::AlreadyItsPhoto {
                garment: garment.id.to_string(),
                photo: other.id.to_string(),
            });
        }
        let failed = self.store.failed();
        let sql = "UPDATE garments SET view_of = ?1, removed_at = CASE WHEN id = ?2 THEN NULL ELSE removed_at END
                   WHERE id = ?2 OR view_of = ?2";
        self.store.transaction(|tx| {
            tx.execute(sql, [garment.id.as_str(), other.id.as_str()])
                .map_err(failed)
        })?;
        self.details(garment.id.as_str())
    }

    /// Makes a garment of its own of a further photo.
    ///
    /// # Errors
    /// [`Error::NoFurtherPhoto`], [`Error::AmbiguousGarment`]; a database that cannot be written.
    pub fn split(&mut self, id: &str) -> Result<Garment> {
        let photo = match self
            .store
            .find_among("g.view_of IS NOT NULL AND g.removed_at IS NULL", id)
        {
            Err(Error::UnknownGarment { id }) => Err(Error::NoFurtherPhoto { id }),
            found => found,
        }?;
        let sql = "UPDATE garments SET view_of = NULL WHERE id = ?1";
        self.store
            .with(|connection| connection.execute(sql, [photo.id.as_str()]))?;
        Ok(photo)
    }

    /// Shows the models a photo's garments and leaves in it the one that looks most like `garment`: by the embeddings, or
    /// the largest where another embedder than the one at hand has embedded it.
    fn most_like(&self, garment: &Garment, ready: &mut Ready) -> Result<Look> {
        let shown: Vec<&RgbImage> = ready.cuts.iter().map(|cut| &cut.shown).collect();
        let mut looks = self.models()?.look(&shown)?;
        if let Some(clip) = self.clip()? {
            clip.look(&shown, &mut looks)?;
        }
        let mut looks: Vec<Look> = looks.into_iter().collect::<Result<_>>()?;
        let views = self.embeddings(garment)?;
        let likeness = |place: usize| {
            let alike = views
                .iter()
                .filter_map(|view| view.cosine(&looks[place].embedding).ok());
            alike.reduce(f32::max)
        };
        let area = |place: usize| ready.cuts[place].bbox.area();
        let best = (0..looks.len()).max_by(|&a, &b| {
            let by_look = likeness(a).partial_cmp(&likeness(b));
            by_look
                .filter(|order| order.is_ne())
                .unwrap_or_else(|| area(a).total_cmp(&area(b)))
        });
        let best = best.unwrap_or_default();
        ready.cuts = vec![ready.cuts.swap_remove(best)];
        ready.jpegs = vec![ready.jpegs.swap_remove(best)];
        Ok(looks.swap_remove(best))
    }

    /// The embeddings of all photos of a garment by the embedder of its first.
    pub(crate) fn embeddings(&self, garment: &Garment) -> Result<Vec<Embedding>> {
        let views = self.store.views_of(&garment.id)?;
        let ids = std::iter::once(&garment.id).chain(views.iter().map(|view| &view.id));
        let mut embeddings = Vec::new();
        for id in ids {
            embeddings.extend(self.vectors()?.get(&garment.embedder, id)?);
        }
        Ok(embeddings)
    }

    /// The garments most like any of these looks, with the cosine of their best photo, best first.
    pub(crate) fn nearest(&self, to: &[Embedding], k: usize) -> Result<Vec<(GarmentId, f32)>> {
        let hidden = self.store.hidden()?;
        let mut best: HashMap<GarmentId, f32> = HashMap::new();
        for embedding in to {
            // So many hits at most are not shown or one of several photos.
            let hits = self
                .vectors()?
                .nearest(embedding, k.saturating_add(hidden.len()))?;
            for (id, score) in hits {
                let shown = match hidden.get(&id) {
                    None => id,
                    Some(Some(shown)) => shown.clone(),
                    Some(None) => continue,
                };
                let best = best.entry(shown).or_insert(score);
                *best = best.max(score);
            }
        }
        let mut nearest: Vec<(GarmentId, f32)> = best.into_iter().collect();
        nearest.sort_by(|(a, a_score), (b, b_score)| {
            b_score.total_cmp(a_score).then_with(|| a.cmp(b))
        });
        nearest.truncate(k);
        Ok(nearest)
    }
}
