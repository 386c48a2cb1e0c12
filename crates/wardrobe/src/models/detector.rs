//! The garment detector, where its weights are at hand.

use std::path::{Path, PathBuf};

use wardrobe_detect::{Detection, Detector};
use wardrobe_ingest::RgbImage;
use wardrobe_weights::{Error, Resolved, Resolver};

use super::ModelOptions;
use crate::Result;

/// Which detector looks for the garments of photos.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DetectorChoice {
    /// The one in the usual places, where there is one.
    #[default]
    Usual,
    /// None: each photo is taken to show one garment.
    Off,
    /// The one of this file.
    File(PathBuf),
}

/// Finds the garments of a photo.
#[derive(Debug)]
pub struct GarmentDetector {
    detector: Detector,
    weights: String,
}

impl GarmentDetector {
    /// The weights' name in the manifest.
    pub const WEIGHTS: &str = "starter-detector";

    /// The detector that the options name or that is in one of the usual places; `None` where it is in none, or not
    /// wanted.
    ///
    /// # Errors
    /// Weights that are there and are not the manifest's or no detector's; a file that was named and cannot be read.
    pub fn find(options: &ModelOptions) -> Result<Option<Self>> {
        let resolved = match &options.detector {
            DetectorChoice::Off => return Ok(None),
            DetectorChoice::File(file) => resolve_file(file),
            DetectorChoice::Usual => {
                let folder = options.weights.as_deref().filter(|path| path.is_dir());
                Resolver::usual(folder)?.resolve(Self::WEIGHTS)
            }
        };
        match resolved {
            Ok(resolved) => Self::new(&resolved, options).map(Some),
            // A manifest without them has none at hand either.
            Err(Error::NotFound { .. } | Error::UnknownName { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn new(resolved: &Resolved, options: &ModelOptions) -> Result<Self> {
        Ok(Self {
            detector: Detector::new(&resolved.load()?, &options.device()?)?,
            weights: resolved.source.to_string(),
        })
    }

    /// Where the weights came from.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// The detector itself, for measuring it.
    pub fn into_detector(self) -> Detector {
        self.detector
    }

    /// The garments in an upright photo, the surest first.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    pub fn detect(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        Ok(self.detector.detect(photo)?)
    }
}

/// Absolute, so that it cannot be taken for a name of the manifest.
fn resolve_file(file: &Path) -> wardrobe_weights::Result<Resolved> {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    // A file that is not there is told as such, and not as weights that are nowhere.
    Resolver::usual(None)?.resolve(&format!("{}", path.display()))
}
