//! The zip archive around a checkpoint.

use std::collections::HashMap;
use std::io::{self, Cursor};

use zip::CompressionMethod;
use zip::read::ZipArchive;
use zip::result::ZipError;

use crate::{Error, Result};

const PICKLE: &str = "data.pkl";

/// An archive's entries, as slices of its bytes.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    bytes: &'a [u8],
    /// The folder all entries are in: the name the file had when it was written.
    folder: String,
    file: &'a str,
    storages: HashMap<String, &'a [u8]>,
    /// How many bytes may still be read: entries that do not overlap are no longer than the file.
    left: u64,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8], file: &'a str) -> Result<Self> {
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
        let mut archive = Self {
            zip,
            bytes,
            folder,
            file,
            storages: HashMap::new(),
            left: bytes.len() as u64,
        };
        archive.check_byte_order()?;
        Ok(archive)
    }

    /// The size of the file.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
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

    /// The pickle's bytes.
    pub(super) fn pickle(&mut self) -> Result<&'a [u8]> {
        self.entry(PICKLE)
    }

    /// The bytes of the storage `key`.
    pub(super) fn storage(&mut self, key: &str) -> Result<&'a [u8]> {
        if let Some(bytes) = self.storages.get(key) {
            return Ok(bytes);
        }
        let bytes = self.entry(&format!("data/{key}"))?;
        self.storages.insert(key.to_string(), bytes);
        Ok(bytes)
    }

    /// An entry's bytes where they lie, checked against the archive's CRC-32.
    fn entry(&mut self, name: &str) -> Result<&'a [u8]> {
        let failed = |source| damaged(self.file, source);
        let mut entry = self
            .zip
            .by_name(&format!("{}{name}", self.folder))
            .map_err(failed)?;
        // PyTorch compresses nothing, so an entry is never larger than the file it is in.
        if entry.compression() != CompressionMethod::Stored {
            let source = ZipError::UnsupportedArchive("its entries are compressed");
            return Err(failed(source));
        }
        let left = self.left.checked_sub(entry.size());
        self.left =
            left.ok_or_else(|| failed(ZipError::InvalidArchive("its entries overlap".into())))?;
        let length = io::copy(&mut entry, &mut io::sink());
        let length = length.map_err(|source| failed(ZipError::Io(source)))?;
        let start = entry.data_start();
        let bytes = start.and_then(|start| {
            let (start, end) = (start, start.checked_add(length)?);
            self.bytes
                .get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
        });
        bytes.ok_or_else(|| failed(ZipError::InvalidArchive("an entry is outside of it".into())))
    }
}

fn damaged(file: &str, source: ZipError) -> Error {
    Error::Archive {
        file: file.to_string(),
        source,
    }
}
