//! Which anchor points learn which garment, and how sure they shall become.

use std::f32::consts::PI;
use wardrobe_detect::Config;
use wardrobe_types::BoxXyxy;

/// A garment to be learned, in pixels of the network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The class's number.
    pub class: usize,
    /// Where.
    pub bbox: BoxXyxy,
}

/// An anchor point and the garment it learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assigned {
    /// The anchor point's number.
    pub anchor: usize,
    /// The garment's number among the photo's.
    pub target: usize,
    /// The score, in 0..=1, that the anchor point shall give the garment's class.
    pub score: f32,
}

/// What the network says of one photo's anchor points.
#[derive(Clone, Copy, Debug)]
pub struct Predicted<'a> {
    /// The anchor points, x and y in pixels of the input.
    pub anchors: &'a [[f32; 2]],
    /// A box for each, in the same pixels.
    pub boxes: &'a [BoxXyxy],
    /// `classes` logits for each.
    pub class_logits: &'a [f32],
    /// How many classes there are.
    pub classes: usize,
}

/// Anchor points a garment gets at most.
const TOP_K: usize = 10;
/// The exponent of the overlap in an anchor point's alignment; the score's is 1/2, a square root.
const BETA: i32 = 6;
const EPS: f32 = 1e-9;

/// Task-aligned assignment (Feng et al. 2021, <https://arxiv.org/abs/2108.07755>, with YOLOv8's constants): an anchor
/// point inside a garment's box, or near the middle of one that is smaller than a cell of the middle level, is aligned
/// with it by `sqrt(score) CIoU^6`, and each garment gets the ten that are aligned best. One that several garments want goes to the garment it overlaps most. It shall then give a score of its
/// alignment, scaled so that a garment's best anchor point is asked for the garment's best overlap.
///
/// An anchor point without any alignment is asked for nothing and left out. Of equal alignments the earlier anchor point
/// is the better, of equal overlaps the earlier garment. In the order of the anchor points.
pub fn assign(predicted: &Predicted<'_>, targets: &[Target]) -> Vec<Assigned> {
    let mut wanted: Vec<Vec<Candidate>> = targets
        .iter()
        .map(|target| predicted.inside(target))
        .collect();
    // An anchor point's best garment is sought among all whose box it lies in, even one that did not choose it.
    let mut owners = vec![Owner::default(); predicted.anchors.len()];
    for (number, candidates) in wanted.iter_mut().enumerate() {
        for candidate in candidates.iter() {
            owners[candidate.anchor].offer(number, candidate);
        }
        choose(candidates);
        for candidate in candidates.iter() {
            owners[candidate.anchor].want(number, candidate);
        }
    }
    let mut assigned: Vec<(Assigned, f32)> = Vec::new();
    let mut best = vec![(0f32, 0f32); targets.len()];
    for (anchor, owner) in owners.iter().enumerate() {
        let Some((target, Fit { overlap, alignment })) = owner.settled() else {
            continue;
        };
        let (most_aligned, most_overlap) = &mut best[target];
        *most_aligned = most_aligned.max(alignment);
        *most_overlap = most_overlap.max(overlap);
        let score = 0.0;
        assigned.push((
            Assigned {
                anchor,
                target,
                score,
            },
            alignment,
        ));
    }
    assigned
        .into_iter()
        .map(|(assigned, alignment)| {
            let (most_aligned, most_overlap) = best[assigned.target];
            let score = alignment * most_overlap / (most_aligned + EPS);
            Assigned { score, ..assigned }
        })
        .collect()
}

/// How well an anchor point's prediction fits a garment.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    overlap: f32,
    alignment: f32,
}

/// An anchor point inside a garment's box.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    anchor: usize,
    fit: Fit,
}

impl Predicted<'_> {
    /// The anchor points inside a garment's box that are aligned with it at all.
    fn inside(&self, target: &Target) -> Vec<Candidate> {
        let (x0, x1) = at_least_a_cell(target.bbox.x0, target.bbox.x1);
        let (y0, y1) = at_least_a_cell(target.bbox.y0, target.bbox.y1);
        let shape = Shape::of(target.bbox);
        let mut found = Vec::new();
        for (anchor, &[x, y]) in self.anchors.iter().enumerate() {
            let nearest = (x - x0).min(y - y0).min(x1 - x).min(y1 - y);
            if nearest <= EPS {
                continue;
            }
            let overlap = complete_iou(self.boxes[anchor], &shape).max(0.0);
            let logit = self.class_logits[anchor * self.classes + target.class];
            let score = 1.0 / (1.0 + (-logit).exp());
            let alignment = score.sqrt() * overlap.powi(BETA);
            if alignment > 0.0 {
                let fit = Fit { overlap, alignment };
                found.push(Candidate { anchor, fit });
            }
        }
        found
    }
}

/// A box's extent along one axis, or 16 pixels about its middle: a garment between anchor points would be learned by
/// none.
fn at_least_a_cell(low: f32, high: f32) -> (f32, f32) {
    const LEAST: f32 = Config::STRIDES[1] as f32;
    if high - low >= LEAST {
        return (low, high);
    }
    let middle = (low + high) * 0.5;
    (middle - LEAST * 0.5, middle + LEAST * 0.5)
}

/// Keeps the best aligned.
fn choose(candidates: &mut Vec<Candidate>) {
    if candidates.len() <= TOP_K {
        return;
    }
    let order = |a: &Candidate, b: &Candidate| {
        let by_alignment = b.fit.alignment.total_cmp(&a.fit.alignment);
        by_alignment.then(a.anchor.cmp(&b.anchor))
    };
    candidates.select_nth_unstable_by(TOP_K, order);
    candidates.truncate(TOP_K);
}

/// Whose an anchor point is.
#[derive(Clone, Copy, Debug, Default)]
struct Owner {
    /// How many garments chose it.
    wanted: usize,
    /// The garment that chose it, where it is one.
    by: Option<(usize, Fit)>,
    /// The garment that it overlaps most, among all.
    nearest: Option<(usize, Fit)>,
}

impl Owner {
    fn offer(&mut self, target: usize, candidate: &Candidate) {
        let better = |(_, fit): (usize, Fit)| candidate.fit.overlap > fit.overlap;
        if self.nearest.is_none_or(better) {
            self.nearest = Some((target, candidate.fit));
        }
    }

    fn want(&mut self, target: usize, candidate: &Candidate) {
        self.wanted += 1;
        self.by = Some((target, candidate.fit));
    }

    fn settled(&self) -> Option<(usize, Fit)> {
        match self.wanted {
            0 | 1 => self.by,
            _ => self.nearest,
        }
    }
}

/// A garment's box with what many comparisons need of it.
struct Shape {
    bbox: BoxXyxy,
    aspect: f32,
}

impl Shape {
    fn of(bbox: BoxXyxy) -> Self {
        let aspect = aspect(bbox);
        Self { bbox, aspect }
    }
}

const IOU_EPS: f32 = 1e-7;

/// The angle whose tangent is width / height.
fn aspect(bbox: BoxXyxy) -> f32 {
    ((bbox.x1 - bbox.x0) / (bbox.y1 - bbox.y0 + IOU_EPS)).atan()
}

/// [`wardrobe_nn::loss::complete_iou`] of one pair of boxes.
fn complete_iou(a: BoxXyxy, target: &Shape) -> f32 {
    let b = target.bbox;
    let area = |c: BoxXyxy| (c.x1 - c.x0) * (c.y1 - c.y0 + IOU_EPS);
    let width = (a.x1.min(b.x1) - a.x0.max(b.x0)).max(0.0);
    let height = (a.y1.min(b.y1) - a.y0.max(b.y0)).max(0.0);
    let both = width * height;
    if both == 0.0 {
        // The other terms only take from it, and what is not above 0 counts as 0.
        return 0.0;
    }
    let iou = both / (area(a) + area(b) - both + IOU_EPS);
    let around_x = a.x1.max(b.x1) - a.x0.min(b.x0);
    let around_y = a.y1.max(b.y1) - a.y0.min(b.y0);
    let apart_x = b.x0 + b.x1 - a.x0 - a.x1;
    let apart_y = b.y0 + b.y1 - a.y0 - a.y1;
    let apart = (apart_x * apart_x + apart_y * apart_y) * 0.25;
    let distance = apart / (around_x * around_x + around_y * around_y + IOU_EPS);
    let turned = (target.aspect - aspect(a)).powi(2) * (4.0 / (PI * PI));
    let weight = turned / (turned - iou + (1.0 + IOU_EPS));
    iou - distance - turned * weight
}
