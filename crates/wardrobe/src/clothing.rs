//! Whether a photo shows clothes at all.

use serde::Serialize;

use crate::Look;

/// What speaks for clothes in a photo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// The detector's best confidence, 0..=1; 0 where it found nothing.
    pub detected: f32,
    /// The classifier's best confidence, 0..=1, over the photo's garments.
    pub classified: f32,
}

/// The probability of clothes by logistic regression on [`Evidence`], and below which probability a photo is not
/// taken in unasked.
///
/// `wardrobe eval clothing --fit` fits the weights on the training parts and chooses the threshold on the validation
/// parts such that at most 1 % of the photos of garments are below it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClothingRule {
    /// Log-odds where nothing was seen.
    pub bias: f32,
    /// Log-odds a unit of [`Evidence::detected`].
    pub detected: f32,
    /// Log-odds a unit of [`Evidence::classified`].
    pub classified: f32,
    /// The least probability of a photo that is taken in.
    pub threshold: f32,
}

impl ClothingRule {
    /// Fitted to the starter detector and the starter classifier.
    pub const STARTER: Self = Self {
        bias: -5.572,
        detected: 7.353,
        classified: 3.268,
        threshold: 0.0405,
    };

    /// The probability that the photo shows clothes, 0..=1.
    pub fn probability(&self, evidence: Evidence) -> f32 {
        let Evidence {
            detected,
            classified,
        } = evidence;
        let log_odds = self.bias + self.detected * detected + self.classified * classified;
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// The probability, where it is too low for a photo of clothes.
    pub(crate) fn doubts(&self, evidence: Evidence) -> Option<f32> {
        let probability = self.probability(evidence);
        (probability < self.threshold).then_some(probability)
    }
}

impl Evidence {
    pub(crate) fn of<'a>(detected: f32, looks: impl IntoIterator<Item = &'a Look>) -> Self {
        let best = |look: &Look| {
            look.predictions
                .first()
                .map_or(0.0, |first| first.confidence)
        };
        Self {
            detected,
            classified: looks.into_iter().map(best).fold(0.0, f32::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detection_or_a_sure_class_is_enough() {
        let rule = ClothingRule::STARTER;
        let doubts = |detected, classified| {
            rule.doubts(Evidence {
                detected,
                classified,
            })
        };
        assert!(doubts(0.0, 0.05).is_some());
        assert!(doubts(0.8, 0.05).is_none() && doubts(0.0, 0.95).is_none());
        let even = ClothingRule {
            bias: -1.0,
            detected: 2.0,
            classified: 0.0,
            threshold: 0.5,
        };
        let evidence = Evidence {
            detected: 0.5,
            classified: 0.3,
        };
        assert_eq!(
            (even.probability(evidence), even.doubts(evidence)),
            (0.5, None)
        );
    }
}
