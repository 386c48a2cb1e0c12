//! Whose names a checkpoint uses, and what they are here.

use super::EfficientNet;
use super::efficientnet::STAGES;
use crate::{Config, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use wardrobe_nn::{Rng, parameter_shapes};
use wardrobe_weights::{Loaded, Loading, Tensors};

/// The parameters of an EfficientNet-B0 from a file with torchvision's, timm's or our own names.
///
/// With `replace_head` the file's classifier is left out: the network gets a new one for other classes.
///
/// # Errors
/// A tensor that is missing, unexpected or of another shape, with the report of all of them.
pub fn load_weights(
    config: &Config,
    weights: &Tensors,
    replace_head: bool,
) -> Result<BTreeMap<String, Tensor>> {
    Ok(fit_weights(config, weights, replace_head)?.tensors)
}

/// [`load_weights`] with the report of what was applied and what was left out.
///
/// # Errors
/// As [`load_weights`].
pub fn fit_weights(config: &Config, weights: &Tensors, replace_head: bool) -> Result<Loaded> {
    let names = Names::of(weights);
    let shapes = parameter_shapes(|vb| EfficientNet::new(config, &Rng::new(0), vb))?;
    let mut loading = Loading::strict().rename(move |name| names.rename(name));
    if replace_head {
        loading = loading.except("classifier.");
    }
    Ok(loading.load(&shapes, &squeezed(weights)?)?)
}

/// Squeeze-and-excitation's two layers are 1 x 1 convolutions elsewhere, matrices here.
fn squeezed(weights: &Tensors) -> Result<Tensors> {
    let mut weights = weights.clone();
    for (name, tensor) in &mut weights.map {
        let gate = [
            "fc1.weight",
            "fc2.weight",
            "conv_reduce.weight",
            "conv_expand.weight",
        ];
        if gate.iter().any(|gate| name.ends_with(gate)) && matches!(tensor.dims(), [_, _, 1, 1]) {
            *tensor = tensor.flatten_from(1)?;
        }
    }
    Ok(weights)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Ours,
    Torchvision,
    Timm,
}

impl Names {
    fn of(weights: &Tensors) -> Self {
        if weights.map.contains_key("conv_stem.weight") {
            Self::Timm
        } else if weights.map.contains_key("features.0.0.weight") {
            Self::Torchvision
        } else {
            Self::Ours
        }
    }

    /// Our name; the file's own where it is not one of the scheme's, so that it is reported as unexpected.
    fn rename(self, name: &str) -> Option<String> {
        let renamed = match self {
            Self::Ours => None,
            Self::Torchvision => torchvision(name),
            Self::Timm => timm(name),
        };
        Some(renamed.unwrap_or_else(|| name.to_owned()))
    }
}

/// `features.0` is the stem, `features.1` to `7` the stages, `features.8` the head; within a block the layers are
/// numbered, and the first stage has no expansion.
fn torchvision(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["classifier", "1", parameter] => Some(format!("classifier.{parameter}")),
        ["features", "0", layer, parameter] => {
            Some(format!("stem.{}.{parameter}", conv_or_norm(layer)?))
        }
        ["features", "8", layer, parameter] => {
            Some(format!("head.{}.{parameter}", conv_or_norm(layer)?))
        }
        ["features", stage, block, "block", layer, rest @ ..] => {
            let stage = stage.parse::<usize>().ok()?.checked_sub(1)?;
            let layers: &[&str] = match STAGES.get(stage)?.0 {
                1 => &["depthwise", "squeeze_excite", "project"],
                _ => &["expand", "depthwise", "squeeze_excite", "project"],
            };
            let layer = *layers.get(layer.parse::<usize>().ok()?)?;
            let [inner, parameter] = rest else {
                return None;
            };
            let inner = if layer == "squeeze_excite" {
                inner
            } else {
                conv_or_norm(inner)?
            };
            Some(format!(
                "stages.{stage}.{block}.{layer}.{inner}.{parameter}"
            ))
        }
        _ => None,
    }
}

fn conv_or_norm(index: &str) -> Option<&'static str> {
    match index {
        "0" => Some("conv"),
        "1" => Some("norm"),
        _ => None,
    }
}

/// timm names layers by role, and the first stage's pointwise projection as the others' expansion.
fn timm(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        ["classifier", parameter] => Some(format!("classifier.{parameter}")),
        ["conv_stem", parameter] => Some(format!("stem.conv.{parameter}")),
        ["bn1", parameter] => Some(format!("stem.norm.{parameter}")),
        ["conv_head", parameter] => Some(format!("head.conv.{parameter}")),
        ["bn2", parameter] => Some(format!("head.norm.{parameter}")),
        ["blocks", stage, block, "se", layer, parameter] => {
            let layer = match *layer {
                "conv_reduce" => "fc1",
                "conv_expand" => "fc2",
                _ => return None,
            };
            Some(format!(
                "stages.{stage}.{block}.squeeze_excite.{layer}.{parameter}"
            ))
        }
        ["blocks", stage, block, layer, parameter] => {
            let expands = STAGES.get(stage.parse::<usize>().ok()?)?.0 > 1;
            let layer = match (*layer, expands) {
                ("conv_pw", true) => "expand.conv",
                ("bn1", true) => "expand.norm",
                ("conv_dw", _) => "depthwise.conv",
                ("bn2", true) | ("bn1", false) => "depthwise.norm",
                ("conv_pwl", true) | ("conv_pw", false) => "project.conv",
                ("bn3", true) | ("bn2", false) => "project.norm",
                _ => return None,
            };
            Some(format!("stages.{stage}.{block}.{layer}.{parameter}"))
        }
        _ => None,
    }
}
