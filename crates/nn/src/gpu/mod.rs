//! What the operators' CUDA halves are written with: memory, kernels and matrix products of a device.
//!
//! Kernels are `.cu` files beside the operators, compiled by NVRTC when first used, once for each type of values
//! (`prelude.cuh` says how). With the feature `emulate` and `WARDROBE_EMULATE_CUDA=1` the same host code and the same
//! kernels, compiled as C++, run on the CPU: `emulator.hpp`. So every test of an operator tests its CUDA half too,
//! where there is no GPU.

pub(crate) mod conv;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "cudnn")]
mod cudnn;
#[cfg(feature = "emulate")]
mod emulator;
mod launch;
pub(crate) mod reduce;

pub(crate) use launch::{Block, Heads, Launch, Rows, Window};

use candle_core::backend::BackendStorage;
use candle_core::op::BackpropOp;
use candle_core::{
    CpuStorage, CudaStorage, DType, Device, Layout, Result, Shape, Storage, Tensor, bail,
};

/// A device that runs kernels.
#[derive(Clone, Debug)]
pub(crate) enum Gpu {
    #[cfg(feature = "cuda")]
    Cuda(candle_core::CudaDevice),
    #[cfg(feature = "emulate")]
    Emulated,
}

/// Memory that kernels write.
#[derive(Debug)]
pub(crate) struct Buffer(Storage);

/// A contiguous tensor's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    memory: Memory<'a>,
    offset: usize,
    pub(crate) dtype: DType,
    pub(crate) dims: &'a [usize],
}

#[derive(Clone, Copy, Debug)]
enum Memory<'a> {
    #[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "read on a GPU"))]
    Cuda(&'a CudaStorage),
    #[cfg_attr(
        not(feature = "emulate"),
        allow(dead_code, reason = "read by the emulator")
    )]
    Cpu(&'a CpuStorage),
}

/// A matrix product's factor: row-major with rows of `stride`, or the transpose of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    pub(crate) data: Input<'a>,
    /// Values to skip.
    pub(crate) first: usize,
    pub(crate) stride: usize,
    pub(crate) transposed: bool,
}

/// `out = a . b`, or `out += a . b`, of (m, k) and (k, n), from value `first` of `out`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) first: usize,
    pub(crate) accumulate: bool,
}

impl Gpu {
    /// The GPU that `device` is, if it is one.
    pub(crate) fn of(device: &Device) -> Option<Self> {
        match device {
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => Some(Self::Cuda(device.clone())),
            #[cfg(feature = "emulate")]
            Device::Cpu if emulator::is_on() => Some(Self::Emulated),
            _ => None,
        }
    }

    /// Whether matrix products take bf16.
    pub(crate) fn multiplies_bf16(&self) -> bool {
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => cuda::multiplies_bf16(device),
            #[cfg(feature = "emulate")]
            Self::Emulated => true,
        }
    }

    /// Memory whose values are not set.
    pub(crate) fn alloc(&self, dtype: DType, len: usize) -> Result<Buffer> {
        // Kernels count in 32 bits.
        if len > i32::MAX as usize {
            bail!("a tensor of {len} values is too large for a GPU kernel: use smaller batches");
        }
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => cuda::alloc(device, dtype, len).map(Buffer),
            #[cfg(feature = "emulate")]
            Self::Emulated => emulator::alloc(dtype, len).map(Buffer),
        }
    }

    /// A copy of `values`.
    pub(crate) fn upload<T: candle_core::WithDType>(&self, values: &[T]) -> Result<Tensor> {
        let device = match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => Device::Cuda(device.clone()),
            #[cfg(feature = "emulate")]
            Self::Emulated => Device::Cpu,
        };
        Tensor::from_slice(values, values.len(), &device)
    }

    /// The kernel `name` of `file`.cu for values of `dtype`, to be given its arguments.
    pub(crate) fn kernel<'a>(
        &'a self,
        file: &'static str,
        name: &'static str,
        dtype: DType,
    ) -> Launch<'a> {
        Launch::new(self, file, name, dtype)
    }

    /// A matrix product through cuBLAS, with sums in f32, or f64 for f64.
    pub(crate) fn matmul(
        &self,
        a: Matrix<'_>,
        b: Matrix<'_>,
        out: &mut Buffer,
        product: Product,
    ) -> Result<()> {
        if product.m == 0 || product.n == 0 {
            return Ok(());
        }
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => cuda::matmul(device, a, b, out, product),
            #[cfg(feature = "emulate")]
            Self::Emulated => emulator::matmul(a, b, out, product),
        }
    }
}

impl Buffer {
    pub(crate) fn dtype(&self) -> DType {
        self.0.dtype()
    }

    /// What was written, read as a tensor of these dimensions.
    pub(crate) fn read<'a>(&'a self, dims: &'a [usize]) -> Input<'a> {
        Input {
            memory: Memory::of(&self.0),
            offset: 0,
            dtype: self.dtype(),
            dims,
        }
    }

    /// A tensor of this memory.
    pub(crate) fn into_tensor(self, shape: impl Into<Shape>) -> Tensor {
        Tensor::from_storage(self.0, shape, BackpropOp::none(), false)
    }

    #[cfg(feature = "cuda")]
    pub(crate) fn into_cuda(self) -> Result<CudaStorage> {
        match self.0 {
            Storage::Cuda(storage) => Ok(storage),
            other => bail!("expected memory of a GPU, got {:?}", other.device()),
        }
    }

    #[cfg(feature = "emulate")]
    pub(crate) fn into_cpu(self) -> Result<CpuStorage> {
        match self.0 {
            Storage::Cpu(storage) => Ok(storage),
            other => bail!("expected memory of the CPU, got {:?}", other.device()),
        }
    }
}

impl<'a> Memory<'a> {
    fn of(storage: &'a Storage) -> Self {
        match storage {
            Storage::Cuda(storage) => Self::Cuda(storage),
            Storage::Cpu(storage) => Self::Cpu(storage),
            Storage::Metal(_) => unreachable!("no buffer is made on Metal"),
        }
    }
}

impl<'a> Input<'a> {
    /// A tensor's memory, whose storage the caller holds ([`Tensor::storage_and_layout`]).
    pub(crate) fn new(storage: &'a Storage, layout: &'a Layout) -> Result<Self> {
        match storage {
            Storage::Cuda(storage) => Self::on_cuda(storage, layout),
            Storage::Cpu(storage) => Self::on_cpu(storage, layout),
            Storage::Metal(_) => bail!("expected a tensor on CUDA, got one on Metal"),
        }
    }

    pub(crate) fn on_cuda(storage: &'a CudaStorage, layout: &'a Layout) -> Result<Self> {
        Self::contiguous(Memory::Cuda(storage), storage.dtype(), layout)
    }

    pub(crate) fn on_cpu(storage: &'a CpuStorage, layout: &'a Layout) -> Result<Self> {
        Self::contiguous(Memory::Cpu(storage), storage.dtype(), layout)
    }

    fn contiguous(memory: Memory<'a>, dtype: DType, layout: &'a Layout) -> Result<Self> {
        if !layout.is_contiguous() {
            bail!("GPU kernels take contiguous tensors, got {layout:?}");
        }
        Ok(Self {
            memory,
            offset: layout.start_offset(),
            dtype,
            dims: layout.dims(),
        })
    }

    /// Values in all.
    pub(crate) fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// The same memory from value `first` on.
    pub(crate) fn skip(self, first: usize) -> Self {
        Self {
            offset: self.offset + first,
            ..self
        }
    }

    /// As a matrix with rows of `stride`.
    pub(crate) fn rows_of(self, stride: usize) -> Matrix<'a> {
        Matrix {
            data: self,
            first: 0,
            stride,
            transposed: false,
        }
    }
}

impl Matrix<'_> {
    pub(crate) fn transposed(self) -> Self {
        Self {
            transposed: !self.transposed,
            ..self
        }
    }

    /// From value `first` on.
    pub(crate) fn from(self, first: usize) -> Self {
        Self { first, ..self }
    }
}

/// The kernels' files.
const SOURCES: [(&str, &str); 9] = [
    ("attention", include_str!("../ops/attention.cu")),
    ("batch_norm", include_str!("../ops/batch_norm.cu")),
    ("conv2d", include_str!("../ops/conv2d.cu")),
    ("depthwise", include_str!("../ops/depthwise.cu")),
    ("elementwise", include_str!("../ops/elementwise.cu")),
    ("layer_norm", include_str!("../ops/layer_norm.cu")),
    ("pool", include_str!("../ops/pool.cu")),
    ("softmax", include_str!("../ops/softmax.cu")),
    ("upsample", include_str!("../ops/upsample.cu")),
];

const PRELUDE: &str = include_str!("prelude.cuh");

/// What the kernels' text calls a type.
fn values_name(dtype: DType) -> Result<&'static str> {
    match dtype {
        DType::F32 => Ok("VALUES_F32"),
        DType::F64 => Ok("VALUES_F64"),
        DType::BF16 => Ok("VALUES_BF16"),
        other => bail!("GPU kernels take f32, f64 or bf16, got {other:?}"),
    }
}

/// The type that values of `dtype` are summed in.
pub(crate) fn sums(dtype: DType) -> DType {
    match dtype {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}

/// A tensor whose memory is held to be read.
pub(crate) struct Held<'a, S> {
    storage: S,
    layout: &'a Layout,
}

/// Holds `tensor`'s memory, which must be contiguous.
pub(crate) fn hold(tensor: &Tensor) -> Held<'_, impl std::ops::Deref<Target = Storage>> {
    let (storage, layout) = tensor.storage_and_layout();
    Held { storage, layout }
}

impl<S: std::ops::Deref<Target = Storage>> Held<'_, S> {
    pub(crate) fn input(&self) -> Result<Input<'_>> {
        Input::new(&self.storage, self.layout)
    }
}
