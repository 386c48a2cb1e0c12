//! The depthwise convolution: a stencil whose lanes are channels.

use super::Precision;
use super::activate::activate;
use super::view::{Output, View, borrow, readable, values};
use crate::ops::{Activation, ConvGeometry};
use candle_core::{DType, Device, Result, Tensor, bail};
use half::bf16;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Channels done together: one AVX-512 register of f32.
const LANES: usize = 16;
/// What a row is compiled for.
const PLAIN: u8 = 0;
const AVX2: u8 = 1;
const AVX512: u8 = 2;
/// Neighbouring outputs done together, so that an input is read once for all of them.
const RUN: usize = 4;

/// A depthwise convolution with bias and activation, packed for inference on the CPU.
#[derive(Clone, Debug)]
pub struct PackedDepthwise {
    /// Blocks of [`LANES`] channels, (k * k, LANES) each: a tap's weights side by side.
    taps: Arc<Vec<[f32; LANES]>>,
    bias: Arc<Vec<[f32; LANES]>>,
    channels: usize,
    geometry: ConvGeometry,
    activation: Activation,
    dtype: DType,
    /// The weights on a GPU, where they were packed there; those above are then empty.
    #[cfg(feature = "gpu")]
    gpu: Option<super::gpu::Depthwise>,
}

impl PackedDepthwise {
    /// Packs `weight` (c, 1, k, k) and `bias` (c).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn new(
        weight: &Tensor,
        bias: &Tensor,
        geometry: ConvGeometry,
        activation: Activation,
        precision: Precision,
    ) -> Result<Self> {
        let (channels, k) = (weight.dim(0)?, geometry.kernel);
        if weight.dims() != [channels, 1, k, k] || bias.dims() != [channels] {
            bail!(
                "depthwise: expected a weight (c, 1, {k}, {k}) and a bias (c), got {:?} and {:?}",
                weight.dims(),
                bias.dims()
            );
        }
        #[cfg(feature = "gpu")]
        if let Some(gpu) = crate::gpu::Gpu::of(weight.device()) {
            let gpu = super::gpu::Depthwise::new(gpu, weight, bias, geometry)?;
            return Ok(Self {
                taps: Arc::default(),
                bias: Arc::default(),
                channels,
                geometry,
                activation,
                dtype: precision.dtype(),
                gpu: Some(gpu),
            });
        }
        let (weight, bias) = (values(weight)?, values(bias)?);
        let blocks = channels.div_ceil(LANES);
        let lane = |block: usize, lane: usize| Some(block * LANES + lane).filter(|&c| c < channels);
        let tap = |block: usize, tap: usize| {
            std::array::from_fn(|l| lane(block, l).map_or(0.0, |c| weight[c * k * k + tap]))
        };
        let taps = (0..blocks).flat_map(|block| (0..k * k).map(move |t| (block, t)));
        Ok(Self {
            taps: Arc::new(taps.map(|(block, t)| tap(block, t)).collect()),
            bias: Arc::new(
                (0..blocks)
                    .map(|block| std::array::from_fn(|l| lane(block, l).map_or(0.0, |c| bias[c])))
                    .collect(),
            ),
            channels,
            geometry,
            activation,
            dtype: precision.dtype(),
            #[cfg(feature = "gpu")]
            gpu: None,
        })
    }

    /// # Shapes
    /// (n, h, w, c) -> (n, h', w', c)
    ///
    /// # Errors
    /// Shapes that do not fit, a tensor that is not on the CPU.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.check(x)?;
        #[cfg(feature = "gpu")]
        if let Some(gpu) = &self.gpu {
            return gpu.forward(x, (self.geometry, self.activation, self.dtype));
        }
        Ok(self.forward_with_mean(x)?.0)
    }

    fn check(&self, x: &Tensor) -> Result<()> {
        if x.dims4()?.3 != self.channels {
            bail!(
                "depthwise: expected {} channels, got {:?} (n, h, w, c)",
                self.channels,
                x.dims()
            );
        }
        self.geometry.check(x.dims())
    }

    /// [`PackedDepthwise::forward`], and the mean of its result over all pixels, which squeeze-and-excitation wants:
    /// summed while the result is in registers.
    ///
    /// # Shapes
    /// (n, h, w, c) -> (n, h', w', c), (n, c) in f32
    ///
    /// # Errors
    /// As [`PackedDepthwise::forward`].
    pub fn forward_with_mean(&self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let (n, h, w, c) = x.dims4()?;
        self.check(x)?;
        #[cfg(feature = "gpu")]
        if self.gpu.is_some() {
            let y = self.forward(x)?;
            let mean = super::mean_pixels(&y)?;
            return Ok((y, mean));
        }
        let x = readable(x, self.dtype)?;
        let borrowed = borrow(&x);
        let (out_h, out_w) = (self.geometry.output(h), self.geometry.output(w));
        let size = Size { h, w, out_h, out_w };
        let shape = (n, out_h, out_w, c);
        let (y, sums) = match self.dtype {
            DType::F32 => {
                let (y, sums) = self.run::<f32>(borrowed.view()?, size, n);
                (Tensor::from_vec(y, shape, &Device::Cpu)?, sums)
            }
            _ => {
                let (y, sums) = self.run::<bf16>(borrowed.view()?, size, n);
                (Tensor::from_vec(y, shape, &Device::Cpu)?, sums)
            }
        };
        Ok((y, self.mean(&sums, n, size)?))
    }

    /// The outputs, and the sum of each row of them.
    fn run<T: Output>(&self, x: View<'_, T>, size: Size, images: usize) -> (Vec<T>, Vec<f32>) {
        let (rows, row_len) = (images * size.out_h, size.out_w * self.channels);
        let mut out = Vec::with_capacity(rows * row_len);
        let mut sums = vec![0f32; rows * self.channels];
        // A row is little work in the last layers.
        let work = row_len * self.geometry.kernel * self.geometry.kernel;
        let rows_a_task = (1 << 18) / work.max(1);
        out.spare_capacity_mut()[..rows * row_len]
            .par_chunks_mut(row_len.max(1))
            .zip(sums.par_chunks_mut(self.channels.max(1)))
            .with_min_len(rows_a_task.max(1))
            .enumerate()
            .for_each(|(row, (out, sums))| {
                let stencil = Stencil {
                    op: self,
                    x: &x,
                    s: size,
                    image: row / size.out_h,
                    oy: row % size.out_h,
                };
                run_row(&stencil, &mut Row { out, sums });
            });
        // SAFETY: every row has been written, all its pixels and channels.
        unsafe { out.set_len(rows * row_len) };
        (out, sums)
    }

    fn mean(&self, sums: &[f32], images: usize, size: Size) -> Result<Tensor> {
        let mut means = vec![0f32; images * self.channels];
        let image = size.out_h * self.channels;
        for (mean, rows) in means
            .chunks_exact_mut(self.channels)
            .zip(sums.chunks_exact(image.max(1)))
        {
            for row in rows.chunks_exact(self.channels) {
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(mean, sum)| *mean += sum);
            }
            let factor = 1.0 / (size.out_h * size.out_w) as f32;
            mean.iter_mut().for_each(|mean| *mean *= factor);
        }
        Tensor::from_vec(means, (images, self.channels), &Device::Cpu)
    }
}

#[derive(Clone, Copy)]
struct Size {
    h: usize,
    w: usize,
    out_h: usize,
    out_w: usize,
}

/// One row of outputs, all channels, with the best instructions there are.
fn run_row<T: Output>(stencil: &Stencil<'_, T>, row: &mut Row<'_, T>) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn wide<T: Output>(stencil: &Stencil<'_, T>, row: &mut Row<'_, T>) {
            stencil.row::<AVX512>(row)
        }
        #[target_feature(enable = "avx2,fma")]
        fn narrow<T: Output>(stencil: &Stencil<'_, T>, row: &mut Row<'_, T>) {
            stencil.row::<AVX2>(row)
        }
        let (has_avx512, has_avx2) = crate::ops::widths();
        if has_avx512 {
            // SAFETY: the processor has these instructions.
            return unsafe { wide(stencil, row) };
        }
        if has_avx2 {
            // SAFETY: as above.
            return unsafe { narrow(stencil, row) };
        }
    }
    stencil.row::<PLAIN>(row)
}

/// A row of outputs, and their sum over its pixels.
struct Row<'a, T> {
    out: &'a mut [MaybeUninit<T>],
    sums: &'a mut [f32],
}

impl<T: Output> Row<'_, T> {
    /// A whole block of channels of one pixel.
    #[inline(always)]
    fn write_block(&mut self, at: usize, values: &[f32; LANES]) {
        if let Some(out) = self.out[at..].first_chunk_mut::<LANES>() {
            for l in 0..LANES {
                out[l].write(T::of(values[l]));
            }
        }
    }
}

struct Stencil<'a, T> {
    op: &'a PackedDepthwise,
    x: &'a View<'a, T>,
    s: Size,
    image: usize,
    oy: usize,
}

/// The block of channels at `values`, which must be readable.
#[inline(always)]
unsafe fn lanes<T: Output>(values: *const T) -> [f32; LANES] {
    // SAFETY: as the caller promises.
    let values = unsafe { values.cast::<[T; LANES]>().read() };
    let mut lanes = [0.0; LANES];
    for l in 0..LANES {
        lanes[l] = values[l].to_f32();
    }
    lanes
}

#[inline(always)]
fn multiply_add<const ISA: u8>(x: f32, w: f32, sum: f32) -> f32 {
    // Without the instruction, a fused multiply-add would be a library call.
    if ISA != PLAIN {
        x.mul_add(w, sum)
    } else {
        x * w + sum
    }
}

impl<T: Output> Stencil<'_, T> {
    #[inline(always)]
    fn row<const ISA: u8>(&self, row: &mut Row<'_, T>) {
        let g = self.op.geometry;
        match (g.kernel, g.stride, g.dilation) {
            (3, 1, 1) => self.blocks::<ISA, 3, 1>(row),
            (3, 2, 1) => self.blocks::<ISA, 3, 2>(row),
            (5, 1, 1) => self.blocks::<ISA, 5, 1>(row),
            (5, 2, 1) => self.blocks::<ISA, 5, 2>(row),
            _ => self.any::<ISA>(row),
        }
    }

    /// The kernel's rows that lie inside, and the input row of kernel row 0 (which may lie outside).
    #[inline(always)]
    fn rows(&self) -> (std::ops::Range<usize>, isize) {
        let g = self.op.geometry;
        let first = (self.oy * g.stride) as isize - g.padding as isize;
        (g.taps_inside(self.oy, self.s.h), first)
    }

    /// Blocks of channels, for a kernel and stride that are known when this is compiled.
    #[inline(always)]
    fn blocks<const ISA: u8, const K: usize, const STRIDE: usize>(&self, row: &mut Row<'_, T>) {
        for (block, taps) in self.op.taps.chunks_exact(K * K).enumerate() {
            let c0 = block * LANES;
            // Loops, not iterators: a closure would be compiled without the caller's instructions.
            let lanes = LANES.min(self.op.channels - c0);
            if lanes == LANES {
                let mut total = [0.0; LANES];
                let mut ox = 0;
                while ox < self.s.out_w {
                    let run = self.run::<ISA, K, STRIDE>(taps, c0, ox);
                    for (o, values) in run.iter().enumerate() {
                        if ox + o < self.s.out_w {
                            row.write_block((ox + o) * self.op.channels + c0, values);
                            for l in 0..LANES {
                                total[l] += values[l];
                            }
                        }
                    }
                    ox += RUN;
                }
                row.sums[c0..][..LANES].copy_from_slice(&total);
            } else {
                for ox in 0..self.s.out_w {
                    self.one::<ISA>(taps, c0, lanes, ox, row);
                }
            }
        }
    }

    /// Up to [`RUN`] outputs from `ox`.
    #[inline(always)]
    fn run<const ISA: u8, const K: usize, const STRIDE: usize>(
        &self,
        taps: &[[f32; LANES]],
        c0: usize,
        ox: usize,
    ) -> [[f32; LANES]; RUN] {
        let first_x = (ox * STRIDE) as isize - self.op.geometry.padding as isize;
        let span = ((RUN - 1) * STRIDE + K) as isize;
        match first_x >= 0 && first_x + span <= self.s.w as isize {
            true => self.accumulate::<ISA, K, STRIDE, true>(taps, c0, first_x),
            false => self.accumulate::<ISA, K, STRIDE, false>(taps, c0, first_x),
        }
    }

    /// [`RUN`] outputs whose first tap is at `first_x`; `INSIDE` says that all taps of a row are.
    #[inline(always)]
    fn accumulate<const ISA: u8, const K: usize, const STRIDE: usize, const INSIDE: bool>(
        &self,
        taps: &[[f32; LANES]],
        c0: usize,
        first_x: isize,
    ) -> [[f32; LANES]; RUN] {
        let (rows, first_y) = self.rows();
        let mut sums = [self.op.bias[c0 / LANES]; RUN];
        for ky in rows {
            let row = (self.image * self.s.h) as isize + first_y + ky as isize;
            let first = row * self.s.w as isize + first_x;
            // Before the row's first pixel where that is outside; read only where it is not.
            let mut x = self
                .x
                .pixel(0)
                .wrapping_offset(first * self.x.stride as isize + c0 as isize);
            let w: &[[f32; LANES]] = &taps[ky * K..][..K];
            for i in 0..(RUN - 1) * STRIDE + K {
                if INSIDE || (0..self.s.w as isize).contains(&(first_x + i as isize)) {
                    // SAFETY: an input pixel inside, and a block that its channels fill.
                    let lanes = unsafe { lanes(x) };
                    for (o, sum) in sums.iter_mut().enumerate() {
                        let kx = i.wrapping_sub(o * STRIDE);
                        if kx < K {
                            for l in 0..LANES {
                                sum[l] = multiply_add::<ISA>(lanes[l], w[kx][l], sum[l]);
                            }
                        }
                    }
                }
                x = x.wrapping_add(self.x.stride);
            }
        }
        self.activate::<ISA>(sums.as_flattened_mut());
        sums
    }

    #[inline(always)]
    fn activate<const ISA: u8>(&self, sums: &mut [f32]) {
        // SAFETY: this is compiled for what ISA says, and sums are whole blocks of 16.
        unsafe {
            match ISA {
                AVX512 => activate::<true>(self.op.activation, sums),
                _ => activate::<false>(self.op.activation, sums),
            }
        }
    }

    /// One output, wherever it lies.
    #[inline(always)]
    fn one<const ISA: u8>(
        &self,
        taps: &[[f32; LANES]],
        c0: usize,
        lanes: usize,
        ox: usize,
        row: &mut Row<'_, T>,
    ) {
        let g = self.op.geometry;
        let (rows, first_y) = self.rows();
        let first_x = (ox * g.stride) as isize - g.padding as isize;
        let mut sum = self.op.bias[c0 / LANES];
        for ky in rows {
            let y = (first_y + (ky * g.dilation) as isize) as usize;
            for kx in g.taps_inside(ox, self.s.w) {
                let x = (first_x + (kx * g.dilation) as isize) as usize;
                let pixel = (self.image * self.s.h + y) * self.s.w + x;
                let x = &self.x.row(pixel)[c0..][..lanes];
                let w = &taps[ky * g.kernel + kx];
                for l in 0..lanes {
                    sum[l] = multiply_add::<ISA>(x[l].to_f32(), w[l], sum[l]);
                }
            }
        }
        self.activate::<ISA>(&mut sum);
        let out = &mut row.out[ox * self.op.channels + c0..][..lanes];
        for ((out, total), &sum) in out.iter_mut().zip(&mut row.sums[c0..]).zip(&sum) {
            out.write(T::of(sum));
            *total += sum;
        }
    }

    /// Any kernel and stride, output by output.
    #[inline(always)]
    fn any<const ISA: u8>(&self, row: &mut Row<'_, T>) {
        let taps = self.op.geometry.kernel * self.op.geometry.kernel;
        for (block, taps) in self.op.taps.chunks_exact(taps).enumerate() {
            let c0 = block * LANES;
            let lanes = LANES.min(self.op.channels - c0);
            for ox in 0..self.s.out_w {
                self.one::<ISA>(taps, c0, lanes, ox, row);
            }
        }
    }
}
