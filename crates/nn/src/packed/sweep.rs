//! From packed weights and channels-last pixels to output pixels: which thread does what, panel by panel, tile by tile.

use super::activate::activate;
use super::panels::{BLOCK, Packed, Panel, Panels};
use super::taps::{Scratch, Segments, Window};
use super::tile::{Inputs, LINE, Plain, Step, accumulate};
use super::view::{Output, View};
use crate::ops::Activation;
use rayon::prelude::*;
use std::ops::Range;

/// A convolution to be done.
pub(super) struct Job<'a, A, O> {
    /// The inputs, side by side along the channels.
    pub(super) views: &'a [View<'a, A>],
    pub(super) window: Window,
    pub(super) panels: &'a Panels<A>,
    /// A value for each output channel, padded as the panels are.
    pub(super) bias: &'a [f32],
    pub(super) activation: Activation,
    /// Added to the activated outputs.
    pub(super) residual: Option<View<'a, O>>,
}

/// Which rows and panels a task does, and where the whole output begins: rows of all output channels.
struct Task<O> {
    rows: Range<usize>,
    panels: Range<usize>,
    out: *mut O,
}

/// A type of activations that there are kernels for.
pub(super) trait Kernel: Packed {
    /// Does a task with the best instructions there are.
    fn run<O: Output>(
        job: &Job<'_, Self, O>,
        out: OutputPointer<O>,
        tasks: (Range<usize>, Range<usize>),
    );
}

/// Where tasks write: each to its own rows and channels.
#[derive(Clone, Copy)]
pub(super) struct OutputPointer<O>(*mut O);
// SAFETY: no two tasks write to the same place, and nothing reads before all are done.
unsafe impl<O: Send> Send for OutputPointer<O> {}
// SAFETY: as above.
unsafe impl<O: Send> Sync for OutputPointer<O> {}

/// Does `job` on rayon's threads; the result does not depend on how many there are.
pub(super) fn sweep<A: Kernel, O: Output>(job: &Job<'_, A, O>) -> Vec<O> {
    let (rows, columns) = (job.window.outputs(), job.panels.outputs);
    let mut out = Vec::with_capacity(rows * columns);
    let pointer = OutputPointer(out.as_mut_ptr());
    let grid = Grid::of(job);
    let task = |i: usize| A::run(job, pointer, grid.task(i));
    match grid.tasks() {
        1 => task(0),
        tasks => (0..tasks).into_par_iter().with_max_len(1).for_each(task),
    }
    // SAFETY: the tasks have written every row and channel.
    unsafe { out.set_len(rows * columns) };
    out
}

/// How a job is cut into tasks: by rows, so that a task's inputs stay in its core's cache, and by panels too where there
/// are few rows; by panels alone where the weights are more than the inputs, so that they are read from memory once.
struct Grid {
    rows: usize,
    rows_a_task: usize,
    panels: usize,
    panels_a_task: usize,
}

impl Grid {
    fn of<A: Kernel, O: Output>(job: &Job<'_, A, O>) -> Self {
        /// A multiple of every tile's rows.
        const ROWS: usize = 24;
        /// Bytes of input a task goes through again for each panel.
        const CACHED: usize = 1 << 18;
        /// Multiply-adds below which a second thread does not pay.
        const WORTH_SHARING: usize = 1 << 22;
        let (rows, panels) = (job.window.outputs(), job.panels.panels.len());
        let threads = match rows * job.panels.outputs * job.panels.inputs {
            0..WORTH_SHARING => 1,
            _ => rayon::current_num_threads(),
        };
        let row_bytes = job
            .panels
            .inputs
            .div_ceil(job.window.kernel * job.window.kernel)
            * size_of::<A>();
        let weight_bytes = job.panels.inputs * job.panels.outputs * size_of::<A>();
        if weight_bytes > rows * row_bytes && panels >= 2 * threads {
            return Self {
                rows,
                rows_a_task: rows.max(1),
                panels,
                panels_a_task: panels.div_ceil(4 * threads),
            };
        }
        let cached = (CACHED / row_bytes.max(1)).next_multiple_of(ROWS);
        let shared = match threads {
            1 => rows,
            threads => rows.div_ceil(3 * threads),
        };
        let rows_a_task = shared
            .next_multiple_of(ROWS)
            .min(cached)
            .clamp(1, rows.max(1));
        let by_rows = rows.div_ceil(rows_a_task).max(1);
        let by_panels = match threads {
            1 => 1,
            threads => (2 * threads).div_ceil(by_rows).min(panels.max(1)),
        };
        Self {
            rows,
            rows_a_task,
            panels,
            panels_a_task: panels.div_ceil(by_panels).max(1),
        }
    }

    fn by_panels(&self) -> usize {
        self.panels.div_ceil(self.panels_a_task)
    }

    fn tasks(&self) -> usize {
        self.rows.div_ceil(self.rows_a_task) * self.by_panels()
    }

    fn task(&self, i: usize) -> (Range<usize>, Range<usize>) {
        let (row, panel) = (i / self.by_panels(), i % self.by_panels());
        let cut = |i: usize, len: usize, end: usize| i * len..((i + 1) * len).min(end);
        (
            cut(row, self.rows_a_task, self.rows),
            cut(panel, self.panels_a_task, self.panels),
        )
    }
}

/// Does a task, panel by panel, tile by tile.
///
/// # Safety
/// The processor has the instructions of `S`, and `task.out` room for the whole output.
#[inline(always)]
unsafe fn run_task<S: Step, O: Output>(job: &Job<'_, S::Value, O>, task: &Task<O>)
where
    S::Value: Packed,
{
    let mut scratch = Scratch::of(job, task.rows.clone());
    for panel in &job.panels.panels[task.panels.clone()] {
        // SAFETY: as the caller promises.
        unsafe {
            match (S::LANES, panel.width) {
                (16, 64) => run_panel::<S, O, 6, 4, 64>(job, task, panel, 0, &mut scratch),
                (16, 48) => run_panel::<S, O, 8, 3, 48>(job, task, panel, 0, &mut scratch),
                (16, 32) => run_panel::<S, O, 8, 2, 32>(job, task, panel, 0, &mut scratch),
                (16, _) => run_panel::<S, O, 12, 1, 16>(job, task, panel, 0, &mut scratch),
                _ => {
                    for column in (0..panel.width).step_by(BLOCK) {
                        run_panel::<S, O, 6, 2, 16>(job, task, panel, column, &mut scratch);
                    }
                }
            }
        }
    }
}

/// `WIDTH` channels of a panel from `column`, for all rows of a task.
#[inline(always)]
unsafe fn run_panel<
    S: Step,
    O: Output,
    const ROWS: usize,
    const REGISTERS: usize,
    const WIDTH: usize,
>(
    job: &Job<'_, S::Value, O>,
    task: &Task<O>,
    panel: &Panel,
    column: usize,
    scratch: &mut Scratch<S::Value>,
) where
    S::Value: Packed,
{
    let Some(channels) = panel.channels.checked_sub(column).filter(|&n| n > 0) else {
        return;
    };
    let channels = channels.min(WIDTH);
    let weights = job.panels.weights[panel.offset + column * S::GROUP..].as_ptr();
    let padded = panel.offset / job.panels.inputs.max(1) + column;
    let Some(bias) = job.bias[padded..].first_chunk::<WIDTH>() else {
        return;
    };
    let mut tile = [[0f32; WIDTH]; ROWS];
    // While one panel is in use, the next one comes from memory, a share of it with each tile.
    let bytes = panel.width * job.panels.inputs * size_of::<S::Value>();
    let share = bytes
        .div_ceil(task.rows.len().div_ceil(ROWS))
        .next_multiple_of(LINE);
    let mut ahead = weights.wrapping_byte_add(bytes);
    for row in task.rows.clone().step_by(ROWS) {
        let lengths = match scratch.point::<ROWS, O>(job, &task.rows, row) {
            Segments::Taps => &scratch.lengths,
            Segments::Rows => &scratch.row_lengths,
        };
        let (segments, _) = scratch.pointers.as_chunks::<ROWS>();
        // SAFETY: every pointer is to a pixel of its view or to zeros of its length, the weights to a packed panel,
        // and the tile has ROWS x REGISTERS x LANES = ROWS x WIDTH values.
        unsafe {
            accumulate::<S, ROWS, REGISTERS>(
                Inputs {
                    segments: &segments[..lengths.len()],
                    lengths,
                    step: S::GROUP,
                },
                weights,
                panel.width,
                bias.as_ptr(),
                tile.as_mut_ptr().cast(),
                ahead,
            );
        }
        ahead = ahead.wrapping_byte_add(share);
        let sums = tile.as_flattened_mut();
        // SAFETY: this is compiled for what S says, and a tile has whole blocks of 16.
        unsafe {
            match S::AVX512 {
                true => activate::<true>(job.activation, sums),
                false => activate::<false>(job.activation, sums),
            }
        }
        let first = panel.first + column;
        for (i, sums) in tile.iter_mut().enumerate().take(task.rows.end - row) {
            if let Some(residual) = &job.residual {
                let other = &residual.row(row + i)[first..][..channels];
                for (sum, &other) in sums.iter_mut().zip(other) {
                    *sum += other.to_f32();
                }
            }
            // SAFETY: this row and these channels are this task's alone.
            unsafe {
                let out = task.out.add((row + i) * job.panels.outputs + first);
                match channels == WIDTH {
                    true => (0..WIDTH).for_each(|c| out.add(c).write(O::of(sums[c]))),
                    false => (0..channels).for_each(|c| out.add(c).write(O::of(sums[c]))),
                }
            }
        }
    }
}

macro_rules! compiled_for {
    ($name:ident, $step:ty, $value:ty, $features:literal) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $name<O: Output>(job: &Job<'_, $value, O>, task: &Task<O>) {
            // SAFETY: these are the features that the step takes, and the task is one of the job's.
            unsafe { run_task::<$step, O>(job, task) }
        }
    };
}
compiled_for!(
    run_avx512,
    super::tile::Avx512,
    f32,
    "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma"
);
compiled_for!(run_avx2, super::tile::Avx2, f32, "avx2,fma");
compiled_for!(
    run_bf16,
    super::tile::Avx512Bf16,
    half::bf16,
    "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,avx2,fma"
);

impl Kernel for f32 {
    fn run<O: Output>(
        job: &Job<'_, Self, O>,
        out: OutputPointer<O>,
        (rows, panels): (Range<usize>, Range<usize>),
    ) {
        let task = Task {
            rows,
            panels,
            out: out.0,
        };
        #[cfg(target_arch = "x86_64")]
        {
            let (wide, narrow) = crate::ops::widths();
            if wide {
                // SAFETY: the processor has these instructions.
                return unsafe { run_avx512(job, &task) };
            }
            if narrow {
                // SAFETY: as above.
                return unsafe { run_avx2(job, &task) };
            }
        }
        // SAFETY: any processor can do this.
        unsafe { run_task::<Plain, O>(job, &task) }
    }
}

impl Kernel for half::bf16 {
    fn run<O: Output>(
        job: &Job<'_, Self, O>,
        out: OutputPointer<O>,
        (rows, panels): (Range<usize>, Range<usize>),
    ) {
        assert!(
            super::has_bf16(),
            "bf16 weights are packed only where the processor multiplies them"
        );
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has these instructions, as just asserted.
        unsafe {
            run_bf16(
                job,
                &Task {
                    rows,
                    panels,
                    out: out.0,
                },
            )
        }
    }
}
