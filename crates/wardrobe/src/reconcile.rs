//! One opinion of what a garment is, from the detector's class and the classifier's category.

use wardrobe_classify::Prediction;
use wardrobe_types::labels::DetectorClass;

use crate::locate::Detected;

/// A detector less sure than this does not speak: two of its classes may then be as likely.
const LEAST_CONFIDENCE: f32 = 0.5;

/// The most likely category, with its probability.
///
/// Detector and classifier count as two independent witnesses: the classifier's probability of a category is multiplied by
/// what the detector gives the category's class, and the products are scaled to sum to 1. The detector gives the classes that
/// it takes the garment for their confidences, and shares what the surest leaves among the others, the accessories it does not
/// know counting as one more.
pub(crate) fn reconcile(predictions: &[Prediction], detected: &[Detected]) -> Option<Prediction> {
    let likely = predictions.first().copied()?;
    let surest = detected.first().map(|(_, confidence)| *confidence);
    let Some(surest) = surest.filter(|surest| *surest >= LEAST_CONFIDENCE) else {
        return Some(likely);
    };
    let others = DetectorClass::ALL.len() as f32;
    let weight = |prediction: &Prediction| {
        let class = DetectorClass::of_category(prediction.category);
        let told = detected.iter().find(|(told, _)| Some(*told) == class);
        told.map_or((1.0 - surest) / others, |(_, confidence)| *confidence)
    };
    let weighed: Vec<f32> = predictions
        .iter()
        .map(|p| p.confidence * weight(p))
        .collect();
    let sum: f32 = weighed.iter().sum();
    // A detector that is certain of what the classifier rules out: they contradict each other, and neither is believed more.
    if sum <= 0.0 {
        return Some(likely);
    }
    let best = weighed.iter().zip(predictions);
    let (weighed, prediction) =
        best.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(Prediction {
        category: prediction.category,
        confidence: weighed / sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_types::Category as C;

    fn predictions() -> Vec<Prediction> {
        let of = |(category, confidence)| Prediction {
            category,
            confidence,
        };
        [
            (C::Dress, 0.5),
            (C::Blouse, 0.3),
            (C::Skirt, 0.15),
            (C::Watch, 0.05),
            (C::Jeans, 0.0),
        ]
        .map(of)
        .into()
    }

    fn best(detected: &[Detected]) -> (C, f32) {
        let found = reconcile(&predictions(), detected).unwrap();
        (found.category, found.confidence)
    }

    #[test]
    fn two_witnesses() {
        assert_eq!(best(&[]), (C::Dress, 0.5));
        assert_eq!(
            best(&[(DetectorClass::Top, 0.4)]),
            (C::Dress, 0.5),
            "too unsure to speak"
        );
        // 0.3 * 0.9 against (0.5 + 0.15 + 0.05) * 0.1 / 9.
        let (category, confidence) = best(&[(DetectorClass::Top, 0.9)]);
        assert_eq!(category, C::Blouse);
        assert!(
            (confidence - 0.27 / (0.27 + 0.7 * 0.1 / 9.0)).abs() < 1e-5,
            "{confidence}"
        );
        // Agreement makes surer.
        let (category, confidence) = best(&[(DetectorClass::Dress, 0.6)]);
        assert!(
            category == C::Dress && confidence > 0.9,
            "{category} {confidence}"
        );
        // Torn between two classes, it leaves the choice to the classifier: 0.5 * 0.4 against 0.3 * 0.6.
        let torn = [(DetectorClass::Top, 0.6), (DetectorClass::Dress, 0.4)];
        assert_eq!(best(&torn).0, C::Dress);
        // A class the classifier finds impossible does not win by being the only one.
        assert_eq!(best(&[(DetectorClass::Trousers, 1.0)]), (C::Dress, 0.5));
        assert_eq!(reconcile(&[], &[(DetectorClass::Top, 0.9)]), None);
    }
}
