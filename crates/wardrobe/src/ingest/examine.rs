//! One photo, from its file to what there is to store: the part that runs on all cores.

use std::path::Path;

use sha2::{Digest, Sha256};
use wardrobe_attributes::{color::DominantColors, foreground};
use wardrobe_detect::{COLOR_MARGIN, crop_with_margin};
use wardrobe_ingest::{
    DecodeLimits, Format, PerceptualHash, QualityReport, RgbImage, assess, decode, perceptual_hash,
};
use wardrobe_types::BoxXyxy;

use crate::locate::{Detected, Place, locate};
use crate::picture::{fit_within, jpeg};
use crate::{Error, GarmentDetector, Result};

/// Ground kept around a garment in its stored crop, as a share of its box's sides.
const MARGIN: f32 = 0.05;
/// The longer side of a cut, in pixels: more than any model looks at, and small beside the photo.
const CROP_SIDE: u32 = 1024;
/// JPEG quality of stored crops, 1..=100.
const CROP_QUALITY: u8 = 90;

/// A photo, read and measured.
pub(crate) enum Examined {
    /// Its bytes are known and there is nothing new to see.
    Known { sha256: String },
    /// It is not good enough; the reason.
    Rejected {
        reason: String,
        quality: QualityReport,
    },
    /// It is worth the models' time.
    Ready(Box<Ready>),
}

/// A photo ready for the models. The pixels of the photo itself are gone.
pub(crate) struct Ready {
    pub(crate) sha256: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
    pub(crate) phash: PerceptualHash,
    pub(crate) quality: QualityReport,
    pub(crate) cuts: Vec<Cut>,
    /// Whether a detector looked and found no garment.
    pub(crate) undetected: bool,
    /// The best confidence of a detector that looked, 0 where it saw nothing; `None` where there is none.
    pub(crate) detected: Option<f32>,
    /// The cuts' crops as JPEG.
    pub(crate) jpegs: Vec<Vec<u8>>,
}

/// One garment cut out of a photo.
pub(crate) struct Cut {
    /// Pixels of the upright photo.
    pub(crate) bbox: BoxXyxy,
    /// The garment with a little ground around it.
    pub(crate) crop: RgbImage,
    /// What the models are shown of it.
    pub(crate) shown: RgbImage,
    /// Of what stands out in it.
    pub(crate) colors: DominantColors,
    /// What a detector takes it for, the surest first.
    pub(crate) detected: Vec<Detected>,
}

/// The garments of a photo.
pub(crate) struct Cuts {
    /// At least one.
    pub(crate) garments: Vec<Cut>,
    /// Whether a detector looked and found none, and the foreground stands for it.
    pub(crate) undetected: bool,
    /// The best confidence of a detector that looked, 0 where it saw nothing; `None` where there is none.
    pub(crate) detected: Option<f32>,
}

/// Reads a photo and measures all that needs its pixels.
///
/// `skip` says of a SHA-256 whether there is nothing to be learned from those bytes.
pub(crate) fn examine(
    path: &Path,
    detector: Option<&GarmentDetector>,
    skip: impl Fn(&str) -> bool,
) -> Result<Examined> {
    let limits = DecodeLimits::default();
    let bytes = read(path, &limits)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    if skip(&sha256) {
        return Ok(Examined::Known { sha256 });
    }
    let photo = decode(&bytes, path, &limits)?;
    let quality = assess(&photo.image)?;
    if !quality.ok {
        // The gravest comes first, and only the gravest rejects.
        let reason = quality
            .warnings
            .first()
            .map(|warning| warning.message.clone());
        return Ok(Examined::Rejected {
            reason: reason.unwrap_or_default(),
            quality,
        });
    }
    let phash = perceptual_hash(&photo.image)?;
    let Cuts {
        garments: cuts,
        undetected,
        detected,
    } = cut(&photo.image, detector)?;
    let ready = Ready {
        jpegs: jpegs(&cuts)?,
        sha256,
        bytes,
        format: photo.format,
        phash,
        quality,
        cuts,
        undetected,
        detected,
    };
    Ok(Examined::Ready(Box::new(ready)))
}

/// The crops as they will be stored; here, since compressing is worth all cores.
pub(crate) fn jpegs(cuts: &[Cut]) -> Result<Vec<Vec<u8>>> {
    cuts.iter()
        .map(|cut| jpeg(&cut.crop, CROP_QUALITY, "of the crop"))
        .collect()
}

/// A file's bytes, unless there are more than any photo has.
fn read(path: &Path, limits: &DecodeLimits) -> Result<Vec<u8>> {
    let length = std::fs::metadata(path)
        .map_err(Error::file("read", path))?
        .len();
    if length > limits.max_file_bytes {
        let limit = limits.max_file_bytes;
        return Err(wardrobe_ingest::Error::FileTooLarge {
            path: path.into(),
            limit,
        }
        .into());
    }
    std::fs::read(path).map_err(Error::file("read", path))
}

/// The garments of an upright photo.
pub(crate) fn cut(photo: &RgbImage, detector: Option<&GarmentDetector>) -> Result<Cuts> {
    let foreground = foreground::segment(photo)?;
    let detections = detector
        .map(|detector| detector.detect(photo))
        .transpose()?;
    let detected = detections.as_ref().map(|found| {
        let confidences = found.iter().map(|detection| detection.confidence);
        confidences.fold(0.0, f32::max)
    });
    let places = locate(&foreground, detections);
    let colors = match places.iter().any(|place| place.has_foreground) {
        true => Some(DominantColors::of(photo, &foreground)?),
        false => None,
    };
    let garments = places.iter().map(|place| {
        let cut = |margin| fit_within(&crop_with_margin(photo, place.bbox, margin)?, CROP_SIDE);
        Ok::<_, Error>(Cut {
            bbox: place.bbox.clipped(photo.width(), photo.height()),
            crop: cut(MARGIN)?,
            shown: cut(place.shown_margin)?,
            colors: match colors.as_ref().filter(|_| place.has_foreground) {
                Some(colors) => colors.clone(),
                None => own_colors(photo, place)?,
            },
            detected: place.detected.clone(),
        })
    });
    Ok(Cuts {
        detected,
        undetected: detected.is_some() && !places.iter().any(|place| place.found),
        garments: garments.collect::<Result<_>>()?,
    })
}

/// The colours of one of several garments: of what stands out in its own crop.
fn own_colors(photo: &RgbImage, place: &Place) -> Result<DominantColors> {
    let crop = crop_with_margin(photo, place.bbox, COLOR_MARGIN)?;
    Ok(DominantColors::of(&crop, &foreground::segment(&crop)?)?)
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
