//! PyTorch's zip archives (since 1.6): `NAME/data.pkl`, a pickle that describes the tensors, and
//! `NAME/data/KEY`, the storages they are views of. No code of the pickle is run.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use candle_core::pickle::{Object, Stack};
use candle_core::{Device, Tensor};
use zip::CompressionMethod;
use zip::read::ZipArchive;
use zip::result::ZipError;

use super::Contents;
use super::state_dict::{View, views};
use crate::{Error, Result};

const PICKLE: &str = "data.pkl";

pub(super) fn read(bytes: &[u8], file: &str) -> Result<Contents> {
    let mut archive = Archive::open(bytes, file)?;
    let views = views(archive.pickle()?, file)?;
    let mut tensors = BTreeMap::new();
    let mut storages = BTreeMap::new();
    for (name, view) in views {
        let storage = match storages.get(&view.key) {
            Some(storage) => storage,
            None => storages
                .entry(view.key.clone())
                .or_insert(archive.entry(&format!("data/{}", view.key))?),
        };
        let tensor = gather(&view, storage).map_err(|reason| Error::Tensor {
            file: file.to_string(),
            tensor: name.clone(),
            reason,
        })?;
        tensors.insert(name, tensor);
    }
    Ok((tensors, BTreeMap::new()))
}

struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder all entries are in: the name the file had when it was written.
    folder: String,
    file: &'a str,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8], file: &'a str) -> Result<Self> {
        let damaged = |source| damaged(file, source);
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        let names = zip.file_names().collect::<std::result::Result<Vec<_>, _>>();
        let folder = names
            .map_err(damaged)?
            .iter()
            .find_map(|name| name.strip_suffix(PICKLE).filter(|f| f.ends_with('/')))
            .map(str::to_string)
            .ok_or_else(|| Error::NoStateDict {
                file: file.to_string(),
                found: format!("a zip archive without a {PICKLE}"),
            })?;
        let mut archive = Self { zip, folder, file };
        archive.check_byte_order()?;
        Ok(archive)
    }

    /// Absent where PyTorch is older than 2.1, which wrote the machine's order: little, everywhere
    /// that matters.
    fn check_byte_order(&mut self) -> Result<()> {
        let name = format!("{}byteorder", self.folder);
        if self.zip.index_for_name(&name).is_none() || self.entry("byteorder")? == b"little" {
            return Ok(());
        }
        Err(Error::NoStateDict {
            file: self.file.to_string(),
            found: "tensors in big-endian order".to_string(),
        })
    }

    fn pickle(&mut self) -> Result<Object> {
        let bytes = self.entry(PICKLE)?;
        unpickle(&bytes).map_err(|source| Error::Pickle {
            file: self.file.to_string(),
            source,
        })
    }

    /// An entry's bytes, checked against the archive's CRC-32.
    fn entry(&mut self, name: &str) -> Result<Vec<u8>> {
        let mut entry = self
            .zip
            .by_name(&format!("{}{name}", self.folder))
            .map_err(|source| damaged(self.file, source))?;
        // PyTorch compresses nothing, so an entry is never larger than the file it is in.
        if entry.compression() != CompressionMethod::Stored {
            let source = ZipError::UnsupportedArchive("its entries are compressed");
            return Err(damaged(self.file, source));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|source| damaged(self.file, ZipError::Io(source)))?;
        Ok(bytes)
    }
}

fn unpickle(mut rest: &[u8]) -> candle_core::Result<Object> {
    let mut stack = Stack::empty();
    loop {
        check_length(rest)?;
        if stack.read(&mut rest)? {
            return stack.finalize();
        }
    }
}

/// Refuses what candle's reader takes on trust: a string's length, allocated before it is read,
/// and the bytes of an integer, of which more than eight overflow.
fn check_length(rest: &[u8]) -> candle_core::Result<()> {
    match rest {
        [b'X', a, b, c, d, text @ ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            if length > text.len() {
                candle_core::bail!("a string of {length} bytes, {} before the end", text.len())
            }
        }
        [0x8a, length, ..] if *length > 8 => candle_core::bail!("an integer of {length} bytes"),
        _ => {}
    }
    Ok(())
}

fn damaged(file: &str, source: ZipError) -> Error {
    Error::Archive {
        file: file.to_string(),
        source,
    }
}

/// The elements that `view` names, in row-major order.
fn gather(view: &View, storage: &[u8]) -> std::result::Result<Tensor, String> {
    let size = view.dtype.size_in_bytes();
    if view.stored.checked_mul(size) != Some(storage.len()) {
        let (stored, held) = (view.stored, storage.len());
        return Err(format!(
            "its storage should hold {stored} elements of {size} bytes and holds {held} bytes"
        ));
    }
    let span = view.span().ok_or("it is larger than its storage")?;
    let count: usize = view.shape.iter().product();
    let end = view
        .offset
        .checked_add(span)
        .filter(|end| *end <= view.stored);
    let end = end.ok_or_else(|| {
        let View { offset, stored, .. } = view;
        format!("it needs {span} elements from {offset} of a storage of {stored}")
    })?;
    let bytes = &storage[view.offset * size..end * size];
    let load = || -> candle_core::Result<Tensor> {
        let flat = Tensor::from_raw_buffer(bytes, view.dtype, &[span], &Device::Cpu)?;
        if span == 0 || view.is_contiguous() {
            return flat.reshape(view.shape.as_slice());
        }
        let indices = Tensor::from_vec(view.indices(), count, &Device::Cpu)?;
        flat.index_select(&indices, 0)?
            .reshape(view.shape.as_slice())
    };
    load().map_err(|error| error.to_string())
}
