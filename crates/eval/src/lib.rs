//! Metrics with confidence intervals: how good a classifier, a detector or a search is, how sure of that we
//! are, and whether its confidences mean what they say.
//!
//! Inputs are class numbers, rankings and boxes, never logits, so that every model and every peer is
//! measured by the same code. A metric that is undefined for its input (the precision of a class
//! never predicted, the accuracy of nothing) is `None` or an [`EvalError`], never 0.
//!
//! ```
//! use wardrobe_eval::{Bootstrap, confusion, macro_f1, top_k_accuracy, wilson_ci95};
//!
//! let truth = [0, 0, 1, 2];
//! let ranked = [vec![0, 1, 2], vec![1, 0, 2], vec![1, 2, 0], vec![2, 0, 1]]; // best guess first
//! assert_eq!(top_k_accuracy(&truth, &ranked, 1)?, 0.75);
//! assert!(wilson_ci95(3, 4)?.contains(0.75));
//! let predicted: Vec<usize> = ranked.iter().map(|classes| classes[0]).collect();
//! let f1 = macro_f1(&confusion(&truth, &predicted, 3)?)?;
//! let ci = Bootstrap::default().ci95_of(&truth, &predicted, |t, p| macro_f1(&confusion(t, p, 3).ok()?).ok())?;
//! assert!(ci.interval.contains(f1));
//! # Ok::<(), wardrobe_eval::EvalError>(())
//! ```

mod calibration;
mod classification;
mod compatibility;
mod detection;
mod error;
mod interval;
mod ranking;
mod retrieval;
mod roc;

pub use calibration::{Calibration, CalibrationBin, expected_calibration_error};
pub use classification::{
    ClassMetrics, ConfusedPair, Confusion, accuracy, confused_pairs, confusion, macro_f1,
    per_class, top_k_accuracy, top_k_hits,
};
pub use compatibility::{best_threshold, choice_points, roc_auc, threshold_accuracy};
pub use detection::{
    ClassDetection, DetectionIntervals, DetectionMatches, DetectionMetrics, DetectionScores,
    ImageBoxes, MOST_A_PHOTO, ScoredBox, TruthBox, detection_metrics,
};
pub use error::EvalError;
pub use interval::{Bootstrap, BootstrapInterval, Interval, wilson_ci95};
pub use ranking::ndcg;
pub use retrieval::{chance_recall_at_k, knn_purity, neighbour_purity, recall_at_k, recall_hits};
pub use roc::{RocPoint, roc, roc_auc_ci95, threshold_missing_at_most};
