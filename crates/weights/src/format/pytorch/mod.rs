//! PyTorch's zip archives (since 1.6): `NAME/data.pkl`, a pickle that describes the tensors, and
//! `NAME/data/KEY`, the storages they are views of. No code of the pickle is run.

mod archive;
mod checkpoint;
mod notes;
mod object;
mod pickle;
mod view;

use std::collections::BTreeMap;

use candle_core::DType;
use serde_json::Value;

use self::archive::Archive;
use self::object::{Id, Objects};
use self::view::{Unreadable, View, Views};
use super::Contents;
use crate::{Error, Result};

pub(super) fn read(bytes: &[u8], file: &str) -> Result<Contents> {
    let mut archive = Archive::open(bytes, file)?;
    let objects = pickle::read(archive.pickle()?).map_err(|fault| Error::Pickle {
        file: file.to_string(),
        at: fault.at,
        problem: fault.problem,
    })?;
    let found = checkpoint::find(&objects, file)?;
    let mut views = Views::new(&mut archive);
    let mut tensors = BTreeMap::new();
    for (name, id) in found.tensors {
        let failed = |reason| Error::Tensor {
            file: file.to_string(),
            tensor: name.clone(),
            reason,
        };
        let view = View::of(&objects, id).map_err(failed)?;
        let tensor = views.tensor(view).map_err(|unreadable| match unreadable {
            Unreadable::File(error) => error,
            Unreadable::Tensor(reason) => failed(reason),
        })?;
        if tensors.contains_key(&name) {
            return Err(failed("its name is there twice".to_string()));
        }
        tensors.insert(name, tensor);
    }
    let small = |id| small_tensor(&objects, &mut views, id);
    let metadata = notes::notes(&objects, &found.notes, small);
    Ok((tensors, metadata))
}

/// The values of a tensor that is a setting, such as a detector's strides.
fn small_tensor<'a>(objects: &Objects<'a>, views: &mut Views<'_, 'a>, id: Id) -> Option<Value> {
    const SMALL: usize = 64;
    let view = View::of(objects, id).ok()?;
    view.count().filter(|count| *count <= SMALL)?;
    let tensor = views.tensor(view).ok()?;
    let values = || -> candle_core::Result<Vec<f64>> {
        let flat = tensor.to_dtype(DType::F64)?.flatten_all()?;
        flat.to_vec1()
    };
    let values = values().ok()?.into_iter().map(notes::number);
    nested(&mut values.collect::<Vec<_>>().into_iter(), tensor.dims())
}

/// Values in row-major order, nested by a shape.
fn nested(values: &mut impl Iterator<Item = Value>, shape: &[usize]) -> Option<Value> {
    let Some((&size, rest)) = shape.split_first() else {
        return values.next();
    };
    let items = (0..size).map(|_| nested(values, rest));
    items.collect::<Option<Vec<_>>>().map(Value::from)
}
