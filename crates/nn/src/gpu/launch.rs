//! A kernel's arguments and grid.

use super::{Buffer, Gpu, Input, Memory};
use crate::ops::{Activation, ConvGeometry};
use candle_core::{DType, Result, Storage, bail};

/// How a square kernel walks over images: `Window` in `prelude.cuh`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) h: i32,
    pub(crate) w: i32,
    pub(crate) c: i32,
    pub(crate) out_h: i32,
    pub(crate) out_w: i32,
    kernel: i32,
    stride: i32,
    padding: i32,
    dilation: i32,
}

impl Window {
    /// Over an input (n, h, w, c).
    pub(crate) fn new(dims: &[usize], g: ConvGeometry) -> Result<Self> {
        let &[_, h, w, c] = dims else {
            bail!("expected an input (n, h, w, c), got {dims:?}");
        };
        Ok(Self {
            h: h as i32,
            w: w as i32,
            c: c as i32,
            out_h: g.output(h) as i32,
            out_w: g.output(w) as i32,
            kernel: g.kernel as i32,
            stride: g.stride as i32,
            padding: g.padding as i32,
            dilation: g.dilation as i32,
        })
    }
}

/// The distances between samples and between rows of a tensor that holds heads side by side: `Rows` in `attention.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) sample: i32,
    pub(crate) row: i32,
}

/// Attention's sizes: `Heads` in `attention.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) heads: i32,
    pub(crate) dim: i32,
    pub(crate) queries: i32,
    pub(crate) keys: i32,
    pub(crate) causal: i32,
}

/// The threads of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block(pub(crate) u32, pub(crate) u32);

pub(super) enum Argument<'a> {
    Read(Memory<'a>, usize),
    Write(&'a mut Storage, usize),
    Null,
    Int(i32),
    Real(f64),
    Window(Window),
    Rows(Rows),
    Heads(Heads),
}

/// A kernel that is being given its arguments, in the order of its signature.
pub(crate) struct Launch<'a> {
    gpu: &'a Gpu,
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) dtype: DType,
    pub(super) arguments: Vec<Argument<'a>>,
    pub(super) grid: [u32; 3],
    pub(super) block: Block,
    pub(super) shared_bytes: u32,
}

impl<'a> Launch<'a> {
    pub(super) fn new(gpu: &'a Gpu, file: &'static str, name: &'static str, dtype: DType) -> Self {
        Self {
            gpu,
            file,
            name,
            dtype,
            arguments: Vec::with_capacity(12),
            grid: [1; 3],
            block: Block(1, 1),
            shared_bytes: 0,
        }
    }

    pub(crate) fn read(mut self, input: Input<'a>) -> Self {
        self.arguments
            .push(Argument::Read(input.memory, input.offset));
        self
    }

    /// A null pointer where there is nothing to read.
    pub(crate) fn read_if(mut self, input: Option<Input<'a>>) -> Self {
        match input {
            Some(input) => self.read(input),
            None => {
                self.arguments.push(Argument::Null);
                self
            }
        }
    }

    pub(crate) fn write(self, out: &'a mut Buffer) -> Self {
        self.write_at(out, 0)
    }

    /// From value `first` on.
    pub(crate) fn write_at(mut self, out: &'a mut Buffer, first: usize) -> Self {
        self.arguments.push(Argument::Write(&mut out.0, first));
        self
    }

    pub(crate) fn int(mut self, value: usize) -> Self {
        self.arguments.push(Argument::Int(value as i32));
        self
    }

    /// A `double`, whatever the type of values.
    pub(crate) fn real(mut self, value: f64) -> Self {
        self.arguments.push(Argument::Real(value));
        self
    }

    pub(crate) fn activation(self, activation: Activation) -> Self {
        self.int(activation as usize)
    }

    pub(crate) fn window(mut self, window: Window) -> Self {
        self.arguments.push(Argument::Window(window));
        self
    }

    pub(crate) fn rows(mut self, rows: Rows) -> Self {
        self.arguments.push(Argument::Rows(rows));
        self
    }

    pub(crate) fn heads(mut self, heads: Heads) -> Self {
        self.arguments.push(Argument::Heads(heads));
        self
    }

    /// Runs it with a thread for each of `n` values, up to a grid that fills any GPU: `EACH` in `prelude.cuh`.
    pub(crate) fn for_each(self, n: usize) -> Result<()> {
        const THREADS: usize = 256;
        const MOST_BLOCKS: usize = 1 << 16;
        let blocks = n.div_ceil(THREADS).min(MOST_BLOCKS);
        self.run([blocks, 1, 1], Block(THREADS as u32, 1), 0)
    }

    /// Runs it with a warp for each of `rows` rows, eight to a block.
    pub(crate) fn for_rows(self, rows: usize) -> Result<()> {
        self.run([rows.div_ceil(8), 1, 1], Block(32, 8), 0)
    }

    /// Runs it; nothing where the grid is empty.
    pub(crate) fn run(mut self, grid: [usize; 3], block: Block, shared_bytes: usize) -> Result<()> {
        if grid.contains(&0) {
            return Ok(());
        }
        if grid[1].max(grid[2]) > 65_535 {
            bail!(
                "{}: a grid of {grid:?} blocks is too large: use smaller batches",
                self.file
            );
        }
        self.grid = grid.map(|blocks| blocks as u32);
        self.block = block;
        self.shared_bytes = shared_bytes as u32;
        match self.gpu {
            #[cfg(feature = "cuda")]
            Gpu::Cuda(device) => super::cuda::launch(device, self),
            #[cfg(feature = "emulate")]
            Gpu::Emulated => super::emulator::launch(self),
        }
    }
}
