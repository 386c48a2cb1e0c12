//! What the optimisers share: f32 parameters, changed on the CPU, and state by name.

use candle_core::{DType, Device, Result, Tensor, Var, bail};
use std::collections::BTreeMap;

/// A parameter of another type would be rounded at every step, and small steps would be lost.
pub(super) fn check_f32(vars: &BTreeMap<String, Var>) -> Result<()> {
    match vars.iter().find(|(_, var)| var.dtype() != DType::F32) {
        None => Ok(()),
        Some((name, var)) => bail!(
            "{name}: optimisers update f32 parameters, got {:?}; train in f32 and convert afterwards",
            var.dtype()
        ),
    }
}

pub(super) fn check_range(
    name: &str,
    value: f64,
    range: impl std::ops::RangeBounds<f64> + std::fmt::Debug,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    bail!("{name}: expected a value in {range:?}, got {value}")
}

/// Changes a parameter's values in place.
pub(super) fn change(var: &Var, change: impl FnOnce(&mut [f32])) -> Result<()> {
    let mut values = var.flatten_all()?.to_vec1::<f32>()?;
    change(&mut values);
    var.set(&Tensor::from_vec(values, var.shape(), var.device())?)
}

pub(super) fn tensor(values: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(values, values.len(), &Device::Cpu)
}

pub(super) fn saved<'a>(state: &'a BTreeMap<String, Tensor>, name: &str) -> Result<&'a Tensor> {
    match state.get(name) {
        Some(tensor) => Ok(tensor),
        None => bail!(
            "{name}: missing from the optimiser's state; was it saved by another optimiser or for another model?"
        ),
    }
}

/// Takes up one vector of state.
pub(super) fn restore(
    state: &BTreeMap<String, Tensor>,
    name: &str,
    values: &mut Vec<f32>,
) -> Result<()> {
    let found = saved(state, name)?.to_vec1::<f32>()?;
    if found.len() != values.len() {
        bail!(
            "{name}: expected {} values, got {}",
            values.len(),
            found.len()
        );
    }
    *values = found;
    Ok(())
}
