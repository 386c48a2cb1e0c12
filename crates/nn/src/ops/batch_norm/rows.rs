//! The passes over rows of channels: normalising, sums for each channel, the input's gradient.

use crate::ops::activation::{Activation, by_activation};
use crate::ops::kernel::{rows_per_task, sum_in_order};
use crate::ops::simd::{Float, vectorized};

/// Values a task takes at a time, whole rows of `c`.
pub(super) fn task(len: usize, c: usize) -> usize {
    rows_per_task(len / c.max(1), c) * c
}

vectorized! {
    /// `activation(x * scale + shift)`.
    pub(super) fn normalize<T>(out: &mut [T], x: &[T], scale: &[T], shift: &[T], activation: Activation) {
        let c = scale.len();
        by_activation!(activation, A => {
            for (out, x) in out.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                for (((y, &x), &a), &b) in out.iter_mut().zip(x).zip(scale).zip(shift) {
                    *y = A.apply(x.fma(a, b));
                }
            }
        });
    }

    /// Adds rows and their squares, relative to `origin`.
    pub(super) fn add_moments<T>(x: &[T], origin: &[T], sum: &mut [T], squares: &mut [T]) {
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
    pub(super) fn add_gradients<T>(
        x: &[T], grad: &[T], p: Channels<'_, T>, sum: &mut [T], sum_xhat: &mut [T],
    ) {
        let c = p.weight.len();
        let (p, sum, sum_xhat) = (p.cut(c), &mut sum[..c], &mut sum_xhat[..c]);
        by_activation!(p.activation, A => {
            for (x, g) in x.chunks_exact(c).zip(grad.chunks_exact(c)) {
                for i in 0..c {
                    let (xhat, dz) = p.backward(A, i, x[i], g[i]);
                    sum[i] += dz;
                    sum_xhat[i] = dz.fma(xhat, sum_xhat[i]);
                }
            }
        });
    }

    /// The input's gradient: `weight * rstd * (dz - mean(dz) - xhat * mean(dz * xhat))`, where the means are 0 if the
    /// statistics do not come from the input.
    pub(super) fn write_gradient<T>(
        out: &mut [T], x: &[T], grad: &[T], p: Channels<'_, T>, mean: &[T], mean_xhat: &[T],
    ) {
        let c = p.weight.len();
        let (p, mean, mean_xhat) = (p.cut(c), &mean[..c], &mean_xhat[..c]);
        by_activation!(p.activation, A => {
            let rows = out.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(grad.chunks_exact(c));
            for ((out, x), g) in rows {
                for i in 0..c {
                    let (xhat, dz) = p.backward(A, i, x[i], g[i]);
                    out[i] = p.weight[i] * p.rstd[i] * (dz - mean[i] - xhat * mean_xhat[i]);
                }
            }
        });
    }
}

/// What a channel is normalised with.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a, T> {
    pub(super) mean: &'a [T],
    pub(super) rstd: &'a [T],
    pub(super) weight: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) activation: Activation,
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
    fn backward(&self, activation: Activation, i: usize, x: T, grad: T) -> (T, T) {
        let xhat = (x - self.mean[i]) * self.rstd[i];
        let z = xhat.fma(self.weight[i], self.bias[i]);
        (xhat, grad * activation.derivative(z))
    }
}

/// Two sums a channel over rows of `c`: in `T` within a task, in f64 between tasks.
pub(super) fn channel_sums<T: Float>(
    len: usize,
    c: usize,
    f: impl Fn(std::ops::Range<usize>, &mut [T], &mut [T]) + Sync,
) -> (Vec<f64>, Vec<f64>) {
    let task = task(len, c).max(1);
    let mut first = sum_in_order::<T, f64>(len.div_ceil(task), 2 * c, |i, sums| {
        let (first, second) = sums.split_at_mut(c);
        f(i * task..((i + 1) * task).min(len), first, second);
    });
    let second = first.split_off(c);
    (first, second)
}
