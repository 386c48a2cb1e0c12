//! From a pickle's objects to the tensors they describe.

use candle_core::DType;
use candle_core::pickle::Object;

use crate::{Error, Result};

/// The keys under which training scripts put the state dict beside an epoch, an optimiser, ...
const NESTED: [&str; 3] = ["model", "state_dict", "model_state_dict"];

/// A tensor as a strided view of a storage; all numbers count elements.
#[derive(Debug, PartialEq)]
pub(super) struct View {
    /// The storage's name in the archive.
    pub(super) key: String,
    pub(super) dtype: DType,
    /// The storage's length.
    pub(super) stored: usize,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    strides: Vec<usize>,
}

impl View {
    /// One more than the distance from the first element to the last; `None` where it or the
    /// number of elements overflows.
    pub(super) fn span(&self) -> Option<usize> {
        let count = self
            .shape
            .iter()
            .try_fold(1usize, |n, &s| n.checked_mul(s))?;
        if count == 0 {
            return Some(0);
        }
        let steps = self.shape.iter().zip(&self.strides);
        let last = steps
            .map(|(&size, &stride)| (size - 1).checked_mul(stride))
            .try_fold(0usize, |sum, n| sum.checked_add(n?))?;
        // An expanded view is larger than its storage, and no state dict holds one.
        if count > last + 1 {
            None
        } else {
            Some(last + 1)
        }
    }

    pub(super) fn is_contiguous(&self) -> bool {
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
    pub(super) fn indices(&self) -> Vec<i64> {
        let axes = self.shape.iter().zip(&self.strides);
        axes.fold(vec![0], |starts, (&size, &stride)| {
            let steps = || (0..size).map(move |i| (i * stride) as i64);
            starts
                .iter()
                .flat_map(|&start| steps().map(move |step| start + step))
                .collect()
        })
    }
}

/// The tensors of a state dict, or of one nested under a usual key.
pub(super) fn views(root: Object, file: &str) -> Result<Vec<(String, View)>> {
    let none = |found: String| Error::NoStateDict {
        file: file.to_string(),
        found,
    };
    let Object::Dict(entries) = root else {
        return Err(none(describe(&root)));
    };
    if entries.iter().any(|(_, value)| is_tensor(value)) {
        return flat(entries, file);
    }
    let keys = || {
        let mut keys: Vec<String> = entries.iter().map(|(key, _)| describe(key)).collect();
        keys.sort();
        format!("a dictionary of {}", keys.join(", "))
    };
    let nested = entries.iter().find_map(|(key, value)| match key {
        Object::Unicode(key) if NESTED.contains(&key.as_str()) => Some((key, value)),
        _ => None,
    });
    match nested {
        Some((_, Object::Dict(inner))) if inner.iter().any(|(_, value)| is_tensor(value)) => {
            flat(inner.clone(), file)
        }
        Some((key, other)) => Err(none(format!("{} under {key:?}", describe(other)))),
        None => Err(none(keys())),
    }
}

/// The tensors of a dictionary. Plain values beside them (an epoch, PyTorch's `_metadata`) are left
/// out; an object that is not a tensor may hide one, so it is an error.
fn flat(entries: Vec<(Object, Object)>, file: &str) -> Result<Vec<(String, View)>> {
    let mut views = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let failed = |reason| Error::Tensor {
            file: file.to_string(),
            tensor: match &key {
                Object::Unicode(name) => name.clone(),
                other => describe(other),
            },
            reason,
        };
        match (&key, unwrapped(&value)) {
            (Object::Unicode(name), Some(args)) => {
                views.push((name.clone(), view(args).map_err(failed)?));
            }
            (_, Some(_)) => return Err(failed("its name is not a string".to_string())),
            (_, None) if is_plain(&value) => {}
            (_, None) => return Err(failed(format!("it is {}", describe(&value)))),
        }
    }
    Ok(views)
}

fn is_plain(value: &Object) -> bool {
    use Object::{Bool, Dict, Float, Int, List, Long, None, Tuple, Unicode};
    match value {
        Int(_) | Long(_) | Float(_) | Unicode(_) | Bool(_) | None => true,
        Tuple(items) | List(items) => items.iter().all(is_plain),
        Dict(entries) => entries
            .iter()
            .all(|(key, value)| is_plain(key) && is_plain(value)),
        _ => false,
    }
}

fn is_tensor(value: &Object) -> bool {
    unwrapped(value).is_some()
}

/// The arguments of `torch._utils._rebuild_tensor_v2`, also where a parameter wraps the tensor.
fn unwrapped(value: &Object) -> Option<&[Object]> {
    let Object::Reduce { callable, args } = value else {
        return None;
    };
    let (Object::Class { class_name, .. }, Object::Tuple(args)) = (&**callable, &**args) else {
        return None;
    };
    match class_name.as_str() {
        "_rebuild_tensor_v2" => Some(args),
        "_rebuild_parameter" => unwrapped(args.first()?),
        _ => None,
    }
}

/// Reads (storage, offset, size, stride, ...), where the storage is ("storage", its class, its
/// key, its device, its length).
fn view(args: &[Object]) -> std::result::Result<View, String> {
    let malformed = || "its description is malformed".to_string();
    let [Object::PersistentLoad(storage), offset, size, stride, ..] = args else {
        return Err(malformed());
    };
    let Object::Tuple(storage) = &**storage else {
        return Err(malformed());
    };
    let [
        _,
        Object::Class { class_name, .. },
        Object::Unicode(key),
        _,
        stored,
    ] = storage.as_slice()
    else {
        return Err(malformed());
    };
    let (Some(offset), Some(stored)) = (integer(offset), integer(stored)) else {
        return Err(malformed());
    };
    let (Some(shape), Some(strides)) = (sizes(size), sizes(stride)) else {
        return Err(malformed());
    };
    if shape.len() != strides.len() {
        return Err(malformed());
    }
    Ok(View {
        key: key.clone(),
        dtype: dtype(class_name)
            .ok_or_else(|| format!("its type {class_name} is not supported"))?,
        stored,
        offset,
        shape,
        strides,
    })
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

fn integer(object: &Object) -> Option<usize> {
    match object {
        Object::Int(value) => usize::try_from(*value).ok(),
        Object::Long(value) => usize::try_from(*value).ok(),
        _ => None,
    }
}

fn sizes(object: &Object) -> Option<Vec<usize>> {
    match object {
        Object::Tuple(items) => items.iter().map(integer).collect(),
        _ => None,
    }
}

/// An object in few words.
fn describe(object: &Object) -> String {
    match object {
        Object::Unicode(text) => format!("{text:?}"),
        Object::Int(value) => value.to_string(),
        Object::Long(value) => value.to_string(),
        Object::List(items) => format!("a list of {}", items.len()),
        Object::Tuple(items) => format!("a tuple of {}", items.len()),
        Object::Dict(entries) if entries.is_empty() => "an empty dictionary".to_string(),
        Object::Dict(_) => "a dictionary without tensors".to_string(),
        Object::Class {
            module_name,
            class_name,
        } => format!("{module_name}.{class_name}"),
        Object::Reduce { callable, .. } | Object::Build { callable, .. } => match &**callable {
            class @ Object::Class { .. } => format!("a pickled {}", describe(class)),
            inner => describe(inner),
        },
        _ => "a plain value".to_string(),
    }
}
