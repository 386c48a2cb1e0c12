use candle_core::Device;
use candle_core::safetensors::Load;
use safetensors::SafeTensors;

use super::Contents;
use crate::{Error, Result};

pub(super) fn read(bytes: &[u8], file: &str) -> Result<Contents> {
    let damaged = |source| Error::Safetensors {
        file: file.to_string(),
        source,
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let views = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let tensors = views.iter().map(|(name, view)| {
        let tensor = view.load(&Device::Cpu).map_err(|error| Error::Tensor {
            file: file.to_string(),
            tensor: name.to_string(),
            reason: error.to_string(),
        })?;
        Ok((name.to_string(), tensor))
    });
    Ok((
        tensors.collect::<Result<_>>()?,
        metadata.into_iter().collect(),
    ))
}
