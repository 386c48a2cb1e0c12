//! Whose names a checkpoint uses, and what they are here.

use super::Clip;
use crate::{ClipConfig, Result};
use candle_core::Tensor;
use std::collections::BTreeMap;
use wardrobe_nn::parameter_shapes;
use wardrobe_weights::{Loaded, Loading, Tensors};

/// The parameters of a CLIP from a file with OpenCLIP's, OpenAI's, Hugging Face's (`CLIPModel`) or our own names.
///
/// # Errors
/// A tensor that is missing, unexpected or of another shape, with the report of all of them.
pub fn load_weights(config: &ClipConfig, weights: &Tensors) -> Result<BTreeMap<String, Tensor>> {
    Ok(fit_weights(config, weights)?.tensors)
}

/// [`load_weights`] with the report of what was applied and what was left out.
///
/// # Errors
/// As [`load_weights`].
pub fn fit_weights(config: &ClipConfig, weights: &Tensors) -> Result<Loaded> {
    let names = Names::of(weights);
    let shapes = parameter_shapes(|vb| Clip::new(config, vb))?;
    let loading = Loading::strict().rename(move |name| names.rename(name));
    Ok(loading.load(&shapes, &names.reshaped(weights)?)?)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Ours,
    /// OpenCLIP took OpenAI's names over.
    OpenClip,
    HuggingFace,
}

/// What OpenAI's archives hold beside parameters.
const SETTINGS: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

impl Names {
    fn of(weights: &Tensors) -> Self {
        if weights.map.contains_key("visual.conv1.weight") {
            Self::OpenClip
        } else if weights
            .map
            .contains_key("vision_model.embeddings.class_embedding")
        {
            Self::HuggingFace
        } else {
            Self::Ours
        }
    }

    /// Our name; the file's own where it is not one of the scheme's, so that it is reported as unexpected.
    fn rename(self, name: &str) -> Option<String> {
        let left_out = match self {
            Self::Ours => false,
            Self::OpenClip => SETTINGS.contains(&name),
            Self::HuggingFace => name.ends_with("embeddings.position_ids"),
        };
        let renamed = match self {
            Self::Ours => None,
            Self::OpenClip => open_clip(name),
            Self::HuggingFace => hugging_face(name),
        };
        (!left_out).then(|| renamed.unwrap_or_else(|| name.to_owned()))
    }

    /// The file's tensors in our shapes, by the file's names.
    fn reshaped(self, weights: &Tensors) -> Result<Tensors> {
        let mut weights = weights.clone();
        if self == Self::HuggingFace {
            join_projections(&mut weights.map)?;
        }
        for (name, tensor) in &mut weights.map {
            let transposed = self == Self::OpenClip
                && ["visual.proj", "text_projection"].contains(&name.as_str());
            if transposed && tensor.rank() == 2 {
                *tensor = tensor.t()?.contiguous()?;
            }
            // OpenCLIP can be told to keep the scale as a vector of one.
            if name == "logit_scale" && tensor.elem_count() == 1 {
                *tensor = tensor.reshape(())?;
            }
        }
        Ok(weights)
    }
}

/// Joins the three layers of queries, keys and values, as `qkv_proj`; one that lacks a part stays as it is, and its
/// parts are reported as unexpected.
fn join_projections(map: &mut BTreeMap<String, Tensor>) -> Result<()> {
    let queries: Vec<String> = map
        .keys()
        .filter(|name| name.contains(".q_proj."))
        .cloned()
        .collect();
    for query in queries {
        let names =
            ["q", "k", "v"].map(|part| query.replace(".q_proj.", &format!(".{part}_proj.")));
        let parts: Vec<&Tensor> = names.iter().filter_map(|name| map.get(name)).collect();
        let alike = parts.iter().all(|part| part.dims() == parts[0].dims());
        if parts.len() == names.len() && alike {
            let joined = Tensor::cat(&parts, 0)?;
            names.iter().for_each(|name| drop(map.remove(name)));
            map.insert(query.replace(".q_proj.", ".qkv_proj."), joined);
        }
    }
    Ok(())
}

fn open_clip(name: &str) -> Option<String> {
    let (tower, rest) = match name.strip_prefix("visual.") {
        Some(rest) => ("image", rest),
        None => ("text", name),
    };
    let ours = match (tower, rest) {
        (_, "logit_scale") => return Some(name.to_owned()),
        ("image", "conv1.weight") => "patches.weight".to_owned(),
        ("image", "class_embedding") => "class".to_owned(),
        ("image", "proj") | ("text", "text_projection") => "projection.weight".to_owned(),
        ("text", "token_embedding.weight") => "tokens.weight".to_owned(),
        (_, "positional_embedding") => "positions".to_owned(),
        _ => {
            let parts: Vec<&str> = rest.split('.').collect();
            match (tower, parts.as_slice()) {
                ("image", ["ln_pre", parameter]) => format!("norm_before.{parameter}"),
                ("image", ["ln_post", parameter]) | ("text", ["ln_final", parameter]) => {
                    format!("norm_after.{parameter}")
                }
                (_, ["transformer", "resblocks", block, rest @ ..]) => {
                    format!("blocks.{block}.{}", open_clip_block(&rest.join("."))?)
                }
                _ => return None,
            }
        }
    };
    Some(format!("{tower}.{ours}"))
}

fn open_clip_block(name: &str) -> Option<String> {
    let layers = [
        ("ln_1.", "norm1."),
        ("attn.in_proj_", "qkv."),
        ("attn.out_proj.", "out."),
        ("ln_2.", "norm2."),
        ("mlp.c_fc.", "expand."),
        ("mlp.c_proj.", "project."),
    ];
    replace_prefix(name, &layers)
}

fn hugging_face(name: &str) -> Option<String> {
    let whole = match name {
        "logit_scale" => Some("logit_scale"),
        "visual_projection.weight" => Some("image.projection.weight"),
        "text_projection.weight" => Some("text.projection.weight"),
        _ => None,
    };
    if let Some(ours) = whole {
        return Some(ours.to_owned());
    }
    let (tower, rest) = match name.strip_prefix("vision_model.") {
        Some(rest) => ("image", rest),
        None => ("text", name.strip_prefix("text_model.")?),
    };
    if let Some(rest) = rest.strip_prefix("encoder.layers.") {
        let (block, rest) = rest.split_once('.')?;
        let layers = [
            ("layer_norm1.", "norm1."),
            ("self_attn.qkv_proj.", "qkv."),
            ("self_attn.out_proj.", "out."),
            ("layer_norm2.", "norm2."),
            ("mlp.fc1.", "expand."),
            ("mlp.fc2.", "project."),
        ];
        return Some(format!(
            "{tower}.blocks.{block}.{}",
            replace_prefix(rest, &layers)?
        ));
    }
    let layers = [
        ("embeddings.patch_embedding.", "patches."),
        ("embeddings.class_embedding", "class"),
        ("embeddings.position_embedding.weight", "positions"),
        ("embeddings.token_embedding.", "tokens."),
        // Spelt so.
        ("pre_layrnorm.", "norm_before."),
        ("post_layernorm.", "norm_after."),
        ("final_layer_norm.", "norm_after."),
    ];
    Some(format!("{tower}.{}", replace_prefix(rest, &layers)?))
}

fn replace_prefix(name: &str, prefixes: &[(&str, &str)]) -> Option<String> {
    let replaced =
        |&(theirs, ours): &(&str, &str)| Some(format!("{ours}{}", name.strip_prefix(theirs)?));
    prefixes.iter().find_map(replaced)
}
