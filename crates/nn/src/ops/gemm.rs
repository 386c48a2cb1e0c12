//! Row-major matrix products on slices: with AVX-512 in f32 the tiles of the packed layers, else the crate `gemm`, whose
//! tiles are AVX2's.

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
    if out.is_empty() || T::product(a, b, out, accumulate) {
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

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512 {
    use super::Matrix;
    use crate::packed::{Avx512, Inputs, Panel, accumulate, deal};

    /// `out = a . b`, or `out += a . b`, in tiles of up to 6 x 64. Columns of `b` are packed a panel at a time; `a` is read
    /// where it lies, by rows or by columns.
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
    pub(in super::super) fn product(
        a: Matrix<'_, f32>,
        b: Matrix<'_, f32>,
        out: &mut [f32],
        add: bool,
    ) {
        if b.rows == 0 {
            if !add {
                out.fill(0.0);
            }
            return;
        }
        let mut packed = Vec::new();
        for panel in deal(b.cols, b.rows) {
            pack(b, &panel, &mut packed);
            match panel.width {
                64 => tiles::<6, 4, 64>(a, &packed, &panel, out, add),
                48 => tiles::<8, 3, 48>(a, &packed, &panel, out, add),
                32 => tiles::<12, 2, 32>(a, &packed, &panel, out, add),
                _ => tiles::<12, 1, 16>(a, &packed, &panel, out, add),
            }
        }
    }

    /// A panel's columns, row by row, zeros beside them up to its width.
    #[inline(always)]
    fn pack(b: Matrix<'_, f32>, panel: &Panel, packed: &mut Vec<f32>) {
        packed.clear();
        packed.resize(b.rows * panel.width, 0.0);
        let columns = &b.data[panel.first * b.col_stride..];
        if b.col_stride == 1 {
            for (row, out) in packed.chunks_exact_mut(panel.width).enumerate() {
                let row = &columns[row * b.row_stride..][..panel.channels];
                out[..panel.channels].copy_from_slice(row);
            }
            return;
        }
        // A block of rows at a time: each cache line of a column is read once, and written to while it is near.
        const BLOCK: usize = 16;
        for first in (0..b.rows).step_by(BLOCK) {
            let rows = BLOCK.min(b.rows - first);
            for column in 0..panel.channels {
                let values = &columns[column * b.col_stride + first * b.row_stride..];
                for row in 0..rows {
                    packed[(first + row) * panel.width + column] = values[row * b.row_stride];
                }
            }
        }
    }

    #[inline(always)]
    fn tiles<const ROWS: usize, const REGISTERS: usize, const WIDTH: usize>(
        a: Matrix<'_, f32>,
        packed: &[f32],
        panel: &Panel,
        out: &mut [f32],
        add: bool,
    ) {
        assert!(packed.len() == a.cols * WIDTH && panel.channels <= WIDTH);
        let columns = out.len() / a.rows;
        let zeros = [0f32; WIDTH];
        let mut tile = [[0f32; WIDTH]; ROWS];
        for first in (0..a.rows).step_by(ROWS) {
            let mut pointers = [a.data.as_ptr(); ROWS];
            for (i, pointer) in pointers.iter_mut().enumerate() {
                // The last row again where there are fewer.
                *pointer = a.data[(first + i).min(a.rows - 1) * a.row_stride..].as_ptr();
            }
            // SAFETY: every pointer is to the first of `a.cols` values of a row, `col_stride` apart, the panel holds as
            // many rows of `WIDTH`, and the tile has ROWS x REGISTERS x 16 values.
            unsafe {
                accumulate::<Avx512, ROWS, REGISTERS>(
                    Inputs {
                        segments: &[pointers],
                        lengths: &[a.cols],
                        step: a.col_stride,
                    },
                    packed.as_ptr(),
                    WIDTH,
                    zeros.as_ptr(),
                    tile.as_mut_ptr().cast(),
                    packed.as_ptr(),
                );
            }
            for (row, sums) in tile.iter().enumerate().take(a.rows - first) {
                let out = &mut out[(first + row) * columns + panel.first..][..panel.channels];
                if add {
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out += sum;
                    }
                } else {
                    out.copy_from_slice(&sums[..panel.channels]);
                }
            }
        }
    }
}
