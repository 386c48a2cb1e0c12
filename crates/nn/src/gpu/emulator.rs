//! Kernels on the CPU, for tests without a GPU: compiled by g++ when first used, with `emulator.hpp`.

use super::launch::{Argument, Heads, Launch, Rows, Window};
use super::{Buffer, Matrix, Memory, PRELUDE, Product, SOURCES, values_name};
use candle_core::{CpuStorage, DType, Error, Result, Storage, bail};
use half::bf16;
use libloading::Library;
use std::ffi::{CString, c_char, c_int, c_void};
use std::fmt::Write;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

const HEADER: &str = include_str!("emulator.hpp");

/// The C++ function `emulate`.
type Emulate =
    unsafe extern "C" fn(*const c_char, *const u32, *const u32, usize, *mut *mut c_void) -> c_int;

/// Whether `WARDROBE_EMULATE_CUDA` asks for it.
pub(super) fn is_on() -> bool {
    static ON: OnceLock<bool> = OnceLock::new();
    *ON.get_or_init(|| std::env::var_os("WARDROBE_EMULATE_CUDA").is_some_and(|value| value == "1"))
}

/// Filled with NaN, so that a value read before it is written shows.
pub(super) fn alloc(dtype: DType, len: usize) -> Result<Storage> {
    Ok(Storage::Cpu(match dtype {
        DType::U8 => CpuStorage::U8(vec![255; len]),
        DType::I32 => CpuStorage::I32(vec![-1; len]),
        DType::BF16 => CpuStorage::BF16(vec![bf16::NAN; len]),
        DType::F32 => CpuStorage::F32(vec![f32::NAN; len]),
        DType::F64 => CpuStorage::F64(vec![f64::NAN; len]),
        other => bail!("GPU kernels hold u8, i32, bf16, f32 or f64, got {other:?}"),
    }))
}

fn readable(memory: Memory<'_>, first: usize) -> Result<*const c_void> {
    let Memory::Cpu(storage) = memory else {
        bail!("expected a tensor on the CPU");
    };
    // Past the end of an empty view, nothing is read.
    Ok(match storage {
        CpuStorage::U8(values) => values.as_ptr().wrapping_add(first).cast(),
        CpuStorage::I32(values) => values.as_ptr().wrapping_add(first).cast(),
        CpuStorage::BF16(values) => values.as_ptr().wrapping_add(first).cast(),
        CpuStorage::F32(values) => values.as_ptr().wrapping_add(first).cast(),
        CpuStorage::F64(values) => values.as_ptr().wrapping_add(first).cast(),
        _ => bail!("GPU kernels read u8, i32, bf16, f32 or f64"),
    })
}

fn writable(storage: &mut Storage, first: usize) -> Result<*mut c_void> {
    let Storage::Cpu(storage) = storage else {
        bail!("expected a tensor on the CPU");
    };
    Ok(match storage {
        CpuStorage::U8(values) => values[first..].as_mut_ptr().cast(),
        CpuStorage::I32(values) => values[first..].as_mut_ptr().cast(),
        CpuStorage::BF16(values) => values[first..].as_mut_ptr().cast(),
        CpuStorage::F32(values) => values[first..].as_mut_ptr().cast(),
        CpuStorage::F64(values) => values[first..].as_mut_ptr().cast(),
        _ => bail!("GPU kernels write u8, i32, bf16, f32 or f64"),
    })
}

pub(super) fn launch(launch: Launch<'_>) -> Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let name = format!(
        "{}/{}/{}",
        values_name(launch.dtype)?,
        launch.file,
        launch.name
    );
    let symbol = CString::new(name.as_str()).map_err(Error::wrap)?;
    // Every argument in a place of its own, to which `arguments` points.
    let mut values: Vec<[u64; 5]> = vec![[0; 5]; launch.arguments.len()];
    for (value, argument) in values.iter_mut().zip(launch.arguments) {
        let place: *mut [u64; 5] = value;
        // SAFETY: each fits the place, which is aligned to 8 bytes.
        unsafe {
            match argument {
                Argument::Read(memory, first) => place
                    .cast::<*const c_void>()
                    .write(readable(memory, first)?),
                Argument::Write(storage, first) => {
                    place.cast::<*mut c_void>().write(writable(storage, first)?)
                }
                Argument::Null => {}
                Argument::Int(int) => place.cast::<i32>().write(int),
                Argument::Real(real) => place.cast::<f64>().write(real),
                Argument::Window(window) => place.cast::<Window>().write(window),
                Argument::Rows(rows) => place.cast::<Rows>().write(rows),
                Argument::Heads(heads) => place.cast::<Heads>().write(heads),
            }
        }
    }
    let mut arguments: Vec<*mut c_void> = values
        .iter_mut()
        .map(|value| value.as_mut_ptr().cast())
        .collect();
    let block = [launch.block.0, launch.block.1];
    let emulate = library()?;
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the arguments are those of the kernel's signature, and point to memory that outlives the call.
    let status = unsafe {
        emulate(
            symbol.as_ptr(),
            launch.grid.as_ptr(),
            block.as_ptr(),
            launch.shared_bytes as usize,
            arguments.as_mut_ptr(),
        )
    };
    match status {
        0 => Ok(()),
        1 => bail!("no kernel {name}"),
        _ => bail!(
            "{name} asks for {} bytes of shared memory",
            launch.shared_bytes
        ),
    }
}

/// A plain product, in f64.
pub(super) fn matmul(a: Matrix<'_>, b: Matrix<'_>, out: &mut Buffer, p: Product) -> Result<()> {
    let (a, b) = (values(a, p.m, p.k)?, values(b, p.k, p.n)?);
    for i in 0..p.m {
        for j in 0..p.n {
            let sum: f64 = (0..p.k).map(|l| a[i * p.k + l] * b[l * p.n + j]).sum();
            let at = p.first + i * p.n + j;
            let keep = |old: f64| if p.accumulate { old + sum } else { sum };
            match &mut out.0 {
                Storage::Cpu(CpuStorage::BF16(v)) => v[at] = bf16::from_f64(keep(v[at].to_f64())),
                Storage::Cpu(CpuStorage::F32(v)) => v[at] = keep(f64::from(v[at])) as f32,
                Storage::Cpu(CpuStorage::F64(v)) => v[at] = keep(v[at]),
                _ => bail!("matrix products give f32, f64 or bf16"),
            }
        }
    }
    Ok(())
}

/// A matrix of `rows` x `columns`, row by row.
fn values(matrix: Matrix<'_>, rows: usize, columns: usize) -> Result<Vec<f64>> {
    let Memory::Cpu(storage) = matrix.data.memory else {
        bail!("expected a tensor on the CPU");
    };
    let start = matrix.data.offset + matrix.first;
    let index = |i: usize| match (i / columns, i % columns) {
        (row, column) if matrix.transposed => start + column * matrix.stride + row,
        (row, column) => start + row * matrix.stride + column,
    };
    let all = (0..rows * columns).map(index);
    Ok(match storage {
        CpuStorage::BF16(values) => all.map(|i| values[i].to_f64()).collect(),
        CpuStorage::F32(values) => all.map(|i| f64::from(values[i])).collect(),
        CpuStorage::F64(values) => all.map(|i| values[i]).collect(),
        _ => bail!("matrix products take f32, f64 or bf16"),
    })
}

/// The compiled kernels.
fn library() -> Result<Emulate> {
    static LIBRARY: OnceLock<std::result::Result<(Library, Emulate), String>> = OnceLock::new();
    match LIBRARY.get_or_init(compile) {
        Ok((_, emulate)) => Ok(*emulate),
        Err(error) => bail!("the kernels' emulator: {error}"),
    }
}

fn compile() -> std::result::Result<(Library, Emulate), String> {
    let folder = std::env::temp_dir().join(format!("wardrobe-emulator-{}", std::process::id()));
    let text = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(text)?;
    let (source, library) = (folder.join("kernels.cpp"), folder.join("kernels.so"));
    std::fs::write(&source, program()).map_err(text)?;
    let output = Command::new("g++")
        .args(["-std=c++17", "-O2", "-w", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .output()
        .map_err(|error| format!("g++: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    // SAFETY: the library is what was compiled above; it runs nothing when loaded.
    let loaded = unsafe { Library::new(&library) }.map_err(|error| error.to_string())?;
    // SAFETY: the function is declared so in emulator.hpp.
    let emulate = unsafe { loaded.get::<Emulate>(b"emulate\0") }
        .map(|emulate| *emulate)
        .map_err(|error| error.to_string())?;
    std::fs::remove_dir_all(&folder).map_err(text)?;
    Ok((loaded, emulate))
}

/// All kernels for all types of values, each file in a namespace of its own, and a table of them.
fn program() -> String {
    let (mut program, mut table) = (HEADER.to_owned(), String::new());
    for values in ["VALUES_F32", "VALUES_F64", "VALUES_BF16"] {
        for (file, text) in SOURCES {
            let namespace = format!("{values}_{file}");
            let _ = write!(
                program,
                "#define {values}\nnamespace {namespace} {{\n{PRELUDE}\n{text}\n}}\n\
                 #undef {values}\n#undef EACH\n#undef EACH_ROW\n#undef INFINITE\n"
            );
            for kernel in text.split("\nKERNEL void ").skip(1) {
                let name = kernel.split('(').next().unwrap_or_default();
                // Kernels that go through values one by one need no barrier.
                let alone = kernel.contains("EACH(");
                let _ = writeln!(
                    table,
                    "{{\"{values}/{file}/{name}\", emulator::Caller<&{namespace}::{name}>::call, {alone}}},"
                );
            }
        }
    }
    let _ = write!(
        program,
        "const emulator::Entry emulator::entries[] = {{\n{table}}};\n\
         const size_t emulator::entry_count = sizeof(emulator::entries) / sizeof(emulator::Entry);\n"
    );
    program
}
