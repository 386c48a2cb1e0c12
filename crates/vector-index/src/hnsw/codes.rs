//! Vectors as bytes: what the graph walks on.
//!
//! A walk is bound by memory: it reads a few hundred vectors strewn over all of them. A byte a value
//! is a quarter of the reading, and the best found are ranked by their f32 rows in the end, so the
//! rounding costs recall only where it pushes a true neighbour out of the `ef` best.
//!
//! A vector x less the mean of all is rounded to `scale * q`, q in -127..=127 with a scale of its
//! own; squared distances don't see the mean, and the rounding is finer without it.

use pulp::Arch;
use rayon::prelude::*;

use super::kernel;
use crate::lines::{LINE, Lines};

/// Bytes behind a row's codes: its scale and squared norm (f32), the sum of its codes (i32).
const HEAD: usize = 12;

/// `[len]` rows of codes.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    /// Subtracted from every vector, `[dimension]`.
    mean: Vec<f32>,
    len: usize,
    /// Each row's codes, q + 128; then its head, in its last [`HEAD`] bytes.
    rows: Lines,
}

/// A vector in the shape that rows are compared with.
#[derive(Debug)]
pub(crate) struct Query {
    /// q as i8, zeros behind, so that what lies behind a row's codes counts nothing.
    pub(super) codes: Lines,
    /// Twice the scale.
    pub(super) scale: f32,
    /// The squared norm less the mean.
    pub(super) norm: f32,
    /// 128 times the sum of q: what the rows' + 128 adds to a product.
    pub(super) offset: i32,
}

/// A row's head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) scale: f32,
    pub(super) norm: f32,
    sum: i32,
}

impl Codes {
    /// No rows yet, of vectors of as many values as `mean` has.
    pub(crate) fn new(mean: Vec<f32>) -> Self {
        let (len, rows) = (0, Lines::default());
        Self { mean, len, rows }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.rows.bytes().len()
    }

    pub(crate) fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Lines a row takes.
    fn stride(&self) -> usize {
        (self.mean.len() + HEAD).div_ceil(LINE)
    }

    /// Lines of a row that hold codes.
    fn blocks(&self) -> usize {
        self.mean.len().div_ceil(LINE)
    }

    /// Appends the rows `len..to`; `vector` gives each, of which the first `dimension` values count.
    pub(crate) fn extend<'a>(&mut self, to: usize, vector: impl Fn(usize) -> &'a [f32] + Sync) {
        let (from, stride) = (self.len, self.stride());
        self.rows.resize(to * stride);
        let rows = &mut self.rows.bytes_mut()[from * stride * LINE..];
        let (mean, arch) = (&self.mean, Arch::new());
        let new = rows.par_chunks_exact_mut(stride * LINE).enumerate();
        new.for_each(|(i, row)| {
            let vector = &vector(from + i)[..mean.len()];
            arch.dispatch(
                #[inline(always)]
                || encode(row, vector, mean),
            );
        });
        self.len = to;
    }

    /// A row's bytes, head included.
    pub(super) fn row(&self, row: u32) -> &[u8] {
        let bytes = self.stride() * LINE;
        &self.rows.bytes()[row as usize * bytes..][..bytes]
    }

    pub(super) fn head(row: &[u8]) -> Head {
        let word = |i: usize| {
            let at = row.len() - HEAD + 4 * i;
            [row[at], row[at + 1], row[at + 2], row[at + 3]]
        };
        let (scale, norm) = (f32::from_ne_bytes(word(0)), f32::from_ne_bytes(word(1)));
        let sum = i32::from_ne_bytes(word(2));
        Head { scale, norm, sum }
    }

    /// A vector to compare with, of which the first `dimension` values count.
    pub(crate) fn query(&self, vector: &[f32]) -> Query {
        let mut row = vec![0; self.stride() * LINE];
        let vector = &vector[..self.mean.len()];
        Arch::new().dispatch(
            #[inline(always)]
            || encode(&mut row, vector, &self.mean),
        );
        self.query_from(&row)
    }

    /// A row to compare with.
    pub(super) fn query_of(&self, row: u32) -> Query {
        self.query_from(self.row(row))
    }

    fn query_from(&self, row: &[u8]) -> Query {
        let head = Self::head(row);
        let mut codes = Lines::zeroed(self.blocks());
        for (code, byte) in codes.bytes_mut()[..self.mean.len()].iter_mut().zip(row) {
            *code = byte ^ 0x80; // q + 128 as u8 to q as i8
        }
        Query {
            codes,
            scale: 2.0 * head.scale,
            norm: head.norm,
            offset: 128 * head.sum,
        }
    }

    /// The squared Euclidean distances from `query` to `rows`, into `distances`, which is cleared.
    pub(crate) fn distances(&self, query: &Query, rows: &[u32], distances: &mut Vec<f32>) {
        distances.clear();
        distances.resize(rows.len(), 0.0);
        kernel::distances(self, query, rows, distances);
    }

    /// The squared Euclidean distance from `query` to one row.
    pub(super) fn distance(&self, query: &Query, row: u32) -> f32 {
        let mut distance = [0.0];
        kernel::distances(self, query, &[row], &mut distance);
        distance[0]
    }
}

/// A float so large that its last bit counts ones: adding it to a small number rounds that number, ties to even, and
/// leaves the whole number in the lowest bits. `round_ties_even` is a call to libm where the target may be old.
const ONES: f32 = 12_582_912.0;

/// Inlined where it is called, to be compiled for that caller's SIMD.
#[inline(always)]
fn encode(row: &mut [u8], vector: &[f32], mean: &[f32]) {
    let (largest, norm) = extent(vector, mean);
    let scale = largest / 127.0;
    let per_scale = if scale > 0.0 { scale.recip() } else { 0.0 };
    // NaN (infinite times 0) becomes 0.
    let code = |value: &f32, mean: &f32| ((value - mean) * per_scale + ONES).to_bits() as u8;
    let mut sum = 0;
    for ((byte, value), mean) in row.iter_mut().zip(vector).zip(mean) {
        let q = code(value, mean);
        sum += i32::from(q as i8);
        *byte = q ^ 0x80;
    }
    let head = row.len() - HEAD;
    row[head..head + 4].copy_from_slice(&scale.to_ne_bytes());
    row[head + 4..head + 8].copy_from_slice(&norm.to_ne_bytes());
    row[head + 8..].copy_from_slice(&sum.to_ne_bytes());
}

/// The largest magnitude and the squared norm of `vector` less `mean`, in 16 lanes.
#[inline(always)]
fn extent(vector: &[f32], mean: &[f32]) -> (f32, f32) {
    let (mut largest, mut squares) = ([0.0f32; 16], [0.0f32; 16]);
    let mut add = |lane: usize, value: f32| {
        largest[lane] = largest[lane].max(value.abs());
        squares[lane] += value * value;
    };
    let ((vectors, last), (means, last_mean)) = (vector.as_chunks::<16>(), mean.as_chunks::<16>());
    for (vector, mean) in vectors.iter().zip(means) {
        (0..16).for_each(|lane| add(lane, vector[lane] - mean[lane]));
    }
    let last = last.iter().zip(last_mean).enumerate();
    last.for_each(|(lane, (value, mean))| add(lane, value - mean));
    (
        largest.into_iter().fold(0.0, f32::max),
        squares.iter().sum(),
    )
}
