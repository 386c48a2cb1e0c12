//! Season, temperature and rain: what is left at home, and how warm an outfit is.

use wardrobe_types::{Category, Material, Season, Slot};

use crate::phrase;
use crate::weights::rule;
use crate::{Item, Request};

/// Warmth an outfit needs, by temperature in degrees Celsius; straight lines between. On the scale of
/// [`Category::warmth`]: t-shirt, shorts and sandals come to 0.13, t-shirt, jeans and sneakers to 0.31, with a jacket
/// 0.55, sweater, coat, trousers and boots 0.78.
const NEEDED: [(f32, f32); 7] = [
    (30.0, 0.12),
    (25.0, 0.2),
    (20.0, 0.32),
    (15.0, 0.45),
    (10.0, 0.57),
    (5.0, 0.68),
    (0.0, 0.76),
];

/// What each part of the body adds to an outfit's warmth.
const TORSO: f32 = 0.5;
const LEGS: f32 = 0.3;
const FEET: f32 = 0.2;

/// From this temperature on nobody wears wool; below the other, nobody bares a leg.
const HOT: f32 = 24.0;
const MILD: f32 = 18.0;
const COLD: f32 = 8.0;

/// Categories at least this warm, and at most this warm, as the prior warmths group them: sweater, hoodie, jackets,
/// boots; coat, puffer jacket; tank top, shorts, mini-skirt, sandals.
const WARM: f32 = 0.6;
const WINTRY: f32 = 0.9;
const BARE: f32 = 0.1;
/// An accessory this warm (a scarf) stays at home when it is hot.
const WARM_ACCESSORY: f32 = 0.4;

/// How well an outfit's warmth and layers suit the weather asked about.
#[derive(Debug)]
pub(crate) struct Fit {
    /// What it takes from the category term.
    pub penalty: f32,
    warmth: Option<WarmthFit>,
    no_layer_in_rain: bool,
    /// The first garment that rain ruins, as its place among the items.
    ruined: Option<(usize, Ruin)>,
}

/// Why a garment stays at home in the rain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruin {
    /// Shoes that leave the toes bare.
    Open,
    /// What it is made of.
    Material(Material),
    /// What garments of its kind are usually made of.
    Kind,
}

/// Why rain ruins a garment, if it does: as its own openness and material say, or where they are unknown or tell
/// nothing, as its category does.
pub(crate) fn rain_ruins(item: &Item) -> Option<Ruin> {
    let category = item.category;
    if item.fills(Slot::Shoes) && item.open.unwrap_or(category.is_open()) {
        return Some(Ruin::Open);
    }
    match item
        .material
        .map(|material| (material, material.rain_ruins()))
    {
        Some((material, Some(true))) => Some(Ruin::Material(material)),
        Some((_, Some(false))) => None,
        // Of an open kind, it is the openness that rain ruins, and this one is not open.
        _ => (category.rain_ruins() && !category.is_open()).then_some(Ruin::Kind),
    }
}

#[derive(Debug)]
struct WarmthFit {
    /// Outfit's warmth minus what is needed.
    excess: f32,
    penalty: f32,
    occasion: String,
}

/// Judges the outfit for the request's weather; `None` where it asks about none.
pub(crate) fn judge(items: &[&Item], request: &Request) -> Option<Fit> {
    let warmth = occasion(request).map(|(celsius, occasion)| {
        let excess = warmth(items) - needed(celsius);
        let off = (excess.abs() - rule::WARMTH_TOLERANCE).max(0.0);
        WarmthFit {
            excess,
            penalty: rule::WARMTH_DISTANCE * off,
            occasion,
        }
    });
    let hot = request.temperature.is_some_and(|celsius| celsius >= HOT);
    let covered = items.iter().any(|item| item.fills(Slot::Outerwear));
    let no_layer_in_rain = request.rain && !covered && !hot;
    if warmth.is_none() && !request.rain {
        return None;
    }
    let ruins = items.iter().enumerate();
    let ruined = ruins
        .filter(|_| request.rain)
        .find_map(|(place, item)| Some((place, rain_ruins(item)?)));
    let mut for_rain = 0.0;
    if no_layer_in_rain {
        for_rain += rule::NO_LAYER_IN_RAIN;
    }
    if ruined.is_some() {
        for_rain += rule::RUINED_IN_RAIN;
    }
    Some(Fit {
        penalty: for_rain + warmth.as_ref().map_or(0.0, |fit| fit.penalty),
        warmth,
        no_layer_in_rain,
        ruined,
    })
}

/// The temperature to dress for and its name: the one asked for, else the season's.
fn occasion(request: &Request) -> Option<(f32, String)> {
    match (request.temperature, request.season) {
        (Some(celsius), _) => Some((celsius, format!("{celsius} °C"))),
        (None, Some(season)) => Some((typical(season), season.to_string())),
        (None, None) => None,
    }
}

/// A temperature to dress for in a season, degrees Celsius: a temperate climate's daytime.
const fn typical(season: Season) -> f32 {
    match season {
        Season::Spring | Season::Fall => 14.0,
        Season::Summer => 25.0,
        Season::Winter => 3.0,
    }
}

fn needed(celsius: f32) -> f32 {
    let hottest = NEEDED[0].1;
    let coldest = NEEDED[NEEDED.len() - 1].1;
    let between = NEEDED.windows(2).find_map(|pair| {
        let ((high, least), (low, most)) = (pair[0], pair[1]);
        let inside = (low..=high).contains(&celsius);
        inside.then(|| least + (most - least) * (high - celsius) / (high - low))
    });
    between.unwrap_or(if celsius > NEEDED[0].0 {
        hottest
    } else {
        coldest
    })
}

/// How warm an outfit is, 0..=1. Layers on the torso add up as independent insulators do: each stops its share of the
/// heat that the others let through.
fn warmth(items: &[&Item]) -> f32 {
    let through = |covers: &dyn Fn(&Item) -> bool| {
        let worn = items.iter().filter(|item| covers(item));
        worn.map(|item| 1.0 - item.category.warmth())
            .product::<f32>()
    };
    let torso = 1.0 - through(&|item| item.fills(Slot::Top) || item.fills(Slot::Outerwear));
    let legs = 1.0 - through(&|item| item.fills(Slot::Bottom));
    let feet = 1.0 - through(&|item| item.fills(Slot::Shoes));
    TORSO * torso + LEGS * legs + FEET * feet
}

/// Whether a garment of this kind is worn at this temperature at all.
pub(crate) fn suits_temperature(category: Category, celsius: f32) -> bool {
    let warmth = category.warmth();
    let garment = !category.slots().contains(&Slot::Accessory);
    let warm = if garment { WARM } else { WARM_ACCESSORY };
    let too_warm = (celsius >= HOT && warmth >= warm) || (celsius >= MILD && warmth >= WINTRY);
    let too_bare = celsius <= COLD && garment && warmth <= BARE;
    !too_warm && !too_bare
}

/// Whether a garment is worn in a season: as its own seasons say, or where they are unknown, as its category does.
pub(crate) fn suits_season(item: &Item, season: Season) -> bool {
    if !item.seasons.is_empty() {
        return item.seasons.contains(&season);
    }
    suits_temperature(item.category, typical(season))
}

/// Whether an outer layer of this kind is worn at the temperature to dress for, where there is another: in the cold
/// a blazer is no coat.
pub(crate) fn suits_as_layer(category: Category, request: &Request) -> bool {
    occasion(request).is_none_or(|(celsius, _)| celsius > COLD || category.warmth() >= WARM)
}

/// How likely an outfit gets an outer layer, 0..=1, before its score decides.
pub(crate) fn layer_probability(request: &Request) -> f64 {
    match occasion(request) {
        Some((celsius, _)) => f64::from(((22.0 - celsius) / 14.0).clamp(0.0, 1.0)),
        None if request.rain => 1.0,
        None => 0.4,
    }
}

impl Fit {
    /// Each effect with its words.
    pub(crate) fn texts(&self, items: &[&Item]) -> Vec<(f32, String)> {
        let mut texts = Vec::new();
        if self.no_layer_in_rain {
            texts.push((
                rule::NO_LAYER_IN_RAIN,
                "nothing to keep the rain off".to_owned(),
            ));
        }
        if let Some((place, ruin)) = self.ruined {
            texts.push((rule::RUINED_IN_RAIN, ruin.text(items[place])));
        }
        if let Some(fit) = &self.warmth {
            let layers = items
                .iter()
                .filter(|item| item.fills(Slot::Top) || item.fills(Slot::Outerwear));
            let layers = phrase::list(layers.map(|item| phrase::a(item)));
            let text = if fit.penalty <= 0.0 {
                format!("{layers}: the right warmth for {}", fit.occasion)
            } else if fit.excess > 0.0 {
                format!("{layers}: too warm for {}", fit.occasion)
            } else {
                format!("{layers}: too light for {}", fit.occasion)
            };
            texts.push((fit.penalty, text));
        }
        texts
    }
}

impl Ruin {
    fn text(self, item: &Item) -> String {
        let (garment, are) = (phrase::the(item), phrase::is_or_are(item.category));
        match self {
            Self::Open => format!("{garment} {are} open, and it rains"),
            Self::Material(material) => format!("{garment} {are} of {material}, which rain ruins"),
            Self::Kind => format!("rain ruins {garment}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_types::ColorName::Grey;

    #[test]
    fn rain_ruins_by_openness_then_material_then_kind() {
        use Category::{AnkleBoots, Flats, LeatherJacket, Loafers, Sandals, Shirt, Sneakers};
        let ruin = |category, material: Option<Material>, open: Option<bool>| {
            rain_ruins(&Item {
                material,
                open,
                ..Item::new("x", category, Grey)
            })
        };
        let suede = Some(Material::Suede);
        for (category, material, open, expected) in [
            (Sneakers, None, None, None),
            (Sneakers, suede, None, Some(Ruin::Material(Material::Suede))),
            (AnkleBoots, suede, Some(true), Some(Ruin::Open)),
            (AnkleBoots, Some(Material::Leather), None, None),
            (
                LeatherJacket,
                Some(Material::Leather),
                None,
                Some(Ruin::Kind),
            ),
            (LeatherJacket, Some(Material::Synthetic), None, None),
            (Loafers, None, None, Some(Ruin::Kind)),
            (Flats, Some(Material::Rubber), None, None),
            (Sandals, None, None, Some(Ruin::Open)),
            (Sandals, Some(Material::Rubber), None, Some(Ruin::Open)),
            (Sandals, None, Some(false), None),
            (
                Shirt,
                Some(Material::Silk),
                None,
                Some(Ruin::Material(Material::Silk)),
            ),
            (Shirt, None, Some(true), None),
        ] {
            let found = ruin(category, material, open);
            assert_eq!(found, expected, "{category} {material:?} {open:?}");
        }
    }

    fn warmth_of(categories: &[Category]) -> f32 {
        let items: Vec<Item> = categories
            .iter()
            .map(|&c| Item::new(c.as_str(), c, Grey))
            .collect();
        warmth(&items.iter().collect::<Vec<_>>())
    }

    #[test]
    fn outfits_warm_as_the_table_says() {
        use Category::{
            Boots, Coat, Jacket, Jeans, Sandals, Shorts, Sneakers, Sweater, TShirt, Trousers,
        };
        for (categories, expected) in [
            (
                &[TShirt, Shorts, Sandals][..],
                0.5 * 0.2 + 0.3 * 0.05 + 0.2 * 0.05,
            ),
            (
                &[TShirt, Jeans, Sneakers],
                0.5 * 0.2 + 0.3 * 0.45 + 0.2 * 0.35,
            ),
            (
                &[TShirt, Jacket, Jeans, Sneakers],
                0.5 * 0.68 + 0.3 * 0.45 + 0.2 * 0.35,
            ),
            (
                &[Sweater, Coat, Trousers, Boots],
                0.5 * 0.965 + 0.3 * 0.45 + 0.2 * 0.8,
            ),
        ] {
            assert!(
                (warmth_of(categories) - expected).abs() < 1e-6,
                "{categories:?}"
            );
        }
    }

    #[test]
    fn need_falls_with_temperature() {
        let needs: Vec<f32> = (-60..=60).map(|celsius| needed(celsius as f32)).collect();
        assert!(needs.windows(2).all(|pair| pair[0] >= pair[1]));
        assert_eq!(needed(22.5), 0.26);
        assert_eq!((needed(-30.0), needed(45.0)), (0.76, 0.12));
    }

    #[test]
    fn extremes_stay_at_home() {
        assert!(!suits_temperature(Category::Sweater, 28.0));
        assert!(!suits_temperature(Category::Coat, 19.0));
        assert!(!suits_temperature(Category::Sandals, 3.0));
        assert!(suits_temperature(Category::Sunglasses, 3.0));
        assert!(suits_temperature(Category::Jeans, 28.0));
    }
}
