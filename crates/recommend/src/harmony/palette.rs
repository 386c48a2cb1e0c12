//! The colours an outfit shows, with the area of each.

use std::sync::LazyLock;

use ::palette::{FromColor, Lch, Srgb};
use wardrobe_types::{BasicColor, Category, ColorName, Slot};

use crate::Item;

/// A colour with less than this share of its garment is a trace (a logo, a shadow) and is not seen.
const TRACE: f32 = 0.2;

/// Colours that count as one: shades of a basic colour, and the earth tones from khaki to chocolate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    Earth,
    Blue,
    Green,
    Yellow,
    Orange,
    Red,
    Pink,
    Purple,
}

/// The family of a colour; `None` for a neutral.
pub(crate) fn family(name: ColorName) -> Option<Family> {
    if name.is_neutral() {
        return None;
    }
    match name.basic() {
        BasicColor::Black | BasicColor::Grey | BasicColor::White => None,
        BasicColor::Beige | BasicColor::Brown => Some(Family::Earth),
        BasicColor::Blue => Some(Family::Blue),
        BasicColor::Green => Some(Family::Green),
        BasicColor::Yellow => Some(Family::Yellow),
        BasicColor::Orange => Some(Family::Orange),
        BasicColor::Red => Some(Family::Red),
        BasicColor::Pink => Some(Family::Pink),
        BasicColor::Purple => Some(Family::Purple),
    }
}

/// A palette colour in CIE LCh(ab), D65: chroma from 0, hue in degrees 0..360.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polar {
    pub chroma: f32,
    pub hue: f32,
}

/// The LCh of the palette's own value for `name`: a photo's light must not move a colour across a rule.
pub(crate) fn lch(name: ColorName) -> Polar {
    static TABLE: LazyLock<[Polar; ColorName::ALL.len()]> = LazyLock::new(|| {
        ColorName::ALL.map(|name| {
            let [r, g, b] = name.srgb().to_array();
            let lch = Lch::from_color(Srgb::new(r, g, b).into_format::<f32>().into_linear());
            Polar {
                chroma: lch.chroma,
                hue: lch.hue.into_positive_degrees(),
            }
        })
    });
    TABLE[name as usize]
}

/// One colour of an outfit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shade {
    pub name: ColorName,
    /// What it covers, where a top or a bottom is 1.
    pub area: f32,
    /// The item that shows most of it, as an index into the outfit.
    pub wearer: usize,
    area_on_wearer: f32,
    worn_once: bool,
}

impl Shade {
    /// Whether both are colours of one garment and of no other.
    pub(crate) fn on_same_single_item(&self, other: &Self) -> bool {
        self.worn_once && other.worn_once && self.wearer == other.wearer
    }
}

/// The colours of an outfit, in the order of the palette.
#[derive(Debug)]
pub(crate) struct Palette {
    pub shades: Vec<Shade>,
}

impl Palette {
    pub(crate) fn of(items: &[&Item]) -> Self {
        let mut shades: Vec<Shade> = Vec::new();
        for (wearer, item) in items.iter().enumerate() {
            let size = size(item.category);
            for color in &item.colors {
                let area = size * color.fraction;
                if color.fraction < TRACE || area <= 0.0 {
                    continue;
                }
                match shades.iter_mut().find(|shade| shade.name == color.name) {
                    Some(shade) => shade.add(wearer, area),
                    None => shades.push(Shade {
                        name: color.name,
                        area,
                        wearer,
                        area_on_wearer: area,
                        worn_once: true,
                    }),
                }
            }
        }
        shades.sort_by_key(|shade| shade.name);
        Self { shades }
    }

    /// Every two colours once.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Shade, &Shade)> {
        let tail = |i: usize| self.shades[i + 1..].iter();
        self.shades
            .iter()
            .enumerate()
            .flat_map(move |(i, a)| tail(i).map(move |b| (a, b)))
    }

    /// The non-neutral families, the one that covers most first.
    pub(crate) fn families(&self) -> Vec<Family> {
        let mut families: Vec<Family> = self.shades.iter().filter_map(|s| family(s.name)).collect();
        families.sort_unstable();
        families.dedup();
        families.sort_by(|&a, &b| self.area(b).total_cmp(&self.area(a)));
        families
    }

    /// The shades of a family, the one that covers most first.
    pub(crate) fn of_family(&self, wanted: Family) -> Vec<Shade> {
        let of_family = |shade: &&Shade| family(shade.name) == Some(wanted);
        let mut shades: Vec<Shade> = self.shades.iter().filter(of_family).copied().collect();
        shades.sort_by(|a, b| b.area.total_cmp(&a.area));
        shades
    }

    /// The part of everything coloured that a family covers, 0..=1.
    pub(crate) fn share(&self, family: Family) -> f32 {
        let total: f32 = self.shades.iter().map(|shade| shade.area).sum();
        self.area(family) / total
    }

    fn area(&self, wanted: Family) -> f32 {
        let of_family = |shade: &&Shade| family(shade.name) == Some(wanted);
        self.shades
            .iter()
            .filter(of_family)
            .map(|shade| shade.area)
            .sum()
    }
}

impl Shade {
    fn add(&mut self, wearer: usize, area: f32) {
        if wearer != self.wearer {
            self.worn_once = false;
        }
        self.area += area;
        if area > self.area_on_wearer {
            self.area_on_wearer = area;
            self.wearer = wearer;
        }
    }
}

/// What a garment covers of the wearer, where a top or a bottom is 1. Watches and sunglasses are too small to be
/// seen as a colour.
fn size(category: Category) -> f32 {
    match category {
        Category::Sunglasses | Category::Watch => 0.0,
        Category::Belt => 0.1,
        Category::Tie | Category::Hat => 0.15,
        Category::Scarf | Category::Bag => 0.2,
        category if category.slots().contains(&Slot::Shoes) => 0.3,
        category => category.slots().len() as f32,
    }
}
