//! Where a square kernel reads and writes: shared by convolutions and pools.

use candle_core::{Result, Shape, bail};
use std::ops::Range;

/// How a square kernel walks over its input. The default is a pointwise kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros added on every side (minus infinities by a maximum).
    pub padding: usize,
    /// Step between the inputs under neighbouring taps of the kernel; 1 where they touch.
    pub dilation: usize,
}

impl Default for ConvGeometry {
    fn default() -> Self {
        Self {
            kernel: 1,
            stride: 1,
            padding: 0,
            dilation: 1,
        }
    }
}

impl ConvGeometry {
    /// The output's length along an axis of length `input`.
    pub fn output(&self, input: usize) -> usize {
        (input + 2 * self.padding - self.extent()) / self.stride + 1
    }

    /// The length of input that the kernel spans.
    fn extent(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    pub(crate) fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    pub(crate) fn check(&self, dims: &[usize]) -> Result<()> {
        if self.stride == 0
            || self.kernel == 0
            || self.dilation == 0
            || dims[1..3]
                .iter()
                .any(|&len| len + 2 * self.padding < self.extent())
        {
            bail!("a kernel with {self:?} does not fit an input of {dims:?} (n, h, w, c)");
        }
        Ok(())
    }

    /// As [`ConvGeometry::check`], and no window lies wholly in the padding: it would have no maximum.
    pub(super) fn check_pool(&self, dims: &[usize]) -> Result<()> {
        self.check(dims)?;
        if 2 * self.padding > self.extent() {
            bail!(
                "a pool with {self:?} on an input of {dims:?} (n, h, w, c): expected a padding of at most half the \
                 kernel's extent {}",
                self.extent()
            );
        }
        Ok(())
    }

    pub(crate) fn is_pointwise(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0)
    }

    /// The taps of output `out` whose input lies inside an axis of `len`: those for which
    /// `0 <= out * stride + tap * dilation - padding < len`.
    #[inline(always)]
    pub(crate) fn taps_inside(&self, out: usize, len: usize) -> Range<usize> {
        let first = out * self.stride;
        let start = self.steps(self.padding.saturating_sub(first));
        let end = self.steps((len + self.padding).saturating_sub(first));
        let end = end.min(self.kernel);
        start.min(end)..end
    }

    /// The input under tap `tap` of output `out`, which must be one of [`ConvGeometry::taps_inside`].
    #[inline(always)]
    pub(super) fn input_at(&self, out: usize, tap: usize) -> usize {
        out * self.stride + tap * self.dilation - self.padding
    }

    /// The output, of `len`, that tap `tap` carries input `input` to, if there is one.
    #[inline(always)]
    pub(super) fn output_at(&self, input: usize, tap: usize, len: usize) -> Option<usize> {
        let shifted = (input + self.padding).checked_sub(tap * self.dilation)?;
        (shifted % self.stride == 0 && shifted / self.stride < len).then_some(shifted / self.stride)
    }

    /// The outputs, of `outputs`, whose input under tap `tap` lies inside an axis of `inputs`.
    #[inline(always)]
    pub(super) fn outputs_of(&self, tap: usize, inputs: usize, outputs: usize) -> Range<usize> {
        let shift = tap * self.dilation;
        let start = self.padding.saturating_sub(shift).div_ceil(self.stride);
        let end = (inputs + self.padding)
            .saturating_sub(shift)
            .div_ceil(self.stride);
        start..end.min(outputs)
    }

    /// Dilations that cover `length`. A division for each output pixel would be felt where dilation is 1, as it nearly
    /// always is.
    #[inline(always)]
    fn steps(&self, length: usize) -> usize {
        if self.dilation == 1 {
            length
        } else {
            length.div_ceil(self.dilation)
        }
    }
}

/// A kernel's input and output, channels-last.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) n: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    pub(crate) c: usize,
    pub(crate) out_h: usize,
    pub(crate) out_w: usize,
    pub(crate) out_c: usize,
    pub(crate) geometry: ConvGeometry,
}

impl Size {
    /// For an input of `dims` (n, h, w, c) and as many output channels as `out_c`.
    pub(super) fn new(dims: &[usize], out_c: usize, geometry: ConvGeometry) -> Result<Self> {
        let &[n, h, w, c] = dims else {
            bail!("expected an input (n, h, w, c), got {dims:?}");
        };
        Ok(Self {
            n,
            h,
            w,
            c,
            out_h: geometry.output(h),
            out_w: geometry.output(w),
            out_c,
            geometry,
        })
    }

    /// The convolution that takes an output's gradient to the input's, with the kernel turned by half a circle; `None`
    /// where strides leave gaps between the gradient's pixels.
    pub(super) fn transposed(self) -> Option<Self> {
        let g = self.geometry;
        let padding = (g.dilation * (g.kernel - 1)).checked_sub(g.padding)?;
        (g.stride == 1).then_some(Self {
            h: self.out_h,
            w: self.out_w,
            c: self.out_c,
            out_h: self.h,
            out_w: self.w,
            out_c: self.c,
            geometry: ConvGeometry { padding, ..g },
            ..self
        })
    }

    pub(super) fn input_shape(self) -> Shape {
        (self.n, self.h, self.w, self.c).into()
    }

    pub(super) fn output_shape(self) -> Shape {
        (self.n, self.out_h, self.out_w, self.out_c).into()
    }

    /// Values of one input image.
    pub(super) fn input_image(self) -> usize {
        self.h * self.w * self.c
    }

    /// Values of one output image.
    pub(super) fn output_image(self) -> usize {
        self.out_h * self.out_w * self.out_c
    }

    pub(super) fn output_pixels(self) -> usize {
        self.n * self.out_h * self.out_w
    }

    /// Values under the kernel at one output pixel.
    pub(super) fn patch(self) -> usize {
        self.geometry.taps() * self.c
    }

    /// Calls `f(input pixel, tap)` for each tap of output pixel (`oy`, `ox`) that lies inside the image, row by row.
    #[inline(always)]
    pub(super) fn for_each_tap(self, oy: usize, ox: usize, mut f: impl FnMut(usize, usize)) {
        let g = self.geometry;
        let cols = g.taps_inside(ox, self.w);
        for ky in g.taps_inside(oy, self.h) {
            let row = g.input_at(oy, ky) * self.w;
            for kx in cols.clone() {
                f(row + g.input_at(ox, kx), ky * g.kernel + kx);
            }
        }
    }
}
