use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use candle_core::Tensor;
use memmap2::Mmap;

use crate::record::with_ending;
use crate::{Error, Result, format};

/// The tensors of a file, by the file's names, on the CPU, in the file's types.
#[derive(Debug, Clone)]
pub struct Tensors {
    /// The tensors, by name.
    pub map: BTreeMap<String, Tensor>,
    /// The file's own notes: a safetensors file's metadata; a PyTorch checkpoint's plain values and its module's
    /// plain attributes (`names`, `nc`, `yaml`, `stride`, `epoch`, ...), text as it is and anything else as JSON.
    /// Where the checkpoint and the module both have a name, it is the module's; values of more than some megabytes
    /// are left out.
    pub metadata: BTreeMap<String, String>,
    /// Where they come from, for errors.
    pub file: String,
}

impl Tensors {
    /// Reads a file: safetensors or a PyTorch checkpoint, told apart by its content.
    ///
    /// The file is mapped into memory and each tensor copied out of it once; it must not be cut short by another
    /// program meanwhile.
    ///
    /// # Errors
    /// As [`Tensors::from_bytes`], or where the file cannot be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |source| Error::Read {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        // SAFETY: the map is read only, and gone before this function returns. Bytes that another program changes
        // meanwhile can give wrong tensors or errors, as they can while a file is read; lengths are checked against
        // what is mapped, and every access after a check is to plain bytes, of which any value is valid.
        let bytes = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads the content of such a file; `file` names it in errors.
    ///
    /// A PyTorch checkpoint is a state dict, a pickled module, or a dictionary that holds one of these under `ema`,
    /// `model`, `state_dict` or `model_state_dict`, of which the first is taken: the average before the raw weights,
    /// as it is the average that is validated and published. A module's tensors have the names that its
    /// `state_dict()` would give them. Its code is neither imported nor run.
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

    /// Writes the tensors and notes as safetensors, whole or not at all. The same content gives the same bytes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = format::to_bytes(&self.map, &self.metadata, &path.display().to_string())?;
        let partial = with_ending(path, ".part");
        let written = File::create(&partial).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        let placed = written.and_then(|()| std::fs::rename(&partial, path));
        placed.map_err(|source| {
            // What there is of it is of no use; the first error is the one to tell.
            let _ = std::fs::remove_file(&partial);
            Error::write(path, source)
        })
    }

    /// The names of a network's classes by number, as Ultralytics' checkpoints note them: a dictionary or a list under
    /// `names`. `None` where there is no such note.
    ///
    /// # Errors
    /// [`Error::Note`], where the note is something else, or leaves a number out.
    pub fn class_names(&self) -> Result<Option<Vec<String>>> {
        const KEY: &str = "names";
        let Some(note) = self.metadata.get(KEY) else {
            return Ok(None);
        };
        let failed = |problem: &str| Error::Note {
            file: self.file.clone(),
            key: KEY.to_string(),
            problem: format!(
                "{problem}; expected {{\"0\": a name, \"1\": ...}} or a list of names"
            ),
        };
        if let Ok(names) = serde_json::from_str::<Vec<String>>(note) {
            return Ok(Some(names));
        }
        let numbered: BTreeMap<usize, String> =
            serde_json::from_str(note).map_err(|error| failed(&error.to_string()))?;
        match numbered.keys().enumerate().find(|(i, key)| i != *key) {
            None => Ok(Some(numbered.into_values().collect())),
            Some((missing, _)) => Err(failed(&format!("without the number {missing}"))),
        }
    }
}
