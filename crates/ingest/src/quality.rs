//! Is a photo good enough to be worth a model's time?

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::luma::Luma;
use crate::resize::{Filter, resize};

/// A photo with a shorter side below this many pixels is rejected: the classifier's input would be enlarged.
pub const MIN_SHORT_SIDE: u32 = 224;
/// Sharpness is measured on the photo with its shorter side resized to this many pixels, so that the figure speaks of the
/// picture and not of the camera's resolution.
pub const BLUR_WORKING_SIDE: u32 = 224;
/// A Laplacian variance below this is reported as blur (Pech-Pacheco et al., "Diatom autofocusing in brightfield
/// microscopy", 2000; the customary 100).
pub const MIN_LAPLACIAN_VARIANCE: f32 = 100.0;

/// A luma below this is near black.
pub const DARK_LUMA: f32 = 32.0;
/// A luma above this is blown out.
pub const BRIGHT_LUMA: f32 = 250.0;
/// A larger share of near-black pixels is reported as too dark.
pub const MAX_DARK_SHARE: f32 = 0.5;
/// A larger share of blown-out pixels is reported as too bright.
pub const MAX_BRIGHT_SHARE: f32 = 0.5;
/// A standard deviation of the luma below this is reported as flat.
pub const MIN_CONTRAST: f32 = 15.0;

/// What was measured, and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// False where the photo is to be rejected: so far only for its resolution.
    pub ok: bool,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Sharpness.
    pub blur: Blur,
    /// Brightness.
    pub exposure: Exposure,
    /// Standard deviation of the luma, 0..=127.5.
    pub contrast: f32,
    /// Everything worth telling the user, the gravest first; empty for a good photo.
    pub warnings: Vec<Warning>,
}

/// Sharpness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Blur {
    /// Variance of the Laplacian at the working size; larger is sharper.
    pub value: f32,
    /// Whether it is below [`MIN_LAPLACIAN_VARIANCE`].
    pub blurry: bool,
}

/// Brightness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// Share of the pixels that are near black, 0..=1.
    pub dark: f32,
    /// Share of the pixels that are blown out, 0..=1.
    pub bright: f32,
    /// What follows.
    pub verdict: ExposureVerdict,
}

/// Whether the light was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureVerdict {
    /// Nothing to remark.
    Good,
    /// Too dark.
    Under,
    /// Too bright.
    Over,
}

/// Something a user may want to shoot again for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// In words, with what to do.
    pub message: String,
    /// The measured value.
    pub value: f32,
}

/// What a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningKind {
    /// The shorter side is below [`MIN_SHORT_SIDE`]; the photo is rejected. Value: pixels.
    Resolution,
    /// Value: Laplacian variance.
    Blur,
    /// Value: share of dark pixels.
    Underexposed,
    /// Value: share of blown-out pixels.
    Overexposed,
    /// Value: standard deviation of the luma.
    LowContrast,
}

/// Measures a photo.
///
/// # Errors
/// [`Error::BadSize`](crate::Error::BadSize) for a photo without pixels.
pub fn assess(image: &RgbImage) -> Result<QualityReport> {
    let (width, height) = image.dimensions();
    let working = Luma::of(&at_working_size(image)?);
    let blur = Blur::of(&working);
    let exposure = Exposure::of(&working);
    let contrast = working.variance().sqrt();
    let short_side = width.min(height);
    let ok = short_side >= MIN_SHORT_SIDE;
    let mut warnings = Vec::new();
    let mut warn = |kind, value, message| warnings.push(Warning { kind, message, value });
    if !ok {
        let message = format!("{width} x {height} pixels; the shorter side must have at least {MIN_SHORT_SIDE}");
        warn(WarningKind::Resolution, short_side as f32, message);
    }
    match exposure.verdict {
        ExposureVerdict::Good => {}
        ExposureVerdict::Under => {
            let message = format!("too dark: {:.0} % of it is nearly black; use more light", exposure.dark * 100.0);
            warn(WarningKind::Underexposed, exposure.dark, message);
        }
        ExposureVerdict::Over => {
            let message = format!("too bright: {:.0} % of it is blown out; use less light", exposure.bright * 100.0);
            warn(WarningKind::Overexposed, exposure.bright, message);
        }
    }
    if blur.blurry {
        let message = format!("blurred: sharpness {:.0}, below {MIN_LAPLACIAN_VARIANCE}; hold still and focus", blur.value);
        warn(WarningKind::Blur, blur.value, message);
    }
    if contrast < MIN_CONTRAST {
        let message = format!("flat: contrast {contrast:.0}, below {MIN_CONTRAST}; use a background of another brightness");
        warn(WarningKind::LowContrast, contrast, message);
    }
    Ok(QualityReport { ok, width, height, blur, exposure, contrast, warnings })
}

/// The photo with its shorter side at the working size; a smaller one stays as it is, for it is rejected whatever its
/// sharpness.
fn at_working_size(image: &RgbImage) -> Result<RgbImage> {
    let (width, height) = image.dimensions();
    let short_side = width.min(height);
    if (1..=BLUR_WORKING_SIDE).contains(&short_side) {
        return Ok(image.clone());
    }
    let scaled = |side: u32| (f64::from(side) * f64::from(BLUR_WORKING_SIDE) / f64::from(short_side)).round() as u32;
    resize(image, scaled(width), scaled(height), Filter::Bilinear)
}

impl Blur {
    fn of(luma: &Luma) -> Self {
        let value = laplacian(luma).variance();
        Self { value, blurry: value < MIN_LAPLACIAN_VARIANCE }
    }
}

impl Exposure {
    fn of(luma: &Luma) -> Self {
        let share = |test: fn(f32) -> bool| {
            luma.values.iter().filter(|&&value| test(value)).count() as f32 / luma.values.len() as f32
        };
        let dark = share(|value| value < DARK_LUMA);
        let bright = share(|value| value > BRIGHT_LUMA);
        let verdict = if dark > MAX_DARK_SHARE {
            ExposureVerdict::Under
        } else if bright > MAX_BRIGHT_SHARE {
            ExposureVerdict::Over
        } else {
            ExposureVerdict::Good
        };
        Self { dark, bright, verdict }
    }
}

/// `cv2.Laplacian(grey, CV_64F)`: the four neighbours less four times the pixel, edges reflected (101).
fn laplacian(luma: &Luma) -> Luma {
    let reflected = |index: usize, length: usize| {
        let last = length - 1;
        (if index == 0 { last.min(1) } else { index - 1 }, if index == last { last.saturating_sub(1) } else { index + 1 })
    };
    let rows: Vec<&[f32]> = luma.values.chunks_exact(luma.width).collect();
    let mut values = Vec::with_capacity(luma.values.len());
    for (y, row) in rows.iter().enumerate() {
        let (above, below) = reflected(y, luma.height);
        for (x, centre) in row.iter().enumerate() {
            let (left, right) = reflected(x, luma.width);
            values.push(row[left] + row[right] + rows[above][x] + rows[below][x] - 4.0 * centre);
        }
    }
    Luma { width: luma.width, height: luma.height, values }
}
