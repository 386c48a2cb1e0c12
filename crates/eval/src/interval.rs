//! 95 % confidence intervals: Wilson's for a proportion, the percentile bootstrap for any metric.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{EvalError, check_paired};

/// The 0.975 quantile of the standard normal distribution.
const Z_975: f64 = 1.959_963_984_540_054;

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in the interval, ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Wilson's 95 % score interval of a proportion, within 0..=1.
///
/// Unlike the normal approximation it stays honest near 0 and 1 and at small `trials`
/// (Wilson 1927; Brown, Cai and DasGupta 2001).
///
/// # Errors
/// No trials, more successes than trials.
pub fn wilson_ci95(successes: usize, trials: usize) -> Result<Interval, EvalError> {
    if trials == 0 {
        return Err(EvalError::Empty {
            metric: "Wilson's interval",
        });
    }
    if successes > trials {
        return Err(EvalError::NotAProportion { successes, trials });
    }
    let (n, z2) = (trials as f64, Z_975 * Z_975);
    let p = successes as f64 / n;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_975 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // The ends touch p exactly at 0 and 1, which rounding would otherwise miss by an ulp.
    Ok(Interval {
        low: (centre - half).clamp(0.0, p),
        high: (centre + half).clamp(p, 1.0),
    })
}

/// The percentile bootstrap (Efron 1979): resample the samples with replacement, measure each
/// resample, read the interval off the quantiles.
///
/// The same seed gives the same interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Resamples drawn; at least 40, so that a tail of 2.5 % holds one. 1,000 is usual.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 1_000,
            seed: 0,
        }
    }
}

/// A bootstrap interval and how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// The 2.5 % to 97.5 % quantiles of the metric over the resamples.
    #[serde(flatten)]
    pub interval: Interval,
    /// Resamples drawn.
    pub resamples: usize,
    /// Resamples left out because the metric is undefined on them; at most 5 % of all.
    pub undefined: usize,
}

impl Bootstrap {
    const LEAST_RESAMPLES: usize = 40;

    /// The interval of a metric of `samples` samples.
    ///
    /// `metric` gets the drawn sample numbers, `samples` of them, repeats included, and returns
    /// its value on them, or `None` where it has none.
    ///
    /// # Errors
    /// No samples, fewer than 40 resamples, a metric undefined on more than 5 % of the resamples.
    pub fn ci95(
        &self,
        samples: usize,
        mut metric: impl FnMut(&[usize]) -> Option<f64>,
    ) -> Result<BootstrapInterval, EvalError> {
        if samples == 0 {
            return Err(EvalError::Empty {
                metric: "the bootstrap interval",
            });
        }
        let (resamples, least) = (self.resamples, Self::LEAST_RESAMPLES);
        if resamples < least {
            return Err(EvalError::TooFewResamples { resamples, least });
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut drawn = vec![0; samples];
        let mut values = Vec::with_capacity(resamples);
        for _ in 0..resamples {
            drawn.fill_with(|| rng.random_range(0..samples));
            values.extend(metric(&drawn).filter(|value| value.is_finite()));
        }
        let undefined = resamples - values.len();
        if undefined * 20 > resamples {
            return Err(EvalError::UndefinedOnResamples {
                undefined,
                resamples,
            });
        }
        values.sort_by(f64::total_cmp);
        let interval = Interval {
            low: quantile(&values, 0.025),
            high: quantile(&values, 0.975),
        };
        Ok(BootstrapInterval {
            interval,
            resamples,
            undefined,
        })
    }

    /// The interval of a metric of two inputs that go sample by sample, such as truth and
    /// predictions.
    ///
    /// # Errors
    /// As [`Bootstrap::ci95`], and inputs of different lengths.
    pub fn ci95_of<A: Clone, B: Clone>(
        &self,
        left: &[A],
        right: &[B],
        mut metric: impl FnMut(&[A], &[B]) -> Option<f64>,
    ) -> Result<BootstrapInterval, EvalError> {
        check_paired(
            "the bootstrap interval",
            ("left", left.len()),
            ("right", right.len()),
        )?;
        let (mut a, mut b) = (Vec::new(), Vec::new());
        self.ci95(left.len(), |drawn| {
            a.clear();
            b.clear();
            a.extend(drawn.iter().map(|sample| left[*sample].clone()));
            b.extend(drawn.iter().map(|sample| right[*sample].clone()));
            metric(&a, &b)
        })
    }
}

/// The `q` quantile of ascending, non-empty values, linear between neighbours (Hyndman and Fan's
/// type 7, as NumPy's).
fn quantile(ascending: &[f64], q: f64) -> f64 {
    let position = q * (ascending.len() - 1) as f64;
    let (low, high) = (
        ascending[position.floor() as usize],
        ascending[position.ceil() as usize],
    );
    low + (high - low) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], [0, .25, .5, .9, 1]) = [1, 1.75, 3, 6.8, 8]
        let values = [1.0, 2.0, 4.0, 8.0];
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&values, q) - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!(quantile(&[3.5], 0.975), 3.5);
    }
}
