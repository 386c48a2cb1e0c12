//! A batch of queries against a chunk of rows, as a product of matrices in tiles of registers.
//!
//! A tile holds the sums of a few rows with a block of queries; a row's value meets all of the
//! block's queries once it is read. The sums run in an order of their own, so they only tell which
//! rows may be among the best; those few are scored again by [`score`], and a batch answers as its
//! queries alone.

use pulp::{Arch, Simd, WithSimd};

use super::kernel::score;
use super::search::Part;
use super::top_k::{Candidate, TopK};
use crate::collection::Metric;

/// Queries in a block: four AVX-512 registers of f32.
pub(super) const BLOCK: usize = 64;

/// Rows in a tile: with 4 registers of sums each, and 4 of queries, they fill AVX-512's 32.
const ROWS: usize = 6;

/// Rows whose sums are sifted at a time.
const SIFTED: usize = 32 * ROWS;

/// Queries in blocks, side by side.
#[derive(Debug)]
pub(super) struct Products<'a> {
    queries: &'a [Vec<f32>],
    /// For each block `[stride, BLOCK]`: the first value of each query, the second, ...
    blocks: Vec<Vec<f32>>,
    norms: Vec<f32>,
}

impl<'a> Products<'a> {
    pub(super) fn new(queries: &'a [Vec<f32>]) -> Self {
        let blocks = queries.chunks(BLOCK).map(|queries| {
            let mut block = vec![0.0; queries[0].len() * BLOCK];
            for (i, query) in queries.iter().enumerate() {
                let places = block.iter_mut().skip(i).step_by(BLOCK);
                places.zip(query).for_each(|(place, value)| *place = *value);
            }
            block
        });
        let norms = queries.iter().map(|query| norm(query));
        Self {
            queries,
            blocks: blocks.collect(),
            norms: norms.collect(),
        }
    }

    /// Whether a product is quicker than the rows one by one.
    pub(super) fn pay(&self, part: &Part<'_>) -> bool {
        part.matrix.metric() != Metric::Euclidean && 2 * part.rows.count() > part.matrix.len()
    }

    /// Offers the rows of `part` that may be among the best, with their scores.
    pub(super) fn sift<'k>(
        &self,
        part: &Part<'_>,
        tops: &mut [TopK<'k>],
        key: &impl Fn(u32) -> (&'k str, &'k str),
    ) {
        let (arch, stride) = (Arch::new(), part.matrix.stride());
        let longest = match part.matrix.metric() {
            Metric::Cosine => 1.0,
            _ => part
                .matrix
                .values()
                .chunks(stride)
                .map(norm)
                .fold(0.0, f32::max),
        };
        // Twice the bound on the rounding of a sum of products (Higham, "Accuracy and Stability of
        // Numerical Algorithms", 3.1), for both sums err.
        let slack = stride as f32 * f32::EPSILON * longest * 1.01;
        let mut sums = vec![0.0; SIFTED * BLOCK];
        for (i, rows) in part.matrix.values().chunks(SIFTED * stride).enumerate() {
            let first = i * SIFTED;
            let count = rows.len() / stride;
            for (b, block) in self.blocks.iter().enumerate() {
                let tops = &mut tops[b * BLOCK..];
                let tops = &mut tops[..BLOCK.min(self.queries.len() - b * BLOCK)];
                let sums = &mut sums[..count * BLOCK];
                arch.dispatch(Tiles {
                    rows,
                    stride,
                    block,
                    sums,
                });
                // What a query of the block must reach; those that only fill the block, never.
                let mut least = [f32::INFINITY; BLOCK];
                for (i, top) in tops.iter().enumerate() {
                    least[i] = top.least() - slack * self.norms[b * BLOCK + i];
                }
                for (row, sums) in (first..).zip(sums.as_chunks::<BLOCK>().0) {
                    if !reaches(sums, &least) || !part.rows.contains(row) {
                        continue;
                    }
                    for (i, top) in tops.iter_mut().enumerate() {
                        if sums[i] >= least[i] {
                            let query = b * BLOCK + i;
                            self.offer(arch, part, row, query, top, key);
                            least[i] = top.least() - slack * self.norms[query];
                        }
                    }
                }
            }
        }
    }

    fn offer<'k>(
        &self,
        arch: Arch,
        part: &Part<'_>,
        row: usize,
        query: usize,
        top: &mut TopK<'k>,
        key: &impl Fn(u32) -> (&'k str, &'k str),
    ) {
        let mut exact = [0.0];
        let query = &self.queries[query..=query];
        score(arch, part.matrix, query, &[row as u32], &mut exact);
        if exact[0] >= top.least() {
            let slot = part.first + row as u32;
            let (score, key) = (exact[0], key(slot));
            top.offer(Candidate { score, key, slot });
        }
    }
}

fn norm(vector: &[f32]) -> f32 {
    crate::record::norm(vector) as f32
}

/// Whether any sum reaches its query's limit; without a branch a query, so that it is vectorised.
fn reaches(sums: &[f32; BLOCK], least: &[f32; BLOCK]) -> bool {
    let pairs = sums.iter().zip(least);
    pairs.fold(false, |any, (sum, least)| any | (sum >= least))
}

/// The sums of all `rows` with a block of queries, into `sums`: `[rows, BLOCK]`.
struct Tiles<'a> {
    rows: &'a [f32],
    stride: usize,
    block: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let tiles = self.rows.chunks(ROWS * self.stride);
        for (rows, sums) in tiles.zip(self.sums.chunks_mut(ROWS * BLOCK)) {
            if rows.len() == ROWS * self.stride {
                let row = |i| &rows[i * self.stride..][..self.stride];
                if S::F32_LANES * 4 >= BLOCK {
                    tile::<S, ROWS>(simd, std::array::from_fn(row), self.block, sums);
                } else {
                    // Half as wide, and half as many registers.
                    let (upper, lower) = sums.split_at_mut(ROWS / 2 * BLOCK);
                    let below = |i| row(i + ROWS / 2);
                    tile::<S, { ROWS / 2 }>(simd, std::array::from_fn(row), self.block, upper);
                    tile::<S, { ROWS / 2 }>(simd, std::array::from_fn(below), self.block, lower);
                }
            } else {
                let rows = rows.chunks(self.stride).zip(sums.chunks_mut(BLOCK));
                rows.for_each(|(row, sums)| tile::<S, 1>(simd, [row], self.block, sums));
            }
        }
    }
}

/// Registers of queries that a row's value meets.
const WIDE: usize = 4;

/// Values of a row that are gone through without a check: rows are padded to multiples of it.
const PANEL: usize = 16;

/// One tile, [`WIDE`] registers of queries at a time. Every loop inside a panel has a length that is known here, or the
/// sums would not stay in registers.
#[inline(always)]
fn tile<S: Simd, const R: usize>(simd: S, rows: [&[f32]; R], block: &[f32], sums: &mut [f32]) {
    let block = block.as_chunks::<BLOCK>().0.as_chunks::<PANEL>().0;
    let rows = rows.map(|row| &row.as_chunks::<PANEL>().0[..block.len()]);
    for from in (0..BLOCK).step_by(WIDE * S::F32_LANES) {
        let mut held = [[simd.splat_f32s(0.0); WIDE]; R];
        for (k, queries) in block.iter().enumerate() {
            let rows = rows.map(|row| &row[k]);
            for (k, queries) in queries.iter().enumerate() {
                let Some(queries) = S::as_simd_f32s(&queries[from..]).0.first_chunk::<WIDE>()
                else {
                    break;
                };
                for (held, row) in held.iter_mut().zip(rows) {
                    let value = simd.splat_f32s(row[k]);
                    for (held, queries) in held.iter_mut().zip(queries) {
                        *held = simd.mul_add_f32s(value, *queries, *held);
                    }
                }
            }
        }
        for (held, sums) in held.iter().zip(sums.as_chunks_mut::<BLOCK>().0) {
            let sums = S::as_mut_simd_f32s(&mut sums[from..]).0;
            if let Some(sums) = sums.first_chunk_mut() {
                *sums = *held;
            }
        }
    }
}
