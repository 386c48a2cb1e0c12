//! From verdicts to average precision.

use super::matching::{MatchedImage, Verdict, descending};

/// All photos' detections of a class, best first.
pub(super) struct Matches<'a> {
    images: &'a [MatchedImage],
    /// Photo and place in it.
    order: Vec<(usize, usize)>,
}

impl<'a> Matches<'a> {
    pub(super) fn of(images: &'a [MatchedImage]) -> Self {
        let of_image = |(i, image): (usize, &MatchedImage)| {
            let detections = 0..image.scores.len();
            detections.map(move |j| (i, j))
        };
        let mut order: Vec<_> = images.iter().enumerate().flat_map(of_image).collect();
        let score = |&(i, j): &(usize, usize)| images[i].scores[j];
        // Stable: of equal scores, the earlier photo's first.
        order.sort_by(|a, b| descending(score(a), score(b)));
        Self { images, order }
    }

    /// What became of the detections at the IoU threshold of this number.
    fn verdicts(&self, threshold: usize) -> impl Iterator<Item = Verdict> {
        let verdict = move |&(i, j): &(usize, usize)| self.images[i].verdicts[threshold][j];
        self.order.iter().map(verdict)
    }
}

/// Recalls at which precision is read: 0, 0.01 ... 1.
const POINTS: usize = 101;

/// Average precision and the recall of all detections, at the IoU threshold of this number, with `truth` boxes to
/// find; 0 where there are none.
pub(super) fn average_precision(matches: &Matches, threshold: usize, truth: usize) -> (f64, f64) {
    if truth == 0 {
        return (0.0, 0.0);
    }
    let (mut recalls, mut precisions) = (Vec::new(), Vec::new());
    let (mut right, mut wrong) = (0usize, 0usize);
    for verdict in matches.verdicts(threshold) {
        match verdict {
            Verdict::Right => right += 1,
            Verdict::Wrong => wrong += 1,
            Verdict::Ignored => {}
        }
        let judged = (right + wrong) as f64 + f64::EPSILON;
        recalls.push(right as f64 / truth as f64);
        precisions.push(right as f64 / judged);
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
