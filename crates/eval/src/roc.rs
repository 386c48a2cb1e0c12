//! How well a score tells two kinds of samples apart, at every threshold.

use serde::{Deserialize, Serialize};

use crate::compatibility::{check, labelled, roc_auc};
use crate::error::EvalError;
use crate::interval::{Bootstrap, BootstrapInterval};

/// What a score tells of two kinds of samples where `threshold` and more counts as positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// The least score that counts as positive.
    pub threshold: f64,
    /// Share of the positive samples that count as positive, 0..=1.
    pub true_positive_rate: f64,
    /// Share of the negative samples that count as positive, 0..=1.
    pub false_positive_rate: f64,
}

/// The receiver operating characteristic: one point a score that occurs, from the highest on (Fawcett 2006, algorithm 1,
/// where equal scores are one step). The origin, above all scores, is not among them; the last point is (1, 1).
///
/// # Errors
/// No positive or no negative samples, a score that is not a number.
pub fn roc(positive: &[f64], negative: &[f64]) -> Result<Vec<RocPoint>, EvalError> {
    let scores = ranked(positive, negative)?;
    let (mut hits, mut alarms) = (0, 0);
    let mut points: Vec<RocPoint> = Vec::new();
    for (score, is_positive) in scores {
        match is_positive {
            true => hits += 1,
            false => alarms += 1,
        }
        let point = RocPoint {
            threshold: score,
            true_positive_rate: f64::from(hits) / positive.len() as f64,
            false_positive_rate: f64::from(alarms) / negative.len() as f64,
        };
        match points.last_mut().filter(|last| last.threshold == score) {
            Some(last) => *last = point,
            None => points.push(point),
        }
    }
    Ok(points)
}

/// The bootstrap's interval of [`roc_auc`], over the samples of both kinds together.
///
/// # Errors
/// As [`roc_auc`] and [`Bootstrap::ci95`].
pub fn roc_auc_ci95(
    positive: &[f64],
    negative: &[f64],
    bootstrap: &Bootstrap,
) -> Result<BootstrapInterval, EvalError> {
    ranked(positive, negative)?;
    bootstrap.ci95(positive.len() + negative.len(), |drawn| {
        let (mut drawn_positive, mut drawn_negative) = (Vec::new(), Vec::new());
        for &sample in drawn {
            match positive.get(sample) {
                Some(&score) => drawn_positive.push(score),
                None => drawn_negative.push(negative[sample - positive.len()]),
            }
        }
        roc_auc(&drawn_positive, &drawn_negative).ok()
    })
}

/// The greatest threshold at which at most `share` of the positive samples are missed: score below it.
///
/// # Errors
/// No positive samples, a score or a share that is not a number, a share outside 0..=1.
pub fn threshold_missing_at_most(positive: &[f64], share: f64) -> Result<f64, EvalError> {
    if positive.is_empty() {
        return Err(EvalError::Empty {
            metric: "a threshold",
        });
    }
    if !(0.0..=1.0).contains(&share) {
        return Err(EvalError::BadConfidence {
            sample: 0,
            value: share as f32,
        });
    }
    if let Some(sample) = positive.iter().position(|score| score.is_nan()) {
        return Err(EvalError::NotAScore { sample });
    }
    let mut scores = positive.to_vec();
    scores.sort_by(f64::total_cmp);
    let missed = (share * scores.len() as f64).floor() as usize;
    Ok(scores[missed.min(scores.len() - 1)])
}

/// All scores, the highest first, with whether their sample is positive.
fn ranked(positive: &[f64], negative: &[f64]) -> Result<Vec<(f64, bool)>, EvalError> {
    check(positive, negative)?;
    let mut scores: Vec<(f64, bool)> = labelled(positive, negative).collect();
    scores.sort_by(|x, y| y.0.total_cmp(&x.0));
    Ok(scores)
}
