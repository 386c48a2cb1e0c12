//! Average precision of detections, as COCO measures it.

mod matching;
mod precision;

use serde::{Deserialize, Serialize};
use wardrobe_types::BoxXyxy;

use crate::EvalError;
use matching::match_image;
use precision::{Matches, average_precision};

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
    for (sample, image) in images.iter().enumerate() {
        check_image(sample, image, classes)?;
    }
    let classes: Vec<ClassDetection> = (0..classes).map(|class| measure(images, class)).collect();
    let scores: Vec<_> = classes.iter().filter_map(|class| class.scores).collect();
    if scores.is_empty() {
        return Err(EvalError::Empty {
            metric: "mean average precision",
        });
    }
    let mean =
        |of: fn(&DetectionScores) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
    Ok(DetectionMetrics {
        mean: DetectionScores {
            ap50_95: mean(|s| s.ap50_95),
            ap50: mean(|s| s.ap50),
            ap75: mean(|s| s.ap75),
            recall50_95: mean(|s| s.recall50_95),
        },
        classes,
    })
}

/// NumPy's `linspace(0.5, 0.95, 10)`, to the last bit: a detection may overlap by exactly a threshold.
fn iou_thresholds() -> [f64; 10] {
    let step = (0.95 - 0.5) / 9.0;
    std::array::from_fn(|i| match i {
        9 => 0.95,
        _ => i as f64 * step + 0.5,
    })
}

fn measure(images: &[ImageBoxes], class: usize) -> ClassDetection {
    let matched: Vec<_> = images
        .iter()
        .map(|image| match_image(image, class))
        .collect();
    let truth = matched.iter().map(|image| image.truth).sum();
    let found = matched.iter().map(|image| image.scores.len()).sum();
    let matches = Matches::of(&matched);
    let at: [(f64, f64); 10] = std::array::from_fn(|i| average_precision(&matches, i, truth));
    let mean = |of: fn(&(f64, f64)) -> f64| at.iter().map(of).sum::<f64>() / at.len() as f64;
    let scores = DetectionScores {
        ap50_95: mean(|&(precision, _)| precision),
        ap50: at[0].0,
        ap75: at[5].0,
        recall50_95: mean(|&(_, recall)| recall),
    };
    ClassDetection {
        class,
        truth,
        found,
        scores: (truth > 0).then_some(scores),
    }
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
