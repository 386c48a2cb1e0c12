//! Memory in whole cache lines, so that no SIMD load crosses two.

use pulp::bytemuck::{self, Pod, Zeroable};

/// Bytes a cache line has, and the widest SIMD register.
pub(crate) const LINE: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

// SAFETY: plain bytes, all of them written, no padding: the alignment equals the size.
unsafe impl Zeroable for Line {}
// SAFETY: as above.
unsafe impl Pod for Line {}

/// Bytes that start on a cache line.
#[derive(Clone, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// `lines` x [`LINE`] zeros.
    pub(crate) fn zeroed(lines: usize) -> Self {
        Self(vec![Line([0; LINE]); lines])
    }

    /// The same with zeros appended, or cut, to `lines`.
    pub(crate) fn resize(&mut self, lines: usize) {
        self.0.resize(lines, Line([0; LINE]));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
    }

    /// In the machine's own byte order.
    pub(crate) fn f32s(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    pub(crate) fn f32s_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

/// The values that `bytes` are, in the machine's byte order; a part of a value at the end is left.
pub(crate) fn values<T: Pod>(bytes: &[u8]) -> Vec<T> {
    let mut values = vec![T::zeroed(); bytes.len() / size_of::<T>()];
    let whole = values.len() * size_of::<T>();
    bytemuck::cast_slice_mut(&mut values).copy_from_slice(&bytes[..whole]);
    values
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({})", self.0.len())
    }
}
