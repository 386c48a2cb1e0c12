//! A cut garment made ready to paste: flipped, scaled, turned, lit otherwise.

use rand::{Rng, RngExt};
use wardrobe_ingest::image::imageops::{FilterType, flip_horizontal, resize};
use wardrobe_ingest::image::{Rgba, RgbaImage, imageops};

/// Alpha from which a pixel counts as the garment's.
pub(super) const SOLID: u8 = 128;

/// How a garment changes on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// The longer side afterwards, before turning, in pixels.
    pub longer: f32,
    /// Clockwise, in radians.
    pub angle: f32,
    pub flip: bool,
    pub light: Light,
}

impl Change {
    /// Mostly upright, sometimes at any angle, as laid on a bed.
    pub fn draw(longer: f32, rng: &mut impl Rng) -> Self {
        let most = match rng.random_range(0..10) {
            0..7 => 12.0_f32,
            7..9 => 45.0,
            _ => 180.0,
        };
        Self {
            longer,
            angle: rng.random_range(-most..most).to_radians(),
            flip: rng.random_bool(0.5),
            light: Light::draw(0.22, 0.05, rng),
        }
    }

    /// The garment so changed, trimmed to what is visible.
    pub fn apply(&self, garment: &RgbaImage) -> RgbaImage {
        let flipped = match self.flip {
            true => flip_horizontal(garment),
            false => garment.clone(),
        };
        let (width, height) = flipped.dimensions();
        let scale = self.longer / width.max(height) as f32;
        let side = |length: u32| ((length as f32 * scale).round() as u32).max(2);
        let scaled = resize(&flipped, side(width), side(height), FilterType::Triangle);
        let mut turned = trimmed(&turned(&scaled, self.angle));
        for pixel in turned.pixels_mut() {
            let [r, g, b, alpha] = pixel.0;
            let [r, g, b] = self.light.apply([r, g, b].map(f32::from));
            pixel.0 = [r as u8, g as u8, b as u8, alpha];
        }
        turned
    }
}

/// Another light: gain a channel and gamma.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    gain: [f32; 3],
    gamma: f32,
}

impl Light {
    /// Brightness within `by` of 1, each channel within `tint` of that.
    pub fn draw(by: f32, tint: f32, rng: &mut impl Rng) -> Self {
        let brightness = rng.random_range(1.0 - by..1.0 + by);
        Self {
            gain: std::array::from_fn(|_| brightness * rng.random_range(1.0 - tint..1.0 + tint)),
            gamma: rng.random_range(0.85..1.2),
        }
    }

    /// On values in 0..=255.
    pub fn apply(&self, rgb: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|c| {
            let value = (rgb[c] / 255.0).powf(self.gamma) * self.gain[c];
            (value * 255.0).clamp(0.0, 255.0)
        })
    }
}

/// Turned about its middle, with room for the corners; bilinear, transparent beyond.
fn turned(picture: &RgbaImage, angle: f32) -> RgbaImage {
    let (sin, cos) = angle.sin_cos();
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    // Less what rounding adds: a quarter turn needs no pixel more.
    let side = |length: f32| (length - 1e-3).ceil();
    let new_width = side(width * cos.abs() + height * sin.abs());
    let new_height = side(width * sin.abs() + height * cos.abs());
    RgbaImage::from_fn(new_width as u32, new_height as u32, |x, y| {
        let (dx, dy) = (
            x as f32 + 0.5 - new_width / 2.0,
            y as f32 + 0.5 - new_height / 2.0,
        );
        let from_x = cos * dx + sin * dy + width / 2.0 - 0.5;
        let from_y = cos * dy - sin * dx + height / 2.0 - 0.5;
        sampled(picture, from_x, from_y)
    })
}

fn sampled(picture: &RgbaImage, x: f32, y: f32) -> Rgba<u8> {
    let (width, height) = (picture.width() as i64, picture.height() as i64);
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let corner = |dx: i64, dy: i64| {
        let (x, y) = (left as i64 + dx, top as i64 + dy);
        let inside = (0..width).contains(&x) && (0..height).contains(&y);
        let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
        let [r, g, b, alpha] = picture.get_pixel(x as u32, y as u32).0;
        [r, g, b, if inside { alpha } else { 0 }].map(f32::from)
    };
    let (a, b, c, d) = (corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1));
    Rgba(std::array::from_fn(|i| {
        let above = a[i] + fx * (b[i] - a[i]);
        let below = c[i] + fx * (d[i] - c[i]);
        (above + fy * (below - above)).round() as u8
    }))
}

/// Without rows and columns in which nothing shows.
fn trimmed(picture: &RgbaImage) -> RgbaImage {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        if pixel.0[3] > 0 {
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
    }
    if left >= right {
        return picture.clone();
    }
    imageops::crop_imm(picture, left, top, right - left, bottom - top).to_image()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_quarter_turn_moves_every_pixel_exactly() {
        let picture = RgbaImage::from_fn(3, 2, |x, y| Rgba([x as u8, y as u8, 7, 255]));
        let turned = turned(&picture, std::f32::consts::FRAC_PI_2);
        // The sides' rounding may leave a transparent row more.
        let turned = trimmed(&turned);
        assert_eq!(turned.dimensions(), (2, 3));
        // Clockwise: what was on the left is on top, what was below is on the left.
        for (x, y, pixel) in turned.enumerate_pixels() {
            assert_eq!(pixel.0[..2], [y as u8, 1 - x as u8], "{x} {y}");
        }
    }

    #[test]
    fn sizes_come_out_as_asked() {
        let picture = RgbaImage::from_pixel(50, 100, Rgba([200, 100, 50, 255]));
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let change = Change {
            angle: 0.0,
            ..Change::draw(40.0, &mut rng)
        };
        assert_eq!(change.apply(&picture).dimensions(), (20, 40));
    }
}
