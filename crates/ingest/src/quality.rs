//! Is a photo good enough to be worth a model's time?

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::luma::Luma;
use crate::resize::{Filter, resize};

/// A photo with a shorter side below this many pixels is rejected: the classifier's input would be enlarged.
pub const MIN_SHORT_SIDE: u32 = 224;
/// Everything but the resolution is measured on the photo with its shorter side resized to this many pixels, so that the
/// figures speak of the picture and not of the camera. At 160 a Laplacian variance of 100 lies between sharp photos and those
/// blurred by a Gaussian of 2 pixels at 240; the crate's documentation has the rates.
pub const WORKING_SHORT_SIDE: u32 = 160;
/// A Laplacian variance below this is reported as blur: the customary 100 (Pech-Pacheco et al., "Diatom autofocusing in
/// brightfield microscopy", 2000, for the measure).
pub const MIN_LAPLACIAN_VARIANCE: f32 = 100.0;
/// A luma below this is near black.
pub const DARK_LUMA: f32 = 32.0;
/// A pixel with a channel of at least this is blown out.
pub const BLOWN_CHANNEL: u8 = 254;
/// A photo whose 99th percentile of luma is below this is reported as too dark.
pub const MIN_HIGHLIGHT: f32 = 140.0;
/// A photo with a larger share of blown-out pixels is reported as too bright, unless it has a white studio ground.
pub const MAX_BLOWN_SHARE: f32 = 0.15;
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
    /// Variance of the Laplacian of the luma (0..=255) at the working size; larger is sharper.
    pub value: f32,
    /// Whether it is below [`MIN_LAPLACIAN_VARIANCE`].
    pub blurry: bool,
}

/// Brightness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// Share of the pixels that are near black ([`DARK_LUMA`]), 0..=1.
    pub dark: f32,
    /// Share of the pixels that are blown out ([`BLOWN_CHANNEL`]), 0..=1.
    pub bright: f32,
    /// The 99th percentile of the luma, 0..=255: how bright the brightest parts are.
    pub highlight: f32,
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
    /// Value: 99th percentile of the luma.
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
    let working = at_working_size(image)?;
    let luma = Luma::of(&working);
    let (blur, exposure, contrast) = (
        Blur::of(&luma),
        Exposure::of(&working, &luma),
        luma.variance().sqrt(),
    );
    let warnings = warnings(width, height, &blur, &exposure, contrast);
    Ok(QualityReport {
        ok: width.min(height) >= MIN_SHORT_SIDE,
        width,
        height,
        blur,
        exposure,
        contrast,
        warnings,
    })
}

fn warnings(
    width: u32,
    height: u32,
    blur: &Blur,
    exposure: &Exposure,
    contrast: f32,
) -> Vec<Warning> {
    let short_side = width.min(height);
    let mut warnings = Vec::new();
    let mut warn = |kind, value, message| {
        warnings.push(Warning {
            kind,
            message,
            value,
        })
    };
    if short_side < MIN_SHORT_SIDE {
        let message = format!(
            "{width} x {height} pixels; the shorter side must have at least {MIN_SHORT_SIDE}"
        );
        warn(WarningKind::Resolution, short_side as f32, message);
    }
    match exposure.verdict {
        ExposureVerdict::Good => {}
        ExposureVerdict::Under => {
            let brightest = exposure.highlight;
            let message = format!(
                "too dark: its brightest parts reach {brightest:.0} of 255; use more light"
            );
            warn(WarningKind::Underexposed, brightest, message);
        }
        ExposureVerdict::Over => {
            let message = format!(
                "too bright: {:.0} % of it is blown out; use less light",
                exposure.bright * 100.0
            );
            warn(WarningKind::Overexposed, exposure.bright, message);
        }
    }
    if blur.blurry {
        let message = format!(
            "blurred: sharpness {:.0}, below {MIN_LAPLACIAN_VARIANCE}; hold still and focus",
            blur.value
        );
        warn(WarningKind::Blur, blur.value, message);
    }
    if contrast < MIN_CONTRAST {
        let message = format!(
            "flat: contrast {contrast:.0}, below {MIN_CONTRAST}; use a background of another brightness"
        );
        warn(WarningKind::LowContrast, contrast, message);
    }
    warnings
}

/// The photo with its shorter side at the working size; a smaller one stays as it is, for it is rejected whatever its
/// sharpness.
fn at_working_size(image: &RgbImage) -> Result<RgbImage> {
    let (width, height) = image.dimensions();
    let short_side = width.min(height);
    if (1..=WORKING_SHORT_SIDE).contains(&short_side) {
        return Ok(image.clone());
    }
    let scaled = |side: u32| {
        (f64::from(side) * f64::from(WORKING_SHORT_SIDE) / f64::from(short_side)).round() as u32
    };
    resize(image, scaled(width), scaled(height), Filter::Bilinear)
}

impl Blur {
    fn of(luma: &Luma) -> Self {
        let value = laplacian(luma).variance();
        Self {
            value,
            blurry: value < MIN_LAPLACIAN_VARIANCE,
        }
    }
}

impl Exposure {
    fn of(image: &RgbImage, luma: &Luma) -> Self {
        let count = luma.values.len() as f32;
        let dark = luma
            .values
            .iter()
            .filter(|&&value| value < DARK_LUMA)
            .count() as f32
            / count;
        let blown = image
            .pixels()
            .filter(|pixel| pixel.0.iter().any(|&channel| channel >= BLOWN_CHANNEL))
            .count();
        let (bright, highlight) = (blown as f32 / count, luma.percentile(0.99));
        let verdict = if highlight < MIN_HIGHLIGHT {
            ExposureVerdict::Under
        } else if bright > MAX_BLOWN_SHARE && !has_studio_ground(image, luma) {
            ExposureVerdict::Over
        } else {
            ExposureVerdict::Good
        };
        Self {
            dark,
            bright,
            highlight,
            verdict,
        }
    }
}

/// Whether the white is a catalogue shot's ground: the frame's rim is near white nearly everywhere, and next to no pixel has
/// some channels blown and others not, as overexposed colours have.
fn has_studio_ground(image: &RgbImage, luma: &Luma) -> bool {
    const RIM_LUMA: f32 = 240.0;
    const MIN_WHITE_RIM: f32 = 0.8;
    const MAX_PARTLY_BLOWN: f32 = 0.02;
    let rim = (luma.width.min(luma.height) / 20).max(1);
    let on_rim = |index: &usize| {
        let (x, y) = (index % luma.width, index / luma.width);
        x < rim || y < rim || x >= luma.width - rim || y >= luma.height - rim
    };
    let rim_values: Vec<f32> = (0..luma.values.len())
        .filter(on_rim)
        .map(|index| luma.values[index])
        .collect();
    let white_rim = rim_values.iter().filter(|&&value| value > RIM_LUMA).count() as f32
        / rim_values.len() as f32;
    let partly_blown = image
        .pixels()
        .zip(&luma.values)
        .filter(|(pixel, value)| {
            **value <= 250.0 && pixel.0.iter().any(|&channel| channel >= BLOWN_CHANNEL)
        })
        .count() as f32;
    white_rim >= MIN_WHITE_RIM && partly_blown / luma.values.len() as f32 <= MAX_PARTLY_BLOWN
}

/// `cv2.Laplacian(grey, CV_64F)`: the four neighbours less four times the pixel, edges reflected (101).
fn laplacian(luma: &Luma) -> Luma {
    let reflected = |index: usize, length: usize| {
        let last = length - 1;
        (
            if index == 0 { last.min(1) } else { index - 1 },
            if index == last {
                last.saturating_sub(1)
            } else {
                index + 1
            },
        )
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
    Luma {
        width: luma.width,
        height: luma.height,
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(image: &RgbImage) -> Vec<WarningKind> {
        assess(image)
            .unwrap()
            .warnings
            .iter()
            .map(|warning| warning.kind)
            .collect()
    }

    /// Squares of 16 pixels, in two colours.
    fn checks(side: u32, a: [u8; 3], b: [u8; 3]) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| {
            image::Rgb(if (x / 16 + y / 16) % 2 == 0 { a } else { b })
        })
    }

    #[test]
    fn a_good_photo_has_no_warning_and_is_measured() {
        let report = assess(&checks(160, [40, 40, 40], [200, 200, 200])).unwrap();
        assert_eq!(report.exposure.verdict, ExposureVerdict::Good);
        assert!((report.contrast - 80.0).abs() < 1e-3, "{report:?}");
        assert_eq!(
            (
                report.exposure.dark,
                report.exposure.bright,
                report.exposure.highlight
            ),
            (0.0, 0.0, 200.0)
        );
        assert!(kinds(&checks(320, [40, 40, 40], [200, 200, 200])).is_empty());
    }

    #[test]
    fn the_resolution_limit_is_exact() {
        assert!(assess(&checks(224, [40; 3], [200; 3])).unwrap().ok);
        let report = assess(&checks(223, [40; 3], [200; 3])).unwrap();
        assert!(!report.ok && report.warnings[0].kind == WarningKind::Resolution);
        assert!(assess(&RgbImage::new(0, 0)).is_err());
    }

    #[test]
    fn each_fault_is_named() {
        use WarningKind::{Blur, LowContrast, Overexposed, Underexposed};
        let flat = RgbImage::from_pixel(300, 400, image::Rgb([150; 3]));
        assert_eq!(kinds(&flat), [Blur, LowContrast]);
        assert_eq!(kinds(&checks(320, [10; 3], [90; 3])), [Underexposed]);
        assert_eq!(kinds(&checks(320, [60; 3], [255, 230, 200])), [Overexposed]);
    }

    #[test]
    fn a_white_studio_ground_is_not_overexposure() {
        let mut catalogue = RgbImage::from_pixel(320, 320, image::Rgb([255; 3]));
        image::imageops::replace(
            &mut catalogue,
            &checks(160, [90, 30, 30], [30, 30, 90]),
            80,
            80,
        );
        let report = assess(&catalogue).unwrap();
        assert!(report.exposure.bright > 0.7);
        assert_eq!(report.exposure.verdict, ExposureVerdict::Good);
    }
}
