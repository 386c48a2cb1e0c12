//! Scaled dot-product attention between packed layers (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>).
//!
//! A task is one head of one image: its queries, keys and values are laid out for the register tiles of the linear
//! layers, which take keys and values as their weights, and its scores never leave the core's cache.

use super::panels::BLOCK;
use super::tile::{Inputs, Plain, Step, accumulate};
use super::view::{Output, View, borrow, readable};
use crate::ops::Float;
use candle_core::{DType, Device, Result, Tensor, bail};
use half::bf16;
use rayon::prelude::*;

/// What a token may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// All tokens.
    None,
    /// Itself and the tokens before it, as in a text.
    Causal,
}

/// `softmax(q . kᵀ / sqrt(dim)) . v` for each of `heads` heads of `dim = width / heads` values. Scores and sums are in
/// f32.
///
/// # Shapes
/// `qkv` (n, s, 3 * width) in f32 or bf16: queries, keys and values side by side, and in each the heads ->
/// (n, s, width) in the same type
///
/// # Errors
/// Another shape or type, a tensor that is not on the CPU.
pub fn attention(qkv: &Tensor, heads: usize, mask: Mask) -> Result<Tensor> {
    let (images, tokens, width) = qkv.dims3()?;
    if heads == 0 || width % (3 * heads) != 0 {
        bail!(
            "attention: {heads} heads do not fit {:?} (n, s, 3 * heads * dim)",
            qkv.dims()
        );
    }
    #[cfg(feature = "gpu")]
    if let Some(gpu) = crate::gpu::Gpu::of(qkv.device()) {
        return super::gpu::attention(&gpu, qkv, heads, mask == Mask::Causal);
    }
    let dim = width / 3 / heads;
    let s = Sizes {
        tokens,
        heads,
        dim,
        columns: tokens.next_multiple_of(BLOCK),
        padded: dim.next_multiple_of(BLOCK),
    };
    match qkv.dtype() {
        DType::F32 => run::<f32>(qkv, images, s, mask),
        DType::BF16 => run::<bf16>(qkv, images, s, mask),
        other => bail!("attention: expected f32 or bf16, got {other:?}"),
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    tokens: usize,
    heads: usize,
    dim: usize,
    /// Keys, in whole registers.
    columns: usize,
    /// Values of a head, in whole registers.
    padded: usize,
}

fn run<T: Output>(qkv: &Tensor, images: usize, s: Sizes, mask: Mask) -> Result<Tensor> {
    let width = s.heads * s.dim;
    let mut out = vec![T::of(0.0); images * s.tokens * width];
    if !out.is_empty() {
        let readable = readable(qkv, T::DTYPE)?;
        let borrowed = borrow(&readable);
        let job = Job {
            qkv: borrowed.view::<T>()?,
            s,
            mask,
        };
        let mut by_head = out.clone();
        by_head
            .par_chunks_mut(s.tokens * s.dim)
            .enumerate()
            .for_each_init(
                || Scratch::new(s),
                |scratch, (task, out)| run_head(&job, task, scratch, out),
            );
        out.par_chunks_mut(s.tokens * width)
            .enumerate()
            .for_each(|(image, out)| interleave(&by_head, image, s, out));
    }
    Tensor::from_vec(out, (images, s.tokens, width), &Device::Cpu)
}

/// From (heads, tokens, dim) to (tokens, heads, dim) for one image.
fn interleave<T: Copy>(by_head: &[T], image: usize, s: Sizes, out: &mut [T]) {
    for (i, out) in out.chunks_exact_mut(s.dim).enumerate() {
        let (token, head) = (i / s.heads, i % s.heads);
        let from = (image * s.heads + head) * s.tokens + token;
        out.copy_from_slice(&by_head[from * s.dim..][..s.dim]);
    }
}

struct Job<'a, T> {
    qkv: View<'a, T>,
    s: Sizes,
    mask: Mask,
}

/// What a head needs, made once for many: padding is written once, as zeros.
struct Scratch {
    /// (tokens, dim), scaled.
    queries: Vec<f32>,
    /// (dim, columns).
    keys: Vec<f32>,
    /// (tokens, padded).
    values: Vec<f32>,
    /// (tokens, columns).
    scores: Vec<f32>,
    /// (tokens, padded).
    results: Vec<f32>,
}

impl Scratch {
    fn new(s: Sizes) -> Self {
        Self {
            queries: vec![0.0; s.tokens * s.dim],
            keys: vec![0.0; s.dim * s.columns],
            values: vec![0.0; s.tokens * s.padded],
            scores: vec![0.0; s.tokens * s.columns],
            results: vec![0.0; s.tokens * s.padded],
        }
    }

    /// Reads one head of one image.
    #[inline(always)]
    fn load<T: Output>(&mut self, job: &Job<'_, T>, task: usize) {
        let s = job.s;
        let (image, head) = (task / s.heads, task % s.heads);
        let width = s.heads * s.dim;
        let scale = 1.0 / (s.dim as f32).sqrt();
        for token in 0..s.tokens {
            let row = &job.qkv.row(image * s.tokens + token)[head * s.dim..];
            let query = &mut self.queries[token * s.dim..][..s.dim];
            for (query, &x) in query.iter_mut().zip(row) {
                *query = x.to_f32() * scale;
            }
            for (i, &x) in row[width..][..s.dim].iter().enumerate() {
                self.keys[i * s.columns + token] = x.to_f32();
            }
            let value = &mut self.values[token * s.padded..][..s.dim];
            for (value, &x) in value.iter_mut().zip(&row[2 * width..]) {
                *value = x.to_f32();
            }
        }
    }
}

/// One head of one image, with the best instructions there are.
fn run_head<T: Output>(job: &Job<'_, T>, task: usize, scratch: &mut Scratch, out: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use super::tile::{Avx2, Avx512};
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn avx512<T: Output>(job: &Job<'_, T>, task: usize, scratch: &mut Scratch, out: &mut [T]) {
            // SAFETY: these are the features that the step takes.
            unsafe { head::<Avx512, T>(job, task, scratch, out) }
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<T: Output>(job: &Job<'_, T>, task: usize, scratch: &mut Scratch, out: &mut [T]) {
            // SAFETY: as above.
            unsafe { head::<Avx2, T>(job, task, scratch, out) }
        }
        let (wide, narrow) = crate::ops::widths();
        if wide {
            // SAFETY: the processor has these instructions.
            return unsafe { avx512(job, task, scratch, out) };
        }
        if narrow {
            // SAFETY: as above.
            return unsafe { avx2(job, task, scratch, out) };
        }
    }
    // SAFETY: any processor can do this.
    unsafe { head::<Plain, T>(job, task, scratch, out) }
}

/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn head<S: Step<Value = f32>, T: Output>(
    job: &Job<'_, T>,
    task: usize,
    scratch: &mut Scratch,
    out: &mut [T],
) {
    let s = job.s;
    scratch.load(job, task);
    let queries = Rows {
        values: &scratch.queries,
        stride: s.dim,
    };
    // SAFETY: as the caller promises.
    unsafe { multiply::<S>(queries, &scratch.keys, s.columns, &mut scratch.scores) };
    for token in 0..s.tokens {
        let seen = match job.mask {
            Mask::None => s.tokens,
            Mask::Causal => token + 1,
        };
        softmax(&mut scratch.scores[token * s.columns..][..s.columns], seen);
    }
    // Of a row of scores, the padding is left out: there are as many inputs as values.
    let weights = Rows {
        values: &scratch.scores,
        stride: s.columns,
    };
    // SAFETY: as the caller promises.
    unsafe { multiply::<S>(weights, &scratch.values, s.padded, &mut scratch.results) };
    for (out, result) in out
        .chunks_exact_mut(s.dim)
        .zip(scratch.results.chunks_exact(s.padded))
    {
        for (out, &result) in out.iter_mut().zip(result) {
            *out = T::of(result);
        }
    }
}

/// Of the first `seen` scores, in place; the others become 0. `row` is whole registers.
#[inline(always)]
fn softmax(row: &mut [f32], seen: usize) {
    row[seen..].fill(f32::NEG_INFINITY);
    let (chunks, _) = row.as_chunks_mut::<BLOCK>();
    let mut most = [f32::NEG_INFINITY; BLOCK];
    for chunk in chunks.iter() {
        for l in 0..BLOCK {
            most[l] = most[l].max(chunk[l]);
        }
    }
    let mut max = f32::NEG_INFINITY;
    for most in most {
        max = max.max(most);
    }
    for chunk in chunks {
        for x in chunk {
            *x = Float::exp(*x - max);
        }
    }
    row[seen..].fill(0.0);
    let (chunks, _) = row.as_chunks_mut::<BLOCK>();
    let mut sums = [0.0; BLOCK];
    for chunk in chunks.iter() {
        for l in 0..BLOCK {
            sums[l] += chunk[l];
        }
    }
    let mut sum = 0.0;
    for lane in sums {
        sum += lane;
    }
    let factor = 1.0 / sum;
    for chunk in chunks {
        for x in chunk {
            *x *= factor;
        }
    }
}

/// `a . b`, with `b` (inner, columns) and as many rows in `a` as `out` has.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn multiply<S: Step<Value = f32>>(a: Rows<'_>, b: &[f32], columns: usize, out: &mut [f32]) {
    let product = Product {
        a,
        b,
        inner: b.len() / columns,
        columns,
    };
    let mut column = 0;
    while column < columns {
        // SAFETY: as the caller promises.
        column += unsafe {
            match (S::LANES, columns - column) {
                (16, 64..) => tiles::<S, 6, 4, 64>(&product, column, out),
                (16, 48..) => tiles::<S, 8, 3, 48>(&product, column, out),
                (16, 32..) => tiles::<S, 8, 2, 32>(&product, column, out),
                (16, _) => tiles::<S, 12, 1, 16>(&product, column, out),
                _ => tiles::<S, 6, 2, 16>(&product, column, out),
            }
        };
    }
}

/// Rows that begin `stride` values apart.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
}

struct Product<'a> {
    a: Rows<'a>,
    b: &'a [f32],
    inner: usize,
    columns: usize,
}

/// `WIDTH` columns of a product from `column`; `WIDTH`.
///
/// # Safety
/// The processor has the instructions of `S`, of which `REGISTERS` are `WIDTH` values.
#[inline(always)]
unsafe fn tiles<
    S: Step<Value = f32>,
    const ROWS: usize,
    const REGISTERS: usize,
    const WIDTH: usize,
>(
    product: &Product<'_>,
    column: usize,
    out: &mut [f32],
) -> usize {
    let &Product {
        a,
        b,
        inner,
        columns,
    } = product;
    assert!(REGISTERS * S::LANES == WIDTH && column + WIDTH <= columns);
    let rows = out.len() / columns;
    let zeros = [0f32; WIDTH];
    let mut tile = [[0f32; WIDTH]; ROWS];
    for first in (0..rows).step_by(ROWS) {
        // The last row again where there are fewer.
        let mut pointers = [a.values.as_ptr(); ROWS];
        for (i, pointer) in pointers.iter_mut().enumerate() {
            let row = (first + i).min(rows - 1);
            *pointer = a.values[row * a.stride..][..inner].as_ptr();
        }
        // SAFETY: every pointer is to `inner` values, `b` holds as many rows of `columns`, and the tile has
        // ROWS x REGISTERS x LANES values.
        unsafe {
            accumulate::<S, ROWS, REGISTERS>(
                Inputs {
                    segments: &[pointers],
                    lengths: &[inner],
                    step: S::GROUP,
                },
                b[column..].as_ptr(),
                columns,
                zeros.as_ptr(),
                tile.as_mut_ptr().cast(),
                b[column..].as_ptr(),
            );
        }
        for (i, tile) in tile.iter().enumerate().take(rows - first) {
            out[(first + i) * columns + column..][..WIDTH].copy_from_slice(tile);
        }
    }
    WIDTH
}
