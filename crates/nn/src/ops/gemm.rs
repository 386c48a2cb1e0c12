//! Row-major matrix products on slices.

use super::simd::Float;
use gemm::Parallelism;

/// A row-major matrix, or the transpose of one.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T: Float> Matrix<'a, T> {
    pub(crate) fn new(data: &'a [T], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix");
        Self {
            data,
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// The columns `first .. first + cols` of a matrix with rows of `row_len`.
    pub(crate) fn columns(
        data: &'a [T],
        rows: usize,
        row_len: usize,
        first: usize,
        cols: usize,
    ) -> Self {
        assert_eq!(data.len(), rows * row_len, "a {rows} x {row_len} matrix");
        assert!(first + cols <= row_len, "columns of a row");
        Self {
            data: &data[first.min(data.len())..],
            rows,
            cols,
            row_stride: row_len,
            col_stride: 1,
        }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// `out = a . b`, or `out += a . b`, on the calling thread (callers split rows over threads themselves).
pub(crate) fn matmul<T: Float>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    assert_eq!(a.cols, b.rows, "inner dimensions");
    assert_eq!(
        out.len(),
        a.rows * b.cols,
        "output of {} x {}",
        a.rows,
        b.cols
    );
    if out.is_empty() {
        return;
    }
    // SAFETY: the strides describe matrices that lie within their slices (asserted where they are made and above), and
    // `out` is borrowed mutably, so it overlaps neither.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out.as_mut_ptr(),
            1,
            b.cols as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
