//! What every operator shares: access to contiguous CPU storage, the way to and from Candle, and the splitting of work.

use super::simd::Float;
#[cfg(feature = "gpu")]
use crate::gpu::{Buffer, Gpu, Input};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Tensor, bail,
};
use rayon::prelude::*;

/// An operator on `N` contiguous tensors of f32 or of f64. It states what it computes; [`apply1`] and its like make a
/// Candle operator of it, and [`run1`] and its like compute it and no more.
pub(crate) trait Kernel<const N: usize>: Send + Sync + 'static {
    /// What errors call it.
    const NAME: &'static str;

    /// The output's shape for inputs of these dimensions.
    fn shape(&self, dims: [&[usize]; N]) -> Result<Shape>;

    /// The output's values, row-major.
    fn run<T: Float>(&self, inputs: [Slice<'_, T>; N]) -> Result<Vec<T>>;

    /// The output's values on a GPU.
    #[cfg(feature = "gpu")]
    fn run_gpu(&self, gpu: &Gpu, inputs: [Input<'_>; N], out: &mut Buffer) -> Result<()>;

    /// The inputs' gradients from the output's, which is contiguous and no part of a graph.
    fn backward(
        &self,
        _inputs: [&Tensor; N],
        _output: &Tensor,
        _grad: &Tensor,
    ) -> Result<[Option<Tensor>; N]> {
        bail!("{} has no backward pass", Self::NAME)
    }
}

/// A contiguous tensor's values and dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) dims: &'a [usize],
}

/// A [`Kernel`] as a Candle operator.
struct Op<K>(K);

impl<K: Kernel<1>> CustomOp1 for Op<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(&self, a: &CpuStorage, al: &Layout) -> Result<(CpuStorage, Shape)> {
        forward(&self.0, [(a, al)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, a: &CudaStorage, al: &Layout) -> Result<(CudaStorage, Shape)> {
        forward_cuda(&self.0, [(a, al)])
    }

    fn bwd(&self, a: &Tensor, output: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let [a] = backward(&self.0, [a], output, grad)?;
        Ok(a)
    }
}

impl<K: Kernel<2>> CustomOp2 for Op<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        al: &Layout,
        b: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        forward(&self.0, [(a, al), (b, bl)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        al: &Layout,
        b: &CudaStorage,
        bl: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        forward_cuda(&self.0, [(a, al), (b, bl)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        output: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = backward(&self.0, [a, b], output, grad)?;
        Ok((a, b))
    }
}

impl<K: Kernel<3>> CustomOp3 for Op<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        al: &Layout,
        b: &CpuStorage,
        bl: &Layout,
        c: &CpuStorage,
        cl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        forward(&self.0, [(a, al), (b, bl), (c, cl)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        al: &Layout,
        b: &CudaStorage,
        bl: &Layout,
        c: &CudaStorage,
        cl: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        forward_cuda(&self.0, [(a, al), (b, bl), (c, cl)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        output: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = backward(&self.0, [a, b, c], output, grad)?;
        Ok((a, b, c))
    }
}

fn forward<K: Kernel<N>, const N: usize>(
    kernel: &K,
    inputs: [(&CpuStorage, &Layout); N],
) -> Result<(CpuStorage, Shape)> {
    #[cfg(feature = "emulate")]
    if let Some(gpu) = Gpu::of(&candle_core::Device::Cpu) {
        let (out, shape) = forward_gpu(kernel, &gpu, inputs.map(|(s, l)| Input::on_cpu(s, l)))?;
        return Ok((out.into_cpu()?, shape));
    }
    let shape = kernel.shape(inputs.map(|(_, layout)| layout.dims()))?;
    let values = match inputs[0].0.dtype() {
        DType::F32 => values::<f32, K, N>(kernel, inputs)?,
        DType::F64 => values::<f64, K, N>(kernel, inputs)?,
        other => bail!("{} takes f32 or f64, got {other:?}", K::NAME),
    };
    Ok((values, shape))
}

#[cfg(feature = "cuda")]
fn forward_cuda<K: Kernel<N>, const N: usize>(
    kernel: &K,
    inputs: [(&CudaStorage, &Layout); N],
) -> Result<(CudaStorage, Shape)> {
    let gpu = Gpu::Cuda(inputs[0].0.device().clone());
    let (out, shape) = forward_gpu(kernel, &gpu, inputs.map(|(s, l)| Input::on_cuda(s, l)))?;
    Ok((out.into_cuda()?, shape))
}

#[cfg(feature = "gpu")]
fn forward_gpu<K: Kernel<N>, const N: usize>(
    kernel: &K,
    gpu: &Gpu,
    inputs: [Result<Input<'_>>; N],
) -> Result<(Buffer, Shape)> {
    let inputs: Vec<Input> = inputs.into_iter().collect::<Result<_>>()?;
    let Ok(inputs) = <[Input; N]>::try_from(inputs) else {
        bail!("{}: expected {N} inputs", K::NAME);
    };
    let dtype = inputs[0].dtype;
    if !matches!(dtype, DType::F32 | DType::F64) {
        bail!("{} takes f32 or f64, got {dtype:?}", K::NAME);
    }
    if let Some(other) = inputs.iter().find(|input| input.dtype != dtype) {
        bail!(
            "{} takes tensors of one type, got {:?} beside {dtype:?}",
            K::NAME,
            other.dtype
        );
    }
    let shape = kernel.shape(inputs.map(|input| input.dims))?;
    let mut out = gpu.alloc(dtype, shape.elem_count())?;
    kernel.run_gpu(gpu, inputs, &mut out)?;
    Ok((out, shape))
}

fn values<T: Float, K: Kernel<N>, const N: usize>(
    kernel: &K,
    inputs: [(&CpuStorage, &Layout); N],
) -> Result<CpuStorage> {
    let mut slices = [Slice {
        data: &[],
        dims: &[],
    }; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(inputs) {
        *slice = Slice {
            data: contiguous::<T>(K::NAME, storage, layout)?,
            dims: layout.dims(),
        };
    }
    Ok(T::storage(kernel.run(slices)?))
}

/// The elements behind a contiguous layout.
fn contiguous<'a, T: Float>(op: &str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    if storage.dtype() != T::DTYPE {
        bail!(
            "{op} takes tensors of one type, got {:?} beside {:?}",
            storage.dtype(),
            T::DTYPE
        );
    }
    let data = storage.as_slice::<T>()?;
    match layout.contiguous_offsets() {
        // An empty view may begin past the end of what it views.
        Some((start, end)) if start == end => Ok(&[]),
        Some((start, end)) => Ok(&data[start..end]),
        None => bail!("{op} takes contiguous tensors, got {layout:?}"),
    }
}

fn backward<K: Kernel<N>, const N: usize>(
    kernel: &K,
    inputs: [&Tensor; N],
    output: &Tensor,
    grad: &Tensor,
) -> Result<[Option<Tensor>; N]> {
    kernel.backward(inputs, output, &grad.detach().contiguous()?)
}

/// A kernel of one tensor, recorded for its backward pass.
pub(crate) fn apply1<K: Kernel<1>>(kernel: K, a: &Tensor) -> Result<Tensor> {
    a.contiguous()?.apply_op1(Op(kernel))
}

/// A kernel of two tensors, recorded for its backward pass.
pub(crate) fn apply2<K: Kernel<2>>(kernel: K, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.contiguous()?.apply_op2(&b.contiguous()?, Op(kernel))
}

/// A kernel of three tensors, recorded for its backward pass.
pub(crate) fn apply3<K: Kernel<3>>(
    kernel: K,
    a: &Tensor,
    b: &Tensor,
    c: &Tensor,
) -> Result<Tensor> {
    a.contiguous()?
        .apply_op3(&b.contiguous()?, &c.contiguous()?, Op(kernel))
}

/// A kernel of one tensor, not recorded: for backward passes.
pub(crate) fn run1<K: Kernel<1>>(kernel: K, a: &Tensor) -> Result<Tensor> {
    a.contiguous()?.apply_op1_no_bwd(&Op(kernel))
}

/// A kernel of two tensors, not recorded.
pub(crate) fn run2<K: Kernel<2>>(kernel: K, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.contiguous()?
        .apply_op2_no_bwd(&b.contiguous()?, &Op(kernel))
}

/// A kernel of three tensors, not recorded.
pub(crate) fn run3<K: Kernel<3>>(kernel: K, a: &Tensor, b: &Tensor, c: &Tensor) -> Result<Tensor> {
    a.contiguous()?
        .apply_op3_no_bwd(&b.contiguous()?, &c.contiguous()?, &Op(kernel))
}

/// `f()` where a gradient of `input` is of use to anyone: a photo's or a frozen weight's is not.
pub(crate) fn if_tracked(
    input: &Tensor,
    f: impl FnOnce() -> Result<Tensor>,
) -> Result<Option<Tensor>> {
    input.track_op().then(f).transpose()
}

/// The gradients that a kernel returned one after the other in a single vector, each in the shape of its input. All but
/// the first, which is an activation's and soon used up, are copied: a parameter's gradient is kept until the
/// optimiser's step, and would keep the whole vector.
pub(crate) fn unpack<const N: usize>(
    packed: &Tensor,
    inputs: [&Tensor; N],
) -> Result<[Option<Tensor>; N]> {
    let mut gradients = [const { None }; N];
    let mut start = 0;
    for (gradient, input) in gradients.iter_mut().zip(inputs) {
        let len = input.elem_count();
        let view = packed.narrow(0, start, len)?.reshape(input.shape())?;
        *gradient = Some(if start == 0 {
            view
        } else {
            view.force_contiguous()?
        });
        start += len;
    }
    Ok(gradients)
}

/// Rows a task takes at a time: enough to pay for the hand-over, few enough to stay in the cache. It depends on the
/// shape alone, never on the number of threads, so that sums come out the same on every machine.
pub(crate) fn rows_per_task(rows: usize, row_len: usize) -> usize {
    const TARGET_ELEMENTS: usize = 1 << 16;
    (TARGET_ELEMENTS / row_len.max(1)).clamp(1, rows.max(1))
}

/// The sum of `len` values over `partials` parts, which `f` adds up in parallel, each part to zeros of its own. Parts
/// are added in order, so that the result is the same on any number of threads, and in `A`: f64 where parts are many.
pub(crate) fn sum_in_order<T: Float, A: Float>(
    partials: usize,
    len: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<A> {
    let parts: Vec<Vec<T>> = (0..partials)
        .into_par_iter()
        .map(|i| {
            let mut sum = vec![T::ZERO; len];
            f(i, &mut sum);
            sum
        })
        .collect();
    let mut total = vec![A::ZERO; len];
    for part in parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(t, p)| *t += A::of(p.wide()));
    }
    total
}

/// Fills `out` in parallel, a task of at most `task` values at a time: `f(first value's index, values)`.
pub(crate) fn fill<T: Float>(out: &mut [T], task: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let task = task.max(1);
    out.par_chunks_mut(task)
        .enumerate()
        .for_each(|(i, out)| f(i * task, out));
}
