use std::collections::BTreeMap;

use candle_core::safetensors::Load;
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use serde_json::{Map, Value};

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

/// The file of these tensors and notes; `file` names it in errors.
///
/// The same content gives the same bytes: the crate writes notes in an order that differs from run to run, and a
/// file's hash names what was made with it.
pub(crate) fn to_bytes(
    tensors: &BTreeMap<String, Tensor>,
    metadata: &BTreeMap<String, String>,
    file: &str,
) -> Result<Vec<u8>> {
    let failed = |source| Error::Safetensors {
        file: file.to_string(),
        source,
    };
    let without = safetensors::serialize(tensors, None).map_err(failed)?;
    let (length, _) = SafeTensors::read_metadata(&without).map_err(failed)?;
    let (header, data) = without[LENGTH..].split_at(length);
    let unreadable = |error| {
        failed(safetensors::SafeTensorError::InvalidHeaderDeserialization(
            error,
        ))
    };
    let mut header: Map<String, Value> = serde_json::from_slice(header).map_err(unreadable)?;
    let notes = serde_json::to_value(metadata).map_err(unreadable)?;
    header.insert("__metadata__".to_string(), notes);
    let mut header = serde_json::to_vec(&header).map_err(unreadable)?;
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    Ok([
        &(header.len() as u64).to_le_bytes(),
        header.as_slice(),
        data,
    ]
    .concat())
}

/// Bytes of the header's length, and what the tensors are aligned to.
const LENGTH: usize = 8;
