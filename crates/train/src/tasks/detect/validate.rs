//! How well a detector finds what is there.

use crate::data::detection::DetectionSet;
use crate::error::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use wardrobe_detect::Detector;
use wardrobe_eval::{ImageBoxes, ScoredBox, detection_metrics};

/// Means over classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Average precision where an IoU of 0.5 is enough.
    pub map50: f64,
    /// Average precision, mean over the IoU thresholds 0.50, 0.55 ... 0.95.
    pub map50_95: f64,
}

impl Metrics {
    /// What the best epoch is chosen by, as Ultralytics does: 0.1 mAP50 + 0.9 mAP50-95.
    pub fn fitness(&self) -> f64 {
        0.1 * self.map50 + 0.9 * self.map50_95
    }
}

/// Measures a detector whose classes are the set's. Photos that cannot be read are left out, and told to `failed`.
pub(super) fn measure(
    detector: &Detector,
    set: &DetectionSet,
    failed: &mut dyn FnMut(String),
) -> Result<Metrics> {
    let names = set.names.iter().enumerate();
    let classes: HashMap<&str, usize> = names.map(|(i, name)| (name.as_str(), i)).collect();
    let found: Vec<Result<ImageBoxes>> = set
        .photos
        .par_iter()
        .map(|labelled| {
            let photo = wardrobe_ingest::load(&labelled.path)?;
            let detections = detector.detect(&photo.image)?.into_iter();
            let found = detections.filter_map(|d| {
                let class = *classes.get(d.class.as_ref())?;
                Some(ScoredBox {
                    class,
                    bbox: d.bbox,
                    score: d.confidence,
                })
            });
            Ok(ImageBoxes {
                truth: labelled.boxes.clone(),
                found: found.collect(),
            })
        })
        .collect();
    let mut images = Vec::with_capacity(found.len());
    for found in found {
        match found {
            Ok(image) => images.push(image),
            Err(crate::Error::Photo(error)) => failed(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    let mean = detection_metrics(&images, set.names.len())?.mean;
    Ok(Metrics {
        map50: mean.ap50,
        map50_95: mean.ap50_95,
    })
}
