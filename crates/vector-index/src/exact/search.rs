//! Blocks of candidates, scored and sifted, on as many threads as rayon has.

use pulp::Arch;
use rayon::prelude::*;

use super::kernel::{QUERIES, score};
use super::matrix::Matrix;
use super::top_k::{Candidate, TopK};

/// Rows scored before sifting: 128 rows of 512 values stay in a core's second-level cache while
/// every query of a batch passes over them.
const BLOCK: usize = 128;

/// Rows a thread takes at a time; fewer than this are not worth a second thread.
const CHUNK: usize = 64 * BLOCK;

/// The best `k` of `candidates` for each query: rows and scores, the best first.
///
/// `queries` come from [`Matrix::prepare`]; `key` gives a row's user and id, which order equal
/// scores, so that the answer is the same on any number of threads.
pub(crate) fn search<'a>(
    matrix: &Matrix,
    queries: &[Vec<f32>],
    candidates: &[u32],
    k: usize,
    key: impl Fn(u32) -> (&'a str, &'a str) + Sync,
) -> Vec<Vec<(u32, f32)>> {
    let none = || vec![TopK::new(k); queries.len()];
    let sift = |tops, rows: &[u32]| sift_chunk(tops, matrix, queries, rows, &key);
    let tops = if k == 0 {
        none()
    } else if candidates.len() <= CHUNK {
        sift(none(), candidates)
    } else {
        let merge = |a: Vec<TopK<'a>>, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
        candidates
            .par_chunks(CHUNK)
            .fold(none, sift)
            .reduce(none, merge)
    };
    let rows = |top: TopK<'_>| top.into_sorted().iter().map(|c| (c.row, c.score)).collect();
    tops.into_iter().map(rows).collect()
}

fn sift_chunk<'a>(
    mut tops: Vec<TopK<'a>>,
    matrix: &Matrix,
    queries: &[Vec<f32>],
    rows: &[u32],
    key: &impl Fn(u32) -> (&'a str, &'a str),
) -> Vec<TopK<'a>> {
    let arch = Arch::new();
    let mut scores = [0.0; QUERIES * BLOCK];
    for rows in rows.chunks(BLOCK) {
        for (queries, tops) in queries.chunks(QUERIES).zip(tops.chunks_mut(QUERIES)) {
            let scores = &mut scores[..queries.len() * rows.len()];
            score(arch, matrix, queries, rows, scores);
            for (top, scores) in tops.iter_mut().zip(scores.chunks(rows.len())) {
                sift_block(top, rows, scores, key);
            }
        }
    }
    tops
}

fn sift_block<'a>(
    top: &mut TopK<'a>,
    rows: &[u32],
    scores: &[f32],
    key: &impl Fn(u32) -> (&'a str, &'a str),
) {
    for (&row, &score) in rows.iter().zip(scores) {
        if score >= top.least() {
            top.offer(Candidate {
                score,
                key: key(row),
                row,
            });
        }
    }
}
