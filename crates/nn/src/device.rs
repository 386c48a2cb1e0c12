//! The choice of device.

use candle_core::{Device, Result, bail};

/// The device for a name: `cpu`, `cuda` or `cuda:N`, or `auto` (the first GPU if this program was built for one and
/// the machine has one, else the CPU).
///
/// # Errors
/// A GPU asked for by name and absent, or an unknown name: never a silent CPU.
pub fn resolve(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::Cpu),
        "auto" if gpus() == 0 => Ok(Device::Cpu),
        "auto" => cuda(0),
        "cuda" => cuda(0),
        _ => match name.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(ordinal)) => cuda(ordinal),
            _ => bail!("unknown device {name:?}: expected auto, cpu, cuda or cuda:N"),
        },
    }
}

/// Device memory in use by this program's tensors, and the most since [`reset_peak_memory`], in bytes; `None` on the CPU.
///
/// # Errors
/// The driver's.
#[cfg_attr(not(feature = "cuda"), expect(unused_variables))]
pub fn memory(device: &Device) -> Result<Option<(u64, u64)>> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return on_gpu::memory(device).map(Some);
    }
    Ok(None)
}

/// Counts the most memory in use from now on.
///
/// # Errors
/// The driver's.
#[cfg_attr(not(feature = "cuda"), expect(unused_variables))]
pub fn reset_peak_memory(device: &Device) -> Result<()> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return on_gpu::reset_peak_memory(device);
    }
    Ok(())
}

#[cfg(not(feature = "cuda"))]
fn gpus() -> usize {
    0
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize) -> Result<Device> {
    bail!(
        "cuda:{ordinal} was asked for, but this program was built without CUDA: use --device cpu"
    );
}

#[cfg(feature = "cuda")]
use on_gpu::{cuda, gpus};

#[cfg(feature = "cuda")]
mod on_gpu {
    use candle_core::cuda_backend::cudarc::driver::CudaContext;
    use candle_core::cuda_backend::cudarc::driver::result::{device, mem_pool};
    use candle_core::cuda_backend::cudarc::driver::sys::{
        CUmemPool_attribute as Attribute, CUmemoryPool,
    };
    use candle_core::{CudaDevice, Device, Error, Result, bail};

    /// How many GPUs there are; none without a driver.
    pub(super) fn gpus() -> usize {
        // Without a driver's library, cudarc panics.
        let count = std::panic::catch_unwind(CudaContext::device_count);
        count.ok().and_then(|count| count.ok()).unwrap_or(0) as usize
    }

    /// Opens a GPU, with a stream of its own that all of the program's threads share: tensors of one device are then
    /// always read after they are written.
    pub(super) fn cuda(ordinal: usize) -> Result<Device> {
        let gpus = gpus();
        if ordinal >= gpus {
            bail!(
                "cuda:{ordinal} was asked for, but the driver shows {gpus} GPUs: see what `nvidia-smi` says, or use \
                 --device cpu"
            );
        }
        let device = CudaDevice::new_with_stream(ordinal)?;
        // SAFETY: there is one stream, so that nothing waits for another.
        unsafe { device.disable_event_tracking() };
        // Memory goes back to the driver when the program ends, not whenever it waits for a result.
        set(
            &device,
            Attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            u64::MAX,
        )?;
        Ok(Device::Cuda(device))
    }

    fn pool(device: &CudaDevice) -> Result<CUmemoryPool> {
        let stream = device.cuda_stream();
        // SAFETY: the device is one that the driver gave.
        unsafe { device::get_default_mem_pool(stream.context().cu_device()) }.map_err(Error::wrap)
    }

    fn get(device: &CudaDevice, attribute: Attribute) -> Result<u64> {
        let mut value = 0u64;
        // SAFETY: the attributes asked for here are of 64 bits.
        unsafe { mem_pool::get_attribute(pool(device)?, attribute, (&raw mut value).cast()) }
            .map_err(Error::wrap)?;
        Ok(value)
    }

    fn set(device: &CudaDevice, attribute: Attribute, mut value: u64) -> Result<()> {
        // SAFETY: as above.
        unsafe { mem_pool::set_attribute(pool(device)?, attribute, (&raw mut value).cast()) }
            .map_err(Error::wrap)
    }

    pub(super) fn memory(device: &CudaDevice) -> Result<(u64, u64)> {
        Ok((
            get(device, Attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?,
            get(device, Attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH)?,
        ))
    }

    pub(super) fn reset_peak_memory(device: &CudaDevice) -> Result<()> {
        set(device, Attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH, 0)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_gpu_that_is_not_there_is_an_error() {
        assert!(super::resolve("cpu").is_ok());
        assert!(super::resolve("auto").is_ok());
        assert!(super::resolve("cuda:-1").is_err());
        assert!(
            super::resolve("tpu")
                .unwrap_err()
                .to_string()
                .contains("expected auto")
        );
        let absent = super::resolve("cuda:99").unwrap_err().to_string();
        assert!(absent.contains("use --device cpu"), "{absent}");
    }
}
