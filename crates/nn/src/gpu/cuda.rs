//! Kernels and matrix products on an NVIDIA GPU.

use super::launch::{Argument, Heads, Launch, Rows, Window};
use super::{Buffer, Matrix, Memory, PRELUDE, Product, SOURCES, values_name};
use candle_core::cuda_backend::CudaStorageSlice;
use candle_core::cuda_backend::cudarc::cublas::{result as blas, sys};
use candle_core::cuda_backend::cudarc::driver::sys::CUdevice_attribute;
use candle_core::cuda_backend::cudarc::driver::{
    CudaStream, DevicePtr, DevicePtrMut, DeviceRepr, LaunchConfig, PushKernelArg, SyncOnDrop,
};
use candle_core::cuda_backend::cudarc::nvrtc::{
    CompileError, CompileOptions, compile_ptx_with_opts,
};
use candle_core::{CudaDevice, CudaStorage, DType, Error, Result, Storage, bail};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

// SAFETY: plain structs of 32-bit integers, laid out as in the kernels' text.
unsafe impl DeviceRepr for Window {}
// SAFETY: as above.
unsafe impl DeviceRepr for Rows {}
// SAFETY: as above.
unsafe impl DeviceRepr for Heads {}

pub(super) fn alloc(device: &CudaDevice, dtype: DType, len: usize) -> Result<Storage> {
    // CUDA refuses to give no memory at all.
    let len = len.max(1);
    // SAFETY: kernels write every value before any is read.
    let slice = unsafe {
        match dtype {
            DType::U8 => CudaStorageSlice::U8(device.alloc(len)?),
            DType::I32 => CudaStorageSlice::I32(device.alloc(len)?),
            DType::BF16 => CudaStorageSlice::BF16(device.alloc(len)?),
            DType::F32 => CudaStorageSlice::F32(device.alloc(len)?),
            DType::F64 => CudaStorageSlice::F64(device.alloc(len)?),
            other => bail!("GPU kernels hold u8, i32, bf16, f32 or f64, got {other:?}"),
        }
    };
    Ok(Storage::Cuda(CudaStorage {
        slice,
        device: device.clone(),
    }))
}

/// An address and what keeps other streams from the memory until it is dropped.
type Address<'a> = (u64, SyncOnDrop<'a>);

/// Where value `first` is, to be read.
fn readable<'a>(memory: Memory<'a>, first: usize, stream: &'a CudaStream) -> Result<Address<'a>> {
    let Memory::Cuda(storage) = memory else {
        bail!("expected a tensor on the GPU, got one on the CPU");
    };
    let ((address, guard), size) = match &storage.slice {
        CudaStorageSlice::U8(slice) => (slice.device_ptr(stream), 1),
        CudaStorageSlice::I32(slice) => (slice.device_ptr(stream), 4),
        CudaStorageSlice::BF16(slice) => (slice.device_ptr(stream), 2),
        CudaStorageSlice::F32(slice) => (slice.device_ptr(stream), 4),
        CudaStorageSlice::F64(slice) => (slice.device_ptr(stream), 8),
        _ => bail!("GPU kernels read u8, i32, bf16, f32 or f64"),
    };
    Ok((address + (first * size) as u64, guard))
}

/// Where value `first` is, to be written.
fn writable<'a>(
    storage: &'a mut Storage,
    first: usize,
    stream: &'a CudaStream,
) -> Result<Address<'a>> {
    let Storage::Cuda(storage) = storage else {
        bail!("expected a tensor on the GPU, got one on the CPU");
    };
    let ((address, guard), size) = match &mut storage.slice {
        CudaStorageSlice::U8(slice) => (slice.device_ptr_mut(stream), 1),
        CudaStorageSlice::I32(slice) => (slice.device_ptr_mut(stream), 4),
        CudaStorageSlice::BF16(slice) => (slice.device_ptr_mut(stream), 2),
        CudaStorageSlice::F32(slice) => (slice.device_ptr_mut(stream), 4),
        CudaStorageSlice::F64(slice) => (slice.device_ptr_mut(stream), 8),
        _ => bail!("GPU kernels write u8, i32, bf16, f32 or f64"),
    };
    Ok((address + (first * size) as u64, guard))
}

/// What a kernel is given by value.
enum Value {
    Address(u64),
    Int(i32),
    Real(f64),
    Window(Window),
    Rows(Rows),
    Heads(Heads),
}

pub(super) fn launch(device: &CudaDevice, launch: Launch<'_>) -> Result<()> {
    let ptx = ptx(device, launch.file, launch.dtype)?;
    let module = format!("wardrobe-{}-{}", launch.file, launch.dtype.as_str());
    let function = device
        .get_or_load_custom_func(launch.name, &module, &ptx)?
        .into_cuda_function();
    let stream = device.cuda_stream();
    let (mut values, mut guards) = (Vec::with_capacity(launch.arguments.len()), Vec::new());
    for argument in launch.arguments {
        values.push(match argument {
            Argument::Read(memory, first) => {
                let (address, guard) = readable(memory, first, &stream)?;
                guards.push(guard);
                Value::Address(address)
            }
            Argument::Write(storage, first) => {
                let (address, guard) = writable(storage, first, &stream)?;
                guards.push(guard);
                Value::Address(address)
            }
            Argument::Null => Value::Address(0),
            Argument::Int(value) => Value::Int(value),
            Argument::Real(value) => Value::Real(value),
            Argument::Window(value) => Value::Window(value),
            Argument::Rows(value) => Value::Rows(value),
            Argument::Heads(value) => Value::Heads(value),
        });
    }
    let mut builder = stream.launch_builder(&function);
    for value in &values {
        match value {
            Value::Address(address) => builder.arg(address),
            Value::Int(value) => builder.arg(value),
            Value::Real(value) => builder.arg(value),
            Value::Window(value) => builder.arg(value),
            Value::Rows(value) => builder.arg(value),
            Value::Heads(value) => builder.arg(value),
        };
    }
    let config = LaunchConfig {
        grid_dim: launch.grid.into(),
        block_dim: (launch.block.0, launch.block.1, 1),
        shared_mem_bytes: launch.shared_bytes,
    };
    // SAFETY: the arguments are those of the kernel's signature: the same calls are checked by the emulator's tests.
    unsafe { builder.launch(config) }.map_err(Error::wrap)?;
    Ok(())
}

/// A file's kernels as PTX, compiled once in the program's life.
fn ptx(device: &CudaDevice, file: &'static str, dtype: DType) -> Result<Arc<str>> {
    type Compiled = HashMap<(&'static str, &'static str, u32), Arc<str>>;
    static COMPILED: Mutex<Option<Compiled>> = Mutex::new(None);
    let architecture = architecture(device)?;
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = compiled.get_or_insert_default();
    let key = (file, values_name(dtype)?, architecture);
    if let Some(ptx) = compiled.get(&key) {
        return Ok(ptx.clone());
    }
    let ptx: Arc<str> = compile(file, key.1, architecture)?.into();
    compiled.insert(key, ptx.clone());
    Ok(ptx)
}

/// The architecture to compile for: what older versions of NVRTC know; the driver compiles on for newer GPUs.
fn architecture(device: &CudaDevice) -> Result<u32> {
    const NEWEST: u32 = 80;
    let stream = device.cuda_stream();
    let attribute = |attribute| stream.context().attribute(attribute).map_err(Error::wrap);
    let major = attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)? as u32;
    let minor = attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)? as u32;
    Ok((major * 10 + minor).min(NEWEST))
}

/// Ampere and newer multiply bf16.
pub(super) fn multiplies_bf16(device: &CudaDevice) -> bool {
    architecture(device).is_ok_and(|architecture| architecture >= 80)
}

/// Compiles a file for values of one type. NVRTC is in CUDA's toolkit, and in the wheel `nvidia-cuda-nvrtc`.
fn compile(file: &str, values: &str, architecture: u32) -> Result<String> {
    let Some((_, text)) = SOURCES.iter().find(|(name, _)| *name == file) else {
        bail!("no kernels {file}.cu");
    };
    let source = format!(
        "#define {values}\n#define KERNEL extern \"C\" __global__\n\
         #define DYNAMIC_SHARED(type, name) extern __shared__ double dynamic_shared[]; type* name = (type*)dynamic_shared\n\
         {PRELUDE}\n{text}"
    );
    let options = CompileOptions {
        options: vec![format!("--gpu-architecture=compute_{architecture}")],
        name: Some(format!("{file}.cu")),
        ..CompileOptions::default()
    };
    // cudarc panics where the library is missing.
    let compiled = std::panic::catch_unwind(|| compile_ptx_with_opts(source, options));
    match compiled {
        Ok(Ok(ptx)) => Ok(ptx.to_src()),
        Err(_) | Ok(Err(CompileError::CreationError(_))) => bail!(
            "NVRTC was not found: install the CUDA toolkit, or put libnvrtc.so on LD_LIBRARY_PATH"
        ),
        Ok(Err(error)) => bail!("{file}.cu does not compile: {error:?}"),
    }
}

pub(super) fn matmul(
    device: &CudaDevice,
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: &mut Buffer,
    product: Product,
) -> Result<()> {
    use sys::cublasOperation_t::{CUBLAS_OP_N, CUBLAS_OP_T};
    let (stream, handle) = (device.cuda_stream(), device.cublas_handle());
    let (values_type, out_type) = (data_type(a.data.dtype)?, data_type(out.dtype())?);
    let double = a.data.dtype == DType::F64;
    let compute = match double {
        true => sys::cublasComputeType_t::CUBLAS_COMPUTE_64F,
        false => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
    };
    let beta = if product.accumulate { 1.0 } else { 0.0 };
    let (one_f32, beta_f32, one_f64, beta_f64) = (1f32, beta as f32, 1f64, beta);
    let scales: [*const c_void; 2] = match double {
        true => [(&raw const one_f64).cast(), (&raw const beta_f64).cast()],
        false => [(&raw const one_f32).cast(), (&raw const beta_f32).cast()],
    };
    let operation = |matrix: Matrix<'_>| match matrix.transposed {
        true => CUBLAS_OP_T,
        false => CUBLAS_OP_N,
    };
    let (a_at, _a) = readable(a.data.memory, a.data.offset + a.first, &stream)?;
    let (b_at, _b) = readable(b.data.memory, b.data.offset + b.first, &stream)?;
    let (out_at, _out) = writable(&mut out.0, product.first, &stream)?;
    // cuBLAS counts by columns: to it, these are the transposes, and the product is bᵀ . aᵀ.
    // SAFETY: the memory holds matrices of these sizes, which callers take from tensors' dimensions.
    unsafe {
        blas::gemm_ex(
            *handle.handle(),
            operation(b),
            operation(a),
            product.n as i32,
            product.m as i32,
            product.k as i32,
            scales[0],
            b_at as *const c_void,
            values_type,
            b.stride as i32,
            a_at as *const c_void,
            values_type,
            a.stride as i32,
            scales[1],
            out_at as *mut c_void,
            out_type,
            product.n as i32,
            compute,
            sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
        )
    }
    .map_err(Error::wrap)
}

fn data_type(dtype: DType) -> Result<sys::cudaDataType> {
    match dtype {
        DType::F32 => Ok(sys::cudaDataType::CUDA_R_32F),
        DType::F64 => Ok(sys::cudaDataType::CUDA_R_64F),
        DType::BF16 => Ok(sys::cudaDataType::CUDA_R_16BF),
        other => bail!("matrix products take f32, f64 or bf16, got {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SOURCES;

    /// NVRTC needs no GPU. It refuses some of what nvcc takes.
    #[test]
    fn every_kernel_compiles() {
        for (file, _) in SOURCES {
            for values in ["VALUES_F32", "VALUES_F64", "VALUES_BF16"] {
                match super::compile(file, values, 80) {
                    Ok(ptx) => assert!(ptx.contains(".entry"), "{file}"),
                    Err(error) if error.to_string().contains("NVRTC was not found") => {
                        return eprintln!("skipped: no NVRTC");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}
