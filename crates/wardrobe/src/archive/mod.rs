//! A whole wardrobe as one file, and back.
//!
//! The file is a zip archive: `wardrobe.db` as it was at one instant, compressed; `photos/` and `crops/` as they are, since
//! photos do not shrink; and last `wardrobe.json`, the [`Contents`] with the SHA-256 of each. Any zip program can open it.
//! The search graph is left out: it is a cache.

mod contents;
mod export;
mod import;

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

pub use self::export::Exported;
pub use self::import::Imported;
use crate::ingest::examine::hex;
use crate::{Error, Result};

/// Bytes read and written at once.
const BUFFER: usize = 1 << 20;

/// How far an export or import is, and whether to go on.
struct Watch<'a> {
    done: u64,
    total: u64,
    cancel: &'a AtomicBool,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Watch<'_> {
    fn add(&mut self, bytes: usize) -> Result<()> {
        self.done += bytes as u64;
        (self.progress)(self.done, self.total);
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// Copies all of `from`, and returns how many bytes there were and their SHA-256. The paths are for errors.
    fn copy(
        &mut self,
        (from, from_path): (&mut dyn Read, &Path),
        (to, to_path): (&mut dyn Write, &Path),
    ) -> Result<(u64, String)> {
        let mut buffer = vec![0; BUFFER];
        let (mut bytes, mut hash) = (0, Sha256::new());
        loop {
            let read = from
                .read(&mut buffer)
                .map_err(Error::file("read", from_path))?;
            if read == 0 {
                return Ok((bytes, hex(&hash.finalize())));
            }
            to.write_all(&buffer[..read])
                .map_err(Error::file("write", to_path))?;
            hash.update(&buffer[..read]);
            bytes += read as u64;
            self.add(read)?;
        }
    }
}
