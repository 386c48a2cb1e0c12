//! From verdicts to average precision.

use super::DetectionScores;
use super::matching::{MatchedImage, Verdict, descending};

/// All photos' detections of a class, best first, with what became of each.
#[derive(Debug)]
pub(super) struct ClassMatches {
    /// Boxes of the class in each photo, crowds not counted.
    truth: Vec<usize>,
    /// The photo of each detection.
    photos: Vec<usize>,
    /// At each IoU threshold, what became of each detection.
    verdicts: [Vec<Verdict>; 10],
}

/// Number of the IoU threshold 0.75.
const AT_75: usize = 5;

impl ClassMatches {
    pub(super) fn of(images: &[MatchedImage]) -> Self {
        let of_image = |(i, image): (usize, &MatchedImage)| {
            let detections = 0..image.scores.len();
            detections.map(move |j| (i, j))
        };
        let mut order: Vec<_> = images.iter().enumerate().flat_map(of_image).collect();
        let score = |&(i, j): &(usize, usize)| images[i].scores[j];
        // Stable: of equal scores, the earlier photo's first.
        order.sort_by(|a, b| descending(score(a), score(b)));
        let verdicts = |threshold: usize| {
            let verdict = |&(i, j): &(usize, usize)| images[i].verdicts[threshold][j];
            order.iter().map(verdict).collect()
        };
        Self {
            truth: images.iter().map(|image| image.truth).collect(),
            verdicts: std::array::from_fn(verdicts),
            photos: order.into_iter().map(|(i, _)| i).collect(),
        }
    }

    /// Boxes that are there, in all photos.
    pub(super) fn truth(&self) -> usize {
        self.truth.iter().sum()
    }

    /// Detections, in all photos.
    pub(super) fn found(&self) -> usize {
        self.photos.len()
    }

    /// The scores where each photo counts as often as `times` says; `None` where no box is there.
    pub(super) fn scores(&self, times: &[usize]) -> Option<DetectionScores> {
        let truth = self.truth_times(times);
        let at: [(f64, f64); 10] =
            std::array::from_fn(|i| average_precision(self.judged(i, times), truth));
        let mean = |of: fn(&(f64, f64)) -> f64| at.iter().map(of).sum::<f64>() / at.len() as f64;
        (truth > 0).then(|| DetectionScores {
            ap50_95: mean(|&(precision, _)| precision),
            ap50: at[0].0,
            ap75: at[AT_75].0,
            recall50_95: mean(|&(_, recall)| recall),
        })
    }

    /// [`DetectionScores::ap50`] alone, for a tenth of the work.
    pub(super) fn ap50(&self, times: &[usize]) -> Option<f64> {
        let truth = self.truth_times(times);
        (truth > 0).then(|| average_precision(self.judged(0, times), truth).0)
    }

    fn truth_times(&self, times: &[usize]) -> usize {
        self.truth
            .iter()
            .zip(times)
            .map(|(n, times)| n * times)
            .sum()
    }

    /// The verdicts at the IoU threshold of this number, and how often each counts.
    fn judged<'a>(
        &'a self,
        threshold: usize,
        times: &'a [usize],
    ) -> impl Iterator<Item = (Verdict, usize)> + 'a {
        let times = self.photos.iter().map(|&photo| times[photo]);
        self.verdicts[threshold].iter().copied().zip(times)
    }
}

/// Recalls at which precision is read: 0, 0.01 ... 1.
const POINTS: usize = 101;

/// Average precision and the recall of all detections, with `truth` boxes to find; 0 where there are none.
///
/// Only a right detection raises recall, and precision falls with every wrong one, so the right ones alone are the
/// curve's points.
fn average_precision(judged: impl Iterator<Item = (Verdict, usize)>, truth: usize) -> (f64, f64) {
    if truth == 0 {
        return (0.0, 0.0);
    }
    let (mut recalls, mut precisions) = (Vec::new(), Vec::new());
    let (mut right, mut wrong) = (0usize, 0usize);
    for (verdict, times) in judged {
        match verdict {
            Verdict::Right if times > 0 => {
                right += times;
                recalls.push(right as f64 / truth as f64);
                precisions.push(right as f64 / ((right + wrong) as f64 + f64::EPSILON));
            }
            Verdict::Wrong => wrong += times,
            _ => {}
        }
    }
    // The best precision at this recall or a higher one.
    for i in (1..precisions.len()).rev() {
        precisions[i - 1] = precisions[i - 1].max(precisions[i]);
    }
    let at = |point: usize| {
        let recall = point as f64 * 0.01;
        let first = recalls.partition_point(|&r| r < recall);
        precisions.get(first).copied().unwrap_or(0.0)
    };
    let precision = (0..POINTS).map(at).sum::<f64>() / POINTS as f64;
    (precision, right as f64 / truth as f64)
}
