//! Batch normalisation over channels with batch statistics, fused with the activation that follows.
//!
//! Candle's `BatchNorm` makes about eight passes over the activations and leaves them transposed; this makes two
//! forward (statistics, then normalise and activate) and two backward, and keeps nothing but the input.

use super::elementwise::Activation;
use super::kernel::{by_float, contiguous, rows_per_task};
use super::simd::{Float, vectorized};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// The mean and variance of each channel over a batch.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Means, one a channel.
    pub mean: Vec<f64>,
    /// Biased variances (divided by the count), one a channel: what the batch is normalised by.
    pub var: Vec<f64>,
    /// Values a channel: n * h * w.
    pub count: usize,
}

/// `activation(weight * (x - mean) / sqrt(var + eps) + bias)` with the batch's own mean and variance, which are
/// returned for the running averages (Ioffe and Szegedy 2015).
///
/// # Shapes
/// `x` (n, h, w, c), `weight` and `bias` (c) -> (n, h, w, c)
pub fn batch_norm_train(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, BatchStatistics)> {
    let (n, h, w, c) = x.dims4()?;
    if weight.dims() != [c] || bias.dims() != [c] {
        let (x, weight, bias) = (x.dims(), weight.dims(), bias.dims());
        bail!(
            "batch_norm: weight {weight:?} and bias {bias:?} do not fit an input {x:?} (n, h, w, c)"
        );
    }
    if n * h * w < 2 || c == 0 {
        bail!(
            "batch_norm: an input {:?} (n, h, w, c); a batch's variance takes at least 2 values a channel",
            x.dims()
        );
    }
    let statistics = Arc::new(OnceLock::new());
    let op = BatchNorm {
        eps,
        activation,
        statistics: statistics.clone(),
    };
    let y = x
        .contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?;
    match statistics.get() {
        Some(found) => Ok((y, found.clone())),
        None => bail!("batch_norm: no statistics for a batch of {n} x {h} x {w} x {c}"),
    }
}

struct BatchNorm {
    eps: f64,
    activation: Activation,
    statistics: Arc<OnceLock<BatchStatistics>>,
}

impl BatchNorm {
    /// Per channel: the mean and 1 / sqrt(var + eps).
    fn mean_rstd<T: Float>(&self, s: &BatchStatistics) -> (Vec<T>, Vec<T>) {
        let mean = s.mean.iter().map(|&m| T::from_f64(m)).collect();
        (
            mean,
            s.var
                .iter()
                .map(|&v| T::from_f64(1.0 / (v + self.eps).sqrt()))
                .collect(),
        )
    }
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: &CpuStorage,
        wl: &Layout,
        b: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            op: &BatchNorm,
            x: &CpuStorage,
            xl: &Layout,
            w: &CpuStorage,
            wl: &Layout,
            b: &CpuStorage,
            bl: &Layout,
        ) -> Result<CpuStorage> {
            let (x, weight, bias) = (
                contiguous::<T>(x, xl)?,
                contiguous::<T>(w, wl)?,
                contiguous::<T>(b, bl)?,
            );
            let statistics = op.statistics.get_or_init(|| statistics(x, weight.len()));
            let (mean, rstd) = op.mean_rstd::<T>(statistics);
            let scale: Vec<T> = weight.iter().zip(&rstd).map(|(&w, &r)| w * r).collect();
            let shift: Vec<T> = bias
                .iter()
                .zip(&mean)
                .zip(&scale)
                .map(|((&b, &m), &s)| b - m * s)
                .collect();
            let mut out = vec![T::ZERO; x.len()];
            let task = rows_per_task(x.len() / weight.len(), weight.len()) * weight.len();
            out.par_chunks_mut(task)
                .zip(x.par_chunks(task))
                .for_each(|(out, x)| {
                    normalize(out, x, &scale, &shift, op.activation);
                });
            Ok(T::storage(out))
        }
        Ok((
            by_float!(self.name(), x, run(self, x, xl, w, wl, b, bl))?,
            xl.shape().clone(),
        ))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some(statistics) = self.statistics.get() else {
            bail!("batch_norm: backward before forward");
        };
        let sums = Arc::new(OnceLock::new());
        let op = BatchNormGrad {
            forward: BatchNorm {
                statistics: self.statistics.clone(),
                ..*self
            },
            weight: weight
                .detach()
                .to_dtype(candle_core::DType::F64)?
                .to_vec1()?,
            bias: bias.detach().to_dtype(candle_core::DType::F64)?.to_vec1()?,
            sums: sums.clone(),
        };
        let grad_x = x
            .detach()
            .apply_op2_no_bwd(&grad.detach().contiguous()?, &op)?;
        let Some((grad_weight, grad_bias)) = sums.get() else {
            bail!(
                "batch_norm: no parameter gradients for {} values a channel",
                statistics.count
            );
        };
        let tensor = |v: &[f64]| Tensor::from_slice(v, v.len(), x.device())?.to_dtype(x.dtype());
        Ok((
            Some(grad_x),
            Some(tensor(grad_weight)?),
            Some(tensor(grad_bias)?),
        ))
    }
}

vectorized! {
    /// `activation(x * scale + shift)`.
    fn normalize<T>(out: &mut [T], x: &[T], scale: &[T], shift: &[T], activation: Activation) {
        let c = scale.len();
        for (out, x) in out.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
            match activation {
                Activation::Identity => {
                    for (((y, &x), &a), &b) in out.iter_mut().zip(x).zip(scale).zip(shift) {
                        *y = x.fma(a, b);
                    }
                }
                Activation::Silu => {
                    for (((y, &x), &a), &b) in out.iter_mut().zip(x).zip(scale).zip(shift) {
                        *y = Activation::Silu.apply(x.fma(a, b));
                    }
                }
                Activation::Gelu | Activation::QuickGelu => {
                    for (((y, &x), &a), &b) in out.iter_mut().zip(x).zip(scale).zip(shift) {
                        *y = activation.apply(x.fma(a, b));
                    }
                }
            }
        }
    }

    /// Adds rows and their squares, relative to `origin`.
    fn add_moments<T>(x: &[T], origin: &[T], sum: &mut [T], squares: &mut [T]) {
        let c = origin.len();
        for row in x.chunks_exact(c) {
            for (((&x, &o), s), q) in row.iter().zip(origin).zip(sum.iter_mut()).zip(squares.iter_mut()) {
                let d = x - o;
                *s += d;
                *q = d.fma(d, *q);
            }
        }
    }

    /// Adds `dz` and `dz * xhat`, the gradients of bias and weight.
    fn add_gradients<T>(x: &[T], grad: &[T], p: Channels<'_, T>, sum: &mut [T], sum_xhat: &mut [T]) {
        let c = p.weight.len();
        let (p, sum, sum_xhat) = (p.cut(c), &mut sum[..c], &mut sum_xhat[..c]);
        for (x, g) in x.chunks_exact(c).zip(grad.chunks_exact(c)) {
            for i in 0..c {
                let (xhat, dz) = p.backward(i, x[i], g[i]);
                sum[i] += dz;
                sum_xhat[i] = dz.fma(xhat, sum_xhat[i]);
            }
        }
    }

    /// The input's gradient: `weight * rstd * (dz - mean(dz) - xhat * mean(dz * xhat))`.
    fn write_gradient<T>(out: &mut [T], x: &[T], grad: &[T], p: Channels<'_, T>, mean: &[T], mean_xhat: &[T]) {
        let c = p.weight.len();
        let (p, mean, mean_xhat) = (p.cut(c), &mean[..c], &mean_xhat[..c]);
        let rows = out.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(grad.chunks_exact(c));
        for ((out, x), g) in rows {
            for i in 0..c {
                let (xhat, dz) = p.backward(i, x[i], g[i]);
                out[i] = p.weight[i] * p.rstd[i] * (dz - mean[i] - xhat * mean_xhat[i]);
            }
        }
    }
}

/// What a channel is normalised with.
#[derive(Clone, Copy)]
struct Channels<'a, T> {
    mean: &'a [T],
    rstd: &'a [T],
    weight: &'a [T],
    bias: &'a [T],
    activation: Activation,
}

impl<T: Float> Channels<'_, T> {
    /// All of length `c`, so that the compiler sees that no index is out of bounds and makes vector code.
    #[inline(always)]
    fn cut(self, c: usize) -> Self {
        let Self {
            mean,
            rstd,
            weight,
            bias,
            activation,
        } = self;
        Self {
            mean: &mean[..c],
            rstd: &rstd[..c],
            weight: &weight[..c],
            bias: &bias[..c],
            activation,
        }
    }

    /// For channel `i`: the normalised value, and the gradient before the activation.
    #[inline(always)]
    fn backward(&self, i: usize, x: T, grad: T) -> (T, T) {
        let xhat = (x - self.mean[i]) * self.rstd[i];
        let z = xhat.fma(self.weight[i], self.bias[i]);
        (xhat, grad * self.activation.derivative(z))
    }
}

/// Sums over tasks of rows of `c` channels, `K` sums a channel: in `T` within a task, in f64 between tasks.
fn channel_sums<T: Float, const K: usize>(
    rows: usize,
    c: usize,
    f: impl Fn(std::ops::Range<usize>, &mut [Vec<T>; K]) + Sync,
) -> [Vec<f64>; K] {
    let task = rows_per_task(rows, c);
    let partials: Vec<[Vec<T>; K]> = (0..rows.div_ceil(task))
        .into_par_iter()
        .map(|i| {
            let mut sums = std::array::from_fn(|_| vec![T::ZERO; c]);
            f(i * task..((i + 1) * task).min(rows), &mut sums);
            sums
        })
        .collect();
    let mut total = std::array::from_fn(|_| vec![0.0; c]);
    for partial in &partials {
        for (total, partial) in total.iter_mut().zip(partial) {
            total
                .iter_mut()
                .zip(partial)
                .for_each(|(t, &p)| *t += p.to_f64());
        }
    }
    total
}

/// One pass. Values are taken relative to the first pixel, so that a mean far from zero costs no precision.
fn statistics<T: Float>(x: &[T], c: usize) -> BatchStatistics {
    let rows = x.len() / c;
    let origin = &x[..c];
    let [sum, squares] = channel_sums::<T, 2>(rows, c, |range, [sum, squares]| {
        add_moments(&x[range.start * c..range.end * c], origin, sum, squares);
    });
    let n = rows as f64;
    let var = sum
        .iter()
        .zip(&squares)
        .map(|(s, q)| ((q - s * s / n) / n).max(0.0))
        .collect();
    let mean = sum
        .iter()
        .zip(origin)
        .map(|(s, &o)| o.to_f64() + s / n)
        .collect();
    BatchStatistics {
        mean,
        var,
        count: rows,
    }
}

/// (x, gradient of the output) -> gradient of x; leaves the parameters' gradients in `sums`.
struct BatchNormGrad {
    forward: BatchNorm,
    weight: Vec<f64>,
    bias: Vec<f64>,
    sums: Arc<OnceLock<(Vec<f64>, Vec<f64>)>>,
}

impl CustomOp2 for BatchNormGrad {
    fn name(&self) -> &'static str {
        "batch-norm-grad"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        grad: &CpuStorage,
        gl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn run<T: Float>(
            op: &BatchNormGrad,
            x: &CpuStorage,
            xl: &Layout,
            g: &CpuStorage,
            gl: &Layout,
        ) -> Result<CpuStorage> {
            op.grad_input(contiguous::<T>(x, xl)?, contiguous::<T>(g, gl)?)
                .map(T::storage)
        }
        Ok((
            by_float!(self.name(), x, run(self, x, xl, grad, gl))?,
            xl.shape().clone(),
        ))
    }
}

impl BatchNormGrad {
    fn grad_input<T: Float>(&self, x: &[T], grad: &[T]) -> Result<Vec<T>> {
        let Some(statistics) = self.forward.statistics.get() else {
            bail!("batch_norm: backward before forward");
        };
        let c = self.weight.len();
        let cast = |v: &[f64]| -> Vec<T> { v.iter().map(|&v| T::from_f64(v)).collect() };
        let (mean, rstd) = self.forward.mean_rstd::<T>(statistics);
        let (weight, bias) = (cast(&self.weight), cast(&self.bias));
        let channels = Channels {
            mean: &mean,
            rstd: &rstd,
            weight: &weight,
            bias: &bias,
            activation: self.forward.activation,
        };
        let [sum_dz, sum_dz_xhat] =
            channel_sums::<T, 2>(x.len() / c, c, |range, [sum, sum_xhat]| {
                let span = range.start * c..range.end * c;
                add_gradients(&x[span.clone()], &grad[span], channels, sum, sum_xhat);
            });
        let per_value = |sums: &[f64]| {
            cast(
                &sums
                    .iter()
                    .map(|s| s / statistics.count as f64)
                    .collect::<Vec<_>>(),
            )
        };
        let (mean_dz, mean_dz_xhat) = (per_value(&sum_dz), per_value(&sum_dz_xhat));
        let mut out = vec![T::ZERO; x.len()];
        let task = rows_per_task(x.len() / c, c) * c;
        out.par_chunks_mut(task)
            .zip(x.par_chunks(task))
            .zip(grad.par_chunks(task))
            .for_each(|((out, x), g)| {
                write_gradient(out, x, g, channels, &mean_dz, &mean_dz_xhat);
            });
        // Set once: the operator runs once.
        self.sums.get_or_init(|| (sum_dz_xhat, sum_dz));
        Ok(out)
    }
}
