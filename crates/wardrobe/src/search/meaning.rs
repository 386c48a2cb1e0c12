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
//! a vector has the mean.

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

/// Each cosine beside the others, in 0..1; 0.5 for the mean and for those missing.
pub(super) fn standardised(cosines: &[Option<f32>]) -> Vec<f32> {
    let there: Vec<f32> = cosines.iter().flatten().copied().collect();
    let mean = there.iter().sum::<f32>() / there.len().max(1) as f32;
    let squares: f32 = there.iter().map(|cosine| (cosine - mean).powi(2)).sum();
    let deviation = (squares / there.len().max(1) as f32).sqrt();
    let place = |cosine: &Option<f32>| match cosine {
        Some(cosine) if deviation > SMALLEST_DEVIATION => {
            1.0 / (1.0 + (-(cosine - mean) / deviation).exp())
        }
        _ => 0.5,
    };
    cosines.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_placed_beside_each_other() {
        let placed = standardised(&[Some(0.2), None, Some(0.3)]);
        // One deviation below the mean, and one above: 1 / (1 + e) and its complement.
        assert!((placed[0] - 0.268_941).abs() < 1e-4, "{placed:?}");
        assert_eq!(placed[1], 0.5);
        assert!((placed[0] + placed[2] - 1.0).abs() < 1e-5, "{placed:?}");
        assert_eq!(standardised(&[Some(0.25), Some(0.25)]), [0.5, 0.5]);
        assert_eq!(standardised(&[Some(0.25), None]), [0.5, 0.5]);
        assert_eq!(standardised(&[None]), [0.5]);
        assert!(standardised(&[]).is_empty());
    }

    #[test]
    fn clip_counts_for_what_the_tags_do_not_understand() {
        let weight = |text: &str| weight(&text.parse().unwrap());
        assert_eq!(weight("red dress"), LEAST_WEIGHT);
        assert_eq!(weight("corduroy"), 1.0);
        assert!((weight("red corduroy") - 0.65).abs() < 1e-6);
    }
}
