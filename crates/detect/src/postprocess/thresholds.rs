//! What becomes a detection.

use super::candidates::Labels;
use super::nms::{Candidate, suppress};
use crate::{Error, Result};

/// What becomes a detection. The defaults are those of Ultralytics' prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// The score, in 0..=1, that a candidate must exceed: 0.25; 0.001 to measure average precision.
    pub confidence: f32,
    /// The intersection over union, in 0..=1, above which the worse of two boxes of one class goes: 0.7.
    pub iou: f32,
    /// The most detections a photo: 300.
    pub detections: usize,
    /// The most candidates a photo that are compared, the best ones: 30,000.
    pub candidates: usize,
    /// How many classes an anchor point may see.
    pub labels: Labels,
    /// The numbers of the classes wanted; all of them for `None`.
    pub classes: Option<Vec<usize>>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            confidence: 0.25,
            iou: 0.7,
            detections: 300,
            candidates: 30_000,
            labels: Labels::Best,
            classes: None,
        }
    }
}

impl Thresholds {
    /// Those of Ultralytics' validation: every class of an anchor point, from a confidence of 0.001.
    pub fn measuring() -> Self {
        Self {
            confidence: 0.001,
            labels: Labels::All,
            ..Self::default()
        }
    }

    /// Checks what would otherwise show as detections that are odd or none.
    ///
    /// # Errors
    /// [`Error::Setting`] for a confidence or an IoU outside 0..=1.
    pub fn check(&self) -> Result<()> {
        for (setting, value) in [("confidence", self.confidence), ("iou", self.iou)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::Setting {
                    setting,
                    value: value.to_string(),
                    expected: "0 to 1",
                });
            }
        }
        Ok(())
    }

    /// The candidates that become detections, best first.
    pub fn select(&self, candidates: &[Candidate]) -> Vec<Candidate> {
        suppress(candidates, self.iou, self.detections, self.candidates)
            .into_iter()
            .map(|i| candidates[i])
            .collect()
    }

    /// The logit whose score is the confidence.
    pub(super) fn logit(&self) -> f32 {
        (self.confidence / (1.0 - self.confidence)).ln()
    }

    pub(super) fn admits(&self, class: usize, score: f32) -> bool {
        let wanted = self.classes.as_ref();
        score > self.confidence && wanted.is_none_or(|classes| classes.contains(&class))
    }
}
