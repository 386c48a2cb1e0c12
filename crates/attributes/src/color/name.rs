//! Names for colours: the nearest of the palette by CIEDE2000.

use std::sync::LazyLock;

use palette::color_difference::Ciede2000;
use palette::{Lab, white_point::D65};
use wardrobe_types::{BasicColor, ColorName, Rgb8};

use crate::lab::{LabColor, chroma, from_rgb};

/// The palette in CIELAB, in the order of [`ColorName::ALL`].
static PALETTE: LazyLock<[LabColor; ColorName::ALL.len()]> =
    LazyLock::new(|| ColorName::ALL.map(|name| from_rgb(name.srgb().to_array())));

/// The colour difference CIEDE2000 of two CIELAB colours `[L*, a*, b*]` (CIE 142-2001, kL = kC = kH = 1): about 1 is
/// just noticeable side by side, 100 is black to white.
pub fn ciede2000(left: [f64; 3], right: [f64; 3]) -> f64 {
    let lab = |[l, a, b]: [f64; 3]| Lab::<D65, f64>::new(l, a, b);
    lab(left).difference(lab(right))
}

/// [`ciede2000`] of two sRGB colours.
pub fn delta_e(left: Rgb8, right: Rgb8) -> f32 {
    let lab = |color: Rgb8| from_rgb(color.to_array()).map(f64::from);
    ciede2000(lab(left), lab(right)) as f32
}

/// How many times less lightness counts than chroma and hue where a colour is named: a photo's light is not known, so
/// lightness is known worst. kL = 2 is what CIE 116-1995 and the textile industry use for cloth.
const NAMING_KL: f64 = 2.0;

/// The name of the palette nearest to a colour by CIEDE2000 with kL = 2.
///
/// A colour of low chroma is named a grey, black or white before any hue is considered, since a distance finds a hue in
/// what people call grey.
pub fn name_color(color: Rgb8) -> ColorName {
    name_lab(from_rgb(color.to_array()))
}

/// Chroma below which a colour is neutral, and above twice which a name is not.
const NEUTRAL_CHROMA: f32 = 3.5;

/// [`name_color`] of a CIELAB colour.
pub(crate) fn name_lab(color: LabColor) -> ColorName {
    nearest(color, |_| true).unwrap_or(ColorName::Black)
}

/// The basic colour of [`name_color`].
pub(crate) fn basic_of(color: LabColor) -> BasicColor {
    name_lab(color).basic()
}

/// The nearest name among those of a basic colour.
pub(crate) fn name_within(color: LabColor, basic: BasicColor) -> ColorName {
    let called = |name: ColorName| name.basic() == basic;
    // A grey of some hue may be outside of all names of a basic colour that has hues alone.
    nearest(color, called).unwrap_or_else(|| name_lab(color))
}

/// The nearest of the names wanted; `None` where a neutral colour can have none of them.
fn nearest(color: LabColor, wanted: impl Fn(ColorName) -> bool) -> Option<ColorName> {
    let neutral = chroma(color) < NEUTRAL_CHROMA;
    let possible = |&(name, value): &(ColorName, &LabColor)| {
        wanted(name) && !(neutral && chroma(*value) > 2.0 * NEUTRAL_CHROMA)
    };
    let difference =
        |value: &LabColor| naming_difference(color.map(f64::from), value.map(f64::from));
    let names = ColorName::ALL.into_iter().zip(PALETTE.iter());
    names
        .filter(possible)
        .map(|(name, value)| (name, difference(value)))
        .min_by(|x, y| x.1.total_cmp(&y.1))
        .map(|(name, _)| name)
}

/// CIEDE2000 with kL = [`NAMING_KL`]. In the formula kL divides the difference in lightness and nothing else, and the
/// lightness weight depends on the mean alone: moving both lightnesses towards their mean is the same.
fn naming_difference(mut left: [f64; 3], mut right: [f64; 3]) -> f64 {
    let (mean, half) = (
        0.5 * (left[0] + right[0]),
        0.5 * (left[0] - right[0]) / NAMING_KL,
    );
    (left[0], right[0]) = (mean + half, mean - half);
    ciede2000(left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_palette_colour_has_its_own_name_and_room_around_it() {
        for left in ColorName::ALL {
            assert_eq!(name_color(left.srgb()), left);
            for right in ColorName::ALL.into_iter().filter(|&right| right != left) {
                let difference = delta_e(left.srgb(), right.srgb());
                assert!(
                    difference > 5.0,
                    "{left} and {right} are {difference} apart"
                );
            }
        }
    }

    #[test]
    fn web_colours_have_the_basic_colour_of_their_name() {
        let cases = "black 000000, white ffffff, grey 808080, grey c0c0c0, red ff0000, red 8b0000, red 800000, \
                     red dc143c, orange ff8c00, yellow ffff00, yellow ffd700, green 008000, green 00ff00, \
                     green 006400, green 98fb98, green 556b2f, blue 0000ff, blue 000080, blue 1e90ff, blue 87ceeb, \
                     blue 008080, blue 40e0d0, purple 800080, pink ff69b4, pink ff1493, pink ffc0cb, beige d2b48c, \
                     brown 8b4513, brown a0522d, brown 5c4033";
        for case in cases.split(", ") {
            let (basic, hex) = case.split_once(' ').unwrap();
            let name = name_color(format!("#{hex}").parse().unwrap());
            assert_eq!(name.basic().as_str(), basic, "#{hex} is named {name}");
        }
    }

    #[test]
    fn greys_are_neutral_whatever_their_tint() {
        for level in (0..=255).step_by(5) {
            let name = name_color(Rgb8::new(level, level, level.saturating_add(2)));
            assert!(name.is_neutral(), "{level} is named {name}");
        }
    }

    #[test]
    fn halving_lightness_is_exact_on_lightness_alone() {
        // With a = b = 0 the formula is dL / (kL SL), SL = 1 + .015 (L - 50)^2 / sqrt(20 + (L - 50)^2).
        let (left, right) = ([40.0, 0.0, 0.0], [70.0, 0.0, 0.0]);
        let offset2 = 5.0_f64.powi(2);
        let expected = 30.0 / (2.0 * (1.0 + 0.015 * offset2 / (20.0 + offset2).sqrt()));
        assert!((naming_difference(left, right) - expected).abs() < 1e-9);
    }
}
