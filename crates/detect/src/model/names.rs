//! Whose names a checkpoint uses, and what they are here.

use super::Yolo;
use crate::{Config, Error, Result, Variant};
use candle_core::{Device, Tensor};
use std::collections::BTreeMap;
use wardrobe_nn::parameter_shapes;
use wardrobe_weights::{Loaded, Loading, Tensors};

/// The network that a file's tensors are of, read from their shapes.
///
/// # Errors
/// [`Error::NotYolo`] where the first or the last layer is missing or of no variant's width.
pub fn config_of(weights: &Tensors) -> Result<Config> {
    let names = Names::of(weights);
    let invalid = |problem: String| Error::NotYolo {
        file: weights.file.clone(),
        problem,
    };
    let outputs = |wanted: &str| {
        let named = |name: &&String| names.rename(name).as_deref() == Some(wanted);
        let name = weights.map.keys().find(named);
        let missing = || invalid(format!("there is no {wanted}"));
        let tensor = name.and_then(|name| weights.map.get(name));
        Ok::<usize, Error>(tensor.ok_or_else(missing)?.dim(0)?)
    };
    let width = outputs("backbone.stem.conv.weight")?;
    let classes = outputs("head.classes.0.out.weight")?;
    let of_width = |variant: &Variant| variant.channels(64) == width;
    let variant = Variant::ALL
        .into_iter()
        .find(of_width)
        .ok_or_else(|| invalid(format!("the first layer has {width} channels")))?;
    Ok(Config { variant, classes })
}

/// The parameters of a YOLOv8 from a file with Ultralytics' names (`model.0.conv.weight`, with or without the
/// prefix), those of its exports with batch norm merged into the convolutions, or our own.
///
/// With `replace_head` the file's class branches are left out: the network gets new ones for other classes. The box
/// branches stay.
///
/// # Errors
/// A tensor that is missing, unexpected or of another shape, with the report of all of them; a projection of the
/// distance distributions (`dfl`) that is not 0, 1, 2 ... 15.
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
    check_projection(weights)?;
    let names = Names::of(weights);
    let shapes = parameter_shapes(|vb| Yolo::new(config, vb))?;
    let mut loading = Loading::strict().rename(move |name| match names.is_projection(name) {
        true => None,
        false => Some(names.rename(name).unwrap_or_else(|| name.to_owned())),
    });
    if replace_head {
        loading = loading.except("head.classes.");
    }
    let loaded = match names {
        Names::Ultralytics => loading.load(&shapes, &with_norms(weights)?),
        Names::Ours => loading.load(&shapes, weights),
    };
    Ok(loaded?)
}

/// The distances are means of 0 ... 15 under their distributions, and the file's constant must say so.
fn check_projection(weights: &Tensors) -> Result<()> {
    let names = Names::of(weights);
    for (name, tensor) in &weights.map {
        if !names.is_projection(name) {
            continue;
        }
        let values = tensor
            .to_dtype(candle_core::DType::F32)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        if !values
            .iter()
            .copied()
            .eq((0..Config::REG_MAX).map(|i| i as f32))
        {
            return Err(Error::NotYolo {
                file: weights.file.clone(),
                problem: format!("{name} is not 0, 1, 2 ... {}", Config::REG_MAX - 1),
            });
        }
    }
    Ok(())
}

/// An export whose convolutions have a bias in the place of a batch norm gets norms that do nothing but add it: a
/// variance that is 1 with epsilon, and the bias, which is taken for the norm's own.
fn with_norms(weights: &Tensors) -> Result<Tensors> {
    let mut weights = weights.clone();
    if weights.map.keys().any(|name| name.contains("bn.")) {
        return Ok(weights);
    }
    let biases: Vec<(String, usize)> = weights
        .map
        .iter()
        .filter_map(|(name, bias)| {
            Some((
                name.strip_suffix("conv.bias")?.to_owned(),
                bias.elem_count(),
            ))
        })
        .collect();
    for (layer, outputs) in biases {
        let ones = Tensor::ones(outputs, candle_core::DType::F32, &Device::Cpu)?;
        let mut add = |parameter: &str, value: Tensor| {
            weights.map.insert(format!("{layer}bn.{parameter}"), value);
        };
        add("running_mean", ones.zeros_like()?);
        add("running_var", (&ones - Config::BN_EPS)?);
        add("weight", ones);
    }
    Ok(weights)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Ours,
    Ultralytics,
}

impl Names {
    fn of(weights: &Tensors) -> Self {
        match weights.map.keys().any(|name| name.starts_with("backbone.")) {
            true => Self::Ours,
            false => Self::Ultralytics,
        }
    }

    /// Our name; `None` for one that the scheme does not have.
    fn rename(self, name: &str) -> Option<String> {
        match self {
            Self::Ours => Some(name.to_owned()),
            Self::Ultralytics => ultralytics(name),
        }
    }

    /// Whether it is the constant that distributions over distances are multiplied by.
    fn is_projection(self, name: &str) -> bool {
        self == Self::Ultralytics && without_prefix(name) == "22.dfl.conv.weight"
    }
}

/// A state dict's names begin with `model.`, or with a layer's number, or, where it is that of a wrapper, with `model.`
/// twice.
fn without_prefix(name: &str) -> &str {
    name.trim_start_matches("model.")
}

/// Layers are numbered in the order of the layer table, which has numbers for upsampling and concatenation too.
fn ultralytics(name: &str) -> Option<String> {
    let parts: Vec<&str> = without_prefix(name).split('.').collect();
    let (&layer, rest) = parts.split_first()?;
    let layer: usize = layer.parse().ok()?;
    if layer == 22 {
        return head(rest);
    }
    let (place, block) = place(layer)?;
    let inner = match (block, rest) {
        (Block::Conv, conv) => convolution(conv)?,
        (Block::C2f, ["cv1", conv @ ..]) => format!("split.{}", convolution(conv)?),
        (Block::Sppf, ["cv1", conv @ ..]) => format!("reduce.{}", convolution(conv)?),
        (Block::C2f | Block::Sppf, ["cv2", conv @ ..]) => format!("merge.{}", convolution(conv)?),
        (Block::C2f, ["m", i, "cv1", conv @ ..]) => {
            format!("bottlenecks.{i}.first.{}", convolution(conv)?)
        }
        (Block::C2f, ["m", i, "cv2", conv @ ..]) => {
            format!("bottlenecks.{i}.second.{}", convolution(conv)?)
        }
        _ => return None,
    };
    Some(format!("{place}.{inner}"))
}

#[derive(Clone, Copy)]
enum Block {
    Conv,
    C2f,
    Sppf,
}

fn place(layer: usize) -> Option<(String, Block)> {
    Some(match layer {
        0 => ("backbone.stem".to_owned(), Block::Conv),
        1 | 3 | 5 | 7 => (format!("backbone.stages.{}.down", layer / 2), Block::Conv),
        2 | 4 | 6 | 8 => (
            format!("backbone.stages.{}.block", layer / 2 - 1),
            Block::C2f,
        ),
        9 => ("backbone.pool".to_owned(), Block::Sppf),
        12 => ("neck.up.0".to_owned(), Block::C2f),
        15 => ("neck.up.1".to_owned(), Block::C2f),
        16 => ("neck.down.0.down".to_owned(), Block::Conv),
        18 => ("neck.down.0.block".to_owned(), Block::C2f),
        19 => ("neck.down.1.down".to_owned(), Block::Conv),
        21 => ("neck.down.1.block".to_owned(), Block::C2f),
        _ => return None,
    })
}

fn head(parts: &[&str]) -> Option<String> {
    let (branch, rest) = match parts {
        ["cv2", rest @ ..] => ("boxes", rest),
        ["cv3", rest @ ..] => ("classes", rest),
        _ => return None,
    };
    match rest {
        [level, "2", parameter @ ("weight" | "bias")] => {
            Some(format!("head.{branch}.{level}.out.{parameter}"))
        }
        [level, i @ ("0" | "1"), conv @ ..] => {
            Some(format!("head.{branch}.{level}.{i}.{}", convolution(conv)?))
        }
        _ => None,
    }
}

/// A convolution's bias is that of the batch norm merged into it.
fn convolution(parts: &[&str]) -> Option<String> {
    match parts {
        ["conv", "weight"] => Some("conv.weight".to_owned()),
        ["conv", "bias"] => Some("norm.bias".to_owned()),
        ["bn", parameter] => Some(format!("norm.{parameter}")),
        _ => None,
    }
}
