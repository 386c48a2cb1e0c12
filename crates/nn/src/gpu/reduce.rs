//! Sums over rows, column by column, in the two steps of `store_sums` and `over_chunks` in `prelude.cuh`.

use super::{Block, Buffer, Gpu, Input, sums};
use candle_core::{DType, Result};

/// How rows are split among blocks: by shape alone, so that sums come out the same on every GPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) images: usize,
    pub(crate) columns: usize,
    pub(crate) chunks: usize,
    pub(crate) rows_per_chunk: usize,
}

impl Columns {
    /// For `columns` sums over `rows` rows of each of `images`.
    pub(crate) fn new(images: usize, rows: usize, columns: usize) -> Self {
        /// Enough for the GPUs at hand, some tens of multiprocessors with several blocks each.
        const BLOCKS: usize = 512;
        /// Each of a block's eight threads a column should have a few rows.
        const LEAST_ROWS: usize = 32;
        let blocks = (images * columns.div_ceil(32)).max(1);
        let most = rows.div_ceil(LEAST_ROWS).max(1);
        let rows_per_chunk = rows.div_ceil(BLOCKS.div_ceil(blocks).min(most)).max(1);
        Self {
            images,
            columns,
            chunks: rows.div_ceil(rows_per_chunk).max(1),
            rows_per_chunk,
        }
    }

    /// Memory for `n` sums a column of every chunk.
    pub(crate) fn partials(&self, gpu: &Gpu, dtype: DType, n: usize) -> Result<Buffer> {
        gpu.alloc(sums(dtype), self.images * self.chunks * n * self.columns)
    }

    pub(crate) fn grid(&self) -> [usize; 3] {
        [self.columns.div_ceil(32), self.chunks, self.images]
    }

    pub(crate) const BLOCK: Block = Block(32, 8);
}

/// The sum over pixels of `a * b`, or of `a`, times a factor, in `out`'s type: that of `a` or that of sums.
/// (images, pixels, c) -> (images, c)
pub(crate) fn sum_pixels(
    gpu: &Gpu,
    a: Input<'_>,
    b: Option<Input<'_>>,
    [images, pixels, c]: [usize; 3],
    factor: f64,
    out: &mut Buffer,
) -> Result<()> {
    let split = Columns::new(images, pixels, c);
    let mut partials = split.partials(gpu, a.dtype, 1)?;
    gpu.kernel("elementwise", "sum_pixels", a.dtype)
        .read(a)
        .read_if(b)
        .write(&mut partials)
        .int(pixels)
        .int(c)
        .int(split.rows_per_chunk)
        .run(split.grid(), Columns::BLOCK, 0)?;
    let name = match out.dtype() == a.dtype {
        true => "sum_partials",
        false => "sum_partials_wide",
    };
    gpu.kernel("elementwise", name, a.dtype)
        .read(partials.read(&[]))
        .write(out)
        .int(images * c)
        .int(split.chunks)
        .int(c)
        .real(factor)
        .for_each(images * c)
}
