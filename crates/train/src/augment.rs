//! Variations of a photo: framing, rotation, mirroring, light, and a patch taken out.
//!
//! Framing, rotation and mirroring are one affine map, sampled once, so that the photo is blurred once.

use crate::AugmentConfig;
use rand::{Rng, RngExt};
use wardrobe_ingest::{Normalization, RgbImage};

/// Writes a varied `side` x `side` view of `photo` to `out`: channels-last, RGB, normalised.
///
/// # Shapes
/// `out` side * side * 3
pub fn vary(
    photo: &RgbImage,
    side: usize,
    normalization: Normalization,
    config: &AugmentConfig,
    rng: &mut impl Rng,
    out: &mut [f32],
) {
    let view = View::draw(config, rng);
    let light = Light::draw(config.color, rng);
    let (mean, std) = normalization.mean_std();
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    for y in 0..side {
        for x in 0..side {
            let to_unit = |i: usize| (i as f32 + 0.5) / side as f32 - 0.5;
            let (u, v) = view.source(to_unit(x), to_unit(y));
            let pixel = light.apply(bilinear(photo, u * width - 0.5, v * height - 0.5));
            for c in 0..3 {
                out[(y * side + x) * 3 + c] = (pixel[c] - mean[c]) / std[c];
            }
        }
    }
    if rng.random::<f32>() < config.erase {
        erase(side, rng, out);
    }
}

/// Which part of the photo is seen: an affine map from the view, centred on 0, to the photo in 0..1.
struct View {
    center: (f32, f32),
    across: (f32, f32),
    down: (f32, f32),
}

impl View {
    fn draw(config: &AugmentConfig, rng: &mut impl Rng) -> Self {
        let area = between(rng, config.min_area, 1.0);
        let aspect = between(rng, -config.max_aspect.ln(), config.max_aspect.ln()).exp();
        let (width, height) = (
            (area * aspect).sqrt().min(1.0),
            (area / aspect).sqrt().min(1.0),
        );
        let center = (
            0.5 + between(rng, -0.5, 0.5) * (1.0 - width),
            0.5 + between(rng, -0.5, 0.5) * (1.0 - height),
        );
        let mirror = if rng.random::<f32>() < config.flip {
            -1.0
        } else {
            1.0
        };
        let (sin, cos) = between(rng, -config.rotation, config.rotation)
            .to_radians()
            .sin_cos();
        Self {
            center,
            across: (cos * width * mirror, sin * height * mirror),
            down: (-sin * width, cos * height),
        }
    }

    fn source(&self, x: f32, y: f32) -> (f32, f32) {
        (
            self.center.0 + x * self.across.0 + y * self.down.0,
            self.center.1 + x * self.across.1 + y * self.down.1,
        )
    }
}

/// Changes of brightness, contrast and saturation.
struct Light {
    brightness: f32,
    contrast: f32,
    saturation: f32,
}

impl Light {
    fn draw(strength: f32, rng: &mut impl Rng) -> Self {
        let mut factor = || between(rng, 1.0 - strength, 1.0 + strength);
        Self {
            brightness: factor(),
            contrast: factor(),
            saturation: factor(),
        }
    }

    /// A pixel in 0..1. Contrast turns about middle grey, saturation about the pixel's own luma (ITU-R BT.601).
    fn apply(&self, pixel: [f32; 3]) -> [f32; 3] {
        let lit = pixel.map(|v| (v * self.brightness - 0.5) * self.contrast + 0.5);
        let luma = 0.299 * lit[0] + 0.587 * lit[1] + 0.114 * lit[2];
        lit.map(|v| (luma + (v - luma) * self.saturation).clamp(0.0, 1.0))
    }
}

/// A value in 0..1 between pixel centres; the border's pixels go on outside.
fn bilinear(photo: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (right, bottom) = (photo.width() as usize - 1, photo.height() as usize - 1);
    let (x, y) = (x.clamp(0.0, right as f32), y.clamp(0.0, bottom as f32));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(right), (y0 + 1).min(bottom));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let pixels = photo.as_raw();
    let at = |x: usize, y: usize, c: usize| f32::from(pixels[(y * (right + 1) + x) * 3 + c]);
    std::array::from_fn(|c| {
        let top = at(x0, y0, c) * (1.0 - fx) + at(x1, y0, c) * fx;
        let low = at(x0, y1, c) * (1.0 - fx) + at(x1, y1, c) * fx;
        (top * (1.0 - fy) + low * fy) / 255.0
    })
}

/// Sets a rectangle of 2 to 20 % of the area to the mean colour (0 after normalisation).
fn erase(side: usize, rng: &mut impl Rng, out: &mut [f32]) {
    let area = between(rng, 0.02, 0.2) * (side * side) as f32;
    let aspect = between(rng, -1.0, 1.0).exp();
    let width = ((area * aspect).sqrt() as usize).clamp(1, side);
    let height = ((area / aspect).sqrt() as usize).clamp(1, side);
    let (x0, y0) = (
        rng.random_range(0..=side - width),
        rng.random_range(0..=side - height),
    );
    for y in y0..y0 + height {
        out[(y * side + x0) * 3..][..width * 3].fill(0.0);
    }
}

fn between(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// A photo whose red is its column and whose green is its row.
    fn gradient(side: u32) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 0]))
    }

    const STILL: AugmentConfig = AugmentConfig::STILL;

    fn view(config: &AugmentConfig, seed: u64) -> Vec<f32> {
        let mut out = vec![0.0; 16 * 16 * 3];
        vary(
            &gradient(16),
            16,
            Normalization::ImageNet,
            config,
            &mut ChaCha8Rng::seed_from_u64(seed),
            &mut out,
        );
        out
    }

    #[test]
    fn without_variation_the_photo_comes_back() {
        let photo = gradient(16);
        let expected = wardrobe_ingest::tensor::to_vec(
            &photo,
            Normalization::ImageNet,
            wardrobe_ingest::ChannelOrder::Rgb,
            wardrobe_ingest::Layout::Nhwc,
        );
        for (got, expected) in view(&STILL, 1).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
    }

    #[test]
    fn a_mirror_image_reverses_rows_only() {
        let still = view(&STILL, 1);
        let flipped = view(
            &AugmentConfig {
                flip: 0.999_999,
                ..STILL
            },
            1,
        );
        for y in 0..16 {
            for x in 0..16 {
                for c in 0..3 {
                    let mirrored = still[(y * 16 + 15 - x) * 3 + c];
                    assert!((flipped[(y * 16 + x) * 3 + c] - mirrored).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let config = AugmentConfig::default();
        assert_eq!(view(&config, 3), view(&config, 3));
        assert_ne!(view(&config, 3), view(&config, 4));
    }
}
