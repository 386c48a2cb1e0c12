//! Scores of things that belong together and of things that do not.

use crate::error::EvalError;

/// The area under the ROC curve: how likely a positive, drawn by lot, scores above a negative, ties counting one half
/// (Hanley and McNeil 1982). 0.5 is chance.
///
/// # Errors
/// No positives or no negatives; a score that is NaN.
///
/// ```
/// # use wardrobe_eval::roc_auc;
/// // Of six pairs, four are in order and one is a tie.
/// assert_eq!(roc_auc(&[3.0, 1.0], &[2.0, 1.0, 0.0])?, 4.5 / 6.0);
/// # Ok::<(), wardrobe_eval::EvalError>(())
/// ```
pub fn roc_auc<S: Copy + Into<f64>>(positives: &[S], negatives: &[S]) -> Result<f64, EvalError> {
    check(positives, negatives)?;
    let mut ascending: Vec<(f64, bool)> = labelled(positives, negatives).collect();
    ascending.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut in_order) = (0.0, 0.0);
    for tied in ascending.chunk_by(|a, b| a.0 == b.0) {
        let positives = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let negatives = tied.len() as f64 - positives;
        in_order += positives * (below + negatives / 2.0);
        below += negatives;
    }
    Ok(in_order / (positives.len() as f64 * negatives.len() as f64))
}

/// The threshold at or above which scores are best taken for positive, by [`threshold_accuracy`]; of several the highest.
///
/// Choose it on other scores than those it is then measured on.
///
/// # Errors
/// As [`roc_auc`].
pub fn best_threshold(positives: &[f32], negatives: &[f32]) -> Result<f32, EvalError> {
    check(positives, negatives)?;
    let mut descending: Vec<(f64, bool)> = labelled(positives, negatives).collect();
    descending.sort_by(|a, b| b.0.total_cmp(&a.0));
    let share = |positive: bool| match positive {
        true => 1.0 / positives.len() as f64,
        false => -1.0 / negatives.len() as f64,
    };
    let (mut gain, mut best) = (0.0, (f64::NEG_INFINITY, f64::INFINITY));
    for tied in descending.chunk_by(|a, b| a.0 == b.0) {
        gain += tied
            .iter()
            .map(|(_, positive)| share(*positive))
            .sum::<f64>();
        if gain > best.0 + 1e-12 {
            best = (gain, tied[0].0);
        }
    }
    // It is one of the scores.
    Ok(best.1 as f32)
}

/// The mean of the share of positives at or above `threshold` and that of negatives below it, 0..=1: the accuracy where
/// there are as many of the one as of the other.
///
/// # Errors
/// As [`roc_auc`].
pub fn threshold_accuracy(
    positives: &[f32],
    negatives: &[f32],
    threshold: f32,
) -> Result<f64, EvalError> {
    check(positives, negatives)?;
    let share = |scores: &[f32], above: bool| {
        let right = scores.iter().filter(|s| (**s >= threshold) == above);
        right.count() as f64 / scores.len() as f64
    };
    Ok((share(positives, true) + share(negatives, false)) / 2.0)
}

/// How much of a point each multiple-choice question earns: 1 where the answer `right` has the highest score alone, 1/n where
/// it shares it with n - 1 others, else 0. The mean is the accuracy of guessing among the best, whatever the order of the answers.
///
/// # Errors
/// No questions, different lengths; a question without such an answer, or with a score that is NaN.
pub fn choice_points(scores: &[Vec<f32>], right: &[usize]) -> Result<Vec<f64>, EvalError> {
    crate::error::check_paired(
        "multiple choice",
        ("scores", scores.len()),
        ("right", right.len()),
    )?;
    let question = |(sample, (scores, &right)): (usize, (&Vec<f32>, &usize))| {
        let own = *scores.get(right).ok_or(EvalError::ClassOutOfRange {
            sample,
            role: "right",
            class: right,
            classes: scores.len(),
        })?;
        if scores.iter().any(|score| score.is_nan()) {
            return Err(EvalError::NotAScore { sample });
        }
        let tied = scores.iter().filter(|score| **score == own).count();
        let beaten = scores.iter().any(|score| *score > own);
        Ok(if beaten { 0.0 } else { 1.0 / tied as f64 })
    };
    scores.iter().zip(right).enumerate().map(question).collect()
}

pub(crate) fn check<S: Copy + Into<f64>>(
    positives: &[S],
    negatives: &[S],
) -> Result<(), EvalError> {
    if positives.is_empty() || negatives.is_empty() {
        return Err(EvalError::OneSided {
            positives: positives.len(),
            negatives: negatives.len(),
        });
    }
    match labelled(positives, negatives).position(|(score, _)| score.is_nan()) {
        Some(sample) => Err(EvalError::NotAScore { sample }),
        None => Ok(()),
    }
}

/// All scores, with whether their sample is positive.
pub(crate) fn labelled<S: Copy + Into<f64>>(
    positives: &[S],
    negatives: &[S],
) -> impl Iterator<Item = (f64, bool)> {
    let positives = positives.iter().map(|&score| (score.into(), true));
    positives.chain(negatives.iter().map(|&score| (score.into(), false)))
}
