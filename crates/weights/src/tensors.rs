use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Tensor;

use crate::{Error, Result, format};

/// The tensors of a file, by the file's names, on the CPU, in the file's types.
#[derive(Debug, Clone)]
pub struct Tensors {
    /// The tensors, by name.
    pub map: BTreeMap<String, Tensor>,
    /// The file's own notes: a safetensors file's metadata; empty for a PyTorch checkpoint.
    pub metadata: BTreeMap<String, String>,
    /// Where they come from, for errors.
    pub file: String,
}

impl Tensors {
    /// Reads a file: safetensors or a PyTorch checkpoint, told apart by its content.
    ///
    /// # Errors
    /// As [`Tensors::from_bytes`], or where the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads the content of such a file; `file` names it in errors.
    ///
    /// A PyTorch checkpoint must be a state dict, or a dictionary that holds one under `model`,
    /// `state_dict` or `model_state_dict`. Its code is not run.
    ///
    /// # Errors
    /// Where the bytes are neither, are damaged or cut short, hold no tensor, or hold one of a
    /// type that candle does not have.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self> {
        let (map, metadata) = format::read(bytes, file)?;
        if map.is_empty() {
            return Err(Error::UnknownFormat {
                file: file.to_string(),
                found: "a file without tensors",
            });
        }
        Ok(Self {
            map,
            metadata,
            file: file.to_string(),
        })
    }
}
