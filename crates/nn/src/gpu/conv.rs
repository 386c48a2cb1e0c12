//! Dense convolutions: pointwise ones are matrix products, others go through cuDNN or, without it, through patches of
//! some images at a time. Weights are in the order of a channels-last patch, (o, k, k, c).

use super::{Buffer, Gpu, Input, Product, Window};
use crate::ops::ConvGeometry;
use candle_core::Result;

/// Values of patches that are in memory at a time, about: 64 MiB in f32.
const PATCH_VALUES: usize = 1 << 24;

/// A convolution's sizes.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    images: usize,
    /// Output pixels of an image.
    pixels: usize,
    /// Values under the kernel.
    patch: usize,
    window: Window,
    pointwise: bool,
}

impl Sizes {
    fn new(input: &[usize], g: ConvGeometry) -> Result<Self> {
        let window = Window::new(input, g)?;
        Ok(Self {
            images: input[0],
            pixels: (window.out_h * window.out_w) as usize,
            patch: g.taps() * input[3],
            window,
            pointwise: g.is_pointwise(),
        })
    }

    /// Calls `f(first image, images)` for runs of images whose patches fit the memory set aside.
    fn for_runs(&self, mut f: impl FnMut(usize, usize) -> Result<()>) -> Result<()> {
        let step = (PATCH_VALUES / (self.pixels * self.patch).max(1)).clamp(1, self.images.max(1));
        for first in (0..self.images).step_by(step) {
            f(first, step.min(self.images - first))?;
        }
        Ok(())
    }

    /// The patches of some images, (images * pixels, patch).
    fn patches(&self, gpu: &Gpu, x: Input<'_>, first: usize, images: usize) -> Result<Buffer> {
        let len = images * self.pixels * self.patch;
        let mut patches = gpu.alloc(x.dtype, len)?;
        gpu.kernel("conv2d", "patches", x.dtype)
            .read(x.skip(first * x.len() / self.images.max(1)))
            .write(&mut patches)
            .int(len)
            .window(self.window)
            .for_each(len)?;
        Ok(patches)
    }
}

/// (n, h, w, c), (o, k, k, c) -> (n, h', w', o), in `out`'s type: that of `x` or f32.
pub(crate) fn forward(
    gpu: &Gpu,
    x: Input<'_>,
    weight: Input<'_>,
    outputs: usize,
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<()> {
    let s = Sizes::new(x.dims, g)?;
    let weight = weight.rows_of(s.patch).transposed();
    let product = |rows: usize, first: usize| Product {
        m: rows,
        n: outputs,
        k: s.patch,
        first: first * outputs,
        accumulate: false,
    };
    if s.pointwise {
        let rows = s.images * s.pixels;
        return gpu.matmul(x.rows_of(s.patch), weight, out, product(rows, 0));
    }
    #[cfg(feature = "cudnn")]
    if super::cudnn::forward(gpu, x, weight.data, outputs, g, out)? {
        return Ok(());
    }
    s.for_runs(|first, images| {
        let patches = s.patches(gpu, x, first, images)?;
        let product = product(images * s.pixels, first * s.pixels);
        gpu.matmul(patches.read(&[]).rows_of(s.patch), weight, out, product)
    })
}

/// (n, h', w', o), (o, k, k, c) -> the input's gradient (n, h, w, c) for `input`, its dimensions.
pub(crate) fn gradient_input(
    gpu: &Gpu,
    grad: Input<'_>,
    weight: Input<'_>,
    input: &[usize],
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<()> {
    let outputs = grad.dims[3];
    let s = Sizes::new(input, g)?;
    let matrix = weight.rows_of(s.patch);
    let product = |rows: usize| Product {
        m: rows,
        n: s.patch,
        k: outputs,
        first: 0,
        accumulate: false,
    };
    if s.pointwise {
        let rows = s.images * s.pixels;
        return gpu.matmul(grad.rows_of(outputs), matrix, out, product(rows));
    }
    #[cfg(feature = "cudnn")]
    if super::cudnn::gradient_input(gpu, grad, weight, input, g, out)? {
        return Ok(());
    }
    let image: usize = input[1..].iter().product();
    s.for_runs(|first, images| {
        let rows = images * s.pixels;
        let mut patches = gpu.alloc(grad.dtype, rows * s.patch)?;
        let grad = grad.rows_of(outputs).from(first * s.pixels * outputs);
        gpu.matmul(grad, matrix, &mut patches, product(rows))?;
        gpu.kernel("conv2d", "from_patches", grad.data.dtype)
            .read(patches.read(&[]))
            .write_at(out, first * image)
            .int(images * image)
            .window(s.window)
            .for_each(images * image)
    })
}

/// (n, h, w, c), (n, h', w', o) -> the weight's gradient (o, k, k, c).
pub(crate) fn gradient_weight(
    gpu: &Gpu,
    x: Input<'_>,
    grad: Input<'_>,
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<()> {
    let outputs = grad.dims[3];
    let s = Sizes::new(x.dims, g)?;
    let product = |rows: usize, accumulate: bool| Product {
        m: outputs,
        n: s.patch,
        k: rows,
        first: 0,
        accumulate,
    };
    if s.pointwise {
        let (rows, grad) = (s.images * s.pixels, grad.rows_of(outputs).transposed());
        return gpu.matmul(grad, x.rows_of(s.patch), out, product(rows, false));
    }
    #[cfg(feature = "cudnn")]
    if super::cudnn::gradient_weight(gpu, x, grad, g, out)? {
        return Ok(());
    }
    s.for_runs(|first, images| {
        let patches = s.patches(gpu, x, first, images)?;
        let grad = grad.rows_of(outputs).from(first * s.pixels * outputs);
        let product = product(images * s.pixels, first > 0);
        gpu.matmul(
            grad.transposed(),
            patches.read(&[]).rows_of(s.patch),
            out,
            product,
        )
    })
}

/// (o, c, k, k) -> (o, k, k, c), or the reverse.
pub(crate) fn reorder(
    gpu: &Gpu,
    weight: Input<'_>,
    [c, taps]: [usize; 2],
    to_patch: bool,
    out: &mut Buffer,
) -> Result<()> {
    let name = if to_patch { "by_patch" } else { "by_channel" };
    gpu.kernel("conv2d", name, weight.dtype)
        .read(weight)
        .write(out)
        .int(weight.len())
        .int(c)
        .int(taps)
        .for_each(weight.len())
}
