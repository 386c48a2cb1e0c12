//! What an ingest did, photo by photo.

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use wardrobe_ingest::quality;
use wardrobe_types::Garment;

use crate::Delivery;

/// What an ingest did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IngestReport {
    /// Every photo looked at, and everything that could not be one.
    pub photos: Vec<PhotoReport>,
    /// The photos counted.
    pub summary: Summary,
    /// Why it ended before the last photo, where it did; what is reported as added is stored.
    pub stopped: Option<String>,
    /// What was sent to the server, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Delivery>,
}

/// The photos of an ingest, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Summary {
    /// New photos.
    pub added: usize,
    /// Photos whose very bytes are in the wardrobe already.
    pub duplicate: usize,
    /// Photos not good enough.
    pub rejected: usize,
    /// Files that are no photos, or could not be stored.
    pub failed: usize,
    /// Garments added.
    pub garments: usize,
    /// Wall-clock time.
    pub seconds: f64,
}

/// What became of one photo.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoReport {
    /// The file, as it was found.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// What became of it.
    pub status: PhotoStatus,
    /// Why, unless it was added.
    pub reason: Option<String>,
    /// The photo in the wardrobe that has the same content, relative to the wardrobe's folder.
    pub duplicate_of: Option<String>,
    /// What the user may want to know of it.
    pub warnings: Vec<Warning>,
    /// Its garments in the wardrobe.
    pub garments: Vec<Garment>,
}

/// What became of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhotoStatus {
    /// It is new, and now in the wardrobe.
    Added,
    /// Its very bytes are in the wardrobe already.
    Duplicate,
    /// It is not good enough.
    Rejected,
    /// It is no photo, or could not be read or stored.
    Failed,
}

/// Something about a photo that did not keep it out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// In words.
    pub message: String,
    /// The measured value.
    pub value: f32,
}

/// What a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningKind {
    /// It looks like another photo of the wardrobe. Value: bits of the perceptual hash that differ.
    NearDuplicate,
    /// It was there and was looked at again, with other models. Value: garments renewed.
    Renewed,
    /// A detector found no garment in it, and what stands out was taken for one. Value: 0.
    NothingDetected,
    /// No clothes are seen in it: it is kept out, unless asked for. Value: the probability of clothes, 0..=1.
    NoClothes,
    /// The photo's quality.
    #[serde(untagged)]
    Quality(quality::WarningKind),
}

impl From<quality::Warning> for Warning {
    fn from(warning: quality::Warning) -> Self {
        Self {
            kind: WarningKind::Quality(warning.kind),
            message: warning.message,
            value: warning.value,
        }
    }
}

impl PhotoReport {
    /// A photo without remarks.
    pub(crate) fn new(path: PathBuf, status: PhotoStatus) -> Self {
        Self {
            path,
            status,
            reason: None,
            duplicate_of: None,
            warnings: Vec::new(),
            garments: Vec::new(),
        }
    }

    /// A photo kept out, and why.
    pub(crate) fn kept_out(path: PathBuf, status: PhotoStatus, reason: impl ToString) -> Self {
        Self {
            reason: Some(reason.to_string()),
            ..Self::new(path, status)
        }
    }
}

impl IngestReport {
    /// Appends and counts a photo.
    pub(crate) fn push(&mut self, photo: PhotoReport) {
        let summary = &mut self.summary;
        match photo.status {
            PhotoStatus::Added => {
                summary.added += 1;
                summary.garments += photo.garments.len();
            }
            PhotoStatus::Duplicate => summary.duplicate += 1,
            PhotoStatus::Rejected => summary.rejected += 1,
            PhotoStatus::Failed => summary.failed += 1,
        }
        self.photos.push(photo);
    }
}

/// A path as JSON text; bytes that are no UTF-8 become replacement characters.
fn as_text<S: Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
