//! One picture: a ground, garments on it, light and a camera's faults over all, and the boxes.

use super::backgrounds::Backgrounds;
use super::cutout::Garment;
use super::patch::{Change, Light, SOLID};
use super::plane::Plane;
use crate::error::{Error, Result};
use rand::{Rng, RngExt};
use std::ops::Range;
use wardrobe_eval::TruthBox;
use wardrobe_ingest::RgbImage;
use wardrobe_ingest::image::codecs::jpeg::JpegEncoder;
use wardrobe_ingest::image::{RgbaImage, imageops};
use wardrobe_types::BoxXyxy;
use wardrobe_types::labels::DetectorClass;

/// The longer side of a picture, in pixels: a detector sees 640, and the photos cut from are not sharper.
const LONGER_SIDE: std::ops::RangeInclusive<u32> = 480..=640;
/// Width to height.
const ASPECTS: [(f32, u32); 4] = [(0.75, 5), (4.0 / 3.0, 2), (1.0, 2), (0.5625, 1)];
/// Places tried for a garment before it is left out.
const TRIES: usize = 24;
/// The least of a garment that must be seen, in most pictures and in heaps.
const LEAST_VISIBLE: (f32, f32) = (0.75, 0.4);
/// The share of pictures that are heaps.
const HEAPS: f64 = 0.3;
/// The blur of pictures out of focus, as the standard deviation in pixels.
const BLUR: Range<f32> = 0.4..1.2;

/// A picture and its garments.
pub(super) struct Composed {
    pub jpeg: Vec<u8>,
    pub boxes: Vec<TruthBox>,
    pub size: (u32, u32),
}

/// Pastes the garments, each where enough of it and of those under it is seen.
pub(super) fn compose(
    garments: &[&Garment],
    backgrounds: &Backgrounds<'_>,
    rng: &mut impl Rng,
) -> Result<Composed> {
    let (width, height) = picture_size(rng.random_range(LONGER_SIDE), rng);
    let mut canvas = Canvas::new(backgrounds.draw(width, height, rng)?);
    let heap = rng.random_bool(HEAPS);
    let least = if heap {
        LEAST_VISIBLE.1
    } else {
        LEAST_VISIBLE.0
    };
    let shadow = Shadow::draw(rng);
    for garment in garments {
        let longer = share_of_side(garments.len(), garment.label, rng) * width.min(height) as f32;
        let patch = Change::draw(longer, rng).apply(&garment.cut()?);
        if let Some(place) = canvas.place(&patch, least, rng) {
            canvas.paste(&patch, garment.label, place, &shadow);
        }
    }
    let boxes = canvas.boxes();
    Ok(Composed {
        jpeg: canvas.photographed(BLUR, rng)?,
        boxes,
        size: (width, height),
    })
}

/// Width and height of a picture whose longer side is given.
pub(super) fn picture_size(longer: u32, rng: &mut impl Rng) -> (u32, u32) {
    let longer = longer as f32;
    let mut left = rng.random_range(0..ASPECTS.iter().map(|(_, weight)| weight).sum::<u32>());
    let mut aspect = 1.0;
    for (value, weight) in ASPECTS {
        aspect = value;
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    let (width, height) = match aspect < 1.0 {
        true => (longer * aspect, longer),
        false => (longer, longer / aspect),
    };
    (width as u32, height as u32)
}

/// The longer side of one of `count` garments, as a share of the picture's shorter side.
fn share_of_side(count: usize, class: usize, rng: &mut impl Rng) -> f32 {
    let share = rng.random_range(match count {
        1 => 0.5..1.25,
        2 => 0.45..1.0,
        3 => 0.38..0.8,
        _ => 0.3..0.65_f32,
    });
    // Beside a coat, a shoe is small.
    let small = [DetectorClass::Shoes, DetectorClass::Hat, DetectorClass::Bag];
    match count > 1 && small.iter().any(|&small| small as usize == class) {
        true => share * 0.65,
        false => share,
    }
}

/// The shadow of garments on their ground.
pub(super) struct Shadow {
    pub strength: f32,
    pub radius: usize,
    pub offset: (i64, i64),
}

impl Shadow {
    fn draw(rng: &mut impl Rng) -> Self {
        Self {
            strength: rng.random_range(0.0..0.45),
            radius: rng.random_range(2..9),
            offset: (rng.random_range(-6..=6), rng.random_range(-3..=8)),
        }
    }
}

/// A picture under way.
pub(super) struct Canvas {
    picture: RgbImage,
    /// The garment seen at each pixel, from 1; 0 for the ground.
    owner: Vec<u8>,
    pasted: Vec<Pasted>,
}

/// A garment on the canvas.
struct Pasted {
    class: usize,
    /// Pixels of the whole garment, seen or not.
    solid: usize,
    seen: usize,
}

impl Canvas {
    pub fn new(picture: RgbImage) -> Self {
        let owner = vec![0; picture.width() as usize * picture.height() as usize];
        Self {
            picture,
            owner,
            pasted: Vec::new(),
        }
    }

    /// A place, left and top, where at least `least` of the garment and of every other stays in sight.
    fn place(&self, patch: &RgbaImage, least: f32, rng: &mut impl Rng) -> Option<(i64, i64)> {
        let (width, height) = (
            i64::from(self.picture.width()),
            i64::from(self.picture.height()),
        );
        let (own_width, own_height) = (i64::from(patch.width()), i64::from(patch.height()));
        // Up to a tenth may lie beyond the picture; more where it does not fit.
        let range = |room: i64, own: i64| {
            let beyond = own / 10;
            let (low, high) = (0.min(room - own), 0.max(room - own));
            low - beyond..=high + beyond
        };
        (0..TRIES).find_map(|_| {
            let place = (
                rng.random_range(range(width, own_width)),
                rng.random_range(range(height, own_height)),
            );
            self.stays_in_sight(patch, place, least).then_some(place)
        })
    }

    fn stays_in_sight(&self, patch: &RgbaImage, place: (i64, i64), least: f32) -> bool {
        let mut hidden = vec![0; self.pasted.len() + 1];
        let (mut solid, mut seen) = (0, 0);
        for (at, alpha) in self.under(patch, place) {
            if alpha >= SOLID {
                solid += 1;
                if let Some(at) = at {
                    seen += 1;
                    hidden[usize::from(self.owner[at])] += 1;
                }
            }
        }
        let enough = |seen: usize, solid: usize| solid > 0 && seen as f32 >= least * solid as f32;
        let mut others = self.pasted.iter().zip(&hidden[1..]);
        enough(seen, solid)
            && others.all(|(other, hidden)| enough(other.seen - hidden, other.solid))
    }

    /// For each pixel of a patch its place in the canvas, if it is inside, and its alpha.
    fn under<'p>(
        &self,
        patch: &'p RgbaImage,
        (left, top): (i64, i64),
    ) -> impl Iterator<Item = (Option<usize>, u8)> + use<'p> {
        let (width, height) = (
            i64::from(self.picture.width()),
            i64::from(self.picture.height()),
        );
        patch.enumerate_pixels().map(move |(x, y, pixel)| {
            let (x, y) = (left + i64::from(x), top + i64::from(y));
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            (inside.then(|| (y * width + x) as usize), pixel.0[3])
        })
    }

    /// Lays a garment with its shadow over what is there.
    pub fn paste(&mut self, patch: &RgbaImage, class: usize, place: (i64, i64), shadow: &Shadow) {
        self.cast(patch, place, shadow);
        let number = self.pasted.len() + 1;
        let mut pasted = Pasted {
            class,
            solid: 0,
            seen: 0,
        };
        let under: Vec<_> = self.under(patch, place).collect();
        let width = self.picture.width() as usize;
        for ((at, alpha), source) in under.into_iter().zip(patch.pixels()) {
            pasted.solid += usize::from(alpha >= SOLID);
            let Some(at) = at else { continue };
            let pixel = self
                .picture
                .get_pixel_mut((at % width) as u32, (at / width) as u32);
            let share = f32::from(alpha) / 255.0;
            for (value, new) in pixel.0.iter_mut().zip(source.0) {
                let blended = f32::from(*value) * (1.0 - share) + f32::from(new) * share;
                *value = blended.round() as u8;
            }
            if alpha >= SOLID {
                pasted.seen += 1;
                let below = std::mem::replace(&mut self.owner[at], number as u8);
                if let Some(below) = usize::from(below).checked_sub(1) {
                    self.pasted[below].seen -= 1;
                }
            }
        }
        self.pasted.push(pasted);
    }

    /// Darkens what lies under the patch's shadow.
    fn cast(&mut self, patch: &RgbaImage, (left, top): (i64, i64), shadow: &Shadow) {
        let around = 2 * shadow.radius;
        let (width, height) = (
            patch.width() as usize + 2 * around,
            patch.height() as usize + 2 * around,
        );
        let alpha = Plane::new(width, height, |x, y| {
            let inside = x.checked_sub(around).zip(y.checked_sub(around));
            let pixel = inside.and_then(|(x, y)| patch.get_pixel_checked(x as u32, y as u32));
            pixel.map_or(0.0, |pixel| f32::from(pixel.0[3]) / 255.0)
        })
        .blurred(shadow.radius);
        let (left, top) = (
            left + shadow.offset.0 - around as i64,
            top + shadow.offset.1 - around as i64,
        );
        for (i, alpha) in alpha.values.iter().enumerate() {
            let (x, y) = (left + (i % width) as i64, top + (i / width) as i64);
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
                continue;
            };
            if let Some(pixel) = self.picture.get_pixel_mut_checked(x, y) {
                let light = 1.0 - shadow.strength * alpha;
                pixel.0 = pixel.0.map(|value| (f32::from(value) * light) as u8);
            }
        }
    }

    /// As a camera takes it, as JPEG.
    pub fn photographed(self, blur: Range<f32>, rng: &mut impl Rng) -> Result<Vec<u8>> {
        let picture = photographed(self.picture, blur, rng);
        let quality = rng.random_range(60..=95);
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .encode_image(&picture)
            .map_err(|source| Error::Encode { source })?;
        Ok(jpeg)
    }

    /// Around what is seen of each garment.
    fn boxes(&self) -> Vec<TruthBox> {
        let width = self.picture.width() as usize;
        let mut extents = vec![None::<[usize; 4]>; self.pasted.len()];
        for (i, &owner) in self.owner.iter().enumerate() {
            let Some(garment) = usize::from(owner).checked_sub(1) else {
                continue;
            };
            let (x, y) = (i % width, i / width);
            let [x0, y0, x1, y1] = extents[garment].unwrap_or([x, y, x + 1, y + 1]);
            extents[garment] = Some([x0.min(x), y0.min(y), x1.max(x + 1), y1.max(y + 1)]);
        }
        let found = self.pasted.iter().zip(extents);
        found
            .filter_map(|(pasted, extent)| {
                let [x0, y0, x1, y1] = extent?.map(|edge| edge as f32);
                Some(TruthBox {
                    class: pasted.class,
                    bbox: BoxXyxy { x0, y0, x1, y1 },
                    crowd: false,
                })
            })
            .collect()
    }
}

/// One light over the whole picture, falling off to a side, and sometimes a camera's blur and noise.
fn photographed(picture: RgbImage, blur: Range<f32>, rng: &mut impl Rng) -> RgbImage {
    let mut picture = match rng.random_bool(0.3) {
        true => imageops::fast_blur(&picture, rng.random_range(blur)),
        false => picture,
    };
    let light = Light::draw(0.2, 0.07, rng);
    let slope = (rng.random_range(-0.25..0.25), rng.random_range(-0.25..0.25));
    let noise = rng.random_range(0.0..7.0_f32);
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let fall = 1.0 + slope.0 * (x as f32 / width - 0.5) + slope.1 * (y as f32 / height - 0.5);
        let lit = light.apply(pixel.0.map(f32::from));
        pixel.0 = lit.map(|value| {
            let noisy = value * fall + rng.random_range(-1.0..1.0) * noise;
            noisy.clamp(0.0, 255.0) as u8
        });
    }
    picture
}
