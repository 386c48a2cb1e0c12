//! Harmonic templates on the hue circle.
//!
//! D. Cohen-Or, O. Sorkine, R. Gal, T. Leyvand, Y.-Q. Xu: "Color Harmonization", ACM Transactions on Graphics 25(3),
//! 2006, after Matsuda 1995: hues are harmonic where one of a few arrangements of sectors, turned freely, holds
//! them all. The widths are the paper's. It turns them on the HSV circle; here they turn on the hue of CIE LCh,
//! where equal angles look about equally far apart.

/// An arrangement of sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// i: one narrow sector.
    OneHue,
    /// I: two narrow sectors opposite each other.
    Complementary,
    /// V: one wide sector.
    Neighbours,
    /// Y: a wide sector and a narrow one opposite.
    SplitComplementary,
    /// L: a narrow sector and a wide one a quarter turn away, to either side.
    QuarterTurn,
    /// T: half the circle.
    HalfCircle,
    /// X: two wide sectors opposite each other.
    WideOpposites,
    /// Hues that no template holds.
    None,
}

/// A sector: its middle relative to the template's, and its width, in degrees.
type Sector = (f32, f32);

/// Two hues at a sector's two ends are inside it, whatever the last bit says.
const ROUNDING: f32 = 1e-3;

impl Template {
    /// From the tightest on.
    const IN_ORDER: [Self; 7] = [
        Self::OneHue,
        Self::Complementary,
        Self::Neighbours,
        Self::SplitComplementary,
        Self::QuarterTurn,
        Self::HalfCircle,
        Self::WideOpposites,
    ];

    /// Its arrangements; only the L has a mirror image that no rotation gives.
    const fn arrangements(self) -> &'static [&'static [Sector]] {
        match self {
            Self::Complementary => &[&[(0.0, 18.0), (180.0, 18.0)]],
            Self::OneHue => &[&[(0.0, 18.0)]],
            Self::Neighbours => &[&[(0.0, 93.6)]],
            Self::SplitComplementary => &[&[(0.0, 93.6), (180.0, 18.0)]],
            Self::QuarterTurn => &[&[(0.0, 18.0), (90.0, 79.2)], &[(0.0, 18.0), (-90.0, 79.2)]],
            Self::HalfCircle => &[&[(0.0, 180.0)]],
            Self::WideOpposites => &[&[(0.0, 93.6), (180.0, 93.6)]],
            Self::None => &[],
        }
    }

    /// How harmonic the hues are that it holds, 0..=1. Opposites are the taxonomy's complementary colours (0.9 and
    /// more); the others fall with the freedom they leave.
    pub(crate) const fn score(self) -> f32 {
        match self {
            Self::Complementary => 0.9,
            Self::OneHue => 0.82,
            Self::Neighbours => 0.78,
            Self::SplitComplementary => 0.74,
            Self::QuarterTurn => 0.7,
            Self::HalfCircle | Self::WideOpposites => 0.66,
            Self::None => 0.6,
        }
    }

    /// What it says of two colours.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Complementary => "complementary, opposite each other on the colour wheel",
            Self::OneHue => "two shades of nearly one hue",
            Self::Neighbours => "neighbours on the colour wheel",
            Self::SplitComplementary => "nearly opposite each other on the colour wheel",
            Self::QuarterTurn | Self::HalfCircle | Self::WideOpposites | Self::None => {
                "neither close nor opposite on the colour wheel"
            }
        }
    }

    fn holds(self, hues: &[f32]) -> bool {
        self.arrangements()
            .iter()
            .any(|sectors| turned(sectors, hues))
    }
}

/// Whether some rotation of `sectors` holds all `hues`: if any does, one does that has a hue at a sector's start.
fn turned(sectors: &[Sector], hues: &[f32]) -> bool {
    hues.iter().any(|first| {
        sectors.iter().any(|(middle, width)| {
            let turn = first - (middle - width / 2.0);
            hues.iter().all(|&hue| inside(sectors, hue - turn))
        })
    })
}

fn inside(sectors: &[Sector], hue: f32) -> bool {
    sectors
        .iter()
        .any(|&(middle, width)| distance(hue, middle) <= width / 2.0 + ROUNDING)
}

/// Degrees between two hues the short way round, 0..=180.
pub(crate) fn distance(a: f32, b: f32) -> f32 {
    let apart = (a - b).rem_euclid(360.0);
    apart.min(360.0 - apart)
}

/// The first template, from the tightest on, that holds all `hues` (degrees).
pub(crate) fn best_fit(hues: &[f32]) -> Template {
    Template::IN_ORDER
        .into_iter()
        .find(|template| template.holds(hues))
        .unwrap_or(Template::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hues_by_their_distance() {
        // The sectors' widths say at which distances a pair passes from one template to the next.
        for (apart, expected) in [
            (0.0, Template::OneHue),
            (17.9, Template::OneHue),
            (18.1, Template::Neighbours),
            (93.5, Template::Neighbours),
            (93.7, Template::QuarterTurn),
            (124.1, Template::QuarterTurn),
            (124.3, Template::SplitComplementary),
            (161.9, Template::SplitComplementary),
            (162.1, Template::Complementary),
            (180.0, Template::Complementary),
        ] {
            for start in [0.0, 77.0, 300.0] {
                let found = best_fit(&[start, start + apart]);
                let mirrored = best_fit(&[start, start - apart]);
                assert_eq!(
                    (found, mirrored),
                    (expected, expected),
                    "{apart} from {start}"
                );
            }
        }
    }
}
