//! Chunks of rows, scored and sifted, on as many threads as rayon has.

use pulp::Arch;
use rayon::prelude::*;

use super::kernel::{QUERIES, score};
use super::matrix::Matrix;
use super::product::{self, Products};
use super::top_k::{Candidate, TopK};
use crate::mask::Mask;

/// Rows scored before sifting: 128 rows of 512 values stay in a core's second-level cache while
/// every query of a batch passes over them.
const BLOCK: usize = 128;

/// Fewer rows than this are not worth a second thread.
const ALONE: usize = 8192;

/// From this many queries on, the rows of a chunk are scored as a product of matrices.
const BATCH: usize = 8;

/// Shares of a large batch that a thread takes, so that one that is held up leaves some to others.
const SHARES: usize = 2;

/// Some rows of a matrix.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// The slot of the matrix's row 0.
    pub(crate) first: u32,
    pub(crate) matrix: &'a Matrix,
    /// Which rows to search.
    pub(crate) rows: &'a Mask,
}

/// The best `k` of all `parts` for each query, the best first.
///
/// `queries` come from [`Matrix::prepare`]; `key` gives a slot's user and id, which order equal
/// scores, so that the answer is the same on any number of threads.
pub(crate) fn search<'a>(
    parts: &[Part<'_>],
    queries: &[Vec<f32>],
    k: usize,
    key: impl Fn(u32) -> (&'a str, &'a str) + Sync,
) -> Vec<TopK<'a>> {
    let threads = rayon::current_num_threads();
    let share = queries.len() / threads / SHARES;
    if k > 0 && share >= product::BLOCK {
        // Each thread takes queries of its own through all rows: nothing is to be merged.
        let share = share.next_multiple_of(product::BLOCK);
        let one = |queries| search_some(parts, queries, k, &key, 1);
        return queries.par_chunks(share).flat_map_iter(one).collect();
    }
    search_some(parts, queries, k, &key, threads)
}

/// [`search`], with the parts divided among `threads`.
fn search_some<'a>(
    parts: &[Part<'_>],
    queries: &[Vec<f32>],
    k: usize,
    key: &(impl Fn(u32) -> (&'a str, &'a str) + Sync),
    threads: usize,
) -> Vec<TopK<'a>> {
    let none = || vec![TopK::new(k); queries.len()];
    let products = (queries.len() >= BATCH).then(|| Products::new(queries));
    let sift = |tops, part: &Part<'_>| sift_part(tops, part, queries, products.as_ref(), key);
    let rows: usize = parts.iter().map(|part| part.rows.count()).sum();
    if k == 0 {
        none()
    } else if threads == 1 || rows * queries.len() <= ALONE {
        parts.iter().fold(none(), sift)
    } else {
        let merge = |a: Vec<TopK<'a>>, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
        parts.par_iter().fold(none, sift).reduce(none, merge)
    }
}

fn sift_part<'a>(
    mut tops: Vec<TopK<'a>>,
    part: &Part<'_>,
    queries: &[Vec<f32>],
    products: Option<&Products>,
    key: &impl Fn(u32) -> (&'a str, &'a str),
) -> Vec<TopK<'a>> {
    if let Some(products) = products.filter(|products| products.pay(part)) {
        products.sift(part, &mut tops, key);
        return tops;
    }
    let arch = Arch::new();
    let rows: Vec<u32> = part.rows.iter().collect();
    let mut scores = [0.0; QUERIES * BLOCK];
    for rows in rows.chunks(BLOCK) {
        for (queries, tops) in queries.chunks(QUERIES).zip(tops.chunks_mut(QUERIES)) {
            let scores = &mut scores[..queries.len() * rows.len()];
            score(arch, part.matrix, queries, rows, scores);
            for (top, scores) in tops.iter_mut().zip(scores.chunks(rows.len())) {
                sift_block(top, part.first, rows, scores, key);
            }
        }
    }
    tops
}

fn sift_block<'a>(
    top: &mut TopK<'a>,
    first: u32,
    rows: &[u32],
    scores: &[f32],
    key: &impl Fn(u32) -> (&'a str, &'a str),
) {
    for (&row, &score) in rows.iter().zip(scores) {
        if score >= top.least() {
            let (slot, key) = (first + row, key(first + row));
            top.offer(Candidate { score, key, slot });
        }
    }
}
