//! Colour harmony: how well the colours of an outfit go together.
//!
//! Neutrals go with everything; an outfit of neutrals alone is safe (0.75). One colour on neutrals is better,
//! better still where the two are a classic pair ([`pairs`]); two colours are judged by the table and, where it has
//! no entry, by where they stand on the hue circle ([`templates`]); more than two lower the score; a clash stays
//! below 0.5. Everything counts by the area it covers.

mod pairs;
mod palette;
mod templates;

use wardrobe_types::ColorName;

use crate::Item;
use crate::explain::Reason;
use crate::phrase;
use crate::weights::{WEIGHTS, rule};
use pairs::Relation;
use palette::{Family, Palette, Shade};

/// A second colour that covers this share of the outfit counts in full, a smaller one in proportion.
const FULL_ACCENT: f32 = 0.1;
/// The same for the third.
const FULL_THIRD: f32 = 0.05;

/// The judgement of an outfit's colours.
#[derive(Debug)]
pub(crate) struct Harmony {
    /// 0..=1; below 0.5 exactly where colours clash.
    pub score: f32,
    finding: Finding,
}

/// What decided the score.
#[derive(Debug)]
enum Finding {
    AllNeutral(Vec<ColorName>),
    /// Shades of one colour on nothing but each other.
    Tonal(Shade, Shade),
    /// One colour on neutrals.
    Accent(Shade),
    /// A single colour, no neutral and nothing else.
    Plain(Shade),
    Pair(Shade, Shade, Relation),
    TooMany(Vec<Shade>),
    Clash(Shade, Shade, &'static str),
}

/// Judges the colours of `items`, which are in content order; `None` where no colour is known.
pub(crate) fn judge(items: &[&Item]) -> Option<Harmony> {
    let palette = Palette::of(items);
    if palette.shades.is_empty() {
        return None;
    }
    if let Some(clash) = clash(&palette) {
        return Some(clash);
    }
    let families = palette.families();
    Some(match families.as_slice() {
        [] => neutrals(&palette),
        [only] => one_color(&palette, *only),
        [first, second] => two_colors(&palette, *first, *second),
        more => many_colors(&palette, more),
    })
}

/// Clashing colours on two garments; the colours of one print were chosen together and don't count.
///
/// The score falls with the area of the worst pair, with the number of clashing pairs and with the number of
/// colours. All three only grow as garments are added, so adding a clash never raises it.
fn clash(palette: &Palette) -> Option<Harmony> {
    let mut worst: Option<(f32, Shade, Shade, &'static str)> = None;
    let mut count = 0_usize;
    for (a, b) in palette.pairs() {
        if a.on_same_single_item(b) {
            continue;
        }
        let Relation::Clash(reason) = pairs::relation(a.name, b.name) else {
            continue;
        };
        count += 1;
        let severity = (a.area.min(1.0) * b.area.min(1.0)).sqrt();
        if worst.as_ref().is_none_or(|&(most, ..)| severity > most) {
            worst = Some((severity, *a, *b, reason));
        }
    }
    let (severity, a, b, reason) = worst?;
    let extra_colors = palette.families().len().saturating_sub(2);
    let score = rule::CLASH
        - rule::CLASH_AREA * severity
        - rule::CLASH_PAIR * (count - 1) as f32
        - rule::CLASH_COLOR * extra_colors as f32;
    Some(Harmony {
        score: score.max(rule::COLOR_FLOOR),
        finding: Finding::Clash(a, b, reason),
    })
}

/// Neutrals alone: safe; the classic pairs among them (black + white, navy + white) are more where the outfit is
/// that pair and nothing else.
fn neutrals(palette: &Palette) -> Harmony {
    if let [a, b] = palette.shades.as_slice()
        && let relation @ Relation::Classic(score, _) = pairs::relation(a.name, b.name)
    {
        return Harmony {
            score,
            finding: Finding::Pair(*a, *b, relation),
        };
    }
    Harmony {
        score: rule::ALL_NEUTRAL,
        finding: Finding::AllNeutral(palette.shades.iter().map(|shade| shade.name).collect()),
    }
}

/// One colour: with a classic neutral partner on another garment, on other neutrals, or in several shades.
fn one_color(palette: &Palette, family: Family) -> Harmony {
    let mut best = (rule::ONE_COLOR, alone(palette, family));
    for (a, b) in palette.pairs() {
        let relation = pairs::relation(a.name, b.name);
        let of_family = |shade: &Shade| family_of(shade) == Some(family);
        if let Relation::Classic(score, _) = relation
            && (of_family(a) || of_family(b))
            && !a.on_same_single_item(b)
            && score > best.0
        {
            best = (score, Finding::Pair(*a, *b, relation));
        }
    }
    let (verdict, finding) = best;
    let accent = (palette.share(family) / FULL_ACCENT).min(1.0);
    Harmony {
        score: lerp(rule::ALL_NEUTRAL, verdict, accent),
        finding,
    }
}

fn alone(palette: &Palette, family: Family) -> Finding {
    let shades = palette.of_family(family);
    let all_of_it = shades.len() == palette.shades.len();
    match shades.as_slice() {
        [a, b, ..] if all_of_it => Finding::Tonal(*a, *b),
        [a] if all_of_it => Finding::Plain(*a),
        shades => Finding::Accent(shades[0]),
    }
}

/// Two colours: the mean verdict over their shades, each pair weighing by the areas it covers. Pairs on two garments
/// speak before the pairs of one print.
fn two_colors(palette: &Palette, major: Family, minor: Family) -> Harmony {
    let minors = palette.of_family(minor);
    let pairs = palette.of_family(major).into_iter();
    let pairs: Vec<(Shade, Shade)> = pairs
        .flat_map(|a| minors.iter().map(move |&b| (a, b)))
        .collect();
    let apart: Vec<(Shade, Shade)> = pairs
        .iter()
        .filter(|(a, b)| !a.on_same_single_item(b))
        .copied()
        .collect();
    let pairs = if apart.is_empty() { pairs } else { apart };
    let (mut sum, mut total, mut leading) = (0.0, 0.0, None);
    let mut most = (false, 0.0);
    for (a, b) in pairs {
        let relation = pairs::relation(a.name, b.name);
        let weight = a.area * b.area;
        sum += weight * relation.score_in_print();
        total += weight;
        // Words come easier for colours that are mostly worn on different garments.
        let rank = (a.wearer != b.wearer, weight);
        if leading.is_none() || rank > most {
            most = rank;
            leading = Some((a, b, relation));
        }
    }
    let base = one_color(palette, major);
    let Some((a, b, relation)) = leading else {
        return base;
    };
    let presence = (palette.share(minor) / FULL_ACCENT).min(1.0);
    Harmony {
        score: lerp(base.score, sum / total, presence),
        finding: Finding::Pair(a, b, relation),
    }
}

/// More than two colours: at best what their worst pair and their common template allow, less for each one too many.
fn many_colors(palette: &Palette, families: &[Family]) -> Harmony {
    let leads: Vec<Shade> = families
        .iter()
        .filter_map(|&family| palette.of_family(family).first().copied())
        .collect();
    let colors: Vec<Shade> = palette
        .shades
        .iter()
        .filter(|s| family_of(s).is_some())
        .copied()
        .collect();
    let worst_pair = colors
        .iter()
        .enumerate()
        .flat_map(|(i, a)| colors[i + 1..].iter().map(move |b| (a, b)))
        .filter(|(a, b)| family_of(a) != family_of(b))
        .map(|(a, b)| pairs::relation(a.name, b.name).score_in_print())
        .fold(1.0, f32::min);
    let hues: Vec<f32> = colors
        .iter()
        .map(|shade| palette::lch(shade.name).hue)
        .collect();
    let best = worst_pair
        .min(templates::best_fit(&hues).score())
        .min(rule::THREE_COLORS);
    let crowded = best - rule::EXTRA_COLOR * (families.len() - 2) as f32;
    let without_third = two_colors(palette, families[0], families[1]).score;
    let third: f32 = families[2..]
        .iter()
        .map(|&family| palette.share(family))
        .sum();
    let presence = (third / FULL_THIRD).min(1.0);
    let lower = crowded.min(without_third - rule::EXTRA_COLOR);
    let score = lerp(without_third, lower, presence);
    Harmony {
        score: score.max(crate::CLASH_BELOW),
        finding: Finding::TooMany(leads),
    }
}

fn family_of(shade: &Shade) -> Option<Family> {
    palette::family(shade.name)
}

fn lerp(from: f32, to: f32, t: f32) -> f32 {
    from + (to - from) * t
}

impl Harmony {
    /// The reason in words, naming the garments.
    pub(crate) fn reason(&self, items: &[&Item]) -> Reason {
        let both = |a: &Shade, b: &Shade| {
            phrase::two_colors(items, (a.wearer, a.name), (b.wearer, b.name))
        };
        let text = match &self.finding {
            Finding::AllNeutral(names) => {
                let names = names.iter().map(|&name| phrase::color(name));
                format!(
                    "{}: only neutrals, which are safe together",
                    phrase::list(names)
                )
            }
            Finding::Tonal(a, b) => format!("{}: two shades of one colour", both(a, b)),
            Finding::Plain(a) => {
                format!("{}: a single colour", phrase::a_in(items[a.wearer], a.name))
            }
            Finding::Accent(a) => format!(
                "{} on neutrals, which go with everything",
                phrase::a_in(items[a.wearer], a.name)
            ),
            Finding::Pair(a, b, relation) => format!("{}: {relation}", both(a, b)),
            Finding::TooMany(shades) => {
                let named = shades.iter().map(|s| phrase::a_in(items[s.wearer], s.name));
                format!("{}: {} colours compete", phrase::list(named), shades.len())
            }
            Finding::Clash(a, b, reason) => format!("{} clash: {reason}", both(a, b)),
        };
        let strength = match self.finding {
            Finding::Clash(..) => 1.0,
            _ => WEIGHTS.color * (self.score - rule::UNREMARKABLE).abs(),
        };
        Reason { strength, text }
    }
}
