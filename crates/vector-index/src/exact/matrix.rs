//! The vectors of a collection, row after row, ready to be compared.

use crate::collection::Metric;
use crate::record::norm;

/// Rows are padded with zeros to a multiple of this many values, so that the widest SIMD lanes (16
/// f32) never need a tail; zeros change neither dot products nor distances.
const LANE: usize = 16;

/// `[rows, stride]` f32, contiguous.
#[derive(Debug)]
pub(crate) struct Matrix {
    metric: Metric,
    stride: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// No rows of `dimension` values.
    pub(crate) fn new(dimension: usize, metric: Metric) -> Self {
        Self {
            metric,
            stride: dimension.next_multiple_of(LANE),
            values: Vec::new(),
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.stride..][..self.stride]
    }

    /// Appends a row. `vector` is finite and not zero, `norm` its Euclidean norm.
    pub(crate) fn push(&mut self, vector: &[f32], norm: f64) {
        let row = self.values.len();
        self.values.resize(row + self.stride, 0.0);
        write_row(self.metric, &mut self.values[row..], vector, norm);
    }

    /// Overwrites a row.
    pub(crate) fn set(&mut self, row: usize, vector: &[f32], norm: f64) {
        let values = &mut self.values[row * self.stride..][..self.stride];
        write_row(self.metric, values, vector, norm);
    }

    /// Removes a row by moving the last one into its place.
    pub(crate) fn swap_remove(&mut self, row: usize) {
        let last = self.values.len() - self.stride;
        self.values.copy_within(last.., row * self.stride);
        self.values.truncate(last);
    }

    /// A query in the shape of a row: padded, and of length 1 where the metric is the cosine.
    pub(crate) fn prepare(&self, query: &[f32]) -> Vec<f32> {
        let mut row = vec![0.0; self.stride];
        write_row(self.metric, &mut row, query, norm(query));
        row
    }
}

fn write_row(metric: Metric, row: &mut [f32], vector: &[f32], norm: f64) {
    match metric {
        // The cosine is then a plain dot product.
        Metric::Cosine => {
            for (value, given) in row.iter_mut().zip(vector) {
                *value = (f64::from(*given) / norm) as f32;
            }
        }
        Metric::Dot | Metric::Euclidean => row[..vector.len()].copy_from_slice(vector),
    }
}
