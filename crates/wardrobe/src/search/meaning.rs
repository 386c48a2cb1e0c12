//! How CLIP's opinion joins the tags'.
//!
//! Cosines of texts and photos lie in a narrow band that moves with the text (about 0.15 to 0.35), so a cosine says little by
//! itself and much beside those of the other garments. They are standardised over the wardrobe (less their mean, by their
//! deviation) and brought into 0..1 by the logistic function, and the score is
//!
//! ```text
//! (1 - w) tags + w logistic((cosine - mean) / deviation)
//! ```
//!
//! where `w` is [`LEAST_WEIGHT`] plus the rest by the share of the query's words that the tags did not understand: tags are
//! better at colours and know what the wearer corrected, and CLIP alone can tell corduroy. Reciprocal ranks would not do:
//! tags tie, a dozen red dresses have one score, and ranks would make differences among them of nothing. A garment without
//! a vector has the mean. Of more than a thousand garments, a thousand say what mean and deviation are (`fuse.rs`).

use super::query::Query;

/// CLIP's share where the tags understood every word.
const LEAST_WEIGHT: f32 = 0.3;
/// Cosines that differ by less than rounding does are the same.
const SMALLEST_DEVIATION: f32 = 1e-5;

/// CLIP's share for a query.
pub(super) fn weight(query: &Query) -> f32 {
    let understood = query.wanted.len() as f32;
    let not = query.not_understood.len() as f32;
    LEAST_WEIGHT + (1.0 - LEAST_WEIGHT) * not / (understood + not).max(1.0)
}

/// How the cosines of a wardrobe's garments lie.
pub(super) struct Spread {
    mean: f32,
    deviation: f32,
}

impl Spread {
    pub(super) fn of(cosines: &[f32]) -> Self {
        let n = cosines.len().max(1) as f32;
        let mean = cosines.iter().sum::<f32>() / n;
        let squares: f32 = cosines.iter().map(|cosine| (cosine - mean).powi(2)).sum();
        Self {
            mean,
            deviation: (squares / n).sqrt(),
        }
    }

    /// A cosine beside the others, in 0..1; 0.5 for the mean and for one that is missing.
    pub(super) fn place(&self, cosine: Option<f32>) -> f32 {
        match cosine {
            Some(cosine) if self.deviation > SMALLEST_DEVIATION => {
                1.0 / (1.0 + (-(cosine - self.mean) / self.deviation).exp())
            }
            _ => 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_placed_beside_each_other() {
        let placed = |cosines: &[f32], cosine| Spread::of(cosines).place(cosine);
        // One deviation below the mean, and one above: 1 / (1 + e) and its complement.
        let (low, high) = (
            placed(&[0.2, 0.3], Some(0.2)),
            placed(&[0.2, 0.3], Some(0.3)),
        );
        assert!((low - 0.268_941).abs() < 1e-4, "{low}");
        assert!((low + high - 1.0).abs() < 1e-5, "{low} {high}");
        assert_eq!(placed(&[0.2, 0.3], None), 0.5);
        assert_eq!(placed(&[0.25, 0.25], Some(0.25)), 0.5);
        assert_eq!(placed(&[], None), 0.5);
    }

    #[test]
    fn clip_counts_for_what_the_tags_do_not_understand() {
        let weight = |text: &str| weight(&text.parse().unwrap());
        assert_eq!(weight("red dress"), LEAST_WEIGHT);
        assert_eq!(weight("corduroy"), 1.0);
        assert!((weight("red corduroy") - 0.65).abs() < 1e-6);
    }
}
