//! What can be told without a network, from classes and counts.

use super::Judge;
use crate::data::outfits::popularity;
use crate::data::outfits::{Outfit, OutfitData};
use crate::error::Result;

/// Added to every count of a pair, so that one never seen is unlikely rather than impossible.
const SMOOTHING: f64 = 0.5;

/// The mean over pairs of the pointwise mutual information of their classes: how much more often two classes are worn together
/// than they would be by lot (Church and Hanks 1990).
#[derive(Debug)]
pub struct CategoryPmi {
    classes: Vec<usize>,
    count: usize,
    /// (classes, classes)
    information: Vec<f32>,
}

impl CategoryPmi {
    /// Counted on `outfits`.
    pub fn fit(data: &OutfitData, outfits: &[&Outfit]) -> Self {
        let count = data.classes.len();
        let classes: Vec<usize> = data.items.iter().map(|item| item.class).collect();
        let mut pairs = vec![SMOOTHING; count * count];
        for outfit in outfits {
            for (i, &a) in outfit.items.iter().enumerate() {
                for &b in &outfit.items[i + 1..] {
                    pairs[classes[a] * count + classes[b]] += 1.0;
                    pairs[classes[b] * count + classes[a]] += 1.0;
                }
            }
        }
        let total: f64 = pairs.iter().sum();
        let single: Vec<f64> = pairs.chunks(count).map(|row| row.iter().sum()).collect();
        let information = (0..count * count)
            .map(|i| (pairs[i] * total / (single[i / count] * single[i % count])).ln() as f32);
        Self {
            information: information.collect(),
            classes,
            count,
        }
    }

    /// Of two classes, in nats.
    pub fn of(&self, a: usize, b: usize) -> f32 {
        self.information[a * self.count + b]
    }
}

impl Judge for CategoryPmi {
    fn name(&self) -> &str {
        "category PMI"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        let score = |set: &Vec<usize>| {
            let pairs = set.iter().enumerate().flat_map(|(i, &a)| {
                let others = set[i + 1..].iter();
                others.map(move |&b| self.of(self.classes[a], self.classes[b]))
            });
            mean(pairs)
        };
        Ok(sets.iter().map(score).collect())
    }
}

/// The mean logarithm of how often the items, or their classes, are worn.
#[derive(Debug)]
pub struct Popularity {
    logarithms: Vec<f32>,
}

impl Popularity {
    /// Counted on `outfits`.
    pub fn fit(data: &OutfitData, outfits: &[&Outfit]) -> Self {
        let worn: Vec<usize> = outfits
            .iter()
            .flat_map(|o| o.items.iter().copied())
            .collect();
        let counts = popularity(data, &worn);
        Self {
            logarithms: counts
                .into_iter()
                .map(|count| (count as f32).ln())
                .collect(),
        }
    }
}

impl Judge for Popularity {
    fn name(&self) -> &str {
        "popularity"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        let score = |set: &Vec<usize>| mean(set.iter().map(|&item| self.logarithms[item]));
        Ok(sets.iter().map(score).collect())
    }
}

/// 0 of nothing.
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f32::from(u16::try_from(count).unwrap_or(u16::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::outfits::outfits_of_classes;

    #[test]
    fn what_is_worn_together_informs() {
        // Three outfits of 0 and 1, one of 0 and 2, one of 1 and 2: 10 ends of pairs and 9 halves of smoothing.
        let data = outfits_of_classes(3, &[&[0, 1], &[0, 1], &[0, 1], &[0, 2], &[1, 2]]);
        let outfits: Vec<&Outfit> = data.parts.values().flatten().collect();
        let pmi = CategoryPmi::fit(&data, &outfits);
        let single = [5.5, 5.5, 3.5];
        let expected =
            |pair: f64, a: usize, b: usize| (pair * 14.5 / (single[a] * single[b])).ln() as f32;
        assert!((pmi.of(0, 1) - expected(3.5, 0, 1)).abs() < 1e-6);
        assert!((pmi.of(0, 2) - expected(1.5, 0, 2)).abs() < 1e-6);
        assert!((pmi.of(2, 2) - expected(0.5, 2, 2)).abs() < 1e-6);
        assert!(pmi.of(0, 1) > pmi.of(0, 2));
        // Items 0 and 1 are of the classes 0 and 1, item 7 is of class 2.
        let scores = pmi.scores(&[vec![0, 1], vec![0, 1, 7], vec![0]]).unwrap();
        assert_eq!(scores[0], pmi.of(0, 1));
        let three = (pmi.of(0, 1) + pmi.of(0, 2) + pmi.of(1, 2)) / 3.0;
        assert!((scores[1] - three).abs() < 1e-6);
        assert_eq!(scores[2], 0.0);

        // Each item is worn once, so classes count: 4, 4 and 2 times.
        let popularity = Popularity::fit(&data, &outfits);
        let scores = popularity.scores(&[vec![0, 7]]).unwrap();
        assert!((scores[0] - (4f32.ln() + 2f32.ln()) / 2.0).abs() < 1e-6);
    }
}
