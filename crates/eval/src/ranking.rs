//! Rankings against graded truth.

use crate::error::EvalError;

/// Normalised discounted cumulative gain of the first `k` of a ranking, 0..=1 for gains of at least 0 (K. Järvelin,
/// J. Kekäläinen, ACM TOIS 20(4), 2002): the sum of `gains[i] / log2(i + 2)`, by the same of the `best` there were.
///
/// `ranked` holds the true gain of what was ranked, in the ranking's order; `all` those of everything that could have been,
/// in any order. `None` where nothing in `all` has a gain.
///
/// # Errors
/// `k` of 0.
///
/// ```
/// # use wardrobe_eval::ndcg;
/// // (1/1 + 3/1.585) / (3/1 + 2/1.585)
/// let found = ndcg(&[1.0, 3.0], &[3.0, 2.0, 1.0], 2)?.unwrap_or_default();
/// assert!((found - 0.6788).abs() < 1e-4);
/// # Ok::<(), wardrobe_eval::EvalError>(())
/// ```
pub fn ndcg(ranked: &[f64], all: &[f64], k: usize) -> Result<Option<f64>, EvalError> {
    if k == 0 {
        return Err(EvalError::ZeroK);
    }
    let discounted = |(place, gain): (usize, &f64)| gain / (place as f64 + 2.0).log2();
    let sum = |gains: &[f64]| -> f64 { gains.iter().take(k).enumerate().map(discounted).sum() };
    let mut best = all.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let most = sum(&best);
    Ok((most > 0.0).then(|| sum(ranked) / most))
}
