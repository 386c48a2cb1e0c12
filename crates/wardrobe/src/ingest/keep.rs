//! A photo with its garments and vectors, stored all or nothing.

use std::path::Path;

use wardrobe_types::{Garment, GarmentId};

use super::examine::{Cut, Ready};
use super::identity::{identify, recognise};
use crate::home::Home;
use crate::models::Look;
use crate::reconcile::reconcile;
use crate::record::Seen;
use crate::store::{
    PhotoRow, delete_garment, garment_in, insert_photo, is_removed, set_view_of, upsert_garment,
};
use crate::{Result, Wardrobe, vectors};

/// Hexadecimal digits of the photo's hash in its file name: 80 bits.
const FILE_DIGITS: usize = 20;

/// What there is to store of a photo itself.
pub(crate) fn row_of(path: &Path, ready: &Ready) -> PhotoRow {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let key = &ready.sha256[..FILE_DIGITS];
    let extension = ready.format.extensions()[0];
    let file = Home::photo_name(key, extension);
    PhotoRow {
        sha256: ready.sha256.clone(),
        phash: ready.phash,
        name,
        file,
    }
}

/// What there is to store of one garment; `None` if the models named nothing.
fn see(id: GarmentId, cut: &Cut, look: &Look) -> Option<Seen> {
    let best = reconcile(&look.predictions, &cut.detected)?;
    Some(Seen {
        crop: Home::crop_name(id.as_str()),
        id,
        bbox: cut.bbox,
        category: best.category,
        category_confidence: best.confidence,
        tags: (&look.tags).into(),
        colors: cut.colors.named_with(&look.tags.color.probabilities),
        embedder: look.embedding.embedder().clone(),
    })
}

/// A garment about to be stored: what there is to say of it, and the vectors and the crop that go with it.
struct Sight<'a> {
    seen: Seen,
    look: &'a Look,
    jpeg: &'a [u8],
}

impl Wardrobe {
    /// Stores a photo with its garments and vectors, all or nothing: the files first, then all rows
    /// at once. A photo that is there already is renewed.
    pub(crate) fn store_photo(
        &mut self,
        row: &PhotoRow,
        ready: &Ready,
        looks: &[Look],
    ) -> Result<Vec<Seen>> {
        self.store_photo_of(row, ready, looks, None)
    }

    /// The same for a further photo of a garment that is there.
    pub(crate) fn store_photo_of(
        &mut self,
        row: &PhotoRow,
        ready: &Ready,
        looks: &[Look],
        view_of: Option<&GarmentId>,
    ) -> Result<Vec<Seen>> {
        let stored = self.store.seen_in(&row.sha256)?;
        let sights = self.sights(row, ready, looks, &stored)?;
        let gone = self.gone(row, &stored, &sights)?;
        let files = self.write_files(row, ready, &sights);
        if let Err(error) = files.and_then(|()| self.write_rows(row, &sights, &gone, view_of)) {
            if self
                .store
                .seen_in(&row.sha256)
                .is_ok_and(|stored| stored.is_empty())
            {
                self.remove_files(
                    &row.file,
                    sights.iter().map(|sight| sight.seen.crop.as_str()),
                );
            }
            return Err(error);
        }
        // After the rows, as always.
        for garment in &gone {
            self.home.remove(&garment.crop)?;
        }
        Ok(sights.into_iter().map(|sight| sight.seen).collect())
    }

    /// What is to be stored of a photo: all garments seen in it, under the ids they had. Where none of those it had is
    /// shown, removed by the wearer or photos of another garment, nothing new is taken from it.
    fn sights<'a>(
        &self,
        row: &PhotoRow,
        ready: &'a Ready,
        looks: &'a [Look],
        stored: &[Garment],
    ) -> Result<Vec<Sight<'a>>> {
        let boxes: Vec<_> = ready.cuts.iter().map(|cut| cut.bbox).collect();
        let ids = if !stored.is_empty() && self.store.all_hidden_in(&row.sha256)? {
            recognise(&boxes, stored)
        } else {
            let ids = identify(&row.sha256, &boxes, stored);
            ids.into_iter().map(Some).collect()
        };
        let looked_at = ready.cuts.iter().zip(looks).zip(&ready.jpegs).zip(ids);
        let sights = looked_at.filter_map(|(((cut, look), jpeg), id)| {
            let seen = see(id?, cut, look)?;
            Some(Sight { seen, look, jpeg })
        });
        Ok(sights.collect())
    }

    /// The stored garments of a photo that are not seen in it any more. Those that were corrected, removed, worn or have
    /// further photos stay: they are garments to the wearer.
    fn gone(
        &self,
        row: &PhotoRow,
        stored: &[Garment],
        sights: &[Sight<'_>],
    ) -> Result<Vec<Garment>> {
        let is_seen = |id: &GarmentId| sights.iter().any(|sight| sight.seen.id == *id);
        if sights.is_empty() || stored.iter().all(|garment| is_seen(&garment.id)) {
            return Ok(Vec::new());
        }
        let (touched, worn) = (self.store.touched_in(&row.sha256)?, self.usage()?);
        let is_known = |id: &GarmentId| touched.contains(id) || worn.contains_key(id);
        let gone = stored
            .iter()
            .filter(|garment| !is_seen(&garment.id) && !is_known(&garment.id));
        Ok(gone.cloned().collect())
    }

    fn write_files(&self, row: &PhotoRow, ready: &Ready, sights: &[Sight<'_>]) -> Result<()> {
        self.home.write(&row.file, &ready.bytes)?;
        for sight in sights {
            self.home.write(&sight.seen.crop, sight.jpeg)?;
        }
        Ok(())
    }

    fn write_rows(
        &mut self,
        row: &PhotoRow,
        sights: &[Sight<'_>],
        gone: &[Garment],
        view_of: Option<&GarmentId>,
    ) -> Result<()> {
        for embedding in sights.iter().flat_map(|sight| sight.look.embeddings()) {
            self.vectors()?.make_room(embedding)?;
        }
        let collections = self.vectors()?.collections()?;
        let failed = self.store.failed();
        self.store.transaction(|tx| {
            insert_photo(tx, row).map_err(&failed)?;
            for Sight { seen, look, .. } in sights {
                upsert_garment(tx, &row.sha256, seen).map_err(&failed)?;
                if let Some(garment) = view_of {
                    set_view_of(tx, &seen.id, garment).map_err(&failed)?;
                }
                let garment = garment_in(tx, &seen.id).map_err(&failed)?;
                let removed = is_removed(tx, &seen.id).map_err(&failed)?;
                for embedding in look.embeddings() {
                    vectors::upsert_in(tx, &garment, removed, embedding)?;
                }
            }
            for garment in gone {
                vectors::delete_in(tx, &garment.id, &collections)?;
                delete_garment(tx, &garment.id, &row.sha256).map_err(&failed)?;
            }
            Ok(())
        })
    }

    /// Removes files whose rows did not come to be; what cannot be removed does no harm.
    fn remove_files<'a>(&self, photo: &'a str, crops: impl Iterator<Item = &'a str>) {
        for file in std::iter::once(photo).chain(crops) {
            let _ = self.home.remove(file);
        }
    }
}
