//! Photos decoded when they are first needed, at the size they are learned at, and kept while there is room.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wardrobe_ingest::{LetterboxOptions, RgbImage, letterbox_with};

/// A photo whose longer side is that of the network's input.
#[derive(Debug)]
pub(super) struct Photo {
    pub(super) image: RgbImage,
    /// Its pixels a pixel of the file's.
    pub(super) scale: f32,
}

/// The photos of a run.
#[derive(Debug)]
pub(super) struct Photos {
    paths: Vec<PathBuf>,
    side: u32,
    kept: Vec<OnceLock<Option<Arc<Photo>>>>,
    room: u64,
    used: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Photos {
    /// Photos of `side` pixels the longer side, in at most `room` bytes.
    pub(super) fn new(paths: Vec<PathBuf>, side: usize, room: u64) -> Self {
        Self {
            kept: paths.iter().map(|_| OnceLock::new()).collect(),
            paths,
            side: side as u32,
            room,
            used: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    /// The photo of a number; `None` for one that cannot be read.
    pub(super) fn get(&self, number: usize) -> Option<Arc<Photo>> {
        let kept = &self.kept[number];
        if let Some(photo) = kept.get() {
            return photo.clone();
        }
        match self.read(number) {
            Ok(photo) => {
                let photo = Some(Arc::new(photo));
                let bytes = u64::from(self.side).pow(2) * 3;
                if self.used.fetch_add(bytes, Ordering::Relaxed) < self.room {
                    drop(kept.set(photo.clone()));
                }
                photo
            }
            Err(error) => {
                // Another thread may have failed at it too; it is told once.
                if kept.set(None).is_ok() {
                    self.failures().push(error.to_string());
                }
                None
            }
        }
    }

    fn read(&self, number: usize) -> wardrobe_ingest::Result<Photo> {
        let photo = wardrobe_ingest::load(&self.paths[number])?;
        // As in use: the same scaling, but without the padding.
        let options = LetterboxOptions {
            stride: Some(1),
            ..LetterboxOptions::square(self.side)
        };
        let fitted = letterbox_with(&photo.image, &options)?;
        Ok(Photo {
            image: fitted.image,
            scale: fitted.scale,
        })
    }

    /// Why photos could not be read, since this was last asked.
    pub(super) fn take_failures(&self) -> Vec<String> {
        std::mem::take(&mut *self.failures())
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
