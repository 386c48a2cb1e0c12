//! Garments that stand out from their ground, cut along their outline.

use super::Sample;
use super::plane::{Plane, smooth_step};
use crate::error::Result;
use crate::progress::Event;
use rayon::prelude::*;
use std::path::PathBuf;
use wardrobe_attributes::foreground::{Foreground, Method, segment};
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::{Rgba, RgbaImage};
use wardrobe_types::BoxXyxy;

/// Shares of the photo a garment may cover: less is a detail, more leaves no ground to tell it from.
const COVERAGE: std::ops::RangeInclusive<f32> = 0.08..=0.72;
/// The most of the photo's rim that may be the garment's: one cut off by the photo is pasted with a straight edge.
const MOST_RIM: f32 = 0.04;
/// The least share of its box that a garment fills: less is a tangle of fragments.
const LEAST_FILL: f32 = 0.38;
/// The most that an outline may be longer than that of a disc of the same area, squared: ragged cuts are beyond.
const MOST_RAGGED: f32 = 6.5;
/// Grid, across the longer side, on which outlines are judged.
const GRID: u32 = 112;

/// A photo whose garment is surely told from its ground.
#[derive(Clone, Debug)]
pub(super) struct Garment {
    pub path: PathBuf,
    /// The sample's number.
    pub label: usize,
    /// Around the garment, in pixels of the upright photo.
    pub bbox: BoxXyxy,
    /// Of the upright photo.
    pub size: (u32, u32),
}

/// The photos that can be cut; those that cannot be read are reported.
pub(super) fn sure_garments(samples: &[Sample], watch: &mut dyn FnMut(Event)) -> Vec<Garment> {
    const CHUNK: usize = 256;
    let mut garments = Vec::new();
    for (number, chunk) in samples.chunks(CHUNK).enumerate() {
        let found: Vec<_> = chunk.par_iter().map(sure_garment).collect();
        for found in found {
            match found {
                Ok(garment) => garments.extend(garment),
                Err(error) => watch(Event::Skipped {
                    reason: error.to_string(),
                }),
            }
        }
        watch(Event::Loading {
            done: number * CHUNK + chunk.len(),
            total: samples.len(),
        });
    }
    garments
}

fn sure_garment((path, label): &Sample) -> Result<Option<Garment>> {
    let photo = wardrobe_ingest::load(path)?.image;
    let foreground = segment(&photo)?;
    Ok(is_sure(&photo, &foreground).then(|| Garment {
        path: path.clone(),
        label: *label,
        bbox: foreground.bbox,
        size: photo.dimensions(),
    }))
}

/// Whether an outline can be trusted to be the garment's.
fn is_sure(photo: &RgbImage, foreground: &Foreground) -> bool {
    let (width, height) = photo.dimensions();
    let area = width as f32 * height as f32;
    if foreground.method != Method::BorderModel || !COVERAGE.contains(&foreground.coverage()) {
        return false;
    }
    let fill = foreground.coverage() * area / foreground.bbox.area().max(1.0);
    fill >= LEAST_FILL && {
        let grid = Grid::new(foreground, width, height);
        grid.rim() <= MOST_RIM && grid.raggedness() <= MOST_RAGGED
    }
}

/// The outline on a coarse grid.
struct Grid {
    width: usize,
    cells: Vec<bool>,
}

impl Grid {
    fn new(foreground: &Foreground, width: u32, height: u32) -> Self {
        let step = (width.max(height) as f32 / GRID as f32).max(1.0);
        let (columns, rows) = (
            (width as f32 / step) as usize,
            (height as f32 / step) as usize,
        );
        let middle = |at: usize| ((at as f32 + 0.5) * step) as u32;
        let cells = (0..columns * rows)
            .map(|i| foreground.contains(middle(i % columns), middle(i / columns)))
            .collect();
        Self {
            width: columns,
            cells,
        }
    }

    fn height(&self) -> usize {
        self.cells.len() / self.width.max(1)
    }

    /// The garment's share of the rim.
    fn rim(&self) -> f32 {
        let (width, height) = (self.width, self.height());
        let on_rim = |i: &usize| {
            let (x, y) = (i % width, i / width);
            x == 0 || y == 0 || x + 1 == width || y + 1 == height
        };
        let rim: Vec<usize> = (0..self.cells.len()).filter(on_rim).collect();
        let garment = rim.iter().filter(|&&i| self.cells[i]).count();
        garment as f32 / rim.len().max(1) as f32
    }

    /// Outline squared over area, 1 for a disc. Steps of a slanted outline count by Crofton's mean, pi / 4 each.
    fn raggedness(&self) -> f32 {
        let (width, height) = (self.width, self.height());
        let at = |x: usize, y: usize| x < width && y < height && self.cells[y * width + x];
        let mut steps = 0;
        for y in 0..=height {
            for x in 0..=width {
                let here = at(x, y);
                steps += usize::from(here != (x > 0 && at(x - 1, y)));
                steps += usize::from(here != (y > 0 && at(x, y - 1)));
            }
        }
        let area = self.cells.iter().filter(|&&cell| cell).count() as f32;
        let outline = steps as f32 * std::f32::consts::FRAC_PI_4;
        outline * outline / (4.0 * std::f32::consts::PI * area.max(1.0))
    }
}

impl Garment {
    /// The garment with its outline as a soft alpha, and a little of its ground at alpha 0 around it.
    pub fn cut(&self) -> Result<RgbaImage> {
        let photo = wardrobe_ingest::load(&self.path)?.image;
        let foreground = segment(&photo)?;
        let cell = photo.width().max(photo.height()) as f32 / GRID as f32;
        let margin = 2.0 * cell + 2.0;
        let around = BoxXyxy {
            x0: self.bbox.x0 - margin,
            y0: self.bbox.y0 - margin,
            x1: self.bbox.x1 + margin,
            y1: self.bbox.y1 + margin,
        }
        .clipped(photo.width(), photo.height());
        let (left, top) = (around.x0 as u32, around.y0 as u32);
        let (width, height) = (around.x1 as u32 - left, around.y1 as u32 - top);
        let alpha = soft(width, height, cell, |x, y| {
            foreground.contains(left + x, top + y)
        });
        Ok(RgbaImage::from_fn(width, height, |x, y| {
            let [r, g, b] = photo.get_pixel(left + x, top + y).0;
            let alpha = alpha.values[(y * width + x) as usize];
            Rgba([r, g, b, (alpha * 255.0).round() as u8])
        }))
    }
}

/// A mask of coarse cells with its steps rounded and its edge soft, drawn in a little, where the ground shows through.
fn soft(width: u32, height: u32, cell: f32, inside: impl Fn(u32, u32) -> bool) -> Plane {
    let mask = Plane::new(width as usize, height as usize, |x, y| {
        f32::from(u8::from(inside(x as u32, y as u32)))
    });
    let mut soft = mask.blurred((cell * 0.8).round() as usize);
    for value in &mut soft.values {
        *value = smooth_step(*value, 0.45, 0.8);
    }
    soft
}
