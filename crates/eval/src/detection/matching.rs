//! Which detection found which box, in one photo.

use wardrobe_types::BoxXyxy;

use super::{ImageBoxes, MOST_A_PHOTO, ScoredBox, TruthBox, iou_thresholds};

/// What became of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// It found a crowd.
    Ignored,
}

/// One class in one photo.
#[derive(Debug)]
pub(super) struct MatchedImage {
    /// Boxes that are there, crowds not counted.
    pub(super) truth: usize,
    /// The scores of the detections, best first.
    pub(super) scores: Vec<f32>,
    /// At each IoU threshold, what became of each detection.
    pub(super) verdicts: [Vec<Verdict>; 10],
}

pub(super) fn match_image(image: &ImageBoxes, class: usize) -> MatchedImage {
    let of_class = |t: &&TruthBox| t.class == class;
    let (crowds, singles): (Vec<_>, Vec<_>) =
        image.truth.iter().filter(of_class).partition(|t| t.crowd);
    let mut found: Vec<&ScoredBox> = image.found.iter().filter(|f| f.class == class).collect();
    // Stable.
    found.sort_by(|a, b| descending(a.score, b.score));
    found.truncate(MOST_A_PHOTO);
    let overlaps = |truth: &[&TruthBox]| -> Vec<Vec<f64>> {
        let of = |f: &&ScoredBox| truth.iter().map(|t| overlap(&f.bbox, t)).collect();
        found.iter().map(of).collect()
    };
    let overlaps = Overlaps {
        singles: overlaps(&singles),
        crowds: overlaps(&crowds),
    };
    MatchedImage {
        truth: singles.len(),
        scores: found.iter().map(|f| f.score).collect(),
        verdicts: iou_thresholds().map(|iou| overlaps.verdicts(singles.len(), iou)),
    }
}

/// The higher score first; -0 equals 0.
pub(super) fn descending(a: f32, b: f32) -> std::cmp::Ordering {
    // No score is NaN.
    b.partial_cmp(&a).unwrap_or(std::cmp::Ordering::Equal)
}

/// For each detection, its overlap with each box.
struct Overlaps {
    singles: Vec<Vec<f64>>,
    crowds: Vec<Vec<f64>>,
}

impl Overlaps {
    fn verdicts(&self, truth: usize, iou: f64) -> Vec<Verdict> {
        let mut taken = vec![false; truth];
        // pycocotools' limit, for thresholds of 1.
        let enough = iou.min(1.0 - 1e-10);
        let mut judge = |(singles, crowds): (&Vec<f64>, &Vec<f64>)| {
            let mut best = None;
            let mut most = enough;
            for (i, &overlap) in singles.iter().enumerate() {
                if !taken[i] && overlap >= most {
                    (best, most) = (Some(i), overlap);
                }
            }
            match best {
                Some(i) => {
                    taken[i] = true;
                    Verdict::Right
                }
                // A crowd is asked only by those that found nothing else, and never taken.
                None if crowds.iter().any(|&overlap| overlap >= enough) => Verdict::Ignored,
                None => Verdict::Wrong,
            }
        };
        self.singles
            .iter()
            .zip(&self.crowds)
            .map(&mut judge)
            .collect()
    }
}

/// Intersection over union; for a crowd, over the detection alone, which may be any part of it.
fn overlap(found: &BoxXyxy, truth: &TruthBox) -> f64 {
    let [ax0, ay0, ax1, ay1] = <[f32; 4]>::from(*found).map(f64::from);
    let [bx0, by0, bx1, by1] = <[f32; 4]>::from(truth.bbox).map(f64::from);
    let width = ax1.min(bx1) - ax0.max(bx0);
    let height = ay1.min(by1) - ay0.max(by0);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let shared = width * height;
    let area = (ax1 - ax0) * (ay1 - ay0);
    let whole = match truth.crowd {
        true => area,
        false => area + (bx1 - bx0) * (by1 - by0) - shared,
    };
    shared / whole
}
