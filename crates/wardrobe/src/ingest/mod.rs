//! Photos to garments.
//!
//! Photos go through in chunks: each chunk is read, decoded and measured on all cores, looked at by
//! the models in one batch, and stored photo by photo, each in one transaction. Between photos, a
//! full-size picture lives only while its own core works on it, so memory does not grow with the
//! number of photos.

pub(crate) mod examine;
mod identity;
mod keep;
mod known;
mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use wardrobe_ingest::{RgbImage, discover};

use self::examine::{Examined, Ready, examine};
pub(crate) use self::keep::row_of;
use self::known::Known;
pub use self::report::{IngestReport, PhotoReport, PhotoStatus, Summary, Warning, WarningKind};
use crate::clothing::{ClothingRule, Evidence};
use crate::models::Look;
use crate::{Delivery, Result, Wardrobe};

/// Photos read ahead of the models; also the models' batch.
const CHUNK: usize = 16;
/// A server is sent what is new after so many chunks.
const CHUNKS_A_DELIVERY: usize = 16;

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
