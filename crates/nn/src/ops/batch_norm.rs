//! Batch normalisation over channels, fused with the activation that follows: with the batch's own statistics, or with
//! frozen ones.
//!
//! Candle's `BatchNorm` makes about eight passes over the activations and leaves them transposed; this makes two
//! forward (statistics, then normalise and activate) and two backward, and keeps nothing but the input.

mod rows;

use super::activation::Activation;
use super::kernel::{Kernel, Slice, apply3, fill, run3, unpack};
use super::simd::Float;
#[cfg(feature = "gpu")]
use crate::gpu::{self, Buffer, Gpu, Input, hold, reduce::Columns};
use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use rows::{Channels, add_gradients, add_moments, channel_sums, normalize, task, write_gradient};
use std::sync::{Arc, OnceLock};

/// The mean and variance of each channel over a batch.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Means, one a channel, in f64.
    pub mean: Tensor,
    /// Biased variances (divided by the count), one a channel, in f64: what the batch is normalised by.
    pub var: Tensor,
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
    let (n, h, w, c) = check(x, [("weight", weight), ("bias", bias)])?;
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
        frozen: false,
    };
    let y = apply3(op, x, weight, bias)?;
    match statistics.get() {
        Some(found) => Ok((y, found.clone())),
        None => bail!("batch_norm: no statistics for a batch of {n} x {h} x {w} x {c}"),
    }
}

/// The same with statistics that are given, as fine-tuning with frozen batch norm has them. `mean` and `var` get no
/// gradient.
///
/// # Shapes
/// `x` (n, h, w, c), `weight`, `bias`, `mean` and `var` (c) -> (n, h, w, c)
pub fn batch_norm_frozen(
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    [mean, var]: [&Tensor; 2],
    eps: f64,
    activation: Activation,
) -> Result<Tensor> {
    let parameters = [
        ("weight", weight),
        ("bias", bias),
        ("mean", mean),
        ("var", var),
    ];
    let (n, h, w, _) = check(x, parameters)?;
    let wide = |t: &Tensor| t.detach().to_dtype(DType::F64)?.contiguous();
    let statistics = BatchStatistics {
        mean: wide(mean)?,
        var: wide(var)?,
        count: n * h * w,
    };
    let op = BatchNorm {
        eps,
        activation,
        statistics: Arc::new(statistics.into()),
        frozen: true,
    };
    apply3(op, x, weight, bias)
}

/// The input's dimensions, if each of `parameters` has a value for each channel.
fn check<const N: usize>(
    x: &Tensor,
    parameters: [(&str, &Tensor); N],
) -> Result<(usize, usize, usize, usize)> {
    let dims = x.dims4()?;
    for (name, parameter) in parameters {
        if parameter.dims() != [dims.3] {
            let (x, got) = (x.dims(), parameter.dims());
            bail!(
                "batch_norm: {name} {got:?} does not fit an input {x:?} (n, h, w, c): expected a value for each channel"
            );
        }
    }
    Ok(dims)
}

#[derive(Clone)]
struct BatchNorm {
    eps: f64,
    activation: Activation,
    /// Found by the forward pass, or given.
    statistics: Arc<OnceLock<BatchStatistics>>,
    /// Whether they were given: they do not then depend on the input.
    frozen: bool,
}

impl BatchNorm {
    /// Per channel: the mean and 1 / sqrt(var + eps).
    fn mean_rstd<T: Float>(&self, s: &BatchStatistics) -> Result<(Vec<T>, Vec<T>)> {
        let (mean, var) = (s.mean.to_vec1::<f64>()?, s.var.to_vec1::<f64>()?);
        let rstd = |v: f64| T::of(1.0 / (v + self.eps).sqrt());
        Ok((
            mean.into_iter().map(T::of).collect(),
            var.into_iter().map(rstd).collect(),
        ))
    }

    /// The statistics, which `find` finds where they are neither given nor found yet.
    fn statistics(
        &self,
        find: impl FnOnce() -> Result<BatchStatistics>,
    ) -> Result<&BatchStatistics> {
        if let Some(statistics) = self.statistics.get() {
            return Ok(statistics);
        }
        let found = find()?;
        Ok(self.statistics.get_or_init(|| found))
    }
}

impl Kernel<3> for BatchNorm {
    const NAME: &'static str = "batch-norm";

    fn shape(&self, [x, _, _]: [&[usize]; 3]) -> Result<Shape> {
        Ok(x.into())
    }

    fn run<T: Float>(&self, [x, weight, bias]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let (x, c) = (x.data, weight.data.len());
        let statistics = self.statistics(|| statistics(x, c))?;
        let (mean, rstd) = self.mean_rstd::<T>(statistics)?;
        let scale: Vec<T> = weight
            .data
            .iter()
            .zip(&rstd)
            .map(|(&w, &r)| w * r)
            .collect();
        let shift = bias.data.iter().zip(&mean).zip(&scale);
        let shift: Vec<T> = shift.map(|((&b, &m), &s)| b - m * s).collect();
        let mut out = vec![T::ZERO; x.len()];
        fill(&mut out, task(x.len(), c), |start, out| {
            let x = &x[start..][..out.len()];
            normalize(out, x, &scale, &shift, self.activation);
        });
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(
        &self,
        gpu: &Gpu,
        [x, weight, bias]: [Input<'_>; 3],
        out: &mut Buffer,
    ) -> Result<()> {
        let statistics = self.statistics(|| statistics_on_gpu(gpu, x))?;
        let channels = self.channels_on_gpu(gpu, statistics, [weight, bias])?;
        gpu.kernel("batch_norm", "normalize", x.dtype)
            .read(x)
            .read(channels.read(&[]))
            .write(out)
            .int(x.len())
            .int(weight.dims[0])
            .activation(self.activation)
            .for_each(x.len())
    }

    fn backward(
        &self,
        [x, weight, bias]: [&Tensor; 3],
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 3]> {
        let affine = Tensor::cat(&[weight.detach(), bias.detach()], 0)?;
        let gradients = run3(BatchNormGrad(self.clone()), x, grad, &affine)?;
        unpack(&gradients, [x, weight, bias])
    }
}

/// One pass. Values are taken relative to the first pixel, so that a mean far from zero costs no precision.
fn statistics<T: Float>(x: &[T], c: usize) -> Result<BatchStatistics> {
    let origin = &x[..c];
    let (sum, squares) = channel_sums::<T>(x.len(), c, |span, sum, squares| {
        add_moments(&x[span], origin, sum, squares);
    });
    let count = x.len() / c;
    let n = count as f64;
    let var = sum.iter().zip(&squares);
    let var = var.map(|(s, q)| ((q - s * s / n) / n).max(0.0));
    let mean = sum.iter().zip(origin).map(|(s, o)| o.wide() + s / n);
    Ok(BatchStatistics {
        mean: Tensor::from_iter(mean, &Device::Cpu)?,
        var: Tensor::from_iter(var, &Device::Cpu)?,
        count,
    })
}

/// (x, gradient of the output, weight and bias one after the other) -> gradients of x, weight and bias one after the
/// other.
struct BatchNormGrad(BatchNorm);

impl Kernel<3> for BatchNormGrad {
    const NAME: &'static str = "batch-norm-grad";

    fn shape(&self, [x, _, affine]: [&[usize]; 3]) -> Result<Shape> {
        Ok((x.iter().product::<usize>() + affine[0]).into())
    }

    fn run<T: Float>(&self, [x, grad, affine]: [Slice<'_, T>; 3]) -> Result<Vec<T>> {
        let Some(statistics) = self.0.statistics.get() else {
            bail!("batch_norm: backward before forward");
        };
        let (x, grad, c) = (x.data, grad.data, affine.data.len() / 2);
        let (mean, rstd) = self.0.mean_rstd::<T>(statistics)?;
        let channels = Channels {
            mean: &mean,
            rstd: &rstd,
            weight: &affine.data[..c],
            bias: &affine.data[c..],
            activation: self.0.activation,
        };
        let (sum, sum_xhat) = channel_sums::<T>(x.len(), c, |span, sum, sum_xhat| {
            add_gradients(&x[span.clone()], &grad[span], channels, sum, sum_xhat);
        });
        let per_value = |sums: &[f64]| -> Vec<T> {
            let count = statistics.count as f64;
            let mean = |&s: &f64| T::of(if self.0.frozen { 0.0 } else { s / count });
            sums.iter().map(mean).collect()
        };
        let (mean_dz, mean_dz_xhat) = (per_value(&sum), per_value(&sum_xhat));
        let mut out = vec![T::ZERO; x.len() + 2 * c];
        fill(&mut out[..x.len()], task(x.len(), c), |start, out| {
            let (x, grad) = (&x[start..][..out.len()], &grad[start..][..out.len()]);
            write_gradient(out, x, grad, channels, &mean_dz, &mean_dz_xhat);
        });
        let parameters = out[x.len()..].iter_mut();
        for (out, sum) in parameters.zip(sum_xhat.iter().chain(&sum)) {
            *out = T::of(*sum);
        }
        Ok(out)
    }

    #[cfg(feature = "gpu")]
    fn run_gpu(
        &self,
        gpu: &Gpu,
        [x, grad, affine]: [Input<'_>; 3],
        out: &mut Buffer,
    ) -> Result<()> {
        let (op, c) = (&self.0, affine.dims[0] / 2);
        let rows = x.len() / c.max(1);
        let Some(statistics) = op.statistics.get() else {
            bail!("batch_norm: backward before forward");
        };
        let channels = op.channels_on_gpu(gpu, statistics, [affine, affine.skip(c)])?;
        let split = Columns::new(1, rows, c);
        let mut partials = split.partials(gpu, x.dtype, 2)?;
        gpu.kernel("batch_norm", "gradient_sums", x.dtype)
            .read(x)
            .read(grad)
            .read(channels.read(&[]))
            .write(&mut partials)
            .int(rows)
            .int(c)
            .int(split.rows_per_chunk)
            .activation(op.activation)
            .run(split.grid(), Columns::BLOCK, 0)?;
        // In the type of values, which is that of sums here: the gradients of weight and bias.
        let mut sums = gpu.alloc(x.dtype, 2 * c)?;
        gpu.kernel("elementwise", "sum_partials", x.dtype)
            .read(partials.read(&[]))
            .write(&mut sums)
            .int(2 * c)
            .int(split.chunks)
            .int(2 * c)
            .real(1.0)
            .for_each(2 * c)?;
        gpu.kernel("batch_norm", "copy_sums", x.dtype)
            .read(sums.read(&[]))
            .write_at(out, x.len())
            .int(2 * c)
            .for_each(2 * c)?;
        let share = if op.frozen { 0.0 } else { 1.0 / rows as f64 };
        gpu.kernel("batch_norm", "gradient", x.dtype)
            .read(x)
            .read(grad)
            .read(channels.read(&[]))
            .read(sums.read(&[]))
            .write(out)
            .int(x.len())
            .int(c)
            .activation(op.activation)
            .real(share)
            .for_each(x.len())
    }
}

#[cfg(feature = "gpu")]
impl BatchNorm {
    /// What the kernels normalise with, (5, c) in the type of sums.
    fn channels_on_gpu(
        &self,
        gpu: &Gpu,
        statistics: &BatchStatistics,
        [weight, bias]: [Input<'_>; 2],
    ) -> Result<Buffer> {
        let c = statistics.mean.elem_count();
        let (mean, var) = (hold(&statistics.mean), hold(&statistics.var));
        let mut channels = gpu.alloc(gpu::sums(weight.dtype), 5 * c)?;
        gpu.kernel("batch_norm", "channels", weight.dtype)
            .read(mean.input()?)
            .read(var.input()?)
            .read(weight)
            .read(bias)
            .write(&mut channels)
            .int(c)
            .real(self.eps)
            .for_each(c)?;
        Ok(channels)
    }
}

#[cfg(feature = "gpu")]
fn statistics_on_gpu(gpu: &Gpu, x: Input<'_>) -> Result<BatchStatistics> {
    let c = x.dims[3];
    let count = x.len() / c;
    let split = Columns::new(1, count, c);
    let mut partials = split.partials(gpu, x.dtype, 2)?;
    gpu.kernel("batch_norm", "moments", x.dtype)
        .read(x)
        .write(&mut partials)
        .int(count)
        .int(c)
        .int(split.rows_per_chunk)
        .run(split.grid(), Columns::BLOCK, 0)?;
    let (mut mean, mut var) = (gpu.alloc(DType::F64, c)?, gpu.alloc(DType::F64, c)?);
    gpu.kernel("batch_norm", "statistics", x.dtype)
        .read(partials.read(&[]))
        .read(x)
        .write(&mut mean)
        .write(&mut var)
        .int(count)
        .int(c)
        .int(split.chunks)
        .for_each(c)?;
    Ok(BatchStatistics {
        mean: mean.into_tensor(c),
        var: var.into_tensor(c),
        count,
    })
}
