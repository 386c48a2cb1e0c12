//! What an outfit is liked for: its garments' traits, and pairs of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use wardrobe_recommend::Item;
use wardrobe_types::{
    BasicColor, Category, ColorName, Formality, FormalityBand, Pattern, Slot, Style,
};

use crate::Rule;

/// One thing about a garment, or about an outfit as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trait {
    /// What a garment is.
    Category(Category),
    /// The name of one of a garment's colours.
    Color(ColorName),
    /// The basic colour it is a shade of: what is learned of navy says something of every blue.
    Shade(BasicColor),
    /// A garment's pattern.
    Pattern(Pattern),
    /// A style a garment suits.
    Style(Style),
    /// How formal the whole outfit is: the mean of its garments without the accessories.
    Formality(FormalityBand),
}

/// What a weight is learned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// A trait wherever it is: navy.
    One(Trait),
    /// Two traits of one garment: navy chinos.
    Of(Trait, Trait),
    /// A trait of one garment beside that of another: navy worn with white. The lesser comes first.
    With(Trait, Trait),
}

/// What kind of thing a feature is; each kind has a share of its own in what is thought of an outfit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Category,
    Color,
    Shade,
    Pattern,
    Style,
    Formality,
    Of,
    With,
}

impl Kind {
    pub(crate) const COUNT: usize = 8;
}

impl Trait {
    fn kind(self) -> Kind {
        match self {
            Self::Category(_) => Kind::Category,
            Self::Color(_) => Kind::Color,
            Self::Shade(_) => Kind::Shade,
            Self::Pattern(_) => Kind::Pattern,
            Self::Style(_) => Kind::Style,
            Self::Formality(_) => Kind::Formality,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Category(category) => category.as_str(),
            Self::Color(color) => color.as_str(),
            Self::Shade(basic) => basic.as_str(),
            Self::Pattern(pattern) => pattern.as_str(),
            Self::Style(style) => style.as_str(),
            Self::Formality(band) => band.as_str(),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Category(Category::TShirt) | Self::Color(ColorName::OffWhite) => {
                self.name().to_owned()
            }
            Self::Shade(basic) => format!("shades of {basic}"),
            Self::Style(style) => format!("{style} style"),
            Self::Formality(band) => format!("{band} outfits"),
            other => other.name().replace('-', " "),
        }
    }
}

impl Feature {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::One(one) => one.kind(),
            Self::Of(..) => Kind::Of,
            Self::With(..) => Kind::With,
        }
    }

    /// In plain words: "navy", "navy chinos", "navy with white".
    pub fn words(self) -> String {
        match self {
            Self::One(one) => one.words(),
            // The category is the noun, whatever stands beside it.
            Self::Of(category @ Trait::Category(_), other) => {
                format!("{} {}", other.name().replace('-', " "), category.words())
            }
            Self::Of(one, other) => format!("{} {}", other.words(), one.words()),
            Self::With(one, other) => format!("{} with {}", one.words(), other.words()),
        }
    }
}

impl fmt::Display for Trait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Category(_) => "category",
            Self::Color(_) => "color",
            Self::Shade(_) => "shade",
            Self::Pattern(_) => "pattern",
            Self::Style(_) => "style",
            Self::Formality(_) => "formality",
        };
        write!(f, "{kind}:{}", self.name())
    }
}

/// `color:navy`; `category:chinos&color:navy` of one garment; `color:navy+color:white` of two.
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => one.fmt(f),
            Self::Of(one, other) => write!(f, "{one}&{other}"),
            Self::With(one, other) => write!(f, "{one}+{other}"),
        }
    }
}

impl Serialize for Feature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much of each feature there is.
pub(crate) type Amounts = BTreeMap<Feature, f64>;

/// How much each feature of an outfit counts. Each kind has its share, which its features divide among them: an outfit
/// of many garments is not liked more for their number.
pub(crate) fn amounts(items: &[&Item], rule: &Rule) -> Amounts {
    let mut found = features(items);
    let mut of_kind = [0.0; Kind::COUNT];
    for (feature, amount) in &found {
        of_kind[feature.kind() as usize] += amount;
    }
    for (feature, amount) in &mut found {
        let kind = feature.kind();
        *amount *= rule.scale * rule.shares.of_kind(kind) / of_kind[kind as usize];
    }
    found
}

/// The features of an outfit: a whole garment's trait counts 1, a colour its part of the garment.
fn features(items: &[&Item]) -> Amounts {
    let mut found = Amounts::new();
    let mut add = |feature, amount| *found.entry(feature).or_insert(0.0) += amount;
    let traits: Vec<Vec<(Trait, f64)>> = items.iter().map(|item| traits(item)).collect();
    for (index, garment) in traits.iter().enumerate() {
        for (place, &(one, amount)) in garment.iter().enumerate() {
            add(Feature::One(one), amount);
            let others = garment[place + 1..].iter();
            for &(other, of_other) in others.filter(|(other, _)| makes_a_pair_of(one, *other)) {
                add(Feature::Of(one, other), amount.min(of_other));
            }
        }
        for other in &traits[index + 1..] {
            for (a, of_a) in garment {
                for (b, of_b) in other.iter().filter(|(b, _)| makes_a_pair_with(*a, *b)) {
                    add(Feature::With(*a.min(b), *a.max(b)), of_a * of_b);
                }
            }
        }
    }
    if let Some(band) = formality(items) {
        add(Feature::One(Trait::Formality(band)), 1.0);
    }
    found
}

/// The traits of one garment, each once, in their order.
fn traits(item: &Item) -> Vec<(Trait, f64)> {
    let mut traits = BTreeMap::from([(Trait::Category(item.category), 1.0)]);
    for color in item.colors.iter().filter(|color| color.fraction > 0.0) {
        let fraction = f64::from(color.fraction);
        *traits.entry(Trait::Color(color.name)).or_insert(0.0) += fraction;
        *traits
            .entry(Trait::Shade(color.name.basic()))
            .or_insert(0.0) += fraction;
    }
    traits.extend(item.pattern.map(|pattern| (Trait::Pattern(pattern), 1.0)));
    let styles = item.styles.iter();
    traits.extend(styles.map(|&style| (Trait::Style(style), 1.0)));
    traits.into_iter().collect()
}

/// Of one garment: traits of different kinds, a colour by its name.
fn makes_a_pair_of(one: Trait, other: Trait) -> bool {
    let shade = |which: Trait| which.kind() == Kind::Shade;
    one.kind() != other.kind() && !shade(one) && !shade(other)
}

/// Of two garments: traits of one kind that are seen together.
fn makes_a_pair_with(one: Trait, other: Trait) -> bool {
    one.kind() == other.kind() && matches!(one.kind(), Kind::Category | Kind::Color | Kind::Pattern)
}

fn formality(items: &[&Item]) -> Option<FormalityBand> {
    let worn = items
        .iter()
        .filter(|item| !item.category.slots().contains(&Slot::Accessory));
    let (sum, count) = worn.fold((0.0, 0.0), |(sum, count), item| {
        (sum + item.formality, count + 1.0)
    });
    // NaN of no garments is no formality.
    Some(Formality::new(sum / count).ok()?.band())
}
