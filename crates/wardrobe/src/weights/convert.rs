use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use wardrobe_classify::ClassifierConfig;
use wardrobe_detect::DetectorConfig;
use wardrobe_embed::Variant;
use wardrobe_ingest::Preprocess;
use wardrobe_types::Category;
use wardrobe_weights::{Entry, LoadReport, Loaded, Resolved, Tensors, sha256_of_file};

use super::Architecture;
use crate::{Error, Result};

/// The metadata's entry that says what network a file is for.
const ARCHITECTURE: &str = "architecture";
/// The metadata's entry of class names.
const NAMES: &str = "names";

/// How to convert a file of weights.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// The network; without it, the one whose tensors have such names.
    pub architecture: Option<Architecture>,
    /// How floats are kept.
    pub precision: Precision,
    /// What each output of a detector or classifier means, in their order; without it, what the file or the manifest
    /// says.
    pub labels: Vec<String>,
    /// Whether a file in the place of the new one is replaced.
    pub replace: bool,
}

/// How floats are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// In 4 bytes.
    #[default]
    F32,
    /// In 2 bytes, with about 3 decimal digits.
    F16,
}

/// What was made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Converted {
    /// The file.
    pub path: PathBuf,
    /// The network.
    pub architecture: Architecture,
    /// What became of the tensors.
    pub report: LoadReport,
    /// The new file's size.
    pub bytes: u64,
    /// The new file's SHA-256.
    pub sha256: String,
    /// What the file does not say, and what that means for its use.
    pub note: Option<&'static str>,
}

/// Writes weights of any format and names that are read here as safetensors with our names, and with the settings that
/// the network needs.
///
/// # Errors
/// A file that cannot be read or is of no known network; a tensor that is missing, unexpected or of another shape;
/// labels that are not as many as outputs; a value that f16 cannot hold; a file that cannot be written, or is there.
pub fn convert(from: &Resolved, to: &Path, how: &Conversion) -> Result<Converted> {
    check_target(from, to, how.replace)?;
    let weights = from.load()?;
    let entry = from.entry.as_ref();
    let architecture = match how.architecture {
        Some(architecture) => architecture,
        None => Architecture::of(&weights, entry.map(|entry| entry.architecture.as_str()))?,
    };
    let fitted = match architecture {
        Architecture::YoloV8 => detector(weights, &how.labels, entry)?,
        Architecture::EfficientNetB0 => classifier(&weights, &how.labels, entry)?,
        Architecture::ClipVitB32 => clip(&weights, Variant::VitB32)?,
        Architecture::ClipVitB32QuickGelu => clip(&weights, Variant::VitB32QuickGelu)?,
    };
    let Fitted {
        loaded,
        mut metadata,
        note,
    } = fitted;
    metadata.insert(ARCHITECTURE.to_owned(), architecture.to_string());
    let tensors = loaded.tensors.into_iter();
    let file = to.display().to_string();
    let map = tensors.map(|(name, tensor)| Ok((name.clone(), how.precision.of(&name, tensor)?)));
    let map = map.collect::<Result<_>>()?;
    Tensors {
        map,
        metadata,
        file,
    }
    .save(to)?;
    Ok(Converted {
        path: to.to_path_buf(),
        architecture,
        report: loaded.report,
        bytes: to.metadata().map_err(Error::file("read", to))?.len(),
        sha256: sha256_of_file(to)?,
        note,
    })
}

/// A network's tensors, and what is to be noted beside them.
struct Fitted {
    loaded: Loaded,
    metadata: BTreeMap<String, String>,
    note: Option<&'static str>,
}

fn detector(mut weights: Tensors, labels: &[String], entry: Option<&Entry>) -> Result<Fitted> {
    let says = |key: &str| weights.metadata.contains_key(key);
    let known = match entry {
        Some(entry) if !says("config") && !says(NAMES) => entry.labels.as_slice(),
        _ => &[],
    };
    let labels = if labels.is_empty() { known } else { labels };
    if !labels.is_empty() {
        weights.metadata.remove("config");
        weights.metadata.insert(NAMES.to_owned(), json(&labels)?);
    }
    let config = DetectorConfig::of(&weights)?;
    let loaded = wardrobe_detect::fit_weights(&config.network, &weights, false)?;
    let settings = config.to_metadata().map_err(Error::Settings)?;
    Ok(Fitted {
        loaded,
        metadata: BTreeMap::from([settings]),
        note: None,
    })
}

/// A file's own settings go before the manifest's. Labels that are categories make it a classifier; others are noted.
fn classifier(weights: &Tensors, labels: &[String], entry: Option<&Entry>) -> Result<Fitted> {
    let noted = match weights.metadata.contains_key("config") {
        true => Some(ClassifierConfig::of(weights)?),
        false => None,
    };
    let network = match &noted {
        Some(config) => config.network,
        None => wardrobe_classify::Config::new(outputs(weights)?),
    };
    let loaded = wardrobe_classify::fit_weights(&network, weights, false)?;
    let sharpness = noted.as_ref().map_or(1.0, |config| config.sharpness);
    let noted_preprocess = noted.as_ref().map(|config| config.preprocess);
    let preprocess = noted_preprocess
        .or_else(|| entry?.preprocessing)
        .unwrap_or_else(|| Preprocess::imagenet(256, 224, wardrobe_ingest::Filter::Bicubic));
    let names = match (labels, noted, entry) {
        ([], Some(config), _) => config.categories.iter().map(Category::to_string).collect(),
        ([], None, Some(entry)) if !entry.labels.is_empty() => entry.labels.clone(),
        ([], None, _) => weights.class_names()?.unwrap_or_default(),
        (labels, _, _) => labels.to_vec(),
    };
    if !names.is_empty() && names.len() != network.classes {
        return Err(Error::LabelCount {
            file: weights.file.clone(),
            labels: names.len(),
            outputs: network.classes,
        });
    }
    let categories: Vec<Category> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let config = (categories.len() == network.classes).then_some(ClassifierConfig {
        network,
        categories,
        preprocess,
        sharpness,
    });
    let mut metadata = BTreeMap::new();
    let note = match config {
        Some(config) => {
            metadata.extend([config.to_metadata().map_err(Error::Settings)?]);
            None
        }
        None => {
            metadata.insert("preprocess".to_owned(), json(&preprocess)?);
            if !names.is_empty() {
                metadata.insert(NAMES.to_owned(), json(&names)?);
            }
            Some(
                "its outputs are not the categories: it can start a training (--init), not classify garments",
            )
        }
    };
    Ok(Fitted {
        loaded,
        metadata,
        note,
    })
}

fn clip(weights: &Tensors, variant: Variant) -> Result<Fitted> {
    let config = variant.config();
    let sizes = config.to_metadata().map_err(Error::Settings)?;
    let preprocess = ("preprocess".to_owned(), json(&variant.preprocess())?);
    Ok(Fitted {
        loaded: wardrobe_embed::fit_weights(&config, weights)?,
        metadata: BTreeMap::from([sizes, preprocess]),
        note: None,
    })
}

/// The outputs of a classifier's last layer, under any of its names.
fn outputs(weights: &Tensors) -> Result<usize> {
    let names = ["classifier.weight", "classifier.1.weight"];
    let last = names.into_iter().find_map(|name| weights.map.get(name));
    let outputs = last.and_then(|tensor| tensor.dims().first().copied());
    outputs.ok_or_else(|| Error::NoHead {
        file: weights.file.clone(),
    })
}

impl Precision {
    fn of(self, name: &str, tensor: Tensor) -> Result<Tensor> {
        if self == Self::F32 || !tensor.dtype().is_float() {
            return Ok(tensor);
        }
        let half = tensor.to_dtype(DType::F16)?;
        let largest = half.to_dtype(DType::F32)?.abs()?.flatten_all()?.max(0)?;
        if largest.to_scalar::<f32>()?.is_infinite() {
            return Err(Error::TooLargeForF16 {
                tensor: name.to_owned(),
            });
        }
        Ok(half)
    }
}

fn check_target(from: &Resolved, to: &Path, replace: bool) -> Result<()> {
    let path = to.to_path_buf();
    if to
        .extension()
        .is_none_or(|extension| extension != "safetensors")
    {
        return Err(Error::NotSafetensors { path });
    }
    let real = |path: &Path| path.canonicalize().ok();
    let same = from
        .source
        .path()
        .is_some_and(|from| real(from).is_some() && real(from) == real(to));
    match to.exists() && (same || !replace) {
        true => Err(Error::Exists { path }),
        false => Ok(()),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::Settings)
}
