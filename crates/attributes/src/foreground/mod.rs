//! Where the garment is: the photo less its background.
//!
//! People photograph a garment on a floor, a bed or a wall. The colours along the border are then the background's, and
//! what differs from them and hangs together in the middle is the garment. Where the garment does not stand out from the
//! border (white on white) a cut would be arbitrary, so none is made: the middle of the photo stands for the garment.

mod border;
mod normal;
mod regions;

use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::imageops::thumbnail;
use wardrobe_types::BoxXyxy;

use crate::lab::{LabColor, from_rgb};
use crate::{Error, Result};
use regions::Mask;

/// The least side of a photo, in pixels.
const LEAST_SIDE: u32 = 16;
/// The longer side of the copy that is worked on, in pixels: enough for a garment's outline, few enough for a
/// millisecond.
const WORKING_SIDE: u32 = 112;

/// How a foreground was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The garment stands out from the colours along the border.
    BorderModel,
    /// It does not; the middle of the photo stands for it.
    CentreCrop,
}

/// The part of a photo that is the garment.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreground {
    /// How it was found.
    pub method: Method,
    /// The box around the garment, in pixels of the photo; the whole photo for [`Method::CentreCrop`].
    pub bbox: BoxXyxy,
    photo: (u32, u32),
    mask: Mask,
}

impl Foreground {
    /// Whether the pixel at column `x`, row `y` of the photo is the garment's; `false` outside the photo.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        let ((width, height), (columns, rows)) = (self.photo, self.mask.size());
        if x >= width || y >= height {
            return false;
        }
        let scaled =
            |at: u32, from: u32, to: usize| (u64::from(at) * to as u64 / u64::from(from)) as usize;
        self.mask
            .get(scaled(x, width, columns), scaled(y, height, rows))
    }

    /// The garment's share of the photo's area, 0..=1.
    pub fn coverage(&self) -> f32 {
        self.mask.coverage()
    }

    /// Colours of the garment's middle, away from its outline, on an even grid of at most `count` pixels.
    ///
    /// The middle, because a garment worn has a head, hands and another garment at its ends, and one laid out has its
    /// shadows, hems and hooks there.
    pub(crate) fn samples(&self, photo: &RgbImage, count: usize) -> Result<Vec<LabColor>> {
        if photo.dimensions() != self.photo {
            return Err(Error::OtherPhoto {
                expected: self.photo,
                got: photo.dimensions(),
            });
        }
        let inner = self.mask.eroded();
        let thick = inner.coverage() * 2.0 > self.mask.coverage();
        let mut cells = middle_cells(if thick { &inner } else { &self.mask });
        if cells.is_empty() {
            cells = self.mask.set_cells().collect();
        }
        let (columns, rows) = self.mask.size();
        let center = |at: usize, of: usize, length: u32| {
            ((2 * at as u64 + 1) * u64::from(length) / (2 * of as u64)) as u32
        };
        let step = cells.len().div_ceil(count.max(1)).max(1);
        Ok(cells
            .iter()
            .step_by(step)
            .map(|&(x, y)| {
                (
                    center(x, columns, photo.width()),
                    center(y, rows, photo.height()),
                )
            })
            .map(|(x, y)| from_rgb(photo.get_pixel(x, y).0))
            .collect())
    }
}

/// The share of a garment's width that is its side, left and right.
const SIDE: f32 = 0.2;
/// The share of a garment's height that is its end, above and below.
const END: f32 = 0.25;

/// The mask's cells less its sides and ends; for [`Method::CentreCrop`], whose mask is the middle already, a little less
/// still.
fn middle_cells(mask: &Mask) -> Vec<(usize, usize)> {
    let (left, top, right, bottom) = mask.extent();
    let within = |at: usize, low: usize, high: usize, margin: f32| {
        let margin = ((high - low) as f32 * margin) as usize;
        (low + margin..high - margin).contains(&at)
    };
    mask.set_cells()
        .filter(|&(x, y)| within(x, left, right, SIDE) && within(y, top, bottom, END))
        .collect()
}

/// The photo at working size, in CIELAB, row by row.
pub(crate) struct Working {
    width: usize,
    height: usize,
    colors: Vec<LabColor>,
}

/// Finds the garment in an upright photo of one.
///
/// # Errors
/// [`Error::TooSmall`] for a photo with a side under 16 pixels.
pub fn segment(photo: &RgbImage) -> Result<Foreground> {
    let (width, height) = photo.dimensions();
    if width.min(height) < LEAST_SIDE {
        return Err(Error::TooSmall {
            width,
            height,
            least: LEAST_SIDE,
        });
    }
    let working = working_copy(photo);
    let found = border::garment(&working)?;
    let (method, mask, bbox) = match found {
        Some(mask) => {
            let bbox = photo_box(&mask, width, height);
            (Method::BorderModel, mask, bbox)
        }
        None => {
            let mask = Mask::middle(working.width, working.height);
            (Method::CentreCrop, mask, BoxXyxy::whole(width, height))
        }
    };
    Ok(Foreground {
        method,
        bbox,
        photo: (width, height),
        mask,
    })
}

fn working_copy(photo: &RgbImage) -> Working {
    let (width, height) = photo.dimensions();
    let scale = f64::from(WORKING_SIDE) / f64::from(width.max(height));
    let side = |length: u32| {
        ((f64::from(length) * scale).round() as u32).clamp(LEAST_SIDE.min(length), length)
    };
    let small = if scale < 1.0 {
        &thumbnail(photo, side(width), side(height))
    } else {
        photo
    };
    Working {
        width: small.width() as usize,
        height: small.height() as usize,
        colors: small.pixels().map(|pixel| from_rgb(pixel.0)).collect(),
    }
}

fn photo_box(mask: &Mask, width: u32, height: u32) -> BoxXyxy {
    let (columns, rows) = mask.size();
    let (x_scale, y_scale) = (width as f32 / columns as f32, height as f32 / rows as f32);
    let (left, top, right, bottom) = mask.extent();
    BoxXyxy {
        x0: left as f32 * x_scale,
        y0: top as f32 * y_scale,
        x1: right as f32 * x_scale,
        y1: bottom as f32 * y_scale,
    }
}
