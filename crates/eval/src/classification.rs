//! Top-k accuracy, the confusion matrix, and what follows from it.

use serde::{Deserialize, Serialize};

use crate::error::{EvalError, check_paired};

/// For each sample, whether its true class is among the first `k` of its ranking.
///
/// `truth` is one class number a sample; `ranked` one list of class numbers a sample, the most
/// likely first, each class at most once among the first `k`.
///
/// # Errors
/// No samples, different lengths, `k` of 0, a ranking shorter than `k`, a class named twice.
pub fn top_k_hits(
    truth: &[usize],
    ranked: &[Vec<usize>],
    k: usize,
) -> Result<Vec<bool>, EvalError> {
    check_paired(
        "top-k accuracy",
        ("truth", truth.len()),
        ("ranked", ranked.len()),
    )?;
    if k == 0 {
        return Err(EvalError::ZeroK);
    }
    let samples = truth.iter().zip(ranked).enumerate();
    samples
        .map(|(sample, (class, ranking))| hit(sample, *class, ranking, k))
        .collect()
}

fn hit(sample: usize, truth: usize, ranking: &[usize], k: usize) -> Result<bool, EvalError> {
    let Some(first_k) = ranking.get(..k) else {
        return Err(EvalError::RankingTooShort {
            sample,
            len: ranking.len(),
            k,
        });
    };
    let repeated = first_k
        .iter()
        .enumerate()
        .find(|(i, class)| first_k[..*i].contains(class));
    if let Some((_, &class)) = repeated {
        return Err(EvalError::RepeatedClass { sample, class, k });
    }
    Ok(first_k.contains(&truth))
}

/// The share of samples, 0..=1, whose true class is among the first `k` of their ranking.
///
/// Inputs and errors as for [`top_k_hits`].
pub fn top_k_accuracy(truth: &[usize], ranked: &[Vec<usize>], k: usize) -> Result<f64, EvalError> {
    let hits = top_k_hits(truth, ranked, k)?;
    Ok(hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64)
}

/// How often each true class was predicted as each class. Made by [`confusion`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    classes: usize,
    /// `[classes * classes]`, row = truth, column = predicted.
    counts: Vec<usize>,
}

impl Confusion {
    /// The number of classes, present or not.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Samples of class `truth` predicted as class `predicted`; `None` outside the matrix.
    pub fn get(&self, truth: usize, predicted: usize) -> Option<usize> {
        self.row(truth)?.get(predicted).copied()
    }

    /// What the samples of class `truth` were predicted as: one count a class.
    pub fn row(&self, truth: usize) -> Option<&[usize]> {
        self.counts.chunks(self.classes.max(1)).nth(truth)
    }

    /// All samples.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    fn diagonal(&self, class: usize) -> usize {
        self.counts[class * self.classes + class]
    }

    fn row_sum(&self, class: usize) -> usize {
        self.counts[class * self.classes..][..self.classes]
            .iter()
            .sum()
    }

    fn column_sum(&self, class: usize) -> usize {
        self.counts.iter().skip(class).step_by(self.classes).sum()
    }
}

/// Counts each pair of true and predicted class.
///
/// `truth` and `predicted` hold one class number, below `classes`, a sample.
///
/// # Errors
/// No samples, different lengths, a class number of `classes` or more.
pub fn confusion(
    truth: &[usize],
    predicted: &[usize],
    classes: usize,
) -> Result<Confusion, EvalError> {
    check_paired(
        "confusion",
        ("truth", truth.len()),
        ("predicted", predicted.len()),
    )?;
    let mut counts = vec![0; classes * classes];
    for (sample, (&t, &p)) in truth.iter().zip(predicted).enumerate() {
        for (role, class) in [("truth", t), ("predicted", p)] {
            if class >= classes {
                return Err(EvalError::ClassOutOfRange {
                    sample,
                    role,
                    class,
                    classes,
                });
            }
        }
        counts[t * classes + p] += 1;
    }
    Ok(Confusion { classes, counts })
}

/// The share of samples predicted right, 0..=1.
///
/// # Errors
/// A matrix of no samples.
pub fn accuracy(confusion: &Confusion) -> Result<f64, EvalError> {
    let right: usize = (0..confusion.classes)
        .map(|class| confusion.diagonal(class))
        .sum();
    ratio(right, confusion.total()).ok_or(EvalError::Empty { metric: "accuracy" })
}

/// One class's precision, recall and F1, each `None` where its denominator is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// The class number.
    pub class: usize,
    /// Samples truly of this class.
    pub support: usize,
    /// Samples predicted as this class.
    pub predicted: usize,
    /// Right among predicted; `None` where the class was never predicted.
    pub precision: Option<f64>,
    /// Right among true; `None` where no sample is of this class.
    pub recall: Option<f64>,
    /// 2 right / (true + predicted); `None` where the class is neither.
    pub f1: Option<f64>,
}

/// Precision, recall and F1 of every class, in class order.
pub fn per_class(confusion: &Confusion) -> Vec<ClassMetrics> {
    let of = |class| {
        let right = confusion.diagonal(class);
        let support = confusion.row_sum(class);
        let predicted = confusion.column_sum(class);
        ClassMetrics {
            class,
            support,
            predicted,
            precision: ratio(right, predicted),
            recall: ratio(right, support),
            f1: ratio(2 * right, support + predicted),
        }
    };
    (0..confusion.classes).map(of).collect()
}

/// The plain mean of F1 over the classes present, that is with at least one true sample.
///
/// A class that is predicted but never true has no recall and takes no part of its own; its false
/// positives already lower the recall of the classes they were taken from. (scikit-learn's
/// `f1_score(average="macro")` without `labels` counts such a class as 0; with `labels` set to the
/// classes in the truth, it gives this value.)
///
/// # Errors
/// A matrix of no samples.
pub fn macro_f1(confusion: &Confusion) -> Result<f64, EvalError> {
    let present = per_class(confusion)
        .into_iter()
        .filter(|class| class.support > 0);
    let f1: Vec<f64> = present.filter_map(|class| class.f1).collect();
    if f1.is_empty() {
        return Err(EvalError::Empty { metric: "macro-F1" });
    }
    Ok(f1.iter().sum::<f64>() / f1.len() as f64)
}

/// Samples of one class taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfusedPair {
    /// The true class.
    pub truth: usize,
    /// The class predicted instead.
    pub predicted: usize,
    /// How many samples.
    pub count: usize,
    /// `count` as a share of the samples of class `truth`, over 0 to 1.
    pub share: f64,
}

/// The most frequent confusions, at most `limit`, the most frequent first.
///
/// Equal counts: the larger share of its class first, then the lower class numbers.
pub fn confused_pairs(confusion: &Confusion, limit: usize) -> Vec<ConfusedPair> {
    let mut pairs = Vec::new();
    for truth in 0..confusion.classes {
        let support = confusion.row_sum(truth);
        for predicted in (0..confusion.classes).filter(|class| *class != truth) {
            let count = confusion.counts[truth * confusion.classes + predicted];
            if count > 0 {
                let share = count as f64 / support as f64;
                pairs.push(ConfusedPair {
                    truth,
                    predicted,
                    count,
                    share,
                });
            }
        }
    }
    // Stable, and the pairs come in class order.
    pairs.sort_by(|a, b| b.count.cmp(&a.count).then(b.share.total_cmp(&a.share)));
    pairs.truncate(limit);
    pairs
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
