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
        "auto" => Device::cuda_if_available(0),
        "cuda" => cuda(0),
        _ => match name.strip_prefix("cuda:").map(str::parse) {
            Some(Ok(ordinal)) => cuda(ordinal),
            _ => bail!("unknown device {name:?}: expected auto, cpu, cuda or cuda:N"),
        },
    }
}

fn cuda(ordinal: usize) -> Result<Device> {
    if !candle_core::utils::cuda_is_available() {
        bail!(
            "cuda:{ordinal} was asked for, but this program was built without CUDA: use --device cpu"
        );
    }
    Device::new_cuda(ordinal)
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
        if !candle_core::utils::cuda_is_available() {
            assert!(
                super::resolve("cuda")
                    .unwrap_err()
                    .to_string()
                    .contains("without CUDA")
            );
        }
    }
}
