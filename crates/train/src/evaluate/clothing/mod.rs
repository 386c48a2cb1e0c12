//! How well photos of garments are told from photos without any, by how sure a detector and a classifier are.

mod plot;

pub use plot::plot;

use crate::error::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use wardrobe_eval::{
    Bootstrap, Interval, roc_auc, roc_auc_ci95, threshold_missing_at_most, wilson_ci95,
};

/// The most of the photos of garments that may be taken for none.
pub const MOST_MISSED: f64 = 0.01;
/// Steps of Newton's method: a convex function of three weights is at its least after ten.
const STEPS: usize = 30;
/// Weight decay, in photos: keeps the weights finite where the two kinds do not overlap.
const DECAY: f64 = 0.1;

/// What was seen in a picture: the detector's and the classifier's best confidences, each in 0..=1.
pub type Seen = [f64; 2];

/// A logistic rule: the probability of clothes is `1 / (1 + exp(-(bias + detected * d + classified * c)))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Log-odds where nothing was seen.
    pub bias: f64,
    /// Log-odds a unit of the detector's best confidence.
    pub detected: f64,
    /// Log-odds a unit of the classifier's best confidence.
    pub classified: f64,
}

impl Rule {
    /// The rule under which these pictures are likeliest (Newton's method, with a little weight decay). Both kinds weigh
    /// the same, however many there are of each.
    pub fn fit(photos: &[Seen], grounds: &[Seen]) -> Self {
        let samples = |seen: &[Seen], kind: f64| -> Vec<([f64; 3], f64, f64)> {
            let weight = 1.0 / seen.len().max(1) as f64 * 100.0;
            seen.iter()
                .map(|&[d, c]| ([1.0, d, c], kind, weight))
                .collect()
        };
        let samples = [samples(photos, 1.0), samples(grounds, 0.0)].concat();
        let mut weights = [0.0; 3];
        for _ in 0..STEPS {
            let (mut gradient, mut hessian) = ([0.0; 3], [[0.0; 3]; 3]);
            for (features, kind, weight) in &samples {
                let p = sigmoid(dot(features, &weights));
                for i in 0..3 {
                    gradient[i] += weight * (kind - p) * features[i];
                    for j in 0..3 {
                        hessian[i][j] += weight * p * (1.0 - p) * features[i] * features[j];
                    }
                }
            }
            for i in 0..3 {
                gradient[i] -= DECAY * weights[i];
                hessian[i][i] += DECAY;
            }
            let step = solve(hessian, gradient);
            for (weight, step) in weights.iter_mut().zip(step) {
                *weight += step;
            }
        }
        let [bias, detected, classified] = weights;
        Self {
            bias,
            detected,
            classified,
        }
    }

    /// The probability that a picture shows clothes, 0..=1.
    pub fn probability(&self, [detected, classified]: Seen) -> f64 {
        sigmoid(self.bias + self.detected * detected + self.classified * classified)
    }
}

/// A rule, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `auc`; `warned`, the share of photos below the threshold; `caught`, the share of grounds below it.
    pub metrics: BTreeMap<&'static str, f64>,
    /// 95 % intervals.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// The greatest threshold that at most [`MOST_MISSED`] of these photos are below.
    pub best_threshold: f64,
}

/// Measures a rule and a threshold on pictures of both kinds.
///
/// # Errors
/// None of a kind.
pub fn measure(rule: &Rule, threshold: f64, photos: &[Seen], grounds: &[Seen]) -> Result<Report> {
    let scores =
        |seen: &[Seen]| -> Vec<f64> { seen.iter().map(|&seen| rule.probability(seen)).collect() };
    let (photos, grounds) = (scores(photos), scores(grounds));
    let below = |scores: &[f64]| scores.iter().filter(|&&score| score < threshold).count();
    let share = |scores: &[f64]| below(scores) as f64 / scores.len() as f64;
    let auc = roc_auc(&photos, &grounds)?;
    let interval = roc_auc_ci95(&photos, &grounds, &Bootstrap::default())?.interval;
    Ok(Report {
        metrics: BTreeMap::from([
            ("auc", auc),
            ("warned", share(&photos)),
            ("caught", share(&grounds)),
        ]),
        ci95: BTreeMap::from([
            ("auc", interval),
            ("warned", wilson_ci95(below(&photos), photos.len())?),
            ("caught", wilson_ci95(below(&grounds), grounds.len())?),
        ]),
        best_threshold: threshold_missing_at_most(&photos, MOST_MISSED)?,
    })
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn dot(x: &[f64; 3], y: &[f64; 3]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Solves a positive definite system by elimination.
fn solve(mut matrix: [[f64; 3]; 3], mut right: [f64; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        let (eliminated, at_pivot) = (matrix[pivot], right[pivot]);
        for row in pivot + 1..3 {
            let factor = matrix[row][pivot] / eliminated[pivot];
            for (value, by) in matrix[row].iter_mut().zip(eliminated) {
                *value -= factor * by;
            }
            right[row] -= factor * at_pivot;
        }
    }
    let mut solution = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3)
            .map(|column| matrix[row][column] * solution[column])
            .sum();
        solution[row] = (right[row] - known) / matrix[row][row];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equations_by_hand() {
        // 2x + y = 4, x + 3y + z = 10, y + 2z = 8: x = 1, y = 2, z = 3.
        let solved = solve(
            [[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]],
            [4.0, 10.0, 8.0],
        );
        assert!(
            solved
                .iter()
                .zip([1.0, 2.0, 3.0])
                .all(|(x, y): (&f64, f64)| (x - y).abs() < 1e-12)
        );
    }

    #[test]
    fn a_fit_has_no_slope_left_and_tells_the_kinds_apart() {
        let photos = [[0.9, 0.8], [0.7, 0.9], [0.0, 0.7], [0.5, 0.2], [0.3, 0.4]];
        let grounds = [[0.0, 0.3], [0.0, 0.2], [0.4, 0.1], [0.0, 0.75]];
        let rule = Rule::fit(&photos, &grounds);
        // By finite differences of what is maximised.
        let likelihood = |rule: &Rule| {
            let photos = photos
                .iter()
                .map(|&seen| rule.probability(seen).ln() * 20.0);
            let grounds = grounds
                .iter()
                .map(|&seen| (1.0 - rule.probability(seen)).ln() * 25.0);
            let decay = rule.bias.powi(2) + rule.detected.powi(2) + rule.classified.powi(2);
            photos.chain(grounds).sum::<f64>() - 0.5 * DECAY * decay
        };
        let moved = |by: [f64; 3]| Rule {
            bias: rule.bias + by[0],
            detected: rule.detected + by[1],
            classified: rule.classified + by[2],
        };
        for along in [[1e-4, 0.0, 0.0], [0.0, 1e-4, 0.0], [0.0, 0.0, 1e-4]] {
            let slope = (likelihood(&moved(along)) - likelihood(&moved(along.map(|x| -x)))) / 2e-4;
            assert!(slope.abs() < 1e-4, "{slope} along {along:?}");
        }
        let report = measure(&rule, 0.5, &photos, &grounds).unwrap();
        assert!(rule.detected > 0.0 && rule.classified > 0.0 && report.metrics["auc"] > 0.8);
        assert!(measure(&rule, 0.5, &photos, &[]).is_err());
    }
}
