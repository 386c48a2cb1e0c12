//! Every weight of the score, in one place.
//!
//! The score is the weighted mean of the terms that apply, moved by the wearer's own preferences, halved where the
//! colours clash:
//!
//! ```text
//! score = (sum of weight x term) / (sum of weight)
//!         + reach x (2 x preference - 1) + reach x (2 x rotation - 1)     [x 1/2 where color < 0.5]
//! ```
//!
//! Colours are seen first and from afar, so they weigh most. A trained model, where there is one for the garments'
//! embedder, knows what the rules do not and gets as much: with all terms, 0.29 : 0.21 : 0.21 : 0.29. A preference of one half is none, and changes nothing: what is liked never loses by
//! it, and the reach bounds what taste can do, so that it reorders outfits without overruling what is known of all.
//! So does that of the rotation, which lifts what is seldom worn, within a reach that decides between equals alone.

use wardrobe_types::Breakdown;

/// How much each term of a [`Breakdown`] counts. Only the ratios of the first four matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Harmony of the colours.
    pub color: f32,
    /// Agreement of the formalities.
    pub formality: f32,
    /// Combinations of categories and patterns, and the weather.
    pub category: f32,
    /// A trained model's opinion.
    pub learned: f32,
    /// The wearer's own preferences: how far they move a score at most, up or down.
    pub preference: f32,
    /// Garments worn less than others: how far they move a score at most, up or down.
    pub rotation: f32,
}

/// The weights [`crate::score`] and [`crate::recommend`] use.
pub const WEIGHTS: Weights = Weights {
    color: 0.4,
    formality: 0.3,
    category: 0.3,
    learned: 0.4,
    preference: 0.2,
    rotation: 0.05,
};

/// Colours below this clash; no outfit without a clash is below it.
pub const CLASH_BELOW: f32 = 0.5;

/// A clash halves the whole score, so that it stays below one half whatever else is right: no fine pair of shoes
/// makes red, orange and purple wearable.
pub const CLASH_FACTOR: f32 = 0.5;

/// The mean of the terms that are there, by `weights`, moved by preference and rotation and halved where the colours clash; 0..=1.
/// Terms that are `None` count neither for nor against; with none at all the score is 0.
///
/// ```
/// use wardrobe_recommend::{WEIGHTS, blend};
/// use wardrobe_types::Breakdown;
/// let rules = Breakdown { color: Some(0.8), formality: Some(0.8), category: Some(0.7), ..Breakdown::default() };
/// assert!((blend(&rules, &WEIGHTS) - 0.77).abs() < 1e-6);
/// let liked = Breakdown { preference: Some(1.0), ..rules };
/// assert!((blend(&liked, &WEIGHTS) - 0.77 - WEIGHTS.preference).abs() < 1e-6);
/// ```
pub fn blend(terms: &Breakdown, weights: &Weights) -> f32 {
    merit(terms, weights).clamp(0.0, 1.0)
}

/// The score before it is cut to 0..=1: of two outfits beyond the scale's end, the one liked more still comes first.
pub(crate) fn merit(terms: &Breakdown, weights: &Weights) -> f32 {
    let terms_and_weights = [
        (terms.color, weights.color),
        (terms.formality, weights.formality),
        (terms.category, weights.category),
        (terms.learned, weights.learned),
    ];
    let (mut sum, mut total) = (0.0, 0.0);
    for (term, weight) in terms_and_weights {
        if let Some(term) = term {
            sum += weight * term;
            total += weight;
        }
    }
    if total <= 0.0 {
        return 0.0;
    }
    let moved = |term: Option<f32>, reach| term.map_or(0.0, |term| reach * (2.0 * term - 1.0));
    let liking = moved(terms.preference, weights.preference);
    let lift = moved(terms.rotation, weights.rotation);
    let clash = terms.color.is_some_and(|color| color < CLASH_BELOW);
    let factor = if clash { CLASH_FACTOR } else { 1.0 };
    factor * (sum / total + liking + lift)
}

/// Where the numbers of the rules themselves live.
pub(crate) mod rule {
    /// A reason is as strong as its term is far from this: what an outfit nobody would remark on gets.
    pub const UNREMARKABLE: f32 = 0.7;

    // Colour. The bands are the taxonomy's: all neutral about 0.75, classic and complementary 0.9 to 1, clashes
    // below 0.5; the rest is placed between them.

    /// An outfit in neutrals alone.
    pub const ALL_NEUTRAL: f32 = 0.75;
    /// One colour on neutrals that are not its classic partners, or shades of one colour.
    pub const ONE_COLOR: f32 = 0.85;
    /// An earth tone beside another colour it is no classic partner of.
    pub const EARTH: f32 = 0.82;
    /// A clash of hues where one of the two is muted.
    pub const UNEASY: f32 = 0.58;
    /// Three colours at best.
    pub const THREE_COLORS: f32 = 0.7;
    /// What the third colour and each one after it costs.
    pub const EXTRA_COLOR: f32 = 0.05;
    /// The best a clash can be, of two colours that are hardly to be seen.
    pub const CLASH: f32 = 0.45;
    /// What a clash of two whole garments costs beyond that.
    pub const CLASH_AREA: f32 = 0.2;
    /// What each further clashing pair costs.
    pub const CLASH_PAIR: f32 = 0.04;
    /// What each colour beyond two costs a clash.
    pub const CLASH_COLOR: f32 = 0.02;
    /// No harmony is worse than this.
    pub const COLOR_FLOOR: f32 = 0.05;

    // Formality.

    /// 1 - variance x scale. At 10, a blazer (0.75) with joggers (0.15) gets 0.1, with jeans (0.3) 0.5, and
    /// garments a quarter of the scale apart 0.84.
    pub const FORMALITY_SCALE: f32 = 10.0;
    /// An accessory's distance counts by this: a watch does not dress an outfit up as trousers do.
    pub const ACCESSORY_REACH: f32 = 0.5;
    /// An outfit this near to the formality asked for is what was asked for.
    pub const FORMALITY_TOLERANCE: f32 = 0.1;
    /// What a whole unit of distance from the formality asked for costs beyond the tolerance.
    pub const FORMALITY_DISTANCE: f32 = 2.0;

    // Categories, patterns and weather.

    /// Garments about which the table has nothing to say.
    pub const NO_COMBINATION: f32 = 0.8;
    /// The most that good combinations add, together.
    pub const MOST_BONUS: f32 = 0.2;
    /// Two loud patterns.
    pub const LOUD_PATTERNS: f32 = 0.3;
    /// Stripes beside a loud pattern.
    pub const STRIPES_AND_LOUD: f32 = 0.15;
    /// Two tops, or two accessories of a kind: odd, though it can be put on.
    pub const DOUBLED: f32 = 0.35;
    /// Two bottoms, two pairs of shoes, two coats: it cannot be worn.
    pub const UNWEARABLE: f32 = 1.0;
    /// Warmth this near to what the temperature needs is right.
    pub const WARMTH_TOLERANCE: f32 = 0.1;
    /// What a whole unit of warmth too much or too little costs beyond the tolerance.
    pub const WARMTH_DISTANCE: f32 = 1.2;
    /// Rain, and nothing over the top.
    pub const NO_LAYER_IN_RAIN: f32 = 0.12;
    /// Rain, and a garment that it ruins, since it was asked for.
    pub const RUINED_IN_RAIN: f32 = 0.2;
    /// Every garment known to be of other styles than the one asked for.
    pub const OTHER_STYLE: f32 = 0.4;

    // Choosing among scored candidates.

    /// What sharing every garment with an outfit already chosen costs (lambda of maximal marginal relevance).
    pub const REDUNDANCY: f32 = 0.15;
    /// Of all outfits of a small wardrobe, those this near to the best take turns with it from seed to seed.
    pub const VARIETY: f32 = 0.1;
}
