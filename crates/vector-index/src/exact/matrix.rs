//! Vectors, row after row, ready to be compared.

use crate::collection::Metric;
use crate::lines::{LINE, Lines};
use crate::record::norm;

/// Rows are padded with zeros to whole cache lines, so that no SIMD lane needs a tail; zeros change
/// neither dot products nor distances.
const LANE: usize = LINE / size_of::<f32>();

/// `[rows, stride]` f32, contiguous.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    metric: Metric,
    dimension: usize,
    rows: usize,
    values: Lines,
}

impl Matrix {
    /// No rows of `dimension` values.
    pub(crate) fn new(dimension: usize, metric: Metric) -> Self {
        let (rows, values) = (0, Lines::default());
        Self {
            metric,
            dimension,
            rows,
            values,
        }
    }

    /// Rows that [`Matrix::bytes`] gave.
    pub(crate) fn from_lines(dimension: usize, metric: Metric, rows: usize, values: Lines) -> Self {
        Self {
            metric,
            dimension,
            rows,
            values,
        }
    }

    /// How many cache lines `rows` take.
    pub(crate) fn lines(dimension: usize, rows: usize) -> usize {
        rows * dimension.div_ceil(LANE)
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Values from a row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.dimension.next_multiple_of(LANE)
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values()[row * self.stride()..][..self.stride()]
    }

    /// All rows.
    pub(crate) fn values(&self) -> &[f32] {
        self.values.f32s()
    }

    /// All rows, in the machine's byte order.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.values.bytes()
    }

    /// Appends a row. `vector` is finite and not zero, `norm` its Euclidean norm.
    pub(crate) fn push(&mut self, vector: &[f32], norm: f64) {
        let (from, metric) = (self.rows * self.stride(), self.metric);
        self.rows += 1;
        self.values.resize(Self::lines(self.dimension, self.rows));
        write_row(metric, &mut self.values.f32s_mut()[from..], vector, norm);
    }

    /// Appends a row of a matrix of the same shape.
    pub(crate) fn push_row(&mut self, row: &[f32]) {
        let from = self.rows * self.stride();
        self.rows += 1;
        self.values.resize(Self::lines(self.dimension, self.rows));
        self.values.f32s_mut()[from..].copy_from_slice(row);
    }

    /// A query in the shape of a row: padded, and of length 1 where the metric is the cosine.
    pub(crate) fn prepare(dimension: usize, metric: Metric, query: &[f32]) -> Vec<f32> {
        let mut row = vec![0.0; dimension.next_multiple_of(LANE)];
        write_row(metric, &mut row, query, norm(query));
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
