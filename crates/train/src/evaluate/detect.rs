//! How well a detector finds the garments of labelled photos.

use crate::data::detection::DetectionSet;
use crate::error::{Error, Result};
use crate::progress::Event;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use wardrobe_detect::{Detector, Thresholds};
use wardrobe_eval::{
    Bootstrap, ClassDetection, DetectionMatches, DetectionScores, ImageBoxes, Interval, ScoredBox,
    TruthBox,
};
use wardrobe_types::labels::DetectorClass;

/// Photos above which the bootstrap draws fewer samples: their intervals are narrow, and a thousand take minutes.
const MANY_PHOTOS: usize = 5_000;
/// Samples drawn then.
const FEW_RESAMPLES: usize = 200;

/// One class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// Average precision at an IoU of 0.5; `None`, as the rest, where no such garment is there.
    pub ap50: Option<f64>,
    /// Mean over the IoUs 0.50, 0.55 ... 0.95.
    pub ap50_95: Option<f64>,
    /// The share that was found, mean over the same.
    pub recall50_95: Option<f64>,
    /// Garments that are there, crowds not counted.
    pub truth: usize,
}

/// Average precision over a data set, and what stands behind it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The means over classes.
    pub mean: DetectionScores,
    /// Photos measured.
    pub n: usize,
    /// 95 % intervals of mAP50 and mAP50-95, the bootstrap's over photos.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// By class.
    pub per_class: BTreeMap<String, ClassReport>,
    /// The data's labels with the class each is measured as.
    pub labels: BTreeMap<String, String>,
    /// Labels that the detector has no class for, and how many boxes each leaves out.
    pub unmapped: BTreeMap<String, usize>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<String>,
}

/// Detects on every photo of `set`, at Ultralytics' thresholds for validation, and compares.
///
/// Where detector and data name their classes otherwise, both are measured in the detector's coarse classes: a
/// detector of DeepFashion2's 13 on boxes of tops and trousers, or the other way round.
///
/// # Errors
/// Data in which nothing has a class of the detector's, no photo that can be read, a detector that fails.
pub fn detect(
    detector: Detector,
    set: &DetectionSet,
    path: &Path,
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    const BATCH: usize = 16;
    let detector = detector.with_thresholds(Thresholds::measuring())?;
    let classes = Classes::common(&detector.config().names, &set.names);
    if classes.names.is_empty() {
        return Err(Error::Data {
            path: path.to_path_buf(),
            problem: format!(
                "the detector finds {}, and the data is labelled {}: they have nothing in common",
                detector.config().names.join(", "),
                set.names.join(", ")
            ),
        });
    }
    let (mut images, mut failed) = (Vec::with_capacity(set.photos.len()), Vec::new());
    for (number, batch) in set.photos.chunks(BATCH).enumerate() {
        let found: Vec<Result<ImageBoxes>> = batch
            .par_iter()
            .map(|labelled| {
                let photo = wardrobe_ingest::load(&labelled.path)?;
                let found = detector.detect(&photo.image)?.into_iter();
                let found = found.filter_map(|d| classes.scored(&d.class, d.bbox, d.confidence));
                Ok(ImageBoxes {
                    truth: classes.truth(&labelled.boxes),
                    found: found.collect(),
                })
            })
            .collect();
        for found in found {
            match found {
                Ok(image) => images.push(image),
                Err(Error::Photo(error)) => {
                    let reason = error.to_string();
                    failed.push(reason.clone());
                    watch(Event::Skipped { reason });
                }
                Err(error) => return Err(error),
            }
        }
        watch(Event::Loading {
            done: number * BATCH + batch.len(),
            total: set.photos.len(),
        });
    }
    report(set, &classes, &images, failed)
}

fn report(
    set: &DetectionSet,
    classes: &Classes,
    images: &[ImageBoxes],
    failed: Vec<String>,
) -> Result<Report> {
    let matches = DetectionMatches::new(images, classes.names.len())?;
    let metrics = matches.metrics()?;
    let mut bootstrap = Bootstrap::default();
    if images.len() > MANY_PHOTOS {
        bootstrap.resamples = FEW_RESAMPLES;
    }
    // Undefined for a few photos that may all be drawn without a garment.
    let ci95 = matches.ci95(&bootstrap).ok();
    let of_class = |class: ClassDetection| ClassReport {
        ap50: class.scores.map(|scores| scores.ap50),
        ap50_95: class.scores.map(|scores| scores.ap50_95),
        recall50_95: class.scores.map(|scores| scores.recall50_95),
        truth: class.truth,
    };
    let named = |class: ClassDetection| (classes.names[class.class].clone(), of_class(class));
    let (labels, unmapped) = classes.told(set);
    Ok(Report {
        mean: metrics.mean,
        n: images.len(),
        ci95: ci95
            .map(|ci| BTreeMap::from([("map50", ci.ap50), ("map50_95", ci.ap50_95)]))
            .unwrap_or_default(),
        per_class: metrics.classes.into_iter().map(named).collect(),
        labels,
        unmapped,
        failed,
    })
}

/// Classes that detector and data have in common.
struct Classes {
    names: Vec<String>,
    /// By the detector's name.
    of_detector: BTreeMap<String, usize>,
    /// By the data's class number.
    of_data: Vec<Option<usize>>,
}

impl Classes {
    fn common(detector: &[String], data: &[String]) -> Self {
        // A name that both use stays; any other is what it means.
        let meant = |name: &String, others: &[String]| match others.contains(name) {
            true => Some(name.clone()),
            false => DetectorClass::of_name(name).map(|class| class.to_string()),
        };
        let of_detector: Vec<_> = detector.iter().map(|name| meant(name, data)).collect();
        let of_data: Vec<_> = data.iter().map(|name| meant(name, detector)).collect();
        let mut names: Vec<String> = Vec::new();
        for name in of_data.iter().flatten() {
            if of_detector.iter().flatten().any(|other| other == name) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        let number = |name: &Option<String>| {
            let name = name.as_ref()?;
            names.iter().position(|common| common == name)
        };
        Self {
            of_detector: detector
                .iter()
                .zip(&of_detector)
                .filter_map(|(name, meant)| Some((name.clone(), number(meant)?)))
                .collect(),
            of_data: of_data.iter().map(number).collect(),
            names,
        }
    }

    fn scored(&self, class: &str, bbox: wardrobe_types::BoxXyxy, score: f32) -> Option<ScoredBox> {
        Some(ScoredBox {
            class: *self.of_detector.get(class)?,
            bbox,
            score,
        })
    }

    fn truth(&self, boxes: &[TruthBox]) -> Vec<TruthBox> {
        let known = boxes.iter().filter_map(|truth| {
            Some(TruthBox {
                class: self.of_data[truth.class]?,
                ..*truth
            })
        });
        known.collect()
    }

    /// The data's labels with their classes, and those without.
    fn told(&self, set: &DetectionSet) -> (BTreeMap<String, String>, BTreeMap<String, usize>) {
        let mut unmapped = set.unmapped.clone();
        let mut labels = BTreeMap::new();
        let counts = set.boxes_by_class();
        for ((name, class), count) in set.names.iter().zip(&self.of_data).zip(counts) {
            match class {
                Some(class) => {
                    labels.insert(name.clone(), self.names[*class].clone());
                }
                None if count > 0 => {
                    unmapped.insert(name.clone(), count);
                }
                None => {}
            }
        }
        (labels, unmapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_in_common_stay_and_others_become_coarse() {
        let own = names(&["cat", "dog"]);
        let classes = Classes::common(&own, &names(&["dog", "bird"]));
        assert_eq!(classes.names, ["dog"]);
        assert_eq!(classes.of_data, [Some(0), None]);

        // DeepFashion2's on coarse boxes, and the other way round.
        let fine = names(&[
            "short sleeve top",
            "long_sleeve_top",
            "vest",
            "trousers",
            "sling dress",
        ]);
        let coarse = names(&["top", "trousers", "hat"]);
        let classes = Classes::common(&fine, &coarse);
        assert_eq!(classes.names, ["top", "trousers"]);
        let number = |name: &str| classes.of_detector.get(name).copied();
        assert_eq!(number("short sleeve top"), Some(0));
        assert_eq!(number("long_sleeve_top"), Some(0));
        assert_eq!(number("trousers"), Some(1));
        assert_eq!(number("sling dress"), None);
        let classes = Classes::common(&coarse, &fine);
        assert_eq!(classes.of_data, [Some(0), Some(0), Some(0), Some(1), None]);
    }
}
