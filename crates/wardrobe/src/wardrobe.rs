//! The wardrobe itself: opening it, and its garments.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use rusqlite::Transaction;
use wardrobe_types::{EmbedderId, Garment, GarmentId};

use crate::database::Access;
use crate::home::Home;
use crate::models::find_outfit_scorer;
use crate::store::{Store, delete_edits, garment_in, insert_edit};
use crate::vectors::{self, Vectors};
use crate::{
    Clip, Edit, Filter, GarmentDetector, ModelOptions, Models, OutfitScorer, Result, database,
};

/// One folder of photos, garments and what is known of them.
#[derive(Debug)]
pub struct Wardrobe {
    pub(crate) home: Home,
    pub(crate) store: Store,
    pub(crate) vectors: OnceCell<Vectors>,
    models: OnceCell<Models>,
    clip: OnceCell<Option<Clip>>,
    detector: OnceCell<Option<GarmentDetector>>,
    options: ModelOptions,
    access: Access,
}

impl Wardrobe {
    /// Opens the wardrobe in a folder, which is made where there is none. Models are loaded when
    /// they are first needed.
    ///
    /// # Errors
    /// [`crate::Error::NotAFolder`], [`crate::Error::NewerFormat`], [`crate::Error::NotAWardrobe`]; a folder or database
    /// that cannot be made or written.
    pub fn open(home: impl AsRef<Path>, options: ModelOptions) -> Result<Self> {
        let home = Home::at(home.as_ref())?;
        home.create()?;
        let wardrobe = Self::new(home, options, Access::Write)?;
        wardrobe.home.sweep();
        wardrobe.vectors()?;
        Ok(wardrobe)
    }

    /// Opens the wardrobe in a folder without making anything: where there is none, it is empty.
    /// For looking only; a change to a wardrobe that is not there is lost.
    ///
    /// # Errors
    /// As [`Wardrobe::open`], for what is there.
    pub fn open_to_read(home: impl AsRef<Path>, options: ModelOptions) -> Result<Self> {
        Self::new(Home::at(home.as_ref())?, options, Access::Read)
    }

    /// Whether there is a wardrobe in a folder.
    ///
    /// # Errors
    /// [`crate::Error::NotAFolder`].
    pub fn exists(home: impl AsRef<Path>) -> Result<bool> {
        Ok(Home::at(home.as_ref())?.database().exists())
    }

    fn new(home: Home, options: ModelOptions, access: Access) -> Result<Self> {
        let store = Store::new(database::open(&home, access)?, home.database());
        Ok(Self {
            home,
            store,
            vectors: OnceCell::new(),
            models: OnceCell::new(),
            clip: OnceCell::new(),
            detector: OnceCell::new(),
            options,
            access,
        })
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        self.home.root()
    }

    /// Where a garment's `photo` or `crop` is now.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.home.path(relative)
    }

    /// What judges outfits of this embedder's garments, where there are weights for it.
    pub(crate) fn outfit_scorer(&self, embedder: &EmbedderId) -> Result<Option<OutfitScorer>> {
        find_outfit_scorer(&self.options, embedder)
    }

    /// The models, loaded on first use.
    ///
    /// # Errors
    /// As [`Models::load`].
    pub fn models(&self) -> Result<&Models> {
        if let Some(models) = self.models.get() {
            return Ok(models);
        }
        let models = Models::load(&self.options)?;
        Ok(self.models.get_or_init(|| models))
    }

    /// CLIP, looked for on first use; `None` where its weights are not at hand.
    ///
    /// # Errors
    /// As [`Clip::find`].
    pub fn clip(&self) -> Result<Option<&Clip>> {
        if let Some(clip) = self.clip.get() {
            return Ok(clip.as_ref());
        }
        let clip = Clip::find(&self.options)?;
        Ok(self.clip.get_or_init(|| clip).as_ref())
    }

    /// The detector of garments, looked for on first use; `None` where its weights are not at hand or not wanted.
    ///
    /// # Errors
    /// As [`GarmentDetector::find`].
    pub fn detector(&self) -> Result<Option<&GarmentDetector>> {
        if let Some(detector) = self.detector.get() {
            return Ok(detector.as_ref());
        }
        let detector = GarmentDetector::find(&self.options)?;
        Ok(self.detector.get_or_init(|| detector).as_ref())
    }

    /// The embeddings, opened on first use.
    pub(crate) fn vectors(&self) -> Result<&Vectors> {
        if let Some(vectors) = self.vectors.get() {
            return Ok(vectors);
        }
        let vectors = Vectors::new(database::open(&self.home, self.access)?)?;
        Ok(self.vectors.get_or_init(|| vectors))
    }

    /// The garments that pass a filter, in the order they came in.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn garments(&self, filter: &Filter) -> Result<Vec<Garment>> {
        let mut garments = self.store.garments()?;
        garments.retain(|garment| filter.matches(garment));
        Ok(garments)
    }

    /// One garment, by its id or the beginning of it.
    ///
    /// # Errors
    /// [`crate::Error::UnknownGarment`], [`crate::Error::AmbiguousGarment`].
    pub fn garment(&self, id: &str) -> Result<Garment> {
        self.store.find(id)
    }

    /// Corrects a garment, for good: no model overrules it. Fields the edit leaves open stay.
    ///
    /// # Errors
    /// As [`Wardrobe::garment`]; a database that cannot be written.
    pub fn edit(&mut self, id: &str, edit: &Edit) -> Result<Garment> {
        self.correct(id, |tx, id| insert_edit(tx, id, edit))
    }

    /// Takes back all corrections of a garment, the laundry included; its price stays.
    ///
    /// # Errors
    /// As [`Wardrobe::edit`].
    pub fn reset(&mut self, id: &str) -> Result<Garment> {
        self.correct(id, delete_edits)
    }

    /// Changes a garment's corrections, and with them what its vectors are filtered by.
    fn correct(
        &mut self,
        id: &str,
        change: impl FnOnce(&Transaction<'_>, &GarmentId) -> rusqlite::Result<()>,
    ) -> Result<Garment> {
        let id = self.garment(id)?.id;
        let collections = self.vectors()?.collections()?;
        let failed = self.store.failed();
        self.store.transaction(|tx| {
            change(tx, &id).map_err(&failed)?;
            let garment = garment_in(tx, &id).map_err(&failed)?;
            vectors::describe_in(tx, &garment, false, &collections)?;
            Ok(garment)
        })
    }

    /// The full ids that a request's garments, given by id or beginning of id, stand for.
    pub(crate) fn resolve(&self, ids: &[GarmentId]) -> Result<Vec<GarmentId>> {
        ids.iter()
            .map(|id| Ok(self.garment(id.as_str())?.id))
            .collect()
    }
}
