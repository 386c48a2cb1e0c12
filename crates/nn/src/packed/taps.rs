//! Where the taps of a square kernel lie: which input pixels a tile of output pixels reads.

use super::panels::Packed;
use super::sweep::Job;
use super::view::Output;
use crate::ops::ConvGeometry;
use std::ops::Range;

/// How a square kernel walks over its input; `kernel` 1 for a linear layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) images: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) dilation: usize,
}

impl Window {
    /// Over nothing yet.
    pub(super) fn of(g: ConvGeometry) -> Self {
        Self {
            images: 0,
            height: 0,
            width: 0,
            out_height: 0,
            out_width: 0,
            kernel: g.kernel,
            stride: g.stride,
            padding: g.padding,
            dilation: g.dilation,
        }
    }

    pub(super) fn outputs(&self) -> usize {
        self.images * self.out_height * self.out_width
    }

    /// Every output pixel reads the input pixel of the same number.
    fn is_pointwise(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0)
    }
}

/// Where the kernel's first tap lies for an output pixel.
#[derive(Clone, Copy)]
struct Origin {
    image: usize,
    y: isize,
    x: isize,
    /// No tap lies outside.
    inside: bool,
}

impl Origin {
    fn of(row: usize, w: &Window) -> Self {
        let (image, pixel) = (
            row / (w.out_height * w.out_width),
            row % (w.out_height * w.out_width),
        );
        let first = |i: usize| (i * w.stride) as isize - w.padding as isize;
        let (y, x) = (first(pixel / w.out_width), first(pixel % w.out_width));
        let reach = ((w.kernel - 1) * w.dilation) as isize;
        let fits = |first: isize, len: usize| first >= 0 && first + reach < len as isize;
        Self {
            image,
            y,
            x,
            inside: fits(y, w.height) && fits(x, w.width),
        }
    }

    /// The pixel under tap (`ky`, `kx`), if it lies inside.
    #[inline(always)]
    fn pixel(&self, ky: usize, kx: usize, w: &Window) -> Option<usize> {
        let y = self.y + (ky * w.dilation) as isize;
        let x = self.x + (kx * w.dilation) as isize;
        let inside = (0..w.height as isize).contains(&y) && (0..w.width as isize).contains(&x);
        inside.then(|| (self.image * w.height + y as usize) * w.width + x as usize)
    }
}

/// What a task needs beside its job; made once a task.
pub(super) struct Scratch<A> {
    origins: Vec<Origin>,
    pub(super) pointers: Vec<*const A>,
    /// Of a tile whose taps are pointed to one by one.
    pub(super) lengths: Vec<usize>,
    /// Of a tile inside, where the taps of a kernel's row lie side by side in memory; else empty.
    pub(super) row_lengths: Vec<usize>,
    /// Stands for the pixels outside.
    zeros: Vec<A>,
}

/// What a tile's pointers point to.
pub(super) enum Segments {
    Taps,
    /// All taps of a kernel's row.
    Rows,
}

/// The most rows a tile has.
const MOST_ROWS: usize = 12;

impl<A: Packed> Scratch<A> {
    pub(super) fn of<O: Output>(job: &Job<'_, A, O>, rows: Range<usize>) -> Self {
        let w = &job.window;
        let taps = w.kernel * w.kernel;
        let widest = job
            .views
            .iter()
            .map(|view| view.channels)
            .max()
            .unwrap_or(0);
        let lengths = (0..taps).flat_map(|_| job.views.iter().map(|view| view.channels));
        let row_lengths = match job.views {
            [view] if view.stride == view.channels && w.dilation == 1 && w.kernel > 1 => {
                vec![w.kernel * view.channels; w.kernel]
            }
            _ => Vec::new(),
        };
        Self {
            origins: match w.is_pointwise() {
                true => Vec::new(),
                false => rows.map(|row| Origin::of(row, w)).collect(),
            },
            pointers: vec![std::ptr::null(); taps * job.views.len() * MOST_ROWS],
            lengths: lengths.collect(),
            row_lengths,
            zeros: match w.padding {
                0 => Vec::new(),
                _ => vec![A::default(); widest],
            },
        }
    }

    /// Points to what the tile of `ROWS` output pixels from `row` reads, the last one of the task repeated where
    /// there are fewer.
    #[inline(always)]
    pub(super) fn point<const ROWS: usize, O: Output>(
        &mut self,
        job: &Job<'_, A, O>,
        task: &Range<usize>,
        row: usize,
    ) -> Segments {
        let last = task.end - 1;
        let w = &job.window;
        let (pointers, _) = self.pointers.as_chunks_mut::<ROWS>();
        if w.is_pointwise() {
            for (view, pointers) in job.views.iter().zip(pointers) {
                for (i, pointer) in pointers.iter_mut().enumerate() {
                    *pointer = view.pixel((row + i).min(last));
                }
            }
            return Segments::Taps;
        }
        let mut origins = [self.origins[row - task.start]; ROWS];
        for (i, origin) in origins.iter_mut().enumerate() {
            *origin = self.origins[(row + i).min(last) - task.start];
        }
        if !origins.iter().all(|origin| origin.inside) {
            let mut pointers = pointers.iter_mut();
            for ky in 0..w.kernel {
                for kx in 0..w.kernel {
                    for (view, pointers) in job.views.iter().zip(pointers.by_ref()) {
                        for (pointer, origin) in pointers.iter_mut().zip(&origins) {
                            *pointer = match origin.pixel(ky, kx, w) {
                                Some(pixel) => view.pixel(pixel),
                                None => self.zeros.as_ptr(),
                            };
                        }
                    }
                }
            }
            return Segments::Taps;
        }
        let mut first = [0; ROWS];
        for (first, o) in first.iter_mut().zip(&origins) {
            *first = (o.image * w.height + o.y as usize) * w.width + o.x as usize;
        }
        let (columns, segments) = match self.row_lengths.is_empty() {
            true => (w.kernel, Segments::Taps),
            false => (1, Segments::Rows),
        };
        let mut pointers = pointers.iter_mut();
        for ky in 0..w.kernel {
            for kx in 0..columns {
                for (view, pointers) in job.views.iter().zip(pointers.by_ref()) {
                    let tap = view.pixel((ky * w.width + kx) * w.dilation);
                    for (pointer, first) in pointers.iter_mut().zip(&first) {
                        // Within the view: every tap is inside.
                        *pointer = tap.wrapping_add(first * view.stride);
                    }
                }
            }
        }
        segments
    }
}
