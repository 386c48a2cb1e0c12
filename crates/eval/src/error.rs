use thiserror::Error;

/// Why a metric has no value.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// There is nothing to measure.
    #[error("{metric} of no samples is undefined; give at least one")]
    Empty {
        /// The metric asked for.
        metric: &'static str,
    },
    /// Two inputs that go sample by sample differ in length.
    #[error("{left} has {left_len} entries and {right} has {right_len}; both need one a sample")]
    LengthMismatch {
        /// The first input.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// The second input.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// A class number is not below the number of classes.
    #[error(
        "sample {sample}: {role} class {class} is not among the {classes} classes (0..{classes})"
    )]
    ClassOutOfRange {
        /// Which sample, counted from 0.
        sample: usize,
        /// `truth` or `predicted`.
        role: &'static str,
        /// The class number found.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// k is 0: no guess is ever among the first 0.
    #[error("top-k accuracy needs k of at least 1, got 0")]
    ZeroK,
    /// A ranking holds fewer than k classes, so that a miss might only be a cut.
    #[error(
        "sample {sample}: the ranking holds {len} classes, top-{k} needs {k}; \
         rank more classes or ask for a smaller k"
    )]
    RankingTooShort {
        /// Which sample, counted from 0.
        sample: usize,
        /// Classes in its ranking.
        len: usize,
        /// The k asked for.
        k: usize,
    },
    /// A class stands twice among the first k of a ranking.
    #[error(
        "sample {sample}: class {class} stands twice among the first {k} of the ranking; \
         each class once"
    )]
    RepeatedClass {
        /// Which sample, counted from 0.
        sample: usize,
        /// The repeated class.
        class: usize,
        /// The k asked for.
        k: usize,
    },
    /// More successes than trials.
    #[error("{successes} successes in {trials} trials is no proportion")]
    NotAProportion {
        /// Successes given.
        successes: usize,
        /// Trials given.
        trials: usize,
    },
    /// A confidence is NaN or outside 0..=1.
    #[error("sample {sample}: confidence {value} is outside 0..=1; give probabilities, not logits")]
    BadConfidence {
        /// Which sample, counted from 0.
        sample: usize,
        /// The confidence found.
        value: f32,
    },
    /// There is nothing to tell from each other.
    #[error("{positives} positives and {negatives} negatives: give at least one of each")]
    OneSided {
        /// Positives given.
        positives: usize,
        /// Negatives given.
        negatives: usize,
    },
    /// A score is NaN.
    #[error("sample {sample}: its score is NaN")]
    NotAScore {
        /// Which sample, counted from 0.
        sample: usize,
    },
    /// A box is none, or its score is NaN.
    #[error(
        "sample {sample}: the {role} box {corners:?} with score {score} is no detection; \
         give finite x0 <= x1 and y0 <= y1, and a score"
    )]
    BadDetection {
        /// Which photo, counted from 0.
        sample: usize,
        /// `truth` or `predicted`.
        role: &'static str,
        /// Left, top, right, bottom.
        corners: [f32; 4],
        /// Its score; 0 for the truth.
        score: f32,
    },
    /// No bins to sort confidences into.
    #[error("calibration needs at least 1 bin, got 0")]
    ZeroBins,
    /// Too few bootstrap resamples to read 2.5 % tails from.
    #[error("a 95 % interval needs at least {least} resamples, got {resamples}")]
    TooFewResamples {
        /// Resamples asked for.
        resamples: usize,
        /// The least that works.
        least: usize,
    },
    /// The metric is undefined, or not finite, on too many bootstrap resamples.
    #[error(
        "the metric is undefined on {undefined} of {resamples} bootstrap resamples, \
         too many for an interval; measure more samples"
    )]
    UndefinedOnResamples {
        /// Resamples without a value.
        undefined: usize,
        /// Resamples drawn.
        resamples: usize,
    },
}

/// Both inputs go sample by sample and there is at least one sample.
pub(crate) fn check_paired(
    metric: &'static str,
    (left, left_len): (&'static str, usize),
    (right, right_len): (&'static str, usize),
) -> Result<(), EvalError> {
    if left_len != right_len {
        return Err(EvalError::LengthMismatch {
            left,
            left_len,
            right,
            right_len,
        });
    }
    if left_len == 0 {
        return Err(EvalError::Empty { metric });
    }
    Ok(())
}
