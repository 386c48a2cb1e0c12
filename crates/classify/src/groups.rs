//! Categories that much of the training data does not tell apart.

use crate::Prediction;
use wardrobe_types::Category;
use wardrobe_types::labels::ClothingLabel;

/// For each output of a classifier, the group that its category is of.
#[derive(Clone, Debug)]
pub struct Groups(Vec<usize>);

impl Groups {
    /// Of the categories of a classifier's outputs. One that is in no coarse label is a group of its own.
    pub fn of(categories: &[Category]) -> Self {
        let own = coarse().count();
        let group = |(output, category): (usize, &Category)| {
            let coarse = coarse().position(|group| group.contains(category));
            coarse.unwrap_or(own + output)
        };
        Self(categories.iter().enumerate().map(group).collect())
    }

    /// Raises each group's probability to a power, and scales all of them to sum to 1 again: temperature scaling (Guo et al.
    /// 2017) of the groups. What is most likely stays so.
    ///
    /// On single categories it would take from groups whose members nobody told apart: of eight kinds of shoes at an eighth
    /// each, a power leaves little.
    ///
    /// # Shapes
    /// (outputs), summing to 1 -> the same
    pub fn sharpen(&self, probabilities: &mut [f32], power: f32) {
        let groups = self.0.iter().max().map_or(0, |last| last + 1);
        let mut factors = vec![0f32; groups];
        for (&group, &probability) in self.0.iter().zip(probabilities.iter()) {
            factors[group] += probability;
        }
        let sum: f32 = factors.iter().map(|total| total.powf(power)).sum();
        for factor in factors.iter_mut().filter(|total| **total > 0.0) {
            *factor = factor.powf(power - 1.0) / sum;
        }
        for (&group, probability) in self.0.iter().zip(probabilities) {
            *probability *= factors[group];
        }
    }
}

/// Categories that coarse labels do not tell apart, most usual first.
fn coarse() -> impl Iterator<Item = &'static [Category]> {
    let groups = ClothingLabel::ALL
        .into_iter()
        .map(ClothingLabel::categories);
    groups.filter(|group| group.len() > 1)
}

/// The share of its group's probability from which a category is told apart from its group. More leaves heels in doubt and
/// calls them sneakers, less calls joggers jeans: top-1 on the catalogue's 860 validation photos and on the 594 on phone
/// photos' grounds is 0.872 and 0.813 at 0.6, 0.884 and 0.828 at 0.4, 0.883 and 0.835 at 0.3 (the third run's weights).
const DISTINCT: f32 = 0.4;

/// Much of the training data says "shoes" or "pants" and no more, so that a photo's probability may be certain of the
/// group and spread evenly over its members, each of which then loses to a worse guess. Where no member has a
/// good part of the group, the group's most usual category stands for it, with the group's probability.
pub(crate) fn settle(predictions: &mut [Prediction]) {
    coarse().for_each(|group| settle_group(predictions, group));
}

fn settle_group(predictions: &mut [Prediction], group: &[Category]) {
    let of_group = |p: &Prediction| group.contains(&p.category);
    let total: f32 = predictions
        .iter()
        .filter(|p| of_group(p))
        .map(|p| p.confidence)
        .sum();
    let distinct = |p: &Prediction| p.confidence >= DISTINCT * total;
    if predictions.iter().any(|p| of_group(p) && distinct(p)) {
        return;
    }
    for prediction in predictions.iter_mut().filter(|p| of_group(p)) {
        prediction.confidence = if prediction.category == group[0] {
            total
        } else {
            0.0
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(probabilities: &[(Category, f32)]) -> Vec<f32> {
        let predict = |&(category, confidence)| Prediction {
            category,
            confidence,
        };
        let mut predictions: Vec<_> = probabilities.iter().map(predict).collect();
        settle(&mut predictions);
        predictions.iter().map(|p| p.confidence).collect()
    }

    #[test]
    fn a_group_that_cannot_be_told_apart_is_its_most_usual_category() {
        use Category::{Boots, Coat, Heels, Hoodie, Jacket, PufferJacket, Sneakers};
        let close = |got: Vec<f32>, expected: &[f32]| {
            assert!(
                got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
                "{got:?}"
            );
        };
        close(
            settled(&[(Boots, 0.26), (Heels, 0.24), (Sneakers, 0.2), (Hoodie, 0.3)]),
            &[0.0, 0.0, 0.7, 0.3],
        );
        close(
            settled(&[(Boots, 0.29), (Heels, 0.21), (Sneakers, 0.2), (Hoodie, 0.3)]),
            &[0.29, 0.21, 0.2, 0.3],
        );
        close(
            settled(&[
                (Hoodie, 0.3),
                (PufferJacket, 0.25),
                (Coat, 0.25),
                (Jacket, 0.2),
            ]),
            &[0.3, 0.0, 0.0, 0.7],
        );
    }

    #[test]
    fn groups_grow_sharper_and_their_members_stay_as_they_are_to_each_other() {
        use Category::{Boots, Hoodie, Sneakers};
        let groups = Groups::of(&[Boots, Hoodie, Sneakers]);
        let mut probabilities = [0.4, 0.2, 0.4];
        groups.sharpen(&mut probabilities, 1.0);
        assert_eq!(probabilities, [0.4, 0.2, 0.4]);
        // The shoes' 0.8 and the hoodie's 0.2, squared, are 16 to 1.
        groups.sharpen(&mut probabilities, 2.0);
        let expected = [8.0 / 17.0, 1.0 / 17.0, 8.0 / 17.0];
        for (got, expected) in probabilities.into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got}, not {expected}");
        }
        let mut certain = [0.0, 1.0, 0.0];
        groups.sharpen(&mut certain, 0.5);
        assert_eq!(certain, [0.0, 1.0, 0.0]);
    }
}
