//! Non-maximum suppression.

use std::collections::BTreeMap;
use wardrobe_types::BoxXyxy;

/// A box that may become a detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Where.
    pub bbox: BoxXyxy,
    /// The class's number.
    pub class: usize,
    /// How sure the network is, in 0..=1.
    pub score: f32,
}

/// Goes through the candidates from the best to the worst and keeps those that overlap no kept one of their own class
/// by more than `iou`, in 0..=1, until there are `most`: their indices, best first.
///
/// Of equal scores the earlier candidate is the better. Only the best `considered` candidates are looked at.
///
/// The cost is that of a sort and of one comparison a candidate and kept box of its class, several at a time, for a
/// candidate is compared with what was kept and not with all that follow it.
pub fn suppress(candidates: &[Candidate], iou: f32, most: usize, considered: usize) -> Vec<usize> {
    let mut kept_of: BTreeMap<usize, Kept> = BTreeMap::new();
    let mut kept = Vec::new();
    for i in ranked(candidates, considered) {
        if kept.len() >= most {
            break;
        }
        let Candidate { bbox, class, .. } = candidates[i];
        let of_class = kept_of.entry(class).or_default();
        if !of_class.overlap(&bbox, iou) {
            of_class.push(&bbox);
            kept.push(i);
        }
    }
    kept
}

/// The indices of the best candidates, best first.
fn ranked(candidates: &[Candidate], considered: usize) -> impl Iterator<Item = usize> {
    // One number that orders by score and then by index, as numbers sort faster than pairs. An index that does not fit
    // its half would take terabytes of candidates.
    let key = |(i, candidate): (usize, &Candidate)| {
        (u64::from(ascending(candidate.score)) << 32) | u64::from(!(i as u32))
    };
    let mut keys: Vec<u64> = candidates.iter().enumerate().map(key).collect();
    if considered < keys.len() {
        keys.select_nth_unstable_by(considered, |a, b| b.cmp(a));
        keys.truncate(considered);
    }
    keys.sort_unstable_by(|a, b| b.cmp(a));
    keys.into_iter().map(|key| !(key as u32) as usize)
}

/// A number whose order is the float's.
fn ascending(score: f32) -> u32 {
    let bits = score.to_bits();
    if score.is_sign_negative() {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// Boxes compared in one step.
const LANES: usize = 8;

/// Boxes kept so far, [`LANES`] at a time, each edge of them side by side.
#[derive(Default)]
struct Kept {
    groups: Vec<Group>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Group {
    x0: [f32; LANES],
    y0: [f32; LANES],
    x1: [f32; LANES],
    y1: [f32; LANES],
    area: [f32; LANES],
}

impl Group {
    /// Boxes that overlap nothing.
    const EMPTY: Self = Self {
        x0: [f32::INFINITY; LANES],
        y0: [f32::INFINITY; LANES],
        x1: [f32::NEG_INFINITY; LANES],
        y1: [f32::NEG_INFINITY; LANES],
        area: [0.0; LANES],
    };
}

impl Kept {
    fn push(&mut self, bbox: &BoxXyxy) {
        let lane = self.len % LANES;
        if lane == 0 {
            self.groups.push(Group::EMPTY);
        }
        self.len += 1;
        if let Some(group) = self.groups.last_mut() {
            group.x0[lane] = bbox.x0;
            group.y0[lane] = bbox.y0;
            group.x1[lane] = bbox.x1;
            group.y1[lane] = bbox.y1;
            group.area[lane] = bbox.area();
        }
    }

    /// Whether any of the boxes overlaps `bbox` by more than `iou`.
    fn overlap(&self, bbox: &BoxXyxy, iou: f32) -> bool {
        let area = bbox.area();
        self.groups.iter().any(|group| {
            let mut any = false;
            for lane in 0..LANES {
                let width = bbox.x1.min(group.x1[lane]) - bbox.x0.max(group.x0[lane]);
                let height = bbox.y1.min(group.y1[lane]) - bbox.y0.max(group.y0[lane]);
                let shared = width.max(0.0) * height.max(0.0);
                // Divided, not multiplied out: a threshold such as 0.7 falls as it does elsewhere. Two empty boxes give
                // NaN, which is no overlap.
                any |= shared / (area + group.area[lane] - shared) > iou;
            }
            any
        })
    }
}
