//! A batch of queries against a chunk of rows, as one product of matrices.
//!
//! The product sums in an order of its own, so its scores only tell which rows may be among the
//! best; those few are scored again by [`score`], and a batch answers as its queries alone.

use pulp::Arch;

use super::kernel::score;
use super::search::Part;
use super::top_k::{Candidate, TopK};
use crate::collection::Metric;
use crate::mask::CHUNK;

/// Queries a product takes at a time: their scores of a chunk's rows stay in the second-level cache.
const BLOCK: usize = 64;

/// Queries side by side.
#[derive(Debug)]
pub(super) struct Products<'a> {
    queries: &'a [Vec<f32>],
    /// `[queries, stride]`.
    values: Vec<f32>,
    norms: Vec<f32>,
}

impl<'a> Products<'a> {
    pub(super) fn new(queries: &'a [Vec<f32>]) -> Self {
        let values = queries.concat();
        let norms = queries
            .iter()
            .map(|query| crate::record::norm(query) as f32)
            .collect();
        Self {
            queries,
            values,
            norms,
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
        let (arch, rows) = (Arch::new(), part.matrix.len());
        let longest = match part.matrix.metric() {
            Metric::Cosine => 1.0,
            _ => (0..rows)
                .map(|row| crate::record::norm(part.matrix.row(row)) as f32)
                .fold(0.0, f32::max),
        };
        // Twice the bound on the rounding of a sum of products (Higham, "Accuracy and Stability of
        // Numerical Algorithms", 3.1), for both sums err.
        let slack = part.matrix.stride() as f32 * f32::EPSILON * longest * 1.01;
        let mut products = vec![0.0; BLOCK * CHUNK];
        for (block, tops) in tops.chunks_mut(BLOCK).enumerate() {
            let first = block * BLOCK;
            self.multiply(part, first, tops.len(), &mut products);
            for (i, top) in tops.iter_mut().enumerate() {
                let slack = slack * self.norms[first + i];
                let query = &self.queries[first + i..=first + i];
                for row in 0..rows {
                    if products[i * CHUNK + row] < top.least() - slack || !part.rows.contains(row) {
                        continue;
                    }
                    let mut exact = [0.0];
                    score(arch, part.matrix, query, &[row as u32], &mut exact);
                    if exact[0] >= top.least() {
                        let slot = part.first + row as u32;
                        top.offer(Candidate {
                            score: exact[0],
                            key: key(slot),
                            slot,
                        });
                    }
                }
            }
        }
    }

    /// The products of all rows with `n` queries from `first` on: a query's from `CHUNK` times its
    /// number on.
    fn multiply(&self, part: &Part<'_>, first: usize, n: usize, products: &mut [f32]) {
        let (rows, stride) = (part.matrix.len(), part.matrix.stride());
        let (values, queries) = (part.matrix.values(), &self.values[first * stride..]);
        assert!(values.len() >= rows * stride && queries.len() >= n * stride);
        assert!(rows <= CHUNK && products.len() >= n * CHUNK);
        // SAFETY: the sizes asserted are those that the strides below reach over, and `products` is
        // borrowed from nobody else.
        unsafe {
            gemm::gemm(
                rows,
                n,
                stride,
                products.as_mut_ptr(),
                CHUNK as isize,
                1,
                false,
                values.as_ptr(),
                1,
                stride as isize,
                queries.as_ptr(),
                stride as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}
