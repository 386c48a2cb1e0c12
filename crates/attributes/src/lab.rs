//! CIELAB under D65, from 8-bit sRGB and back.

use palette::{FromColor, Lab, Srgb, white_point::D65};
use wardrobe_types::Rgb8;

/// L* (0..=100), a*, b*.
pub(crate) type LabColor = [f32; 3];

/// sRGB to CIELAB.
pub(crate) fn from_rgb(rgb: [u8; 3]) -> LabColor {
    let lab = Lab::<D65, f32>::from_color(Srgb::from(rgb).into_linear::<f32>());
    [lab.l, lab.a, lab.b]
}

/// CIELAB to the nearest 8-bit sRGB colour; colours outside the gamut are clipped channel by channel.
pub(crate) fn to_rgb([l, a, b]: LabColor) -> Rgb8 {
    let srgb = Srgb::<f32>::from_color(Lab::<D65, f32>::new(l, a, b));
    let channel = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    Rgb8::new(channel(srgb.red), channel(srgb.green), channel(srgb.blue))
}

/// C*ab: how far from grey.
pub(crate) fn chroma([_, a, b]: LabColor) -> f32 {
    a.hypot(b)
}

/// How much less a difference in lightness counts than one in chroma or hue where cloth is compared with cloth: folds
/// and shadows change lightness first. 2 is the textile industry's value (`l:c` of CMC, `kL` of CIEDE2000).
const LIGHTNESS_TOLERANCE: f32 = 2.0;

/// The difference of two colours of cloth: CIEDE2000's weights by chroma, with lightness at half weight, and without its
/// corrections for blue and near-grey, which matter for names and not for clusters.
pub(crate) fn cloth_difference(p: LabColor, q: LabColor) -> f32 {
    let (p_chroma, q_chroma) = (chroma(p), chroma(q));
    let chroma_step = p_chroma - q_chroma;
    let (a, b) = (p[1] - q[1], p[2] - q[2]);
    let hue_step2 = (a * a + b * b - chroma_step * chroma_step).max(0.0);
    let mean_chroma = 0.5 * (p_chroma + q_chroma);
    let lightness = (p[0] - q[0]) / LIGHTNESS_TOLERANCE;
    let by_chroma = chroma_step / (1.0 + 0.045 * mean_chroma);
    let hue_scale = 1.0 + 0.015 * mean_chroma;
    (lightness * lightness + by_chroma * by_chroma + hue_step2 / (hue_scale * hue_scale)).sqrt()
}
