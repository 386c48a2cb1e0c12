//! Files of tensors, told apart by their content.

mod pytorch;
mod safetensors;

pub(crate) use safetensors::to_bytes;

use std::collections::BTreeMap;

use candle_core::Tensor;

use crate::{Error, Result};

/// The tensors of a file by name, and its metadata.
pub(crate) type Contents = (BTreeMap<String, Tensor>, BTreeMap<String, String>);

/// Reads the tensors in `bytes`; `file` names them in errors.
pub(crate) fn read(bytes: &[u8], file: &str) -> Result<Contents> {
    match sniff(bytes) {
        Format::Safetensors => safetensors::read(bytes, file),
        Format::PyTorch => pytorch::read(bytes, file),
        Format::Other(found) => Err(Error::UnknownFormat {
            file: file.to_string(),
            found,
        }),
    }
}

enum Format {
    Safetensors,
    PyTorch,
    Other(&'static str),
}

/// What the bytes are. The cases beyond the two formats are what people find in place of weights:
/// each has its own remedy.
fn sniff(bytes: &[u8]) -> Format {
    const ZIP: &[u8] = b"PK\x03\x04";
    // A pickled 0x1950a86a20f9469cfc6c: the magic number of PyTorch before its version 1.6.
    const OLD_PYTORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    if bytes.is_empty() {
        Format::Other("empty")
    } else if bytes.starts_with(ZIP) {
        Format::PyTorch
    } else if bytes.get(8) == Some(&b'{') {
        // The header's length in 8 bytes, then the header, which is JSON.
        Format::Safetensors
    } else if bytes.starts_with(OLD_PYTORCH) {
        Format::Other("a checkpoint older than PyTorch 1.6: load and save it again with torch")
    } else if bytes.starts_with(b"version https://git-lfs") {
        Format::Other("a Git LFS pointer: run `git lfs pull`")
    } else if bytes.trim_ascii_start().starts_with(b"<") {
        Format::Other("a web page: the download failed")
    } else {
        Format::Other("of an unknown format, or its start is damaged")
    }
}
