//! Photos decoded once and kept in memory, at the size that training samples from.

use super::Picture;
use crate::error::Result;
use crate::progress::Event;
use rayon::prelude::*;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::resize::{Filter, resize};

/// Square photos in memory: 62 kB each at a side of 144.
#[derive(Debug)]
pub struct PhotoCache {
    photos: Vec<Option<RgbImage>>,
}

impl PhotoCache {
    /// Decodes and squashes `pictures` to `side` x `side`. One that cannot be read is left out with an
    /// [`Event::Skipped`].
    ///
    /// # Errors
    /// None of them can be read.
    pub fn load(pictures: &[&Picture], side: usize, watch: &mut dyn FnMut(Event)) -> Result<Self> {
        const CHUNK: usize = 256;
        let side = side as u32;
        let mut photos = Vec::with_capacity(pictures.len());
        let mut failure = None;
        for chunk in pictures.chunks(CHUNK) {
            let read = |picture: &&Picture| -> Result<RgbImage> {
                Ok(resize(&picture.load()?, side, side, Filter::Bilinear)?)
            };
            for photo in chunk.par_iter().map(read).collect::<Vec<_>>() {
                photos.push(match photo {
                    Ok(photo) => Some(photo),
                    Err(error) => {
                        watch(Event::Skipped {
                            reason: error.to_string(),
                        });
                        failure = Some(error);
                        None
                    }
                });
            }
            watch(Event::Loading {
                done: photos.len(),
                total: pictures.len(),
            });
        }
        match failure {
            Some(error) if photos.iter().all(Option::is_none) => Err(error),
            _ => Ok(Self { photos }),
        }
    }

    /// The photo at an index; `None` for one that could not be read.
    pub fn get(&self, index: usize) -> Option<&RgbImage> {
        self.photos.get(index)?.as_ref()
    }
}
