//! Retrieval: whether a query finds what belongs to it, and whether neighbours are of one kind.

use crate::error::{EvalError, check_paired};

/// For each query, whether at least one of its relevant items is among the first `k` of its ranking.
///
/// `relevant` is the set of items that belong to a query, `ranked` its items, the nearest first; both one entry a query.
/// Where each query has one relevant item, this is the recall@k of CLIP and its successors.
///
/// # Errors
/// No queries, different lengths, `k` of 0, a ranking shorter than `k`.
pub fn recall_hits(
    relevant: &[Vec<usize>],
    ranked: &[Vec<usize>],
    k: usize,
) -> Result<Vec<bool>, EvalError> {
    check_paired(
        "recall@k",
        ("relevant", relevant.len()),
        ("ranked", ranked.len()),
    )?;
    let queries = relevant.iter().zip(ranked).enumerate();
    queries
        .map(|(query, (relevant, ranking))| {
            let first = first_k(query, ranking, k)?;
            Ok(first.iter().any(|item| relevant.contains(item)))
        })
        .collect()
}

/// The share of queries, 0..=1, that [`recall_hits`] finds something for.
///
/// # Errors
/// As [`recall_hits`].
pub fn recall_at_k(
    relevant: &[Vec<usize>],
    ranked: &[Vec<usize>],
    k: usize,
) -> Result<f64, EvalError> {
    let hits = recall_hits(relevant, ranked, k)?;
    Ok(hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64)
}

/// What [`recall_at_k`] would be on average if `items` items were ranked by lot.
///
/// # Errors
/// No queries, `k` of 0.
pub fn chance_recall_at_k(
    relevant: &[Vec<usize>],
    items: usize,
    k: usize,
) -> Result<f64, EvalError> {
    if relevant.is_empty() {
        return Err(EvalError::Empty {
            metric: "recall@k by chance",
        });
    }
    if k == 0 {
        return Err(EvalError::ZeroK);
    }
    // No relevant item among k drawn without replacement, draw by draw.
    let missed = |found: usize| -> f64 {
        let draws = (0..k.min(items)).map(|drawn| {
            let left = items - drawn;
            left.saturating_sub(found) as f64 / left as f64
        });
        draws.product()
    };
    let hits: f64 = relevant.iter().map(|items| 1.0 - missed(items.len())).sum();
    Ok(hits / relevant.len() as f64)
}

/// For each sample, the share of its `k` nearest neighbours that have its label.
///
/// `labels` is one class number a sample; `neighbours` the other samples' numbers, the nearest first, the sample itself
/// left out.
///
/// # Errors
/// No samples, different lengths, `k` of 0, fewer than `k` neighbours, a neighbour that is no sample.
pub fn neighbour_purity(
    labels: &[usize],
    neighbours: &[Vec<usize>],
    k: usize,
) -> Result<Vec<f64>, EvalError> {
    check_paired(
        "kNN purity",
        ("labels", labels.len()),
        ("neighbours", neighbours.len()),
    )?;
    let samples = labels.iter().zip(neighbours).enumerate();
    samples
        .map(|(sample, (label, ranking))| {
            let mut same = 0;
            for &neighbour in first_k(sample, ranking, k)? {
                let other = labels.get(neighbour).ok_or(EvalError::ClassOutOfRange {
                    sample,
                    role: "neighbour",
                    class: neighbour,
                    classes: labels.len(),
                })?;
                same += usize::from(other == label);
            }
            Ok(same as f64 / k as f64)
        })
        .collect()
}

/// The mean of [`neighbour_purity`] over the samples, 0..=1.
///
/// # Errors
/// As [`neighbour_purity`].
pub fn knn_purity(labels: &[usize], neighbours: &[Vec<usize>], k: usize) -> Result<f64, EvalError> {
    let purity = neighbour_purity(labels, neighbours, k)?;
    Ok(purity.iter().sum::<f64>() / purity.len() as f64)
}

fn first_k(sample: usize, ranking: &[usize], k: usize) -> Result<&[usize], EvalError> {
    if k == 0 {
        return Err(EvalError::ZeroK);
    }
    ranking.get(..k).ok_or(EvalError::RankingTooShort {
        sample,
        len: ranking.len(),
        k,
    })
}
