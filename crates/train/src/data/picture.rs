//! Where a garment is to be seen.

use crate::error::Result;
use std::path::PathBuf;
use wardrobe_detect::{CROP_MARGIN, crop_with_margin};
use wardrobe_ingest::RgbImage;
use wardrobe_types::BoxXyxy;

/// A photo of one garment, or a garment's box in a photo of several.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The photo.
    pub path: PathBuf,
    /// Around the garment, in pixels of the upright photo; `None` where the photo shows it alone.
    pub bbox: Option<BoxXyxy>,
}

impl Picture {
    /// A photo of one garment.
    pub fn whole(path: PathBuf) -> Self {
        Self { path, bbox: None }
    }

    /// The garment, with as much ground around it as `ingest` shows its models.
    ///
    /// # Errors
    /// A photo that cannot be read, a box outside it.
    pub fn load(&self) -> Result<RgbImage> {
        self.load_with_margin(CROP_MARGIN)
    }

    /// The garment's box, grown on every side by a share of its own width and height.
    ///
    /// # Errors
    /// As [`Picture::load`].
    pub(crate) fn load_with_margin(&self, margin: f32) -> Result<RgbImage> {
        let photo = wardrobe_ingest::load(&self.path)?.image;
        match self.bbox {
            Some(bbox) => Ok(crop_with_margin(&photo, bbox, margin)?),
            None => Ok(photo),
        }
    }
}
