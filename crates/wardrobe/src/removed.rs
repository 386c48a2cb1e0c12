//! Removing garments, bringing them back, and removing them for good.

use wardrobe_types::{Garment, GarmentId};

use crate::store::{NOW, delete_garment};
use crate::{Error, Result, Wardrobe, vectors};

impl Wardrobe {
    /// Removes a garment, or one of its further photos, so that [`Wardrobe::restore`] can bring it back: its files, its
    /// corrections and its wear are kept, and taking its photo in again does not. Returns the garment as it was.
    ///
    /// # Errors
    /// [`Error::UnknownGarment`], [`Error::AmbiguousGarment`]; a database that cannot be written.
    pub fn remove(&mut self, id: &str) -> Result<Garment> {
        let garment = self.store.find_among("g.removed_at IS NULL", id)?;
        self.mark(&garment, true)?;
        Ok(garment)
    }

    fn mark(&mut self, garment: &Garment, removed: bool) -> Result<()> {
        let at = if removed { NOW } else { "NULL" };
        let sql = format!("UPDATE garments SET removed_at = {at} WHERE id = ?1");
        let collections = self.vectors()?.collections()?;
        let failed = self.store.failed();
        self.store.transaction(|tx| {
            tx.execute(&sql, [garment.id.as_str()]).map_err(&failed)?;
            vectors::describe_in(tx, garment, removed, &collections)
        })
    }

    /// Brings a removed garment back as it was.
    ///
    /// # Errors
    /// [`Error::NotRemoved`], [`Error::AmbiguousGarment`]; a database that cannot be written.
    pub fn restore(&mut self, id: &str) -> Result<Garment> {
        let garment = match self.store.find_among("g.removed_at IS NOT NULL", id) {
            Err(Error::UnknownGarment { id }) => Err(Error::NotRemoved { id }),
            found => found,
        }?;
        self.mark(&garment, false)?;
        Ok(garment)
    }

    /// The garments that were removed and can come back, the last one removed first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn removed(&self) -> Result<Vec<Garment>> {
        self.store.removed()
    }

    /// Removes a garment for good, whether it was removed before or not: its further photos and corrections with it, its
    /// crop, and its photo with the last garment on it. Returns the garment as it was.
    ///
    /// # Errors
    /// As [`Wardrobe::remove`]; a file that cannot be removed.
    pub fn purge(&mut self, id: &str) -> Result<Garment> {
        let garment = self.store.find_among("TRUE", id)?;
        // The further photos first: they hang on the garment.
        let mut rows = Vec::new();
        for row in self
            .store
            .all_views_of(&garment.id)?
            .into_iter()
            .chain([garment.clone()])
        {
            let photo = self.store.photo_of(&row.id)?;
            rows.push((row, photo));
        }
        let collections = self.vectors()?.collections()?;
        let failed = self.store.failed();
        let free_photos = self.store.transaction(|tx| {
            let mut free = Vec::new();
            for (row, photo) in &rows {
                vectors::delete_in(tx, &row.id, &collections)?;
                if delete_garment(tx, &row.id, &photo.sha256).map_err(&failed)? {
                    free.push(&photo.file);
                }
            }
            Ok(free)
        })?;
        // After the rows: a crash in between leaves a file too many, never a row without its file.
        for (row, _) in &rows {
            self.home.remove(&row.crop)?;
        }
        for photo in free_photos {
            self.home.remove(photo)?;
        }
        Ok(garment)
    }

    /// Removes for good what was removed before, all of it.
    ///
    /// # Errors
    /// As [`Wardrobe::purge`].
    pub fn purge_removed(&mut self) -> Result<Vec<Garment>> {
        let removed = self.removed()?;
        let ids: Vec<GarmentId> = removed.iter().map(|garment| garment.id.clone()).collect();
        for id in ids {
            match self.purge(id.as_str()) {
                // It went with the garment it was a photo of.
                Err(Error::UnknownGarment { .. }) => {}
                done => {
                    done?;
                }
            }
        }
        Ok(removed)
    }
}
