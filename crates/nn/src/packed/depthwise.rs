//! The depthwise convolution: a stencil whose lanes are channels.

use super::Precision;
use super::view::{Output, View, borrow, readable, values};
use crate::ops::{Activation, ConvGeometry, taps_inside};
use candle_core::{DType, Device, Result, Tensor, bail};
use half::bf16;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::sync::Arc;

/// Channels done together: one AVX-512 register of f32.
const LANES: usize = 16;
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
        })
    }

    /// # Shapes
    /// (n, h, w, c) -> (n, h', w', c)
    ///
    /// # Errors
    /// Shapes that do not fit, a tensor that is not on the CPU.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (n, h, w, c) = x.dims4()?;
        if c != self.channels {
            bail!(
                "depthwise: expected {} channels, got {:?} (n, h, w, c)",
                self.channels,
                x.dims()
            );
        }
        self.geometry.check(x.dims())?;
        let x = readable(x, self.dtype)?;
        let borrowed = borrow(&x);
        let (out_h, out_w) = (self.geometry.output(h), self.geometry.output(w));
        let size = Size { h, w, out_h, out_w };
        let shape = (n, out_h, out_w, c);
        match self.dtype {
            DType::F32 => Tensor::from_vec(
                self.run::<f32>(borrowed.view()?, size, n),
                shape,
                &Device::Cpu,
            ),
            _ => Tensor::from_vec(
                self.run::<bf16>(borrowed.view()?, size, n),
                shape,
                &Device::Cpu,
            ),
        }
    }

    fn run<T: Output>(&self, x: View<'_, T>, size: Size, images: usize) -> Vec<T> {
        let row_len = size.out_w * self.channels;
        let len = images * size.out_h * row_len;
        let mut out = Vec::with_capacity(len);
        let work = len * self.geometry.kernel * self.geometry.kernel;
        // A row is little work in the last layers.
        let rows = (1 << 18) / (work / (images * size.out_h).max(1)).max(1);
        out.spare_capacity_mut()[..len]
            .par_chunks_mut(row_len.max(1))
            .with_min_len(rows.max(1))
            .enumerate()
            .for_each(|(row, out)| {
                let (image, oy) = (row / size.out_h, row % size.out_h);
                run_row(self, &x, size, image, oy, out);
            });
        // SAFETY: every row has been written, all its pixels and channels.
        unsafe { out.set_len(len) };
        out
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
fn run_row<T: Output>(
    op: &PackedDepthwise,
    x: &View<'_, T>,
    s: Size,
    image: usize,
    oy: usize,
    out: &mut [MaybeUninit<T>],
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn avx512<T: Output>(
            op: &PackedDepthwise,
            x: &View<'_, T>,
            s: Size,
            image: usize,
            oy: usize,
            out: &mut [MaybeUninit<T>],
        ) {
            row::<T, true>(op, x, s, image, oy, out)
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<T: Output>(
            op: &PackedDepthwise,
            x: &View<'_, T>,
            s: Size,
            image: usize,
            oy: usize,
            out: &mut [MaybeUninit<T>],
        ) {
            row::<T, true>(op, x, s, image, oy, out)
        }
        let (wide, narrow) = crate::ops::widths();
        if wide {
            // SAFETY: the processor has these instructions.
            return unsafe { avx512(op, x, s, image, oy, out) };
        }
        if narrow {
            // SAFETY: as above.
            return unsafe { avx2(op, x, s, image, oy, out) };
        }
    }
    row::<T, false>(op, x, s, image, oy, out)
}

#[inline(always)]
fn row<T: Output, const FUSED: bool>(
    op: &PackedDepthwise,
    x: &View<'_, T>,
    s: Size,
    image: usize,
    oy: usize,
    out: &mut [MaybeUninit<T>],
) {
    let stencil = Stencil {
        op,
        x,
        s,
        image,
        oy,
    };
    match (op.geometry.kernel, op.geometry.stride) {
        (3, 1) => stencil.blocks::<FUSED, 3, 1>(out),
        (3, 2) => stencil.blocks::<FUSED, 3, 2>(out),
        (5, 1) => stencil.blocks::<FUSED, 5, 1>(out),
        (5, 2) => stencil.blocks::<FUSED, 5, 2>(out),
        _ => stencil.any::<FUSED>(out),
    }
}

struct Stencil<'a, T> {
    op: &'a PackedDepthwise,
    x: &'a View<'a, T>,
    s: Size,
    image: usize,
    oy: usize,
}

#[inline(always)]
fn multiply_add<const FUSED: bool>(x: f32, w: f32, sum: f32) -> f32 {
    // Without the instruction, a fused multiply-add would be a library call.
    if FUSED {
        x.mul_add(w, sum)
    } else {
        x * w + sum
    }
}

impl<T: Output> Stencil<'_, T> {
    /// The kernel's rows that lie inside, and the input row of kernel row 0 (which may lie outside).
    #[inline(always)]
    fn rows(&self) -> (std::ops::Range<usize>, isize) {
        let g = self.op.geometry;
        let first = (self.oy * g.stride) as isize - g.padding as isize;
        (taps_inside(self.oy, g, self.s.h), first)
    }

    /// Blocks of channels, for a kernel and stride that are known when this is compiled.
    #[inline(always)]
    fn blocks<const FUSED: bool, const K: usize, const STRIDE: usize>(
        &self,
        out: &mut [MaybeUninit<T>],
    ) {
        for (block, taps) in self.op.taps.chunks_exact(K * K).enumerate() {
            let c0 = block * LANES;
            // Loops, not iterators: a closure would be compiled without the caller's instructions.
            let lanes = LANES.min(self.op.channels - c0);
            if lanes == LANES {
                let mut ox = 0;
                while ox < self.s.out_w {
                    self.run::<FUSED, K, STRIDE>(taps, c0, ox, out);
                    ox += RUN;
                }
            } else {
                for ox in 0..self.s.out_w {
                    self.one::<FUSED>(taps, c0, lanes, ox, out);
                }
            }
        }
    }

    /// Up to [`RUN`] outputs from `ox`.
    #[inline(always)]
    fn run<const FUSED: bool, const K: usize, const STRIDE: usize>(
        &self,
        taps: &[[f32; LANES]],
        c0: usize,
        ox: usize,
        out: &mut [MaybeUninit<T>],
    ) {
        let (rows, first_y) = self.rows();
        let first_x = (ox * STRIDE) as isize - self.op.geometry.padding as isize;
        let mut sums = [self.op.bias[c0 / LANES]; RUN];
        for ky in rows {
            let row = (self.image * self.s.h) as isize + first_y + ky as isize;
            let w: &[[f32; LANES]] = &taps[ky * K..][..K];
            for i in 0..(RUN - 1) * STRIDE + K {
                let ix = first_x + i as isize;
                if !(0..self.s.w as isize).contains(&ix) {
                    continue;
                }
                let x = self.lanes((row * self.s.w as isize + ix) as usize, c0);
                for (o, sum) in sums.iter_mut().enumerate() {
                    let kx = i.wrapping_sub(o * STRIDE);
                    if kx < K {
                        for l in 0..LANES {
                            sum[l] = multiply_add::<FUSED>(x[l], w[kx][l], sum[l]);
                        }
                    }
                }
            }
        }
        self.op.activation.apply_all(sums.as_flattened_mut());
        for (o, sum) in sums.iter().enumerate().take(self.s.out_w - ox) {
            write(sum, &mut out[(ox + o) * self.op.channels + c0..][..LANES]);
        }
    }

    /// The block of channels from `c0` of an input pixel; both must be inside.
    #[inline(always)]
    fn lanes(&self, pixel: usize, c0: usize) -> [f32; LANES] {
        // SAFETY: callers pass pixels of the view, and a block that its channels fill.
        let values = unsafe { self.x.pixel(pixel).add(c0).cast::<[T; LANES]>().read() };
        let mut lanes = [0.0; LANES];
        for l in 0..LANES {
            lanes[l] = values[l].to_f32();
        }
        lanes
    }

    /// One output, wherever it lies.
    #[inline(always)]
    fn one<const FUSED: bool>(
        &self,
        taps: &[[f32; LANES]],
        c0: usize,
        lanes: usize,
        ox: usize,
        out: &mut [MaybeUninit<T>],
    ) {
        let g = self.op.geometry;
        let (rows, first_y) = self.rows();
        let first_x = (ox * g.stride) as isize - g.padding as isize;
        let mut sum = self.op.bias[c0 / LANES];
        for ky in rows {
            let y = (first_y + ky as isize) as usize;
            for kx in taps_inside(ox, g, self.s.w) {
                let pixel =
                    (self.image * self.s.h + y) * self.s.w + (first_x + kx as isize) as usize;
                let x = &self.x.row(pixel)[c0..][..lanes];
                let w = &taps[ky * g.kernel + kx];
                for l in 0..lanes {
                    sum[l] = multiply_add::<FUSED>(x[l].to_f32(), w[l], sum[l]);
                }
            }
        }
        self.op.activation.apply_all(&mut sum);
        write(
            &sum[..lanes],
            &mut out[ox * self.op.channels + c0..][..lanes],
        );
    }

    /// Any kernel and stride, output by output.
    #[inline(always)]
    fn any<const FUSED: bool>(&self, out: &mut [MaybeUninit<T>]) {
        let taps = self.op.geometry.kernel * self.op.geometry.kernel;
        for (block, taps) in self.op.taps.chunks_exact(taps).enumerate() {
            let c0 = block * LANES;
            let lanes = LANES.min(self.op.channels - c0);
            for ox in 0..self.s.out_w {
                self.one::<FUSED>(taps, c0, lanes, ox, out);
            }
        }
    }
}

#[inline(always)]
fn write<T: Output>(sums: &[f32], out: &mut [MaybeUninit<T>]) {
    for (out, &sum) in out.iter_mut().zip(sums) {
        out.write(T::of(sum));
    }
}
