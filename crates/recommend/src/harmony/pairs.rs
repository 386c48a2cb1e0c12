//! What two colours are to each other: a table of what dressers agree on, and the hue circle for the rest.

use std::fmt;
use std::sync::LazyLock;

use wardrobe_types::ColorName::{
    self, Beige, Black, Blue, Blush, Brown, Burgundy, Camel, Charcoal, Chocolate, Coral, Cream,
    Denim, ForestGreen, Gold, Grey, Khaki, Lavender, LightBlue, Maroon, Mint, Mustard, Navy,
    OffWhite, Olive, Pink, Plum, Red, RoyalBlue, Silver, Tan, Teal, White, Yellow,
};

use super::palette::{Family, family, lch};
use super::templates::{Template, best_fit, distance};
use crate::weights::rule;

/// What two colours are to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Relation {
    /// A pair people wear on purpose: its score, 0.9..=1, and why.
    Classic(f32, &'static str),
    /// Two loud colours that fight, and why.
    Clash(&'static str),
    /// The same, with one of them muted: it can be worn.
    Uneasy(&'static str),
    /// At least one of them is neutral.
    Neutral,
    /// Shades of one colour.
    Tonal,
    /// An earth tone and any other colour.
    Earth,
    /// Whatever the hue circle says.
    Hues(Template),
}

impl Relation {
    /// How well the two go together, 0..=1; below one half for a clash alone.
    pub(crate) const fn score(self) -> f32 {
        match self {
            Self::Classic(score, _) => score,
            Self::Clash(_) => rule::CLASH,
            Self::Uneasy(_) => rule::UNEASY,
            Self::Neutral | Self::Tonal => rule::ONE_COLOR,
            Self::Earth => rule::EARTH,
            Self::Hues(template) => template.score(),
        }
    }

    /// The same on one garment, where a clash is a print whose colours were chosen together.
    pub(crate) const fn score_in_print(self) -> f32 {
        match self {
            Self::Clash(_) => rule::UNEASY,
            other => other.score(),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classic(_, why) => write!(f, "a classic pair ({why})"),
            Self::Clash(why) => write!(f, "a clash ({why})"),
            Self::Uneasy(why) => write!(f, "uneasy together ({why})"),
            Self::Neutral => f.write_str("a neutral goes with everything"),
            Self::Tonal => f.write_str("two shades of one colour"),
            Self::Earth => f.write_str("an earth tone sits quietly beside any colour"),
            Self::Hues(template) => f.write_str(template.describe()),
        }
    }
}

/// One row: any of the first with any of the second, its score, and why.
type Row = (
    &'static [ColorName],
    &'static [ColorName],
    f32,
    &'static str,
);

const BLUES: &[ColorName] = &[Blue, RoyalBlue, LightBlue, Denim];
const BROWNS: &[ColorName] = &[Tan, Camel, Brown, Chocolate];

/// Pairs that are worn on purpose. The first row that holds a pair speaks.
#[rustfmt::skip]
const CLASSICS: &[Row] = &[
    // The taxonomy's own: navy + tan / white / burgundy, blue + brown / tan, black + white / red.
    (&[Navy], &[Tan, Camel, Khaki], 0.97, "warm tan against cool navy"),
    (&[Navy], &[Burgundy, Maroon], 0.96, "two deep colours, one cool and one warm"),
    (&[Navy], &[White, OffWhite], 0.95, "the sharpest contrast short of black and white"),
    (&[Navy], &[Brown, Chocolate], 0.93, "brown leather softens navy"),
    (BLUES, BROWNS, 0.95, "brown is a dark orange, opposite blue"),
    (BLUES, &[Khaki], 0.93, "khaki is the workwear partner of blue"),
    (&[Black], &[White, OffWhite], 0.93, "the strongest contrast there is"),
    (&[Black], &[Red], 0.94, "black lets red stand alone"),
    // Blues and whites.
    (&[White, OffWhite], &[Blue, RoyalBlue, LightBlue, Denim, Teal], 0.92, "clean white freshens blue"),
    (&[Navy], &[LightBlue], 0.92, "light and dark of one hue"),
    (&[Navy, White], &[Red], 0.92, "the sailor's colours"),
    // Neutrals with one colour.
    (&[Navy], &[Pink, Blush], 0.92, "navy keeps pink grown up"),
    (&[Navy, Denim], &[Mustard, Gold, Yellow], 0.92, "yellow is opposite blue"),
    (&[Navy, Denim], &[Coral], 0.91, "coral is the warm opposite of navy"),
    (&[Navy, Denim], &[Olive, ForestGreen], 0.9, "both read as neutral, one of them warm"),
    (&[Denim], &[Burgundy, Maroon], 0.92, "deep red warms washed blue"),
    (&[Grey, Charcoal], &[Burgundy, Maroon], 0.92, "grey quietens burgundy"),
    (&[Grey, Charcoal, Silver], &[Pink, Blush, Lavender], 0.92, "a cool ground for a soft colour"),
    (&[Grey, Charcoal], &[LightBlue, Blue], 0.91, "the office pair"),
    (&[Grey, Charcoal], &[Yellow, Mustard], 0.91, "grey lets yellow shine without shouting"),
    (&[Grey, Charcoal], &[Camel, Tan], 0.91, "cool grey, warm camel"),
    (&[Black], &[Camel, Tan], 0.94, "camel warms black"),
    (&[Black], &[Gold], 0.91, "black makes gold shine"),
    (&[Cream, OffWhite, White, Beige], &[Olive, ForestGreen], 0.91, "pale cloth lightens deep green"),
    (&[Cream, OffWhite, White], &[Camel, Brown, Chocolate, Tan], 0.92, "coffee and cream"),
    (&[Cream, Beige, OffWhite], &[Burgundy, Maroon], 0.91, "cream softens burgundy"),
    // Two colours.
    (&[Olive, ForestGreen], BROWNS, 0.92, "the colours of the woods"),
    (&[Burgundy, Maroon], BROWNS, 0.92, "both are earth colours, one of them deep"),
    (&[Burgundy], &[ForestGreen, Olive], 0.9, "deep complements"),
    (&[Olive], &[Pink, Blush], 0.9, "red's tint against muted green"),
    (&[Teal], BROWNS, 0.91, "brown is opposite teal"),
    (&[Plum], &[Mustard, Gold], 0.91, "complements, both muted"),
    (&[Blush, Pink], &[Camel, Brown, Chocolate], 0.9, "soft pink on warm brown"),
    (&[LightBlue], &[Pink, Blush], 0.9, "two pastels of one lightness"),
    (&[Mint], &[Coral], 0.9, "tints of opposite colours"),
];

/// Opposites on the painter's wheel (red-yellow-blue), which is the one people dress by; the hue circle of LCh puts
/// some of them closer.
const COMPLEMENTS: &[(Family, Family, &str)] = &[
    (
        Family::Blue,
        Family::Orange,
        "complementary: blue cools orange",
    ),
    (
        Family::Red,
        Family::Green,
        "complementary: green is opposite red",
    ),
    (
        Family::Yellow,
        Family::Purple,
        "complementary: purple is opposite yellow",
    ),
];
const COMPLEMENT: f32 = 0.92;

/// Hues that fight: near enough to blur, too far to match.
const CLASHES: &[(Family, Family, &str)] = &[
    (
        Family::Red,
        Family::Orange,
        "both hot, too close to contrast and too far to match",
    ),
    (
        Family::Red,
        Family::Pink,
        "pink is a red that went pale, and red shouts it down",
    ),
    (
        Family::Red,
        Family::Purple,
        "purple pulls red towards blue, red pulls purple towards brown",
    ),
    (
        Family::Orange,
        Family::Pink,
        "a warm and a cool red at full strength",
    ),
    (
        Family::Orange,
        Family::Purple,
        "two mixed colours with nothing in common but red",
    ),
];

/// Colours of at least this chroma are loud, and only loud colours clash: red, orange, hot pink and purple, but not
/// pink, burgundy, peach or lavender.
const LOUD: f32 = 43.0;

/// Hues closer than this (degrees) read as one: coral is no clash with red.
const ONE_HUE: f32 = 15.0;

/// What `a` and `b` are to each other; the order does not matter.
pub(crate) fn relation(a: ColorName, b: ColorName) -> Relation {
    const N: usize = ColorName::ALL.len();
    static TABLE: LazyLock<[[Relation; N]; N]> =
        LazyLock::new(|| ColorName::ALL.map(|a| ColorName::ALL.map(|b| decide(a, b))));
    TABLE[a as usize][b as usize]
}

fn decide(a: ColorName, b: ColorName) -> Relation {
    let rows = CLASSICS.iter();
    let holds = |(left, right, ..): &&Row| {
        (left.contains(&a) && right.contains(&b)) || (left.contains(&b) && right.contains(&a))
    };
    if let Some(&(_, _, score, why)) = rows.clone().find(holds) {
        return Relation::Classic(score, why);
    }
    let (Some(family_a), Some(family_b)) = (family(a), family(b)) else {
        return Relation::Neutral;
    };
    if family_a == family_b {
        return Relation::Tonal;
    }
    let listed = |table: &'static [(Family, Family, &'static str)]| {
        table
            .iter()
            .find(|&&(x, y, _)| (x, y) == (family_a, family_b) || (y, x) == (family_a, family_b))
            .map(|&(_, _, why)| why)
    };
    let hues_apart = distance(lch(a).hue, lch(b).hue);
    if let Some(why) = listed(CLASHES)
        && hues_apart >= ONE_HUE
    {
        let both_loud = lch(a).chroma >= LOUD && lch(b).chroma >= LOUD;
        return if both_loud {
            Relation::Clash(why)
        } else {
            Relation::Uneasy(why)
        };
    }
    if let Some(why) = listed(COMPLEMENTS) {
        return Relation::Classic(COMPLEMENT, why);
    }
    let template = best_fit(&[lch(a).hue, lch(b).hue]);
    if template == Template::Complementary {
        return Relation::Hues(template);
    }
    if family_a == Family::Earth || family_b == Family::Earth {
        return Relation::Earth;
    }
    Relation::Hues(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_symmetric_and_in_its_band() {
        for a in ColorName::ALL {
            for b in ColorName::ALL {
                let relation = relation(a, b);
                assert_eq!(relation.score(), super::relation(b, a).score(), "{a} {b}");
                match relation {
                    Relation::Classic(score, why) => {
                        assert!((0.9..=1.0).contains(&score) && !why.is_empty(), "{a} {b}");
                    }
                    Relation::Clash(_) => assert!(relation.score() < 0.5, "{a} {b}"),
                    other => assert!((0.5..=0.9).contains(&other.score()), "{a} {b}"),
                }
            }
        }
    }

    #[test]
    fn every_classic_row_is_reached() {
        for (i, &(left, right, score, why)) in CLASSICS.iter().enumerate() {
            let pairs = left
                .iter()
                .flat_map(|&a| right.iter().map(move |&b| (a, b)));
            let reached = pairs
                .into_iter()
                .any(|(a, b)| relation(a, b) == Relation::Classic(score, why));
            assert!(reached, "row {i} ({why}) is shadowed by the rows above it");
        }
    }

    #[test]
    fn neutrals_never_clash() {
        for a in ColorName::ALL.into_iter().filter(|name| name.is_neutral()) {
            for b in ColorName::ALL {
                assert!(relation(a, b).score() >= rule::ONE_COLOR, "{a} {b}");
            }
        }
    }

    #[test]
    fn loud_neighbours_clash_and_muted_ones_do_not() {
        use ColorName::{Green, HotPink, Orange, Purple};
        assert!(matches!(relation(Red, Orange), Relation::Clash(_)));
        assert!(matches!(relation(Orange, Purple), Relation::Clash(_)));
        assert!(matches!(relation(Red, Purple), Relation::Clash(_)));
        assert!(matches!(relation(Red, HotPink), Relation::Clash(_)));
        assert!(matches!(
            relation(Red, Blush),
            Relation::Uneasy(_) | Relation::Hues(_)
        ));
        assert!(matches!(relation(Burgundy, Orange), Relation::Uneasy(_)));
        assert!(matches!(relation(Red, Pink), Relation::Uneasy(_)));
        assert!(matches!(relation(Lavender, Orange), Relation::Uneasy(_)));
        assert!(matches!(relation(Red, Green), Relation::Classic(..)));
    }
}
