//! Suppression against the obvious way of doing it, and cases worked by hand.

use proptest::prelude::*;
use wardrobe_detect::{Candidate, suppress};
use wardrobe_types::BoxXyxy;

/// The textbook's: the best that is left is kept and takes with it all of its class that overlap it too much.
fn suppress_slowly(
    candidates: &[Candidate],
    iou: f32,
    most: usize,
    considered: usize,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..candidates.len()).collect();
    // Stable: of equal scores the earlier stays first.
    left.sort_by(|&a, &b| candidates[b].score.total_cmp(&candidates[a].score));
    left.truncate(considered);
    let mut kept = Vec::new();
    while !left.is_empty() && kept.len() < most {
        let best = left.remove(0);
        kept.push(best);
        let rivals = |i: usize| {
            let (a, b) = (&candidates[best], &candidates[i]);
            a.class == b.class && a.bbox.iou(&b.bbox) > iou
        };
        left.retain(|&i| !rivals(i));
    }
    kept
}

fn candidate(bbox: [f32; 4], class: usize, score: f32) -> Candidate {
    Candidate {
        bbox: bbox.try_into().unwrap(),
        class,
        score,
    }
}

/// Few places, sizes, classes and scores: ties, copies, empty boxes and overlaps of exactly a threshold abound.
fn crowded() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (0..12u8, 0..12u8, 0..8u8, 0..8u8, 0..3usize, 0..20u8).prop_map(
        |(x, y, w, h, class, score)| {
            let [x, y, w, h] = [x, y, w, h].map(f32::from);
            candidate([x, y, x + w, y + h], class, f32::from(score) / 19.0)
        },
    );
    prop::collection::vec(one, 0..120)
}

/// Boxes anywhere, past the edges too.
fn scattered() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (
        -50.0..600f32,
        -50.0..600f32,
        0.0..300f32,
        0.0..300f32,
        0..13usize,
        0.0..1f32,
    )
        .prop_map(|(x, y, w, h, class, score)| candidate([x, y, x + w, y + h], class, score));
    prop::collection::vec(one, 0..200)
}

proptest! {
    #[test]
    fn equals_the_obvious_way(
        candidates in prop_oneof![crowded(), scattered()],
        iou in prop_oneof![Just(0.0f32), Just(0.5), Just(0.7), Just(1.0), 0.0..1f32],
        most in prop_oneof![0..20usize, Just(300)],
        considered in prop_oneof![0..100usize, Just(30_000)],
    ) {
        prop_assert_eq!(
            suppress(&candidates, iou, most, considered),
            suppress_slowly(&candidates, iou, most, considered)
        );
    }
}

#[test]
fn the_threshold_itself_is_no_overlap() {
    // Intersection 7, union 10.
    let boxes = [
        candidate([0.0, 0.0, 10.0, 1.0], 0, 0.9),
        candidate([0.0, 0.0, 7.0, 1.0], 0, 0.8),
    ];
    assert_eq!(suppress(&boxes, 0.7, 300, 30_000), [0, 1]);
    assert_eq!(suppress(&boxes, 0.69, 300, 30_000), [0]);
}

#[test]
fn classes_do_not_suppress_each_other() {
    let bbox = [3.0, 4.0, 50.0, 70.0];
    let boxes = [
        candidate(bbox, 1, 0.5),
        candidate(bbox, 0, 0.9),
        candidate(bbox, 1, 0.7),
    ];
    assert_eq!(suppress(&boxes, 0.7, 300, 30_000), [1, 2]);
}

#[test]
fn of_equal_scores_the_first_is_kept() {
    let boxes = vec![candidate([0.0, 0.0, 9.0, 9.0], 0, 0.5); 40];
    assert_eq!(suppress(&boxes, 0.7, 300, 30_000), [0]);
    // Nothing overlaps by more than all of it: copies too are kept, in their order.
    assert_eq!(suppress(&boxes, 1.0, 3, 30_000), [0, 1, 2]);
}

#[test]
fn a_chain_is_broken_at_its_kept_links() {
    // Each overlaps its neighbours by 2/3; the second goes by the first, so that it cannot take the third.
    let at = |x: f32, score| candidate([x, 0.0, x + 10.0, 10.0], 0, score);
    let boxes = [at(0.0, 0.9), at(2.0, 0.8), at(4.0, 0.7)];
    assert_eq!(suppress(&boxes, 0.6, 300, 30_000), [0, 2]);
}

#[test]
fn odd_boxes_do_no_harm() {
    let odd = BoxXyxy {
        x0: f32::NAN,
        y0: 0.0,
        x1: f32::INFINITY,
        y1: 1.0,
    };
    let boxes = [Candidate {
        bbox: odd,
        class: usize::MAX,
        score: 0.5,
    }; 2];
    assert_eq!(suppress(&boxes, 0.5, 300, 30_000).first(), Some(&0));
    assert!(suppress(&[], 0.5, 300, 30_000).is_empty());
}
