//! Tensors as the kernels read and write them.

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor, WithDType, bail};
use half::bf16;
use std::ops::Deref;

/// Channels-last pixels in memory: `channels` values each, `stride` values apart.
#[derive(Clone, Copy)]
pub(super) struct View<'a, T> {
    data: &'a [T],
    pub(super) channels: usize,
    pub(super) stride: usize,
}

impl<'a, T> View<'a, T> {
    pub(super) fn new(data: &'a [T], pixels: usize, channels: usize, stride: usize) -> Self {
        let end = pixels
            .checked_sub(1)
            .map_or(0, |last| last * stride + channels);
        Self {
            data: &data[..end],
            channels,
            stride,
        }
    }

    /// Where pixel `i` begins.
    #[inline(always)]
    pub(super) fn pixel(&self, i: usize) -> *const T {
        self.data.as_ptr().wrapping_add(i * self.stride)
    }

    /// The values of pixel `i`.
    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> &'a [T] {
        &self.data[i * self.stride..][..self.channels]
    }
}

/// A type that sums are rounded to.
pub(super) trait Output: WithDType + Send + Sync + 'static {
    fn of(sum: f32) -> Self;
    fn to_f32(self) -> f32;
}

impl Output for f32 {
    #[inline(always)]
    fn of(sum: f32) -> Self {
        sum
    }
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }
}

impl Output for bf16 {
    /// To the nearest, ties to even, without branches; `half`'s own has one for NaN, which keeps loops scalar.
    #[inline(always)]
    fn of(sum: f32) -> Self {
        let bits = sum.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
        let quiet = bits | 0x0040_0000;
        Self::from_bits(((if sum.is_nan() { quiet } else { rounded }) >> 16) as u16)
    }
    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }
}

/// A tensor whose values are borrowed for as long as this lives.
pub(super) struct Borrowed<'a, G> {
    storage: G,
    layout: &'a Layout,
}

/// Borrows `tensor`'s values.
pub(super) fn borrow(tensor: &Tensor) -> Borrowed<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = tensor.storage_and_layout();
    Borrowed { storage, layout }
}

impl<G: Deref<Target = Storage>> Borrowed<'_, G> {
    /// Its values as pixels along all but the last dimension.
    pub(super) fn view<T: WithDType>(&self) -> Result<View<'_, T>> {
        let Storage::Cpu(storage) = self.storage.deref() else {
            bail!("packed layers run on the CPU");
        };
        let (dims, stride) = (self.layout.dims(), self.layout.stride());
        let Some(pixel_stride) = pixel_stride(dims, stride) else {
            bail!("expected pixels at even distances, got strides {stride:?} for {dims:?}");
        };
        let data = &storage.as_slice::<T>()?[self.layout.start_offset()..];
        let channels = dims.last().copied().unwrap_or(1);
        let pixels = dims[..dims.len().saturating_sub(1)].iter().product();
        Ok(View::new(data, pixels, channels, pixel_stride))
    }
}

/// The distance between pixels, where it is the same between all of them and channels lie side by side.
fn pixel_stride(dims: &[usize], stride: &[usize]) -> Option<usize> {
    let (&channels, pixels) = dims.split_last()?;
    let (&channel_stride, strides) = stride.split_last()?;
    if channels > 1 && channel_stride != 1 {
        return None;
    }
    // From the last to the first: a dimension of length 1 may have any stride.
    let (mut distance, mut expected) = (None, 0);
    for (&len, &stride) in pixels
        .iter()
        .zip(strides)
        .rev()
        .filter(|(len, _)| **len != 1)
    {
        match distance {
            None => (distance, expected) = (Some(stride), stride * len),
            Some(_) if stride == expected => expected *= len,
            Some(_) => return None,
        }
    }
    Some(distance.unwrap_or(channels))
}

/// `tensor` in a form that [`Borrowed::view`] takes: itself if its channels are a slice of a larger tensor's, else a
/// contiguous copy.
pub(super) fn readable(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    let tensor = tensor.to_dtype(dtype)?;
    match pixel_stride(tensor.dims(), tensor.layout().stride()) {
        Some(_) => Ok(tensor),
        None => tensor.contiguous(),
    }
}

/// The values of a tensor in f32, in the order of its shape.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    let tensor = tensor.to_dtype(DType::F32)?.flatten_all()?;
    let (storage, layout) = tensor.storage_and_layout();
    match (storage.deref(), layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(all)), Some((start, end))) => Ok(all[start..end].to_vec()),
        _ => tensor.to_vec1(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn slices_of_channels_are_read_in_place_and_other_strides_are_not() -> Result<()> {
        let x = Tensor::arange(0f32, 120.0, &Device::Cpu)?.reshape((2, 3, 4, 5))?;
        let slice = x.narrow(3, 1, 2)?;
        let borrowed = borrow(&slice);
        let view = borrowed.view::<f32>()?;
        assert_eq!((view.channels, view.stride), (2, 5));
        assert_eq!(view.row(7), [36.0, 37.0]);
        for odd in [x.narrow(2, 1, 2)?, x.permute((0, 3, 1, 2))?] {
            assert!(borrow(&odd).view::<f32>().is_err());
            let copy = readable(&odd, DType::F32)?;
            assert!(borrow(&copy).view::<f32>().is_ok());
        }
        Ok(())
    }

    #[test]
    fn bf16_is_rounded_as_half_does() {
        for bits in (0..u32::MAX).step_by(65_521) {
            let x = f32::from_bits(bits);
            let (ours, theirs) = (<bf16 as Output>::of(x), bf16::from_f32(x));
            assert!(
                ours == theirs || (ours.is_nan() && theirs.is_nan()),
                "{x:e}"
            );
        }
    }
}
