//! Scaled dot-product attention (Vaswani et al. 2017), all heads at once.
//!
//! A task is one head of one sample: its scores stay in the cache, and neither they nor copies of the heads are ever
//! written out. The backward pass computes them again.

use super::gemm::{Matrix, matmul};
use super::kernel::{Kernel, Slice, apply3, fill, run3, unpack};
use super::simd::{Float, max_of, vectorized};
use super::softmax::{softmax_row, softmax_rows_backward};
#[cfg(feature = "gpu")]
use crate::gpu::{Block, Buffer, Gpu, Heads, Input, Rows, hold, sums};
use candle_core::{Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// What a query may not see. By default it sees every key.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttentionMask<'a> {
    /// Query i sees keys 0 to i, as a text's tokens do; queries and keys must be as many.
    pub causal: bool,
    /// (n, keys) in u8: 0 for keys that are padding and seen by no query.
    pub keys: Option<&'a Tensor>,
}

/// `softmax(q . kᵀ / sqrt(dim)) . v` for each of `heads` heads, which lie side by side in the last axis. A query that
/// sees no key gets zeros, and no gradient.
///
/// # Shapes
/// `q` (n, queries, heads * dim), `k` and `v` (n, keys, heads * dim) -> (n, queries, heads * dim)
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    mask: AttentionMask<'_>,
) -> Result<Tensor> {
    let (n, queries, width) = q.dims3()?;
    let (k_n, keys, k_width) = k.dims3()?;
    let fit = (n, width) == (k_n, k_width) && k.dims() == v.dims();
    if !fit || (mask.causal && queries != keys) {
        let (q, k, v, causal) = (q.dims(), k.dims(), v.dims(), mask.causal);
        bail!(
            "attention: queries {q:?}, keys {k:?} and values {v:?} (n, s, heads * dim) do not fit (causal: {causal})"
        );
    }
    if heads == 0 || width == 0 || width % heads != 0 {
        bail!("attention: {heads} heads do not fit queries {:?}", q.dims());
    }
    let kernel = Attention {
        heads,
        dim: width / heads,
        causal: mask.causal,
        seen: mask.keys.map(|seen| key_mask(seen, n, keys)).transpose()?,
    };
    apply3(kernel, q, k, v)
}

fn key_mask(seen: &Tensor, n: usize, keys: usize) -> Result<Vec<bool>> {
    if seen.dims() != [n, keys] {
        bail!(
            "attention: expected a key mask ({n}, {keys}), got {:?}",
            seen.dims()
        );
    }
    let seen = seen.flatten_all()?.to_vec1::<u8>()?;
    Ok(seen.into_iter().map(|s| s != 0).collect())
}

#[derive(Clone)]
struct Attention {
    heads: usize,
    dim: usize,
    causal: bool,
    /// For each sample and key.
    seen: Option<Vec<bool>>,
}

/// The threads of the GPU kernels: a warp for each of four queries or keys.
#[cfg(feature = "gpu")]
const BLOCK: Block = Block(32, 4);

/// Where rows lie in (n, rows, row).
#[cfg(feature = "gpu")]
fn rows(rows: usize, row: usize) -> Rows {
    Rows {
        sample: (rows * row) as i32,
        row: row as i32,
    }
}

#[cfg(feature = "gpu")]
impl Attention {
    fn seen_on_gpu(&self, gpu: &Gpu) -> Result<Option<Tensor>> {
        let upload = |seen: &Vec<bool>| {
            let seen: Vec<u8> = seen.iter().map(|&seen| seen.into()).collect();
            gpu.upload(&seen)
        };
        self.seen.as_ref().map(upload).transpose()
    }

    fn sizes(&self, queries: usize, keys: usize) -> Heads {
        Heads {
            heads: self.heads as i32,
            dim: self.dim as i32,
            queries: queries as i32,
            keys: keys as i32,
            causal: self.causal.into(),
        }
    }

    /// A warp for each of `rows` rows of every head of `n` samples.
    fn grid(&self, n: usize, rows: usize) -> [usize; 3] {
        [rows.div_ceil(4), n * self.heads, 1]
    }
}

/// One head of one sample.
struct Head<'a, T> {
    q: Matrix<'a, T>,
    k: Matrix<'a, T>,
    v: Matrix<'a, T>,
    queries: usize,
    keys: usize,
    seen: &'a [bool],
}

impl Attention {
    /// A head's columns of one sample of `x`, of which `rows` rows from `first`.
    fn columns<'a, T: Float>(
        &self,
        x: Slice<'a, T>,
        task: usize,
        (first, rows): (usize, usize),
    ) -> Matrix<'a, T> {
        let (n, head, width) = (task / self.heads, task % self.heads, self.heads * self.dim);
        let sample = &x.data[(n * x.dims[1] + first) * width..][..rows * width];
        Matrix::columns(sample, rows, width, head * self.dim, self.dim)
    }

    fn seen(&self, task: usize, keys: usize) -> &[bool] {
        match &self.seen {
            Some(seen) => &seen[task / self.heads * keys..][..keys],
            None => &[],
        }
    }

    fn scale<T: Float>(&self) -> T {
        T::of(1.0 / (self.dim as f64).sqrt())
    }

    /// (queries, keys), row-major.
    fn probabilities<T: Float>(&self, head: &Head<'_, T>) -> Vec<T> {
        let mut scores = vec![T::ZERO; head.queries * head.keys];
        matmul(head.q, head.k.transposed(), &mut scores, false);
        weigh(&mut scores, head.keys, self.scale(), self.causal, head.seen);
        scores
    }

    /// Heads' rows of `dim`, side by side again: (n, heads, rows, dim) -> (n, rows, heads, dim).
    fn join<T: Float>(&self, out: &mut [T], heads: &[&[T]], rows: usize) {
        let width = self.heads * self.dim;
        fill(out, rows * width, |start, out| {
            let heads = &heads[start / (rows * width) * self.heads..][..self.heads];
            for (i, row) in out.chunks_exact_mut(width).enumerate() {
                for (out, head) in row.chunks_exact_mut(self.dim).zip(heads) {
                    out.copy_from_slice(&head[i * self.dim..][..self.dim]);
                }
            }
        });
    }
}

impl Kernel<3> for Attention {
    const NAME: &'static str = "attention";

    fn shape(&self, [q, _, _]: [&[usize]; 3]) -> Result<Shape> {
        Ok(q.into())
    }

    fn run<T: Float>(&self, [q, k, v]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let (queries, keys) = (q.dims[1], k.dims[1]);
        let one = |task: usize| {
            let head = Head {
                q: self.columns(q, task, (0, queries)),
                k: self.columns(k, task, (0, keys)),
                v: self.columns(v, task, (0, keys)),
                queries,
                keys,
                seen: self.seen(task, keys),
            };
            let mut out = vec![T::ZERO; queries * self.dim];
            let p = self.probabilities(&head);
            matmul(Matrix::new(&p, queries, keys), head.v, &mut out, false);
            out
        };
        let heads: Vec<Vec<T>> = (0..q.dims[0] * self.heads)
            .into_par_iter()
            .map(one)
            .collect();
        let mut out = vec![T::ZERO; q.data.len()];
        let heads: Vec<&[T]> = heads.iter().map(Vec::as_slice).collect();
        self.join(&mut out, &heads, queries);
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, [q, k, v]: [Input<'_>; 3], out: &mut Buffer) -> Result<()> {
        let seen = self.seen_on_gpu(gpu)?;
        let seen = seen.as_ref().map(hold);
        let (queries, keys, row) = (q.dims[1], k.dims[1], self.heads * self.dim);
        let (q_rows, k_rows) = (rows(queries, row), rows(keys, row));
        gpu.kernel("attention", "forward", q.dtype)
            .read(q)
            .read(k)
            .read(v)
            .read_if(seen.as_ref().map(|seen| seen.input()).transpose()?)
            .write(out)
            .heads(self.sizes(queries, keys))
            .rows(q_rows)
            .rows(k_rows)
            .rows(k_rows)
            .rows(q_rows)
            .run(
                self.grid(q.dims[0], queries),
                BLOCK,
                4 * keys * sums(q.dtype).size_in_bytes(),
            )
    }

    fn backward(
        &self,
        [q, k, v]: [&Tensor; 3],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 3]> {
        let keys_values = Tensor::cat(&[k.detach(), v.detach()], 1)?;
        let gradients = run3(AttentionGrad(self.clone()), q, &keys_values, grad)?;
        unpack(&gradients, [q, k, v])
    }
}

/// (queries, a sample's keys and then its values, gradient of the output) -> gradients of queries, keys and values one
/// after the other.
struct AttentionGrad(Attention);

impl AttentionGrad {
    /// The gradients of one head's queries, keys and values, each (rows, dim).
    fn head<T: Float>(&self, head: &Head<'_, T>, grad: Matrix<'_, T>) -> [Vec<T>; 3] {
        let (queries, keys, dim) = (head.queries, head.keys, self.0.dim);
        let product = |a, b, len: usize| {
            let mut out = vec![T::ZERO; len];
            matmul(a, b, &mut out, false);
            out
        };
        let p = self.0.probabilities(head);
        let grad_v = Matrix::new(&p, queries, keys).transposed();
        let grad_v = product(grad_v, grad, keys * dim);
        // The probabilities' gradient, then the scores'.
        let mut scores = product(grad, head.v.transposed(), queries * keys);
        softmax_rows_backward(&mut scores, &p, keys);
        let scale = self.0.scale::<T>();
        scores.iter_mut().for_each(|s| *s *= scale);
        let scores = Matrix::new(&scores, queries, keys);
        let grad_q = product(scores, head.k, queries * dim);
        let grad_k = product(scores.transposed(), head.q, keys * dim);
        [grad_q, grad_k, grad_v]
    }
}

impl Kernel<3> for AttentionGrad {
    const NAME: &'static str = "attention-grad";

    fn shape(&self, [q, keys_values, _]: [&[usize]; 3]) -> Result<Shape> {
        let values = |dims: &[usize]| dims.iter().product::<usize>();
        Ok((values(q) + values(keys_values)).into())
    }

    fn run<T: Float>(&self, [q, keys_values, grad]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let op = &self.0;
        let (queries, keys) = (q.dims[1], keys_values.dims[1] / 2);
        let one = |task: usize| {
            let head = Head {
                q: op.columns(q, task, (0, queries)),
                k: op.columns(keys_values, task, (0, keys)),
                v: op.columns(keys_values, task, (keys, keys)),
                queries,
                keys,
                seen: op.seen(task, keys),
            };
            self.head(&head, op.columns(grad, task, (0, queries)))
        };
        let heads: Vec<[Vec<T>; 3]> = (0..q.dims[0] * op.heads).into_par_iter().map(one).collect();
        let mut out = vec![T::ZERO; q.data.len() + keys_values.data.len()];
        let (out_q, rest) = out.split_at_mut(q.data.len());
        let (out_k, out_v) = rest.split_at_mut(keys_values.data.len() / 2);
        for (i, (out, rows)) in [(out_q, queries), (out_k, keys), (out_v, keys)]
            .into_iter()
            .enumerate()
        {
            let heads: Vec<&[T]> = heads.iter().map(|head| head[i].as_slice()).collect();
            op.join(out, &heads, rows);
        }
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(
        &self,
        gpu: &Gpu,
        [q, keys_values, grad]: [Input<'_>; 3],
        out: &mut Buffer,
    ) -> Result<()> {
        let (op, n) = (&self.0, q.dims[0]);
        let seen = op.seen_on_gpu(gpu)?;
        let seen = seen.as_ref().map(hold);
        let seen = seen.as_ref().map(|seen| seen.input()).transpose()?;
        let (queries, keys, row) = (q.dims[1], keys_values.dims[1] / 2, op.heads * op.dim);
        let (sizes, q_rows, kv_rows) = (
            op.sizes(queries, keys),
            rows(queries, row),
            rows(2 * keys, row),
        );
        let wide = sums(q.dtype);
        let mut p = gpu.alloc(wide, n * op.heads * queries * keys)?;
        let mut scores = gpu.alloc(wide, n * op.heads * queries * keys)?;
        gpu.kernel("attention", "gradient_queries", q.dtype)
            .read(q)
            .read(keys_values)
            .read(keys_values.skip(keys * row))
            .read(grad)
            .read_if(seen)
            .write(out)
            .write(&mut p)
            .write(&mut scores)
            .heads(sizes)
            .rows(q_rows)
            .rows(kv_rows)
            .rows(kv_rows)
            .run(op.grid(n, queries), BLOCK, 8 * keys * wide.size_in_bytes())?;
        // Keys' gradients lie behind the queries', values' behind the keys'.
        gpu.kernel("attention", "gradient_keys", q.dtype)
            .read(q)
            .read(grad)
            .read(p.read(&[]))
            .read(scores.read(&[]))
            .write_at(out, q.len())
            .int(n * keys * row)
            .heads(sizes)
            .rows(q_rows)
            .rows(rows(keys, row))
            .run(op.grid(n, keys), BLOCK, 0)
    }
}

vectorized! {
    /// From scores (queries, keys) to probabilities, in place; of no keys at all, zeros.
    fn weigh<T>(scores: &mut [T], keys: usize, scale: T, causal: bool, seen: &[bool]) {
        for (i, row) in scores.chunks_exact_mut(keys.max(1)).enumerate() {
            let (row, later) = row.split_at_mut(if causal { i + 1 } else { keys });
            later.fill(T::ZERO);
            for x in row.iter_mut() {
                *x *= scale;
            }
            for (x, &seen) in row.iter_mut().zip(seen) {
                *x = if seen { *x } else { T::NEG_INFINITY };
            }
            let max = max_of(row);
            if max == T::NEG_INFINITY {
                row.fill(T::ZERO);
            } else {
                softmax_row(row, max);
            }
        }
    }
}
