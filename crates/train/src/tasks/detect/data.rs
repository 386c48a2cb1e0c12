//! The samples of a run, over all its data sets.

use super::assign::Target;
use super::config::DetectConfig;
use super::photos::Photos;
use crate::data::Split;
use crate::data::detection::DetectionSet;
use crate::error::{Error, Result};
use std::path::PathBuf;
use wardrobe_eval::TruthBox;

/// What a run learns from and is measured on.
pub(super) struct Data {
    /// The classes' names: those of the data sets, the first one's first.
    pub(super) names: Vec<String>,
    pub(super) samples: Vec<Sample>,
    pub(super) photos: Photos,
    /// With the classes of `names`.
    pub(super) val: DetectionSet,
}

/// A photo and what is to be learned from it.
pub(super) struct Sample {
    /// Its number among the photos.
    pub(super) photo: usize,
    pub(super) path: PathBuf,
    /// In pixels of the file's photo; crowds are left out.
    pub(super) targets: Vec<Target>,
}

impl Data {
    pub(super) fn load(config: &DetectConfig) -> Result<Self> {
        let (mut names, mut samples, mut paths, mut val) =
            (Vec::new(), Vec::new(), Vec::new(), None);
        for source in &config.data {
            let Some(train) = DetectionSet::split(&source.path, Split::Train)? else {
                return Err(missing(source.path.clone(), "no training part"));
            };
            for found in joined(train, &mut names).photos {
                let targets: Vec<Target> = found.boxes.iter().filter_map(target).collect();
                for _ in 0..source.repeat {
                    samples.push(Sample {
                        photo: paths.len(),
                        path: found.path.clone(),
                        targets: targets.clone(),
                    });
                }
                paths.push(found.path);
            }
            if val.is_none() {
                let part = DetectionSet::split(&source.path, Split::Val)?;
                val = part.map(|part| joined(part, &mut names));
            }
        }
        let first = || {
            config
                .data
                .first()
                .map(|d| d.path.clone())
                .unwrap_or_default()
        };
        if samples.iter().all(|sample| sample.targets.is_empty()) {
            return Err(missing(first(), "no box to learn from"));
        }
        let Some(val) = val else {
            return Err(missing(first(), "no data set with a validation part"));
        };
        if val.boxes_by_class().iter().all(|&boxes| boxes == 0) {
            return Err(missing(first(), "no box in the validation part"));
        }
        let room = (config.cache_gib * f64::from(1 << 30)) as u64;
        Ok(Self {
            names,
            samples,
            photos: Photos::new(paths, config.image_size, room),
            val,
        })
    }

    /// Batches an epoch; the last may be smaller.
    pub(super) fn batches(&self, config: &DetectConfig) -> usize {
        self.samples.len().div_ceil(config.batch_size)
    }
}

fn missing(path: PathBuf, problem: &str) -> Error {
    let problem =
        format!("{problem}: expected photos with boxes, as `wardrobe data verify` finds them");
    Error::Data { path, problem }
}

fn target(found: &TruthBox) -> Option<Target> {
    let TruthBox { class, bbox, crowd } = *found;
    (!crowd).then_some(Target { class, bbox })
}

/// The set with its classes numbered by `names`, to which it adds those that are missing.
fn joined(mut set: DetectionSet, names: &mut Vec<String>) -> DetectionSet {
    let numbers: Vec<usize> = set
        .names
        .iter()
        .map(|name| {
            names
                .iter()
                .position(|known| known == name)
                .unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                })
        })
        .collect();
    for found in set.photos.iter_mut().flat_map(|photo| &mut photo.boxes) {
        found.class = numbers[found.class];
    }
    set.names.clone_from(names);
    set
}
