//! Tensors as strided views of storages.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::archive::Archive;
use super::object::{Id, Object, Objects};

/// PyTorch's own limit.
const MAX_RANK: usize = 64;

/// A tensor as a strided view of a storage; all numbers count elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View<'a> {
    /// The storage's name in the archive.
    key: &'a str,
    dtype: DType,
    /// The storage's length.
    stored: usize,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// Whether an object is a tensor, or a parameter that wraps one.
pub(super) fn is_tensor(objects: &Objects<'_>, id: Id) -> bool {
    tensor_args(objects, id).is_some()
}

/// The arguments of `torch._utils._rebuild_tensor_v2`, where it makes the object.
fn tensor_args<'o>(objects: &'o Objects<'_>, mut id: Id) -> Option<&'o [Id]> {
    // A parameter wraps a tensor, and PyTorch nests no deeper.
    const WRAPPERS: usize = 3;
    for _ in 0..WRAPPERS {
        match objects.call(id)? {
            ("torch._utils", "_rebuild_tensor_v2", args) => return Some(args),
            (
                "torch._utils",
                "_rebuild_parameter" | "_rebuild_parameter_with_state",
                [tensor, ..],
            ) => id = *tensor,
            // A subclass: the function, its result's type, its arguments, their state.
            ("torch._tensor", "_rebuild_from_type_v2", [function, _, args, _]) => {
                let rebuilds = matches!(
                    objects.get(*function),
                    Object::Global {
                        module: "torch._utils",
                        name: "_rebuild_tensor_v2"
                    }
                );
                return objects.tuple(*args).filter(|_| rebuilds);
            }
            _ => return None,
        }
    }
    None
}

impl<'a> View<'a> {
    /// Reads (storage, offset, size, stride, ...), where the storage is ("storage", its class, its
    /// key, its device, its length).
    pub(super) fn of(objects: &Objects<'a>, id: Id) -> Result<Self, String> {
        let malformed = || "its description is malformed".to_string();
        let args = tensor_args(objects, id);
        let Some(&[storage, offset, size, stride, ..]) = args else {
            return Err(malformed());
        };
        let Object::Persistent(storage) = objects.get(storage) else {
            return Err(malformed());
        };
        let Some(&[_, class, key, _, stored]) = objects.tuple(*storage) else {
            return Err(malformed());
        };
        let Object::Global { name: class, .. } = objects.get(class) else {
            return Err(malformed());
        };
        let view = || {
            let sizes = |id| -> Option<Vec<usize>> {
                let items = objects.tuple(id).filter(|items| items.len() <= MAX_RANK)?;
                items.iter().map(|&item| objects.size(item)).collect()
            };
            let (shape, strides) = (sizes(size)?, sizes(stride)?);
            let view = Self {
                key: objects.text(key)?,
                dtype: DType::U8,
                stored: objects.size(stored)?,
                offset: objects.size(offset)?,
                shape,
                strides,
            };
            Some(view).filter(|view| view.shape.len() == view.strides.len())
        };
        let view = view().ok_or_else(malformed)?;
        let dtype = dtype(class).ok_or_else(|| format!("its type {class} is not supported"))?;
        Ok(Self { dtype, ..view })
    }

    /// The number of elements; `None` where it overflows.
    pub(super) fn count(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1usize, |n, &size| n.checked_mul(size))
    }

    /// One more than the distance from the first element to the last; `None` where it or the
    /// number of elements overflows.
    fn span(&self) -> Option<usize> {
        let count = self.count()?;
        if count == 0 {
            return Some(0);
        }
        let steps = self.shape.iter().zip(&self.strides);
        let last = steps
            .map(|(&size, &stride)| (size - 1).checked_mul(stride))
            .try_fold(0usize, |sum, n| sum.checked_add(n?))?;
        // An expanded view is larger than its storage, and no state dict holds one.
        last.checked_add(1).filter(|span| *span >= count)
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape
            .iter()
            .zip(&self.strides)
            .rev()
            .all(|(&size, &stride)| {
                let fits = size == 1 || stride == expected;
                expected *= size;
                fits
            })
    }

    /// Where each element is, relative to the first, in row-major order.
    fn indices(&self) -> Vec<i64> {
        // An axis of one element may have any stride, and moves nothing.
        let axes = self.shape.iter().zip(&self.strides);
        axes.filter(|(size, _)| **size != 1)
            .fold(vec![0], |starts, (&size, &stride)| {
                let steps = || (0..size).map(move |i| (i * stride) as i64);
                starts
                    .iter()
                    .flat_map(|&start| steps().map(move |step| start + step))
                    .collect()
            })
    }

    /// The elements that the view names, in row-major order.
    fn gather(&self, storage: &[u8]) -> Result<Tensor, String> {
        let size = self.dtype.size_in_bytes();
        if self.stored.checked_mul(size) != Some(storage.len()) {
            let (stored, held) = (self.stored, storage.len());
            return Err(format!(
                "its storage should hold {stored} elements of {size} bytes and holds {held} bytes"
            ));
        }
        let span = self.span().ok_or("it is larger than its storage")?;
        let end = self.offset.checked_add(span);
        let end = end.filter(|end| *end <= self.stored).ok_or_else(|| {
            let Self { offset, stored, .. } = self;
            format!("it needs {span} elements from {offset} of a storage of {stored}")
        })?;
        let bytes = &storage[self.offset * size..end * size];
        let load = || -> candle_core::Result<Tensor> {
            let flat = Tensor::from_raw_buffer(bytes, self.dtype, &[span], &Device::Cpu)?;
            if span == 0 || self.is_contiguous() {
                return flat.reshape(self.shape.as_slice());
            }
            let indices = Tensor::new(self.indices(), &Device::Cpu)?;
            flat.index_select(&indices, 0)?
                .reshape(self.shape.as_slice())
        };
        load().map_err(|error| error.to_string())
    }
}

/// Reads views, each of them once.
pub(super) struct Views<'v, 'a> {
    archive: &'v mut Archive<'a>,
    read: HashMap<View<'a>, Tensor>,
    /// How many bytes may still be read.
    left: usize,
}

impl<'v, 'a> Views<'v, 'a> {
    pub(super) fn new(archive: &'v mut Archive<'a>) -> Self {
        // Tensors that overlap without being the same are rare, and a file of nothing but such ones would fill any
        // memory.
        let left = archive.len().saturating_mul(4);
        Self {
            archive,
            read: HashMap::new(),
            left,
        }
    }

    pub(super) fn tensor(&mut self, view: View<'a>) -> Result<Tensor, Unreadable> {
        if let Some(tensor) = self.read.get(&view) {
            return Ok(tensor.clone());
        }
        let storage = self.archive.storage(view.key).map_err(Unreadable::File)?;
        let count = view.count().unwrap_or(usize::MAX);
        let size = count.saturating_mul(view.dtype.size_in_bytes());
        let left = self.left.checked_sub(size);
        let tensor = view.gather(storage).map_err(Unreadable::Tensor)?;
        self.left = left.ok_or_else(|| {
            let reason = "the tensors overlap: together they are more than four times the file";
            Unreadable::Tensor(reason.to_string())
        })?;
        self.read.insert(view, tensor.clone());
        Ok(tensor)
    }
}

/// Why a tensor cannot be read.
pub(super) enum Unreadable {
    /// The file is damaged.
    File(crate::Error),
    /// The tensor is not what it should be.
    Tensor(String),
}

fn dtype(storage: &str) -> Option<DType> {
    Some(match storage {
        "DoubleStorage" => DType::F64,
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "LongStorage" => DType::I64,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "ByteStorage" | "BoolStorage" => DType::U8,
        _ => return None,
    })
}
