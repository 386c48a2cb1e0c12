//! Synthetic wearers: a hidden taste, and taps that show it through noise.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use wardrobe_recommend::{Item, share_a_place};
use wardrobe_types::{BasicColor, Category, ColorName, Signal, Slot, Style};

/// Taps that mean nothing, of a wearer who means the others.
const SLIPS: f64 = 0.1;
/// How often a disliked outfit is worn with another garment instead.
const SWAPS: f64 = 0.25;
/// How sharply a wearer tells good from bad: an outfit one standard deviation better than usual is liked 4 times in 5.
const SHARPNESS: f64 = 1.5;

/// How much each thing matters to a wearer, in standard deviations: colours, formality, styles, and what the rules say.
const MATTERS: [f64; 4] = [1.0, 1.0, 1.0, 0.7];

/// A person with a taste nobody sees.
#[derive(Debug, Clone)]
pub(super) struct Wearer {
    names: [f64; ColorName::ALL.len()],
    shades: [f64; BasicColor::ALL.len()],
    formality: f64,
    styles: [f64; Style::ALL.len()],
    /// Mean and standard deviation of each aspect over the wearer's own outfits, then of the whole.
    scales: [(f64, f64); MATTERS.len()],
    whole: (f64, f64),
    taps_at_random: bool,
}

/// What the wearer does about an outfit.
pub(super) struct Tap<'a> {
    pub(super) signal: Signal,
    pub(super) instead: Option<&'a Item>,
}

/// An outfit of a wardrobe and what the rules alone say of it.
pub(super) struct Outfit<'a> {
    pub(super) items: Vec<&'a Item>,
    pub(super) rules: f64,
}

impl Wearer {
    /// Draws a taste, on the scale of what there is to wear.
    pub(super) fn draw(taps_at_random: bool, outfits: &[Outfit<'_>], rng: &mut ChaCha8Rng) -> Self {
        let mut wearer = Self {
            names: std::array::from_fn(|_| 0.5 * normal(rng)),
            shades: std::array::from_fn(|_| normal(rng)),
            formality: rng.random_range(0.15..0.75),
            styles: std::array::from_fn(|_| normal(rng)),
            scales: [(0.0, 1.0); MATTERS.len()],
            whole: (0.0, 1.0),
            taps_at_random,
        };
        let aspects: Vec<[f64; MATTERS.len()]> = outfits
            .iter()
            .map(|outfit| wearer.aspects(outfit))
            .collect();
        wearer.scales =
            std::array::from_fn(|aspect| scale(aspects.iter().map(|values| values[aspect])));
        wearer.whole = scale(outfits.iter().map(|outfit| wearer.sum(outfit)));
        wearer
    }

    /// How likely the wearer is to like an outfit, 0..=1: the true utility.
    pub(super) fn utility(&self, outfit: &Outfit<'_>) -> f64 {
        let (mean, deviation) = self.whole;
        let standard = (self.sum(outfit) - mean) / deviation;
        1.0 / (1.0 + (-SHARPNESS * standard).exp())
    }

    fn sum(&self, outfit: &Outfit<'_>) -> f64 {
        let aspects = self.aspects(outfit).into_iter().zip(self.scales);
        aspects
            .zip(MATTERS)
            .map(|((value, (mean, deviation)), matters)| matters * (value - mean) / deviation)
            .sum()
    }

    fn aspects(&self, outfit: &Outfit<'_>) -> [f64; MATTERS.len()] {
        let worn = outfit
            .items
            .iter()
            .filter(|item| !item.category.slots().contains(&Slot::Accessory));
        let formality = mean(worn.map(|item| f64::from(item.formality)));
        [
            mean(outfit.items.iter().map(|item| self.of_colors(item))),
            -((formality - self.formality).powi(2)),
            mean(outfit.items.iter().map(|item| self.of_styles(item))),
            outfit.rules,
        ]
    }

    fn of_colors(&self, item: &Item) -> f64 {
        let colors = item.colors.iter().map(|color| {
            let liked = self.names[color.name as usize] + self.shades[color.name.basic() as usize];
            f64::from(color.fraction) * liked
        });
        colors.sum()
    }

    fn of_styles(&self, item: &Item) -> f64 {
        mean(
            styles(item.category)
                .iter()
                .map(|&style| self.styles[style as usize]),
        )
    }

    /// What the wearer does about an outfit shown; `wardrobe` is what there is to take instead.
    pub(super) fn tap<'a>(
        &self,
        outfit: &Outfit<'a>,
        wardrobe: &'a [Item],
        rng: &mut ChaCha8Rng,
    ) -> Tap<'a> {
        let only = |signal| Tap {
            signal,
            instead: None,
        };
        if self.taps_at_random || rng.random_bool(SLIPS) {
            return only(Signal::ALL.choose(rng).copied().unwrap_or(Signal::Skip));
        }
        let utility = self.utility(outfit);
        if rng.random_bool(utility) {
            // The best outfits are not only liked but worn.
            let worn = rng.random_bool(utility * utility);
            return only(if worn { Signal::Wear } else { Signal::Like });
        }
        if rng.random_bool(SWAPS)
            && let Some(better) = self.better(outfit, wardrobe)
        {
            return Tap {
                signal: Signal::Wear,
                instead: Some(better),
            };
        }
        // What is neither good nor bad is passed over.
        let indifferent = rng.random_bool(utility);
        only(if indifferent {
            Signal::Skip
        } else {
            Signal::Dislike
        })
    }

    /// The garment that makes the outfit best in another's place, by the wearer's own taste.
    fn better<'a>(&self, outfit: &Outfit<'a>, wardrobe: &'a [Item]) -> Option<&'a Item> {
        let replacing = |item: &&'a Item| {
            let replaced = outfit.items.iter().filter(|worn| share_a_place(worn, item));
            replaced.count() == 1 && outfit.items.iter().all(|worn| worn.id != item.id)
        };
        let with = |item: &'a Item| {
            let kept = outfit
                .items
                .iter()
                .filter(|worn| !share_a_place(worn, item));
            let items = kept.copied().chain([item]).collect();
            self.utility(&Outfit {
                items,
                rules: outfit.rules,
            })
        };
        let best = wardrobe
            .iter()
            .filter(replacing)
            .max_by(|a, b| with(a).total_cmp(&with(b)))?;
        (with(best) > self.utility(outfit)).then_some(best)
    }
}

/// What styles garments of a category belong to in a wearer's mind. The recommender is not told.
fn styles(category: Category) -> &'static [Style] {
    use Style::{
        Bohemian, Business, Casual, Formal, Minimalist, Party, Preppy, Sporty, Streetwear, Vintage,
    };
    match category {
        Category::TShirt | Category::LongSleeveTop => &[Casual, Minimalist],
        Category::Shirt => &[Business, Preppy],
        Category::Blouse => &[Business, Bohemian],
        Category::Polo | Category::Chinos | Category::Loafers | Category::Cardigan => &[Preppy],
        Category::TankTop | Category::Shorts | Category::Leggings => &[Sporty, Casual],
        Category::Hoodie | Category::Joggers | Category::Sweatshirt => &[Streetwear, Sporty],
        Category::Sneakers => &[Streetwear, Casual],
        Category::Trousers | Category::Blazer => &[Business, Minimalist],
        Category::Dress | Category::MiniSkirt | Category::Heels => &[Party],
        Category::Skirt | Category::Sandals | Category::Hat => &[Bohemian, Vintage],
        Category::Jeans | Category::DenimJacket | Category::Jacket => &[Casual, Vintage],
        Category::Bodysuit | Category::LeatherJacket => &[Party, Streetwear],
        Category::SuitJacket | Category::EveningDress | Category::DressShoes => &[Formal],
        _ => &[Casual],
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Mean and standard deviation; a deviation of 1 for values that are all the same.
fn scale(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let centre = mean(values.clone());
    let deviation = mean(values.map(|value| (value - centre).powi(2))).sqrt();
    (centre, if deviation > 0.0 { deviation } else { 1.0 })
}

/// A draw of the standard normal distribution (G. E. P. Box, M. E. Muller, 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
