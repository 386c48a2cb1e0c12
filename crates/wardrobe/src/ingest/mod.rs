//! Photos to garments.
//!
//! Photos go through in chunks: each chunk is read, decoded and measured on all cores, looked at by
//! the models in one batch, and stored photo by photo, each in one transaction. Between photos, a
//! full-size picture lives only while its own core works on it, so memory does not grow with the
//! number of photos.

pub(crate) mod examine;
mod identity;
mod known;
mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use wardrobe_ingest::{RgbImage, discover};
use wardrobe_types::{Garment, GarmentId};

use self::examine::{Cut, Examined, Ready, examine};
use self::identity::{identify, recognise};
use self::known::Known;
pub use self::report::{IngestReport, PhotoReport, PhotoStatus, Summary, Warning, WarningKind};
use crate::clothing::{ClothingRule, Evidence};
use crate::home::Home;
use crate::models::Look;
use crate::reconcile::reconcile;
use crate::record::Seen;
use crate::store::{
    PhotoRow, delete_garment, garment_in, insert_photo, is_removed, set_view_of, upsert_garment,
};
use crate::{Delivery, Result, Wardrobe, vectors};

/// Photos read ahead of the models; also the models' batch.
const CHUNK: usize = 16;
/// A server is sent what is new after so many chunks.
const CHUNKS_A_DELIVERY: usize = 16;
/// Hexadecimal digits of the photo's hash in its file name: 80 bits.
const FILE_DIGITS: usize = 20;

/// What an ingest does with photos it doubts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestOptions {
    /// Takes in photos in which no clothes are seen too.
    pub force: bool,
}

/// How an ingest is getting on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// So many photos were found; the work begins.
    Found(usize),
    /// One file is done with. Problems found before the work began are not among the photos counted.
    Done(&'a PhotoReport),
    /// A server has taken so many vectors of those that waited for it.
    Sent {
        /// So many so far.
        done: usize,
        /// Of so many.
        total: usize,
    },
}

impl Wardrobe {
    /// Takes photos in: files, or folders with all that is in them.
    ///
    /// Photos that show no clothes, by a detector and the classifier, are kept out and reported; see
    /// [`IngestOptions::force`].
    ///
    /// Photos already there are known by their content and change nothing. A bad file is reported
    /// and the rest goes on. `cancel` is looked at between photos; what is reported as added by
    /// then is stored. If the wardrobe's own folder fails (a full disk), the ingest stops, and the
    /// report says so in [`IngestReport::stopped`]. A server ([`Wardrobe::mirror_to`]) is sent what is new now and then;
    /// once it fails, the rest waits for the next time, and [`IngestReport::server`] says so.
    ///
    /// # Errors
    /// A wardrobe that cannot be written at all, models that cannot be loaded or that fail.
    pub fn ingest<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        cancel: &AtomicBool,
        progress: impl FnMut(Progress<'_>),
    ) -> Result<IngestReport> {
        self.ingest_with(paths, IngestOptions::default(), cancel, progress)
    }

    /// [`Wardrobe::ingest`] with options.
    ///
    /// # Errors
    /// As [`Wardrobe::ingest`].
    pub fn ingest_with<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        options: IngestOptions,
        cancel: &AtomicBool,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<IngestReport> {
        let start = Instant::now();
        let found = discover(paths);
        let mut report = IngestReport::default();
        progress(Progress::Found(found.photos.len()));
        for problem in found.problems {
            let path = problem.path().map(Path::to_path_buf).unwrap_or_default();
            report.push(PhotoReport::kept_out(path, PhotoStatus::Failed, problem));
        }
        report
            .photos
            .iter()
            .for_each(|photo| progress(Progress::Done(photo)));
        if !found.photos.is_empty() {
            let known = Known::read(self)?;
            let mut run = Run {
                wardrobe: self,
                known,
                report: &mut report,
                options,
                cancel,
            };
            run.all(&found.photos, &mut progress)?;
        }
        deliver(self, &mut report, &mut progress)?;
        report.summary.seconds = start.elapsed().as_secs_f64();
        Ok(report)
    }
}

/// Sends a server what waits for it, unless it has failed during this ingest.
fn deliver(
    wardrobe: &Wardrobe,
    report: &mut IngestReport,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<()> {
    let earlier = report.server.take().unwrap_or_default();
    if earlier.error.is_some() {
        let waiting = wardrobe.waiting()?;
        report.server = Some(Delivery { waiting, ..earlier });
        return Ok(());
    }
    let delivery = wardrobe.deliver(|done, total| progress(Progress::Sent { done, total }))?;
    report.server = delivery.map(|now| Delivery {
        sent: earlier.sent + now.sent,
        ..now
    });
    Ok(())
}

/// An ingest on its way.
struct Run<'a> {
    wardrobe: &'a mut Wardrobe,
    known: Known,
    report: &'a mut IngestReport,
    options: IngestOptions,
    cancel: &'a AtomicBool,
}

/// A photo of a chunk: examined, and seen by the models where it is ready for them.
type Outcome = Result<(Examined, Vec<Result<Look>>)>;

impl Run<'_> {
    fn all(&mut self, photos: &[PathBuf], progress: &mut impl FnMut(Progress<'_>)) -> Result<()> {
        for (number, chunk) in photos.chunks(CHUNK).enumerate() {
            if number > 0 && number % CHUNKS_A_DELIVERY == 0 {
                deliver(self.wardrobe, self.report, progress)?;
            }
            for (path, outcome) in chunk.iter().zip(self.look_at(chunk)?) {
                if self.cancel.load(Ordering::Relaxed) {
                    self.report.stopped = Some("interrupted: run it again to go on".into());
                    return Ok(());
                }
                let photo = self.settle(path, outcome).unwrap_or_else(|error| {
                    if error.stops_a_batch() {
                        self.report.stopped = Some(error.to_string());
                    }
                    PhotoReport::kept_out(path.clone(), PhotoStatus::Failed, error)
                });
                progress(Progress::Done(&photo));
                self.report.push(photo);
                if self.report.stopped.is_some() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Examines a chunk on all cores and shows its garments to the models in one batch.
    fn look_at(&self, chunk: &[PathBuf]) -> Result<Vec<Outcome>> {
        let known = &self.known;
        let detector = self.wardrobe.detector()?;
        let examined: Vec<Result<Examined>> = chunk
            .par_iter()
            .map(|path| examine(path, detector, |sha256| known.is_settled(sha256)))
            .collect();
        let shown: Vec<&RgbImage> = examined
            .iter()
            .flatten()
            .flat_map(Examined::shown)
            .collect();
        let mut looks = self.wardrobe.models()?.look(&shown)?;
        if let Some(clip) = self.wardrobe.clip()? {
            clip.look(&shown, &mut looks)?;
        }
        let mut looks = looks.into_iter();
        let outcomes = examined.into_iter().map(|examined| {
            let examined = examined?;
            let count = examined.shown().count();
            Ok((examined, looks.by_ref().take(count).collect()))
        });
        Ok(outcomes.collect())
    }

    /// Stores a photo, or says why not.
    fn settle(&mut self, path: &Path, outcome: Outcome) -> Result<PhotoReport> {
        match outcome? {
            (Examined::Known { sha256 }, _) => self.duplicate(path, &sha256),
            (Examined::Rejected { reason, quality }, _) => {
                let warnings = quality.warnings.into_iter().map(Warning::from).collect();
                let kept_out = PhotoReport::kept_out(path.into(), PhotoStatus::Rejected, reason);
                Ok(PhotoReport {
                    warnings,
                    ..kept_out
                })
            }
            // The same content twice in one chunk.
            (Examined::Ready(ready), _) if self.known.is_settled(&ready.sha256) => {
                self.duplicate(path, &ready.sha256)
            }
            (Examined::Ready(ready), looks) => {
                let looks: Vec<Look> = looks.into_iter().collect::<Result<_>>()?;
                self.keep(path, *ready, &looks)
            }
        }
    }

    fn duplicate(&self, path: &Path, sha256: &str) -> Result<PhotoReport> {
        let mut photo = PhotoReport::new(path.into(), PhotoStatus::Duplicate);
        if let Some(same) = self.known.same(sha256) {
            photo.reason = Some(format!("the same content as {}", same.name));
            photo.duplicate_of = Some(same.file.clone());
        }
        photo.garments = self.wardrobe.store.garments_of(sha256)?;
        if photo.garments.is_empty()
            && let Some(id) = self.wardrobe.store.removed_in(sha256)?
        {
            photo.reason = Some(format!(
                "removed from the wardrobe: `wardrobe restore {id}` brings it back"
            ));
        }
        Ok(photo)
    }

    /// Stores a photo and tells what there is to tell of it, or keeps it out where it shows no clothes.
    fn keep(&mut self, path: &Path, ready: Ready, looks: &[Look]) -> Result<PhotoReport> {
        let renewed = self.known.same(&ready.sha256).is_some();
        // What is in the wardrobe has been asked for.
        let doubt = no_clothes(&ready, looks).filter(|_| !renewed);
        if let Some(doubt) = doubt.clone().filter(|_| !self.options.force) {
            let reason = format!("{}: take it in with --force if it does", doubt.message);
            let kept_out = PhotoReport::kept_out(path.into(), PhotoStatus::Rejected, reason);
            return Ok(PhotoReport {
                warnings: vec![doubt],
                ..kept_out
            });
        }
        let row = row_of(path, &ready);
        let seen = self.wardrobe.store_photo(&row, &ready, looks)?;
        let mut photo = if renewed {
            self.duplicate(path, &ready.sha256)?
        } else {
            PhotoReport::new(path.into(), PhotoStatus::Added)
        };
        photo.warnings = self.warnings(&ready, renewed.then_some(seen.len()));
        photo.warnings.extend(doubt);
        photo.garments = self.wardrobe.store.garments_of(&ready.sha256)?;
        self.known.add(row);
        Ok(photo)
    }

    fn warnings(&self, ready: &Ready, renewed: Option<usize>) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = ready
            .quality
            .warnings
            .iter()
            .cloned()
            .map(Warning::from)
            .collect();
        if ready.undetected {
            let message = "no garment was detected: what stands out from its ground was taken, or the whole photo";
            warnings.push(Warning {
                kind: WarningKind::NothingDetected,
                message: message.into(),
                value: 0.0,
            });
        }
        if let Some(garments) = renewed {
            let message = "looked at again with the models at hand; corrections are kept".into();
            warnings.push(Warning {
                kind: WarningKind::Renewed,
                message,
                value: garments as f32,
            });
        } else if let Some((other, bits)) = self.known.near(&ready.sha256, ready.phash) {
            let message = format!(
                "looks like {}, stored as {}: `wardrobe duplicates` shows both, and how to make one garment of two",
                other.name, other.file
            );
            warnings.push(Warning {
                kind: WarningKind::NearDuplicate,
                message,
                value: bits as f32,
            });
        }
        warnings
    }
}

/// The warning of a photo that a detector looked at and that shows no clothes.
pub(crate) fn no_clothes(ready: &Ready, looks: &[Look]) -> Option<Warning> {
    let evidence = Evidence::of(ready.detected?, looks);
    let probability = ClothingRule::STARTER.doubts(evidence)?;
    Some(Warning {
        kind: WarningKind::NoClothes,
        message: format!("shows no clothes, by a probability of {probability:.3} that it does"),
        value: probability,
    })
}

impl Examined {
    fn shown(&self) -> impl Iterator<Item = &RgbImage> {
        let cuts = match self {
            Self::Ready(ready) => ready.cuts.as_slice(),
            _ => &[],
        };
        cuts.iter().map(|cut| &cut.shown)
    }
}

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
    let best = reconcile(&look.predictions, cut.detected)?;
    Some(Seen {
        crop: Home::crop_name(id.as_str()),
        id,
        bbox: cut.bbox,
        category: best.category,
        category_confidence: best.confidence,
        tags: (&look.tags).into(),
        colors: cut.colors.clone(),
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
