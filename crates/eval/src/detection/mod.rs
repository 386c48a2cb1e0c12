//! Average precision of detections, as COCO measures it.

mod matching;
mod precision;

use serde::{Deserialize, Serialize};
use wardrobe_types::BoxXyxy;

use crate::{Bootstrap, EvalError, Interval};
use matching::match_image;
use precision::ClassMatches;

/// A garment that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthBox {
    /// Its class number.
    pub class: usize,
    /// Where, in pixels.
    pub bbox: BoxXyxy,
    /// Whether the box stands for a crowd of such garments: any number of detections inside it is neither right nor
    /// wrong (COCO's `iscrowd`).
    pub crowd: bool,
}

/// A garment that a detector claims is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredBox {
    /// Its class number.
    pub class: usize,
    /// Where, in pixels of the same photo as the truth's.
    pub bbox: BoxXyxy,
    /// How sure the detector is; only the order matters.
    pub score: f32,
}

/// What is in one photo, and what was found in it. Either may be nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageBoxes {
    /// What is there.
    pub truth: Vec<TruthBox>,
    /// What was found.
    pub found: Vec<ScoredBox>,
}

/// Average precision and recall of one class, or their means over classes; each in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DetectionScores {
    /// Average precision, mean over the IoU thresholds 0.50, 0.55 ... 0.95.
    pub ap50_95: f64,
    /// Average precision where an IoU of 0.5 is enough.
    pub ap50: f64,
    /// Average precision where it takes 0.75.
    pub ap75: f64,
    /// The share of what is there that was found, mean over the same ten thresholds.
    pub recall50_95: f64,
}

/// One class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassDetection {
    /// The class number.
    pub class: usize,
    /// Boxes that are there, crowds not counted.
    pub truth: usize,
    /// Boxes that were found, at most [`MOST_A_PHOTO`] a photo.
    pub found: usize,
    /// `None` where none is there.
    pub scores: Option<DetectionScores>,
}

/// How well boxes are found. Made by [`detection_metrics`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionMetrics {
    /// The plain means over the classes that are there: mAP50-95, mAP50, mAP75 and AR.
    pub mean: DetectionScores,
    /// Every class, in class order.
    pub classes: Vec<ClassDetection>,
}

/// Detections of a class that count in a photo, the best: COCO's 100.
pub const MOST_A_PHOTO: usize = 100;

/// COCO's metrics for boxes of all sizes: what pycocotools' `COCOeval(..., "bbox")` gives, to the last bits.
///
/// In each photo the detections of a class, best first, each take the box they overlap most among those not yet taken,
/// if by the threshold or more; of equal overlaps the later box, and of equal scores the earlier detection goes first.
/// Precision is read at the recalls 0, 0.01 ... 1, each time the best that this recall or a higher one has (Everingham
/// et al. 2010, with COCO's 101 points, Lin et al. 2014, <https://arxiv.org/abs/1405.0312>). Ultralytics' figures are
/// from the same matches and points but interpolate linearly between them: a little higher.
///
/// # Errors
/// No photo has a box of any class; a class number of `classes` or more; a box that is none, a score that is NaN.
pub fn detection_metrics(
    images: &[ImageBoxes],
    classes: usize,
) -> Result<DetectionMetrics, EvalError> {
    DetectionMatches::new(images, classes)?.metrics()
}

/// Detections and boxes matched once, to be measured over all photos or over a sample of them.
#[derive(Debug)]
pub struct DetectionMatches {
    photos: usize,
    classes: Vec<ClassMatches>,
}

/// 95 % intervals of the means over classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DetectionIntervals {
    /// Of [`DetectionScores::ap50_95`].
    pub ap50_95: Interval,
    /// Of [`DetectionScores::ap50`].
    pub ap50: Interval,
}

impl DetectionMatches {
    /// Matches as [`detection_metrics`] describes.
    ///
    /// # Errors
    /// A class number of `classes` or more; a box that is none, a score that is NaN.
    pub fn new(images: &[ImageBoxes], classes: usize) -> Result<Self, EvalError> {
        for (sample, image) in images.iter().enumerate() {
            check_image(sample, image, classes)?;
        }
        let of_class = |class: usize| {
            let matched: Vec<_> = images.iter().map(|i| match_image(i, class)).collect();
            ClassMatches::of(&matched)
        };
        Ok(Self {
            photos: images.len(),
            classes: (0..classes).map(of_class).collect(),
        })
    }

    /// The metrics over all photos.
    ///
    /// # Errors
    /// No photo has a box of any class.
    pub fn metrics(&self) -> Result<DetectionMetrics, EvalError> {
        let once = vec![1; self.photos];
        let measure = |(class, matches): (usize, &ClassMatches)| ClassDetection {
            class,
            truth: matches.truth(),
            found: matches.found(),
            scores: matches.scores(&once),
        };
        Ok(DetectionMetrics {
            mean: self.mean(&once).ok_or(EvalError::Empty {
                metric: "mean average precision",
            })?,
            classes: self.classes.iter().enumerate().map(measure).collect(),
        })
    }

    /// The bootstrap's intervals over photos. A sample's classes are those that are in it.
    ///
    /// # Errors
    /// As [`Bootstrap::ci95`].
    pub fn ci95(&self, bootstrap: &Bootstrap) -> Result<DetectionIntervals, EvalError> {
        let times = |drawn: &[usize]| {
            let mut times = vec![0; self.photos];
            drawn.iter().for_each(|&photo| times[photo] += 1);
            times
        };
        let ap50 = |drawn: &[usize]| {
            let times = times(drawn);
            let of_classes = self.classes.iter().filter_map(|class| class.ap50(&times));
            mean(&of_classes.collect::<Vec<_>>())
        };
        let ap50_95 = |drawn: &[usize]| Some(self.mean(&times(drawn))?.ap50_95);
        Ok(DetectionIntervals {
            ap50_95: bootstrap.ci95(self.photos, ap50_95)?.interval,
            ap50: bootstrap.ci95(self.photos, ap50)?.interval,
        })
    }

    /// The mean over the classes that are there, each photo counted as often as `times` says.
    fn mean(&self, times: &[usize]) -> Option<DetectionScores> {
        let of_classes = self.classes.iter().filter_map(|class| class.scores(times));
        let scores: Vec<DetectionScores> = of_classes.collect();
        let of = |of: fn(&DetectionScores) -> f64| mean(&scores.iter().map(of).collect::<Vec<_>>());
        Some(DetectionScores {
            ap50_95: of(|s| s.ap50_95)?,
            ap50: of(|s| s.ap50)?,
            ap75: of(|s| s.ap75)?,
            recall50_95: of(|s| s.recall50_95)?,
        })
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// NumPy's `linspace(0.5, 0.95, 10)`, to the last bit: a detection may overlap by exactly a threshold.
fn iou_thresholds() -> [f64; 10] {
    let step = (0.95 - 0.5) / 9.0;
    std::array::from_fn(|i| match i {
        9 => 0.95,
        _ => i as f64 * step + 0.5,
    })
}

fn check_image(sample: usize, image: &ImageBoxes, classes: usize) -> Result<(), EvalError> {
    let truth = image.truth.iter().map(|t| ("truth", t.class, t.bbox, 0.0));
    let found = image
        .found
        .iter()
        .map(|f| ("predicted", f.class, f.bbox, f.score));
    for (role, class, bbox, score) in truth.chain(found) {
        if class >= classes {
            return Err(EvalError::ClassOutOfRange {
                sample,
                role,
                class,
                classes,
            });
        }
        let corners = <[f32; 4]>::from(bbox);
        if BoxXyxy::try_from(corners).is_err() || score.is_nan() {
            return Err(EvalError::BadDetection {
                sample,
                role,
                corners,
                score,
            });
        }
    }
    Ok(())
}
