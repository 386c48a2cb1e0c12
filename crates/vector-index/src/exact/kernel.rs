//! The inner loops: a few queries against many rows, in the widest SIMD the processor has.

use pulp::{Arch, Simd, WithSimd};

use super::matrix::Matrix;
use crate::collection::Metric;

/// How many queries share one reading of a row. Eight accumulators, a row and a query fit the 16
/// registers of AVX2.
pub(crate) const QUERIES: usize = 4;

/// Scores every query against every row of `rows`, higher = more alike.
///
/// # Shapes
/// `queries`: 1..=[`QUERIES`] of [`Matrix::prepare`]'s; `scores`: for each query in turn, one score
/// a row: `[queries.len() * rows.len()]`. A score never depends on which queries or rows stand
/// beside it.
pub(crate) fn score(
    arch: Arch,
    matrix: &Matrix,
    queries: &[Vec<f32>],
    rows: &[u32],
    scores: &mut [f32],
) {
    match matrix.metric() {
        Metric::Cosine => {
            dispatch(arch, Dot, matrix, queries, rows, scores);
            // Rounding can leave -1..=1 by an ulp.
            scores
                .iter_mut()
                .for_each(|score| *score = score.clamp(-1.0, 1.0));
        }
        Metric::Dot => dispatch(arch, Dot, matrix, queries, rows, scores),
        Metric::Euclidean => {
            dispatch(arch, SquaredDistance, matrix, queries, rows, scores);
            // 0 - x, not -x: equal vectors score 0, not -0.
            scores
                .iter_mut()
                .for_each(|score| *score = 0.0 - score.sqrt());
        }
    }
}

/// What one pair of values adds to a score.
trait Term: Copy {
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s;
}

#[derive(Clone, Copy)]
struct Dot;

impl Term for Dot {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_f32s(a, b, sum)
    }
}

#[derive(Clone, Copy)]
struct SquaredDistance;

impl Term for SquaredDistance {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        let difference = simd.sub_f32s(a, b);
        simd.mul_add_f32s(difference, difference, sum)
    }
}

fn dispatch<T: Term>(
    arch: Arch,
    _: T,
    matrix: &Matrix,
    queries: &[Vec<f32>],
    rows: &[u32],
    scores: &mut [f32],
) {
    match queries {
        [a] => arch.dispatch(Scores::<T, 1>::new([a], matrix, rows, scores)),
        [a, b] => arch.dispatch(Scores::<T, 2>::new([a, b], matrix, rows, scores)),
        [a, b, c] => arch.dispatch(Scores::<T, 3>::new([a, b, c], matrix, rows, scores)),
        [a, b, c, d] => arch.dispatch(Scores::<T, 4>::new([a, b, c, d], matrix, rows, scores)),
        _ => debug_assert!(queries.is_empty(), "at most {QUERIES} queries at a time"),
    }
}

struct Scores<'a, T, const Q: usize> {
    queries: [&'a [f32]; Q],
    matrix: &'a Matrix,
    rows: &'a [u32],
    scores: &'a mut [f32],
    term: std::marker::PhantomData<T>,
}

impl<'a, T: Term, const Q: usize> Scores<'a, T, Q> {
    fn new(
        queries: [&'a Vec<f32>; Q],
        matrix: &'a Matrix,
        rows: &'a [u32],
        scores: &'a mut [f32],
    ) -> Self {
        let queries = queries.map(Vec::as_slice);
        Self {
            queries,
            matrix,
            rows,
            scores,
            term: std::marker::PhantomData,
        }
    }
}

impl<T: Term, const Q: usize> WithSimd for Scores<'_, T, Q> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // The rows are padded to 16 values and no lane is wider: there are no tails.
        let queries = self.queries.map(|query| S::as_simd_f32s(query).0);
        for (i, row) in self.rows.iter().enumerate() {
            let row = S::as_simd_f32s(self.matrix.row(*row as usize)).0;
            let sums = sums::<S, T, Q>(simd, queries, row);
            for (query, sum) in sums.into_iter().enumerate() {
                self.scores[query * self.rows.len() + i] = sum;
            }
        }
    }
}

/// The sums of `T` over one row and each query.
///
/// Two accumulators a query halve the chain of dependent additions; the rest of the latency hides
/// behind the next rows.
#[inline(always)]
fn sums<S: Simd, T: Term, const Q: usize>(
    simd: S,
    queries: [&[S::f32s]; Q],
    row: &[S::f32s],
) -> [f32; Q] {
    let zero = simd.splat_f32s(0.0);
    let (mut even, mut odd) = ([zero; Q], [zero; Q]);
    let queries = queries.map(|query| &query[..row.len()]);
    let pairs = row.len() / 2;
    for pair in 0..pairs {
        for query in 0..Q {
            even[query] = T::add(simd, row[2 * pair], queries[query][2 * pair], even[query]);
            odd[query] = T::add(
                simd,
                row[2 * pair + 1],
                queries[query][2 * pair + 1],
                odd[query],
            );
        }
    }
    if row.len() % 2 == 1 {
        let last = row.len() - 1;
        for query in 0..Q {
            even[query] = T::add(simd, row[last], queries[query][last], even[query]);
        }
    }
    std::array::from_fn(|query| simd.reduce_sum_f32s(simd.add_f32s(even[query], odd[query])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The metric's definition in f64.
    fn plain(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
        let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let dot = || pairs().map(|(a, b)| a * b).sum::<f64>();
        let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        match metric {
            Metric::Cosine => dot() / norm(a) / norm(b),
            Metric::Dot => dot(),
            Metric::Euclidean => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
        }
    }

    fn vectors(seed: u64, n: usize, dimension: usize) -> Vec<Vec<f32>> {
        let mut state = seed | 1;
        let mut value = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..n)
            .map(|_| (0..dimension).map(|_| value()).collect())
            .collect()
    }

    proptest! {
        #[test]
        fn scores_are_the_definition_whatever_stands_beside(
            dimension in 1..70usize, n in 1..20usize, queries in 1..=QUERIES, seed in any::<u64>()
        ) {
            for metric in Metric::ALL {
                let (rows, queries) =
                    (vectors(seed, n, dimension), vectors(!seed, queries, dimension));
                let mut matrix = Matrix::new(dimension, metric);
                for row in &rows {
                    matrix.push(row, crate::record::norm(row));
                }
                let prepared: Vec<_> = queries.iter().map(|q| Matrix::prepare(dimension, metric, q)).collect();
                let picked: Vec<u32> = (0..n as u32).rev().collect();
                let mut scores = vec![f32::NAN; queries.len() * n];
                score(Arch::new(), &matrix, &prepared, &picked, &mut scores);
                for (q, query) in queries.iter().enumerate() {
                    let mut alone = vec![f32::NAN; n];
                    score(Arch::new(), &matrix, &prepared[q..=q], &picked, &mut alone);
                    prop_assert_eq!(&alone, &scores[q * n..][..n]);
                    for (i, row) in picked.iter().enumerate() {
                        let expected = plain(metric, query, &rows[*row as usize]);
                        let got = f64::from(scores[q * n + i]);
                        prop_assert!((got - expected).abs() < 1e-5 * dimension as f64,
                            "{metric}: got {got}, expected {expected}");
                    }
                }
            }
        }
    }
}
