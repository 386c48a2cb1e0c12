//! What the network sees of photos in training: one of them or four put together, moved, scaled, mirrored, in another
//! light.
//!
//! All of the geometry is one map from the view's pixels to a photo's, sampled once.

use super::assign::Target;
use super::config::DetectAugment;
use super::data::Sample;
use super::photos::{Photo, Photos};
use palette::{FromColor, Hsv, Srgb};
use rand::{Rng, RngExt};
use std::sync::Arc;
use wardrobe_ingest::PAD;
use wardrobe_types::BoxXyxy;

/// A view of `side` x `side` pixels.
pub(super) struct View {
    side: f32,
    tiles: Vec<Tile>,
    /// View pixels a canvas pixel.
    scale: f32,
    /// Where in the view the canvas begins.
    origin: (f32, f32),
    mirrored: bool,
    light: Light,
}

/// A photo on the canvas.
struct Tile {
    photo: Arc<Photo>,
    sample: usize,
    /// Canvas pixels a pixel of the photo in memory.
    zoom: f32,
    left: f32,
    top: f32,
    /// What of the photo lies on the canvas.
    visible: BoxXyxy,
}

impl View {
    /// Draws a view of sample `first`, and of others where it is a mosaic.
    pub(super) fn draw(
        (first, samples, photos): (usize, &[Sample], &Photos),
        side: usize,
        augment: &DetectAugment,
        rng: &mut impl Rng,
    ) -> Self {
        let side = side as f32;
        let mosaic = rng.random::<f32>() < augment.mosaic;
        let canvas = if mosaic { 2.0 * side } else { side };
        let mut tiles = Vec::new();
        let mut place = |sample: usize, at: &dyn Fn(f32, f32) -> (f32, f32)| {
            tiles.extend(Tile::new((sample, samples, photos), side, canvas, at));
        };
        if mosaic {
            let x = between(rng, side * 0.5, side * 1.5);
            let y = between(rng, side * 0.5, side * 1.5);
            place(first, &|w, h| (x - w, y - h));
            place(rng.random_range(0..samples.len()), &|_, h| (x, y - h));
            place(rng.random_range(0..samples.len()), &|w, _| (x - w, y));
            place(rng.random_range(0..samples.len()), &|_, _| (x, y));
        } else {
            place(first, &|w, h| ((side - w) * 0.5, (side - h) * 0.5));
        }
        let scale = between(rng, 1.0 - augment.scale, 1.0 + augment.scale);
        let mut origin = || {
            let middle = between(rng, 0.5 - augment.translate, 0.5 + augment.translate) * side;
            middle - canvas * 0.5 * scale
        };
        Self {
            side,
            tiles,
            scale,
            origin: (origin(), origin()),
            mirrored: rng.random::<f32>() < augment.flip,
            light: Light::draw(augment, rng),
        }
    }

    /// The garments to be seen in it, in its pixels.
    pub(super) fn targets(&self, samples: &[Sample]) -> Vec<Target> {
        let mut targets = Vec::new();
        for tile in &self.tiles {
            for &Target { class, bbox } in &samples[tile.sample].targets {
                let whole = self.in_view(tile.to_canvas(bbox));
                let visible = self.in_view(tile.visible);
                let seen = clip(
                    clip(whole, visible),
                    BoxXyxy::whole(self.side as u32, self.side as u32),
                );
                if is_garment(seen, whole) {
                    let bbox = if self.mirrored {
                        self.mirror(seen)
                    } else {
                        seen
                    };
                    targets.push(Target { class, bbox });
                }
            }
        }
        targets
    }

    fn in_view(&self, b: BoxXyxy) -> BoxXyxy {
        let x = |x: f32| x * self.scale + self.origin.0;
        let y = |y: f32| y * self.scale + self.origin.1;
        BoxXyxy {
            x0: x(b.x0),
            y0: y(b.y0),
            x1: x(b.x1),
            y1: y(b.y1),
        }
    }

    fn mirror(&self, b: BoxXyxy) -> BoxXyxy {
        BoxXyxy {
            x0: self.side - b.x1,
            x1: self.side - b.x0,
            ..b
        }
    }

    /// Writes its pixels, RGB in 0..=1.
    ///
    /// # Shapes
    /// `out` side * side * 3
    pub(super) fn render(&self, out: &mut [f32]) {
        out.fill(f32::from(PAD) / 255.0);
        let row = self.side as usize * 3;
        for tile in &self.tiles {
            let columns = tile.steps(self, Axis::X);
            let rows = tile.steps(self, Axis::Y);
            for (out, y) in out.chunks_exact_mut(row).zip(&rows) {
                let Some(y) = y else { continue };
                for (out, x) in out.chunks_exact_mut(3).zip(&columns) {
                    let Some(x) = x else { continue };
                    out.copy_from_slice(&tile.sample_at(x, y));
                }
            }
        }
        self.light.apply(out);
    }
}

/// What is left of a box must be more than a sliver or a rest.
fn is_garment(seen: BoxXyxy, whole: BoxXyxy) -> bool {
    const LEAST_SIDE: f32 = 2.0;
    const LEAST_SHARE: f32 = 0.1;
    const MOST_ASPECT: f32 = 100.0;
    let (w, h) = (seen.width(), seen.height());
    w > LEAST_SIDE
        && h > LEAST_SIDE
        && seen.area() > LEAST_SHARE * whole.area()
        && (w / h).max(h / w) < MOST_ASPECT
}

fn clip(a: BoxXyxy, to: BoxXyxy) -> BoxXyxy {
    BoxXyxy {
        x0: a.x0.clamp(to.x0, to.x1),
        y0: a.y0.clamp(to.y0, to.y1),
        x1: a.x1.clamp(to.x0, to.x1),
        y1: a.y1.clamp(to.y0, to.y1),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Axis {
    X,
    Y,
}

/// Between which two of a photo's pixels a view's pixel lies, along one axis.
struct Step {
    low: usize,
    high: usize,
    share: f32,
}

impl Tile {
    /// A sample's photo with its corner `at` a place that depends on its width and height; `None` where it cannot be
    /// read.
    fn new(
        (sample, samples, photos): (usize, &[Sample], &Photos),
        side: f32,
        canvas: f32,
        at: &dyn Fn(f32, f32) -> (f32, f32),
    ) -> Option<Self> {
        let photo = photos.get(samples[sample].photo)?;
        let (width, height) = photo.image.dimensions();
        let zoom = side / width.max(height) as f32;
        let (w, h) = (width as f32 * zoom, height as f32 * zoom);
        let (left, top) = at(w, h);
        let on_canvas = |v: f32| v.clamp(0.0, canvas);
        let visible = BoxXyxy {
            x0: on_canvas(left),
            y0: on_canvas(top),
            x1: on_canvas(left + w),
            y1: on_canvas(top + h),
        };
        Some(Self {
            photo,
            sample,
            zoom,
            left,
            top,
            visible,
        })
    }

    /// A box in pixels of the file's photo, on the canvas.
    fn to_canvas(&self, b: BoxXyxy) -> BoxXyxy {
        let scale = self.zoom * self.photo.scale;
        BoxXyxy {
            x0: b.x0 * scale + self.left,
            y0: b.y0 * scale + self.top,
            x1: b.x1 * scale + self.left,
            y1: b.y1 * scale + self.top,
        }
    }

    /// For each of the view's columns or rows, where it lies in the photo; `None` outside of it.
    fn steps(&self, view: &View, axis: Axis) -> Vec<Option<Step>> {
        let (width, height) = self.photo.image.dimensions();
        let v = self.visible;
        let (origin, start, visible, pixels) = match axis {
            Axis::X => (view.origin.0, self.left, v.x0..v.x1, width),
            Axis::Y => (view.origin.1, self.top, v.y0..v.y1, height),
        };
        let last = pixels as usize - 1;
        let step = |i: usize| {
            let middle = i as f32 + 0.5;
            let mirrored = axis == Axis::X && view.mirrored;
            let seen = if mirrored { view.side - middle } else { middle };
            let canvas = (seen - origin) / view.scale;
            visible.contains(&canvas).then(|| {
                let at = ((canvas - start) / self.zoom - 0.5).clamp(0.0, last as f32);
                let low = at as usize;
                let share = at - low as f32;
                Step {
                    low,
                    high: (low + 1).min(last),
                    share,
                }
            })
        };
        (0..view.side as usize).map(step).collect()
    }

    /// Between four pixels, in 0..=1.
    fn sample_at(&self, x: &Step, y: &Step) -> [f32; 3] {
        let (pixels, width) = (self.photo.image.as_raw(), self.photo.image.width() as usize);
        let row = |y: usize| &pixels[y * width * 3..][..width * 3];
        let (top, bottom) = (row(y.low), row(y.high));
        std::array::from_fn(|c| {
            let mix = |row: &[u8]| {
                let (a, b) = (
                    f32::from(row[x.low * 3 + c]),
                    f32::from(row[x.high * 3 + c]),
                );
                a + (b - a) * x.share
            };
            let (a, b) = (mix(top), mix(bottom));
            (a + (b - a) * y.share) / 255.0
        })
    }
}

/// A change of hue, saturation and value.
struct Light {
    /// In degrees.
    hue: f32,
    saturation: f32,
    value: f32,
}

impl Light {
    fn draw(augment: &DetectAugment, rng: &mut impl Rng) -> Self {
        let mut by = |most: f32| between(rng, -most, most);
        Self {
            hue: by(augment.hue) * 360.0,
            saturation: 1.0 + by(augment.saturation),
            value: 1.0 + by(augment.value),
        }
    }

    fn apply(&self, pixels: &mut [f32]) {
        if self.hue == 0.0 && self.saturation == 1.0 && self.value == 1.0 {
            return;
        }
        for pixel in pixels.chunks_exact_mut(3) {
            let hsv = Hsv::from_color(Srgb::new(pixel[0], pixel[1], pixel[2]));
            let changed = Hsv::new(
                hsv.hue + self.hue,
                (hsv.saturation * self.saturation).min(1.0),
                (hsv.value * self.value).min(1.0),
            );
            let rgb = Srgb::from_color(changed);
            pixel.copy_from_slice(&[rgb.red, rgb.green, rgb.blue]);
        }
    }
}

fn between(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

#[cfg(test)]
mod tests;
