//! Average precision against pycocotools (tests/golden/detection.json, written by detection.py) and cases worked by
//! hand.

use proptest::prelude::*;
use serde::Deserialize;
use wardrobe_eval::{
    Bootstrap, DetectionMatches, DetectionScores, EvalError, ImageBoxes, ScoredBox, TruthBox,
    detection_metrics,
};
use wardrobe_types::BoxXyxy;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: usize,
    photos: Vec<Photo>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Photo {
    truth: Vec<Truth>,
    found: Vec<Found>,
}

#[derive(Deserialize)]
struct Truth {
    class: usize,
    bbox: BoxXyxy,
    crowd: bool,
}

#[derive(Deserialize)]
struct Found {
    class: usize,
    bbox: BoxXyxy,
    score: f32,
}

#[derive(Deserialize)]
struct Expected {
    mean: Scores,
    classes: Vec<Scores>,
}

#[derive(Deserialize)]
struct Scores {
    ap50_95: Option<f64>,
    ap50: Option<f64>,
    ap75: Option<f64>,
    recall50_95: Option<f64>,
}

impl Photo {
    fn boxes(&self) -> ImageBoxes {
        let truth = self.truth.iter().map(|t| TruthBox {
            class: t.class,
            bbox: t.bbox,
            crowd: t.crowd,
        });
        let found = self.found.iter().map(|f| found(f.class, f.bbox, f.score));
        ImageBoxes {
            truth: truth.collect(),
            found: found.collect(),
        }
    }
}

/// Only sums are done in another order.
fn assert_scores(what: &str, ours: Option<DetectionScores>, theirs: &Scores) {
    let pairs = [
        (ours.map(|s| s.ap50_95), theirs.ap50_95),
        (ours.map(|s| s.ap50), theirs.ap50),
        (ours.map(|s| s.ap75), theirs.ap75),
        (ours.map(|s| s.recall50_95), theirs.recall50_95),
    ];
    for pair in pairs {
        match pair {
            (Some(ours), Some(theirs)) => {
                assert!((ours - theirs).abs() < 1e-12, "{what}: {pair:?}")
            }
            _ => assert_eq!(pair, (None, None), "{what}"),
        }
    }
}

#[test]
fn equals_pycocotools() {
    let golden: Golden = serde_json::from_str(include_str!("golden/detection.json")).unwrap();
    assert!(golden.cases.len() >= 8);
    for case in golden.cases {
        let images: Vec<_> = case.photos.iter().map(Photo::boxes).collect();
        let metrics = detection_metrics(&images, case.classes).unwrap();
        assert_scores(&case.name, Some(metrics.mean), &case.expected.mean);
        assert_eq!(metrics.classes.len(), case.expected.classes.len());
        for (ours, theirs) in metrics.classes.iter().zip(&case.expected.classes) {
            assert_scores(
                &format!("{} {}", case.name, ours.class),
                ours.scores,
                theirs,
            );
        }
    }
}

fn square(x: f32, y: f32, side: f32) -> BoxXyxy {
    BoxXyxy::new(x, y, x + side, y + side).unwrap()
}

fn there(class: usize, bbox: BoxXyxy) -> TruthBox {
    TruthBox {
        class,
        bbox,
        crowd: false,
    }
}

fn found(class: usize, bbox: BoxXyxy, score: f32) -> ScoredBox {
    ScoredBox { class, bbox, score }
}

#[test]
fn worked_by_hand() {
    // Four shirts in two photos. Best first: right, wrong (a second on the first shirt), right; two are never found.
    let images = [
        ImageBoxes {
            truth: vec![
                there(0, square(0.0, 0.0, 10.0)),
                there(0, square(50.0, 0.0, 10.0)),
            ],
            found: vec![
                found(0, square(0.0, 0.0, 10.0), 0.8),
                found(0, square(0.0, 0.0, 10.0), 0.9),
            ],
        },
        ImageBoxes {
            truth: vec![
                there(0, square(0.0, 0.0, 10.0)),
                there(0, square(50.0, 0.0, 10.0)),
            ],
            found: vec![found(0, square(50.0, 0.0, 10.0), 0.7)],
        },
        ImageBoxes::default(),
    ];
    let metrics = detection_metrics(&images, 2).unwrap();
    // Precision 1 at recalls of 0 to 0.25 (26 points), 2/3 to 0.5 (25 points), then 0.
    let expected = (26.0 + 25.0 * 2.0 / 3.0) / 101.0;
    let scores = metrics.classes[0].scores.unwrap();
    for value in [scores.ap50, scores.ap75, scores.ap50_95, metrics.mean.ap50] {
        assert!((value - expected).abs() < 1e-12, "{value} {expected}");
    }
    assert!((scores.recall50_95 - 0.5).abs() < 1e-12);
    assert_eq!((metrics.classes[0].truth, metrics.classes[0].found), (4, 3));
    assert_eq!(
        (metrics.classes[1].truth, metrics.classes[1].scores),
        (0, None)
    );
}

#[test]
fn a_box_is_found_once_and_by_the_surest() {
    // The surest overlaps by 10/14, the second fits exactly: it comes too late.
    let images = [ImageBoxes {
        truth: vec![there(0, BoxXyxy::new(0.0, 0.0, 10.0, 1.0).unwrap())],
        found: vec![
            found(0, BoxXyxy::new(0.0, 0.0, 10.0, 1.0).unwrap(), 0.5),
            found(0, BoxXyxy::new(0.0, 0.0, 14.0, 1.0).unwrap(), 0.6),
        ],
    }];
    let scores = detection_metrics(&images, 1).unwrap().mean;
    assert!((scores.ap50 - 1.0).abs() < 1e-12);
    // At 0.75 and more the surest is wrong, and the second right.
    assert!((scores.ap75 - 0.5).abs() < 1e-12);
    assert!((scores.ap50_95 - (5.0 + 5.0 * 0.5) / 10.0).abs() < 1e-12);
}

#[test]
fn what_lies_in_a_crowd_does_not_count() {
    let crowd = TruthBox {
        crowd: true,
        ..there(0, square(100.0, 0.0, 100.0))
    };
    let mut images = [ImageBoxes {
        truth: vec![crowd, there(0, square(0.0, 0.0, 10.0))],
        found: vec![
            found(0, square(110.0, 10.0, 5.0), 0.9),
            found(0, square(150.0, 10.0, 5.0), 0.8),
            found(0, square(0.0, 0.0, 10.0), 0.7),
        ],
    }];
    assert!((detection_metrics(&images, 1).unwrap().mean.ap50 - 1.0).abs() < 1e-12);
    images[0].truth.remove(0);
    let without = detection_metrics(&images, 1).unwrap().mean.ap50;
    assert!((without - 1.0 / 3.0).abs() < 1e-12, "{without}");
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let truth = |class| ImageBoxes {
        truth: vec![there(class, square(0.0, 0.0, 1.0))],
        found: vec![],
    };
    let claim = |bbox, score| ImageBoxes {
        truth: vec![],
        found: vec![found(0, bbox, score)],
    };
    let upside_down = BoxXyxy {
        y1: -1.0,
        ..square(0.0, 0.0, 1.0)
    };
    let empty = detection_metrics(&[claim(square(0.0, 0.0, 1.0), 0.5)], 2);
    assert!(matches!(empty, Err(EvalError::Empty { .. })));
    let class = detection_metrics(&[truth(0), truth(2)], 2);
    assert!(matches!(
        class,
        Err(EvalError::ClassOutOfRange {
            sample: 1,
            class: 2,
            ..
        })
    ));
    for bad in [
        claim(square(0.0, 0.0, 1.0), f32::NAN),
        claim(upside_down, 0.5),
    ] {
        let error = detection_metrics(&[truth(0), bad], 2);
        assert!(matches!(
            error,
            Err(EvalError::BadDetection { sample: 1, .. })
        ));
    }
}

proptest! {
    /// What is there, found as it is, is perfect; a miss less sure than all of it costs nothing.
    #[test]
    fn perfect_is_one(boxes in prop::collection::vec((0..3usize, 0..20u8, 0..20u8, 0.1..1f32), 1..20)) {
        let at = |x: u8, y: u8| square(f32::from(x) * 30.0, f32::from(y) * 30.0, 25.0);
        let mut image = ImageBoxes::default();
        for &(class, x, y, score) in &boxes {
            image.truth.push(there(class, at(x, y)));
            image.found.push(found(class, at(x, y), score));
            image.found.push(found(class, square(700.0, 700.0, 5.0), 0.05));
        }
        let scores = detection_metrics(&[image], 3).unwrap().mean;
        for value in [scores.ap50, scores.ap75, scores.ap50_95, scores.recall50_95] {
            prop_assert!((value - 1.0).abs() < 1e-12, "{}", value);
        }
    }
}

/// The bootstrap on matches made once, against matching every sample anew.
#[test]
fn intervals_are_those_of_measuring_each_sample() {
    let golden: Golden = serde_json::from_str(include_str!("golden/detection.json")).unwrap();
    let bootstrap = Bootstrap {
        resamples: 60,
        seed: 3,
    };
    let mut compared = 0;
    for case in golden.cases {
        let mut images: Vec<_> = case.photos.iter().map(Photo::boxes).collect();
        // Of equal scores the earlier photo's goes first, and which that is depends on the draw.
        let scores = images.iter_mut().flat_map(|image| &mut image.found);
        for (number, found) in scores.enumerate() {
            found.score += number as f32 * 1e-6;
        }
        let metric = |of: fn(&DetectionScores) -> f64| {
            bootstrap.ci95(images.len(), |drawn| {
                let sample: Vec<_> = drawn.iter().map(|&i| images[i].clone()).collect();
                let metrics = detection_metrics(&sample, case.classes).ok()?;
                Some(of(&metrics.mean))
            })
        };
        let matches = DetectionMatches::new(&images, case.classes).unwrap();
        let (ours, plain) = (matches.ci95(&bootstrap), metric(|s| s.ap50_95));
        match (ours, plain, metric(|s| s.ap50)) {
            (Ok(ours), Ok(ap50_95), Ok(ap50)) => {
                for (ours, plain) in [(ours.ap50_95, ap50_95.interval), (ours.ap50, ap50.interval)]
                {
                    assert!(
                        (ours.low - plain.low).abs() < 1e-9,
                        "{}: {ours:?} {plain:?}",
                        case.name
                    );
                    assert!(
                        (ours.high - plain.high).abs() < 1e-9,
                        "{}: {ours:?} {plain:?}",
                        case.name
                    );
                }
                compared += 1;
            }
            (Err(_), Err(_), _) => {}
            (ours, plain, _) => panic!("{}: {ours:?} {plain:?}", case.name),
        }
    }
    assert!(compared >= 3, "{compared} cases have intervals");
}
