//! Logistic regression on pooled pairs: the floor for any learned scorer.

use super::Judge;
use crate::data::outfits::{Outfit, OutfitData, Sampler};
use crate::error::Result;
use crate::tasks::compat::Items;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Negatives an outfit.
const NEGATIVES: usize = 3;
/// Steps of Adam over all outfits at once.
const STEPS: usize = 200;
const RATE: f32 = 0.03;
/// Penalties on squared weights, the best of which on a fifth of the outfits is taken.
const PENALTIES: [f32; 4] = [1e-4, 1e-3, 1e-2, 1e-1];

/// A linear model of the mean over an outfit's pairs: which classes they are of, and, where items have pictures, the product
/// and the absolute difference of their embeddings, value by value.
#[derive(Debug)]
pub struct Probe<'a> {
    items: &'a Items,
    classes: usize,
    model: Logistic,
}

impl<'a> Probe<'a> {
    /// Fitted on `outfits` and negatives of `sampler`.
    ///
    /// # Errors
    /// None that the data gives rise to.
    pub fn fit(
        data: &OutfitData,
        items: &'a Items,
        outfits: &[&Outfit],
        sampler: &Sampler<'_>,
        seed: u64,
    ) -> Result<Self> {
        let mut probe = Self {
            items,
            classes: data.classes.len(),
            model: Logistic::default(),
        };
        let features = |set: &[usize]| Ok(probe.features(set));
        probe.model = Logistic::of_outfits(probe.size(), outfits, sampler, seed, features)?;
        Ok(probe)
    }

    /// The same model of other embeddings of the items.
    pub(super) fn on<'b>(&self, items: &'b Items) -> Probe<'b> {
        Probe {
            items,
            classes: self.classes,
            model: self.model.clone(),
        }
    }

    fn dimension(&self) -> usize {
        self.items
            .looks
            .as_ref()
            .map_or(0, |looks| looks.dimension())
    }

    fn size(&self) -> usize {
        self.classes * self.classes + 2 * self.dimension()
    }

    fn features(&self, set: &[usize]) -> Features {
        let pairs = (set.len() * set.len().saturating_sub(1) / 2).max(1);
        let share = 1.0 / pairs as f32;
        let d = self.dimension();
        let mut sparse = Vec::with_capacity(pairs);
        let mut dense = vec![0.0; 2 * d];
        for (i, &a) in set.iter().enumerate() {
            for &b in &set[i + 1..] {
                let (one, other) = (
                    self.items.classes[a] as usize,
                    self.items.classes[b] as usize,
                );
                sparse.push((
                    (one.min(other) * self.classes + one.max(other)) as u32,
                    share,
                ));
                let values = self.items.vector(a, 0).iter().zip(self.items.vector(b, 0));
                for (k, (x, y)) in values.enumerate() {
                    // Of length 1: scaled to values about 1.
                    dense[k] += share * d as f32 * x * y;
                    dense[d + k] += share * (d as f32).sqrt() * (x - y).abs();
                }
            }
        }
        Features { sparse, dense }
    }
}

impl Judge for Probe<'_> {
    fn name(&self) -> &str {
        "logistic probe"
    }

    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>> {
        Ok(sets
            .iter()
            .map(|set| self.model.logit(&self.features(set)))
            .collect())
    }

    fn gives_logits(&self) -> bool {
        true
    }
}

/// A few of many values, and the last values one by one.
#[derive(Clone, Debug)]
pub(super) struct Features {
    pub(super) sparse: Vec<(u32, f32)>,
    pub(super) dense: Vec<f32>,
}

/// What an outfit is like, whether it was worn, and how much it counts.
type Example = (Features, bool, f32);

/// Logistic regression.
#[derive(Clone, Debug, Default)]
pub(super) struct Logistic {
    weights: Vec<f32>,
    bias: f32,
}

impl Logistic {
    /// Fitted on what `features` says of `outfits` and of negatives of `sampler`, with the best of the [`PENALTIES`].
    pub(super) fn of_outfits(
        size: usize,
        outfits: &[&Outfit],
        sampler: &Sampler<'_>,
        seed: u64,
        features: impl Fn(&[usize]) -> Result<Features>,
    ) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut learned, mut kept) = (Vec::new(), Vec::new());
        for (group, outfit) in outfits.iter().enumerate() {
            let side = if group.is_multiple_of(5) {
                &mut kept
            } else {
                &mut learned
            };
            side.push((features(&outfit.items)?, true, 1.0));
            for _ in 0..NEGATIVES {
                if let Some(negative) = sampler.negative(outfit, &mut rng) {
                    side.push((features(&negative)?, false, 1.0 / NEGATIVES as f32));
                }
            }
        }
        let part: Vec<&Example> = learned.iter().collect();
        let rest: Vec<&Example> = kept.iter().collect();
        let mut best = (f32::INFINITY, PENALTIES[0]);
        for penalty in PENALTIES {
            let loss = Self::fit(size, &part, penalty).loss(&rest);
            if loss < best.0 {
                best = (loss, penalty);
            }
        }
        let all: Vec<&Example> = learned.iter().chain(&kept).collect();
        Ok(Self::fit(size, &all, best.1))
    }

    /// The weight of each value.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Minimises the mean cross entropy and `penalty` times the squared weights, with Adam (Kingma and Ba 2015).
    fn fit(size: usize, examples: &[&Example], penalty: f32) -> Self {
        let mut model = Self {
            weights: vec![0.0; size],
            bias: 0.0,
        };
        let total: f32 = examples.iter().map(|(_, _, count)| count).sum();
        let (mut mean, mut square) = (vec![0.0_f32; size + 1], vec![0.0_f32; size + 1]);
        for step in 1..=STEPS {
            let mut gradient = vec![0.0; size + 1];
            for (features, worn, count) in examples {
                let p = 1.0 / (1.0 + (-model.logit(features)).exp());
                let slope = count / total * (p - f32::from(u8::from(*worn)));
                for &(at, value) in &features.sparse {
                    gradient[at as usize] += slope * value;
                }
                let dense = size - features.dense.len();
                for (g, value) in gradient[dense..].iter_mut().zip(&features.dense) {
                    *g += slope * value;
                }
                gradient[size] += slope;
            }
            let decay = model.weights.iter().map(|weight| 2.0 * penalty * weight);
            gradient
                .iter_mut()
                .zip(decay)
                .for_each(|(g, decay)| *g += decay);
            let correct = |decay: f32| 1.0 - decay.powi(step as i32);
            let parameters = model.weights.iter_mut().chain([&mut model.bias]);
            let moments = mean.iter_mut().zip(&mut square);
            for ((parameter, g), (mean, square)) in parameters.zip(gradient).zip(moments) {
                *mean = 0.9 * *mean + 0.1 * g;
                *square = 0.999 * *square + 0.001 * g * g;
                let (mean, square) = (*mean / correct(0.9), *square / correct(0.999));
                *parameter -= RATE * mean / (square.sqrt() + 1e-8);
            }
        }
        model
    }

    pub(super) fn logit(&self, features: &Features) -> f32 {
        let sparse = features.sparse.iter();
        let sum: f32 = sparse
            .map(|&(at, value)| self.weights[at as usize] * value)
            .sum();
        let dense = &self.weights[self.weights.len() - features.dense.len()..];
        let dense: f32 = dense.iter().zip(&features.dense).map(|(w, x)| w * x).sum();
        sum + dense + self.bias
    }

    /// The mean cross entropy.
    fn loss(&self, examples: &[&Example]) -> f32 {
        let total: f32 = examples.iter().map(|(_, _, count)| count).sum();
        let loss = examples.iter().map(|(features, worn, count)| {
            let x = self.logit(features);
            let x = if *worn { -x } else { x };
            count * (x.max(0.0) + (-x.abs()).exp().ln_1p())
        });
        loss.sum::<f32>() / total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logistic_model_finds_what_was_put_in() {
        // Worn where the first of two sparse values is there, or the dense one is above 0.
        let examples: Vec<Example> = (0..200)
            .map(|i| {
                let (first, dense) = (i % 2, (i % 7) as f32 - 3.0);
                let features = Features {
                    sparse: vec![(first as u32, 1.0)],
                    dense: vec![dense],
                };
                (
                    features,
                    f32::from(first == 0) * 2.0 - 1.0 + dense > 0.0,
                    1.0,
                )
            })
            .collect();
        let all: Vec<&Example> = examples.iter().collect();
        let model = Logistic::fit(3, &all, 1e-4);
        let right = examples
            .iter()
            .filter(|(f, worn, _)| (model.logit(f) > 0.0) == *worn);
        assert!(right.count() >= 195);
        assert!(model.weights[0] > model.weights[1] && model.weights[2] > 0.0);
        assert!(model.loss(&all) < Logistic::fit(3, &all, 0.1).loss(&all));
    }
}
