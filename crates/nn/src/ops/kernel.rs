//! What every operator shares: access to contiguous CPU storage, and the splitting of work.

use super::simd::Float;
use candle_core::{CpuStorage, Layout, Result, bail};

/// The elements behind a contiguous layout.
pub(crate) fn contiguous<'a, T: Float>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    let data = storage.as_slice::<T>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&data[start..end]),
        None => bail!("expected a contiguous tensor, got {layout:?}: call contiguous() first"),
    }
}

/// Rows a task takes at a time: enough to pay for the hand-over, few enough to stay in the cache. It depends on the
/// shape alone, never on the number of threads, so that sums come out the same on every machine.
pub(crate) fn rows_per_task(rows: usize, row_len: usize) -> usize {
    const TARGET_ELEMENTS: usize = 1 << 16;
    (TARGET_ELEMENTS / row_len.max(1)).clamp(1, rows.max(1))
}

/// Calls `$f::<f32 or f64>` by the storage's type.
macro_rules! by_float {
    ($op:expr, $storage:expr, $f:ident ( $($arg:expr),* $(,)? )) => {
        match $storage.dtype() {
            candle_core::DType::F32 => $f::<f32>($($arg),*),
            candle_core::DType::F64 => $f::<f64>($($arg),*),
            other => candle_core::bail!("{} takes f32 or f64, got {other:?}", $op),
        }
    };
}
pub(crate) use by_float;
