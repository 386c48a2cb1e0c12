//! What garments are pasted on: the grounds of other photos, and plain ones.

use super::cutout::Garment;
use super::plane::Plane;
use crate::data::Split;
use crate::error::{Error, Result};
use rand::{Rng, RngExt};
use std::path::PathBuf;
use wardrobe_attributes::foreground::segment;
use wardrobe_ingest::image::imageops::{self, FilterType};
use wardrobe_ingest::image::{Rgb, RgbImage};
use wardrobe_types::BoxXyxy;

/// Of as many photos to paste on, one is for validation.
const VAL_EVERY: usize = 10;
/// The least side of a strip of ground worth repeating, as a share of the photo's shorter side.
const LEAST_STRIP: f32 = 0.12;
/// Ground this near a garment, as a share of the photo's longer side, may be its shadow.
const SHADOW: f32 = 0.04;

/// Grounds of one part of a data set.
#[derive(Debug)]
pub(super) struct Backgrounds<'a> {
    garments: &'a [Garment],
    photos: Vec<PathBuf>,
}

impl<'a> Backgrounds<'a> {
    /// The grounds of these garments' photos, and this part's of the photos in the folders: every tenth for validation, the
    /// others for training.
    pub fn new(garments: &'a [Garment], folders: &[PathBuf], split: Split) -> Result<Self> {
        let found = wardrobe_ingest::discover(folders);
        if let Some(problem) = found.problems.into_iter().next() {
            return Err(problem.into());
        }
        let of_part = |number: usize| (split == Split::Val) == number.is_multiple_of(VAL_EVERY);
        let photos = found.photos.into_iter().enumerate();
        let photos: Vec<PathBuf> = photos
            .filter_map(|(number, photo)| of_part(number).then_some(photo))
            .collect();
        if photos.is_empty() && !folders.is_empty() {
            return Err(Error::Data {
                path: folders[0].clone(),
                problem: format!(
                    "no photos to paste garments on for {}: every tenth goes to val, the others to train",
                    split.name()
                ),
            });
        }
        Ok(Self { garments, photos })
    }

    /// A ground of `width` x `height` pixels.
    pub fn draw(&self, width: u32, height: u32, rng: &mut impl Rng) -> Result<RgbImage> {
        if !self.photos.is_empty() && rng.random_bool(0.4) {
            let path = &self.photos[rng.random_range(0..self.photos.len())];
            let photo = wardrobe_ingest::load(path)?.image;
            return Ok(covering(&photo, width, height, rng));
        }
        let garment = &self.garments[rng.random_range(0..self.garments.len())];
        Ok(match rng.random_range(0..10) {
            0..4 => covering(&without_garment(garment, rng)?, width, height, rng),
            4..7 => repeated(&strip(garment)?, width, height, rng),
            7 => flat(width, height, rng),
            _ => gradient(width, height, rng),
        })
    }
}

/// A ground of the size of a garment's photo: the photo with its garment painted over, or a strip beside it repeated. `None`
/// where the garment leaves no strip to speak of.
pub(super) fn ground_of(garment: &Garment, rng: &mut impl Rng) -> Result<Option<RgbImage>> {
    let (width, height) = garment.size;
    if largest_strip(garment).is_none() {
        return Ok(None);
    }
    Ok(Some(match rng.random_bool(0.5) {
        true => covering(&without_garment(garment, rng)?, width, height, rng),
        false => strip_of(garment, width, height, rng)?,
    }))
}

/// The strip beside a garment, repeated over `width` x `height`.
pub(super) fn strip_of(
    garment: &Garment,
    width: u32,
    height: u32,
    rng: &mut impl Rng,
) -> Result<RgbImage> {
    Ok(repeated(&strip(garment)?, width, height, rng))
}

/// A random part of the picture, scaled to cover `width` x `height`.
fn covering(picture: &RgbImage, width: u32, height: u32, rng: &mut impl Rng) -> RgbImage {
    let least =
        (width as f32 / picture.width() as f32).max(height as f32 / picture.height() as f32);
    let scale = least * rng.random_range(1.0..1.6);
    let side = |length: u32, least: u32| ((length as f32 * scale).ceil() as u32).max(least);
    let (scaled_width, scaled_height) =
        (side(picture.width(), width), side(picture.height(), height));
    let scaled = imageops::resize(picture, scaled_width, scaled_height, FilterType::Triangle);
    let left = rng.random_range(0..=scaled_width - width);
    let top = rng.random_range(0..=scaled_height - height);
    let cut = imageops::crop_imm(&scaled, left, top, width, height).to_image();
    match rng.random_bool(0.5) {
        true => imageops::flip_horizontal(&cut),
        false => cut,
    }
}

/// The photo with its garment painted over by the ground around it.
fn without_garment(garment: &Garment, rng: &mut impl Rng) -> Result<RgbImage> {
    let photo = wardrobe_ingest::load(&garment.path)?.image;
    let foreground = segment(&photo)?;
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let reach = (width.max(height) as f32 * SHADOW) as usize;
    let near = Plane::new(width, height, |x, y| {
        f32::from(u8::from(foreground.contains(x as u32, y as u32)))
    })
    .blurred(reach);
    let ground: Vec<Option<[f32; 3]>> = photo
        .pixels()
        .zip(&near.values)
        .map(|(pixel, &near)| (near < 0.01).then(|| pixel.0.map(f32::from)))
        .collect();
    let filled = fill(&ground, width, height);
    // The painted part is smooth where cloth and wood are not.
    let grain = rng.random_range(0.0..8.0);
    let mut picture = photo;
    for ((pixel, filled), ground) in picture.pixels_mut().zip(filled).zip(&ground) {
        if ground.is_none() {
            let noise = rng.random_range(-1.0..1.0) * grain;
            pixel.0 = filled.map(|value| (value + noise).clamp(0.0, 255.0) as u8);
        }
    }
    Ok(picture)
}

/// Holes filled from their surroundings: averages of ever coarser copies (push and pull, Gortler et al. 1996).
fn fill(pixels: &[Option<[f32; 3]>], width: usize, height: usize) -> Vec<[f32; 3]> {
    if pixels.iter().all(Option::is_some) || width * height <= 1 {
        let grey = [128.0; 3];
        return pixels.iter().map(|pixel| pixel.unwrap_or(grey)).collect();
    }
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let halved: Vec<Option<[f32; 3]>> = (0..half_width * half_height)
        .map(|i| {
            let (x, y) = (2 * (i % half_width), 2 * (i / half_width));
            let block = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            let known: Vec<[f32; 3]> = block
                .iter()
                .filter(|&&(x, y)| x < width && y < height)
                .filter_map(|&(x, y)| pixels[y * width + x])
                .collect();
            let mean = |c: usize| known.iter().map(|p| p[c]).sum::<f32>() / known.len() as f32;
            (!known.is_empty()).then(|| std::array::from_fn(mean))
        })
        .collect();
    let coarse = fill(&halved, half_width, half_height);
    let at = |x: f32, y: f32, c: usize| {
        let (x, y) = (
            x.clamp(0.0, (half_width - 1) as f32),
            y.clamp(0.0, (half_height - 1) as f32),
        );
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = (
            (left + 1).min(half_width - 1),
            (top + 1).min(half_height - 1),
        );
        let (fx, fy) = (x - left as f32, y - top as f32);
        let value = |x: usize, y: usize| coarse[y * half_width + x][c];
        let above = value(left, top) * (1.0 - fx) + value(right, top) * fx;
        let below = value(left, bottom) * (1.0 - fx) + value(right, bottom) * fx;
        above * (1.0 - fy) + below * fy
    };
    (0..width * height)
        .map(|i| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            pixels[i]
                .unwrap_or_else(|| std::array::from_fn(|c| at((x - 0.5) / 2.0, (y - 0.5) / 2.0, c)))
        })
        .collect()
}

/// The largest part of the photo above, below, left or right of its garment; a corner where there is none to speak of.
fn strip(garment: &Garment) -> Result<RgbImage> {
    let photo = wardrobe_ingest::load(&garment.path)?.image;
    let least = least_side(garment);
    let corner = BoxXyxy {
        x1: least,
        y1: least,
        ..BoxXyxy::whole(photo.width(), photo.height())
    };
    let part = largest_strip(garment).unwrap_or(corner);
    Ok(wardrobe_ingest::crop(&photo, part)?)
}

fn least_side(garment: &Garment) -> f32 {
    let (width, height) = garment.size;
    (LEAST_STRIP * width.min(height) as f32).max(2.0)
}

/// The largest part above, below, left or right of a garment that is wide enough to repeat.
pub(super) fn largest_strip(garment: &Garment) -> Option<BoxXyxy> {
    let (width, height) = garment.size;
    let margin = SHADOW * width.max(height) as f32;
    let b = garment.bbox;
    let whole = BoxXyxy::whole(width, height);
    let strips = [
        BoxXyxy {
            x1: b.x0 - margin,
            ..whole
        },
        BoxXyxy {
            x0: b.x1 + margin,
            ..whole
        },
        BoxXyxy {
            y1: b.y0 - margin,
            ..whole
        },
        BoxXyxy {
            y0: b.y1 + margin,
            ..whole
        },
    ];
    let least = least_side(garment);
    let usable = strips
        .into_iter()
        .filter(|strip| strip.width() >= least && strip.height() >= least);
    usable.max_by(|p, q| p.area().total_cmp(&q.area()))
}

/// The picture repeated in mirror images, so that no seam shows, and scaled at random.
fn repeated(picture: &RgbImage, width: u32, height: u32, rng: &mut impl Rng) -> RgbImage {
    let scale = rng.random_range(1.0..2.5);
    let side = |length: u32| ((length as f32 * scale) as u32).max(8);
    let tile = imageops::resize(
        picture,
        side(picture.width()),
        side(picture.height()),
        FilterType::Triangle,
    );
    let offset = (
        rng.random_range(0..2 * tile.width()),
        rng.random_range(0..2 * tile.height()),
    );
    let mirrored = |at: u32, length: u32| {
        let at = at % (2 * length);
        if at < length { at } else { 2 * length - 1 - at }
    };
    RgbImage::from_fn(width, height, |x, y| {
        *tile.get_pixel(
            mirrored(x + offset.0, tile.width()),
            mirrored(y + offset.1, tile.height()),
        )
    })
}

/// A colour of rooms: any lightness, little saturation.
fn wall_color(rng: &mut impl Rng) -> [f32; 3] {
    let lightness = rng.random_range(25.0..250.0_f32);
    let saturation = rng.random_range(0.0..0.5_f32).powi(2);
    std::array::from_fn(|_| {
        (lightness * (1.0 + rng.random_range(-saturation..=saturation))).clamp(0.0, 255.0)
    })
}

fn flat(width: u32, height: u32, rng: &mut impl Rng) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(wall_color(rng).map(|v| v as u8)))
}

/// From one colour to a lighter or darker or another one, at any angle.
fn gradient(width: u32, height: u32, rng: &mut impl Rng) -> RgbImage {
    let from = wall_color(rng);
    let to = match rng.random_bool(0.7) {
        true => {
            let light = rng.random_range(0.6..1.4);
            from.map(|value: f32| (value * light).clamp(0.0, 255.0))
        }
        false => wall_color(rng),
    };
    let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (
            x as f32 / width as f32 - 0.5,
            y as f32 / height as f32 - 0.5,
        );
        let t = ((u * cos + v * sin) / std::f32::consts::SQRT_2 + 0.5).clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|c| {
            (from[c] + t * (to[c] - from[c])) as u8
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_take_the_colours_around_them() {
        let (width, height) = (37, 23);
        let hole = |x: usize, y: usize| (10..20).contains(&x) && (5..15).contains(&y);
        let pixels: Vec<_> = (0..width * height)
            .map(|i| (!hole(i % width, i / width)).then_some([200.0, 100.0, 50.0]))
            .collect();
        let filled = fill(&pixels, width, height);
        assert!(filled.iter().all(|pixel| {
            let expected = [200.0, 100.0, 50.0];
            pixel
                .iter()
                .zip(expected)
                .all(|(v, e): (&f32, f32)| (v - e).abs() < 0.01)
        }));
    }
}
