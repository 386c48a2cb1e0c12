//! The detector's assignment and loss: against a plain definition, against Ultralytics', and by finite differences.

use candle_core::{DType, Tensor, Var};
use wardrobe_detect::Level;
use wardrobe_testkit::{GradCheck, Random, assert_gradients};
use wardrobe_train::tasks::detect::assign::{Assigned, Predicted, Target, assign};
use wardrobe_train::tasks::detect::loss::{Gains, assign_batch, detection_losses, losses};
use wardrobe_types::BoxXyxy;
use wardrobe_weights::Tensors;

fn bbox([x0, y0, x1, y1]: [f64; 4]) -> BoxXyxy {
    BoxXyxy {
        x0: x0 as f32,
        y0: y0 as f32,
        x1: x1 as f32,
        y1: y1 as f32,
    }
}

/// Anchor points of a photo of `width` x `height` at strides 8, 16 and 32.
fn anchors(width: usize, height: usize) -> Vec<[f32; 2]> {
    let mut points = Vec::new();
    for stride in [8, 16, 32] {
        for y in 0..height / stride {
            for x in 0..width / stride {
                let middle = |i: usize| (i as f32 + 0.5) * stride as f32;
                points.push([middle(x), middle(y)]);
            }
        }
    }
    points
}

/// CIoU as its paper writes it, in f64.
fn complete_iou(a: BoxXyxy, b: BoxXyxy) -> f64 {
    let [a, b] = [a, b].map(|c| <[f32; 4]>::from(c).map(f64::from));
    let side = |c: [f64; 4]| [c[2] - c[0], c[3] - c[1]];
    let ([aw, ah], [bw, bh]) = (side(a), side(b));
    let overlap = |i: usize| (a[i + 2].min(b[i + 2]) - a[i].max(b[i])).max(0.0);
    let both = overlap(0) * overlap(1);
    let iou = both / (aw * ah + bw * bh - both);
    let apart = |i: usize| ((a[i] + a[i + 2]) / 2.0 - (b[i] + b[i + 2]) / 2.0).powi(2);
    let around = |i: usize| (a[i + 2].max(b[i + 2]) - a[i].min(b[i])).powi(2);
    let distance = (apart(0) + apart(1)) / (around(0) + around(1));
    let angle = (bw / bh).atan() - (aw / ah).atan();
    let v = 4.0 / std::f64::consts::PI.powi(2) * angle * angle;
    let alpha = v / (1.0 - iou + v);
    iou - distance - if v > 0.0 { alpha * v } else { 0.0 }
}

/// The definition, step by step over whole tables of garments and anchor points.
fn plainly(predicted: &Predicted<'_>, targets: &[Target]) -> Vec<Assigned> {
    let n = predicted.anchors.len();
    let mut inside = vec![vec![false; n]; targets.len()];
    let mut overlap = vec![vec![0f64; n]; targets.len()];
    let mut alignment = overlap.clone();
    let mut chosen = inside.clone();
    for (t, target) in targets.iter().enumerate() {
        let [x0, y0, x1, y1] = <[f32; 4]>::from(target.bbox).map(f64::from);
        let grown = |low: f64, high: f64| {
            let (middle, half) = ((low + high) / 2.0, ((high - low) / 2.0).max(8.0));
            (middle - half, middle + half)
        };
        let ((x0, x1), (y0, y1)) = (grown(x0, x1), grown(y0, y1));
        for (a, &[x, y]) in predicted.anchors.iter().enumerate() {
            let (x, y) = (f64::from(x), f64::from(y));
            inside[t][a] = x0 < x && x < x1 && y0 < y && y < y1;
            if inside[t][a] {
                let logit = predicted.class_logits[a * predicted.classes + target.class];
                let score = 1.0 / (1.0 + f64::from(-logit).exp());
                overlap[t][a] = complete_iou(predicted.boxes[a], target.bbox).max(0.0);
                alignment[t][a] = score.powf(0.5) * overlap[t][a].powf(6.0);
            }
        }
        let mut ranked: Vec<usize> = (0..n).collect();
        ranked.sort_by(|&a, &b| alignment[t][b].total_cmp(&alignment[t][a]));
        for &a in ranked.iter().take(10) {
            chosen[t][a] = inside[t][a] && alignment[t][a] > 0.0;
        }
    }
    let mut owner = vec![None; n];
    for (a, owner) in owner.iter_mut().enumerate() {
        let mut choosers = (0..targets.len()).filter(|&t| chosen[t][a]);
        *owner = match (choosers.next(), choosers.next()) {
            (Some(_), Some(_)) => {
                // The first of the highest.
                let better = |best: usize, t: usize| {
                    if overlap[t][a] > overlap[best][a] {
                        t
                    } else {
                        best
                    }
                };
                (0..targets.len()).reduce(better)
            }
            (one, _) => one,
        };
    }
    let most = |t: usize, of: &[Vec<f64>]| {
        let theirs = (0..n).filter(|&a| owner[a] == Some(t));
        theirs.map(|a| of[t][a]).fold(0.0, f64::max)
    };
    (0..n)
        .filter_map(|anchor| {
            let target = owner[anchor]?;
            // YOLOv8's guard against nothing, which counts where a garment is hardly seen.
            let scale = most(target, &overlap) / (most(target, &alignment) + 1e-9);
            let score = (alignment[target][anchor] * scale) as f32;
            Some(Assigned {
                anchor,
                target,
                score,
            })
        })
        .collect()
}

#[track_caller]
fn assert_as_plain(predicted: &Predicted<'_>, targets: &[Target]) -> Vec<Assigned> {
    let (got, expected) = (assign(predicted, targets), plainly(predicted, targets));
    let who = |assigned: &[Assigned]| -> Vec<(usize, usize)> {
        assigned.iter().map(|a| (a.anchor, a.target)).collect()
    };
    assert_eq!(who(&got), who(&expected));
    for (got, expected) in got.iter().zip(&expected) {
        let (got, expected) = (got.score, expected.score);
        assert!((got - expected).abs() < 1e-4, "{got} {expected}");
    }
    got
}

/// A box of 3 to 60 pixels a side around a point.
fn around([x, y]: [f32; 2], random: &mut Random) -> BoxXyxy {
    let mut reach = || 1.5 + 30.0 * random.unit();
    let (x, y) = (f64::from(x), f64::from(y));
    bbox([x - reach(), y - reach(), x + reach(), y + reach()])
}

#[test]
fn assignment_is_the_definition_on_random_photos() {
    const CLASSES: usize = 4;
    let points = anchors(128, 96);
    let mut contested = 0;
    for seed in 0..60 {
        let random = &mut Random::new(seed);
        let boxes: Vec<BoxXyxy> = points.iter().map(|&point| around(point, random)).collect();
        let logits: Vec<f32> = (0..points.len() * CLASSES)
            .map(|_| (8.0 * random.unit() - 6.0) as f32)
            .collect();
        let targets: Vec<Target> = (0..random.within(0..=9))
            .map(|_| {
                let at = [
                    (128.0 * random.unit()) as f32,
                    (96.0 * random.unit()) as f32,
                ];
                Target {
                    class: random.below(CLASSES),
                    bbox: around(at, random),
                }
            })
            .collect();
        let predicted = Predicted {
            anchors: &points,
            boxes: &boxes,
            class_logits: &logits,
            classes: CLASSES,
        };
        let assigned = assert_as_plain(&predicted, &targets);
        for t in 0..targets.len() {
            let count = assigned.iter().filter(|a| a.target == t).count();
            contested += usize::from(count < 10);
        }
        assert!(assigned.iter().all(|a| a.score > 0.0 && a.score <= 1.0));
        assert!(!targets.is_empty() || assigned.is_empty());
    }
    assert!(contested > 20, "{contested} garments had to share");
}

/// Every anchor point says the same of the same box.
fn unanimous<'a>(points: &'a [[f32; 2]], boxes: &'a [BoxXyxy], logits: &'a [f32]) -> Predicted<'a> {
    Predicted {
        anchors: points,
        boxes,
        class_logits: logits,
        classes: 1,
    }
}

#[test]
fn of_equals_the_earlier_goes_first() {
    let points = anchors(64, 64);
    let target = Target {
        class: 0,
        bbox: bbox([0.0, 0.0, 64.0, 64.0]),
    };
    let (boxes, logits) = (vec![target.bbox; points.len()], vec![0.0; points.len()]);
    let predicted = unanimous(&points, &boxes, &logits);
    // Both garments choose the first ten, and the first garment overlaps them no less.
    let assigned = assert_as_plain(&predicted, &[target, target]);
    let first: Vec<_> = assigned.iter().map(|a| (a.anchor, a.target)).collect();
    assert_eq!(first, (0..10).map(|a| (a, 0)).collect::<Vec<_>>());
    // A perfect box is asked for a perfect score.
    assert!(assigned.iter().all(|a| (a.score - 1.0).abs() < 1e-4));
}

#[test]
fn a_garment_smaller_than_a_cell_is_seen_from_near_by() {
    let points = anchors(64, 64);
    // Between the anchor points of every level: none lies inside.
    let tiny = Target {
        class: 0,
        bbox: bbox([14.0, 14.5, 18.0, 17.5]),
    };
    let (boxes, logits) = (vec![tiny.bbox; points.len()], vec![0.0; points.len()]);
    let predicted = unanimous(&points, &boxes, &logits);
    let assigned = assert_as_plain(&predicted, &[tiny]);
    // Four of stride 8 and one of stride 32; those of stride 16 lie on the edges of the 16 pixels about it, or beyond.
    let seen: Vec<_> = assigned.iter().map(|a| points[a.anchor]).collect();
    assert_eq!(
        seen,
        [
            [12.0, 12.0],
            [20.0, 12.0],
            [12.0, 20.0],
            [20.0, 20.0],
            [16.0, 16.0]
        ]
    );
}

#[test]
fn what_overlaps_nothing_learns_nothing() {
    let points = anchors(64, 64);
    let target = Target {
        class: 0,
        bbox: bbox([0.0, 0.0, 30.0, 30.0]),
    };
    let far = bbox([40.0, 40.0, 60.0, 60.0]);
    let (boxes, logits) = (vec![far; points.len()], vec![0.0; points.len()]);
    assert!(assert_as_plain(&unanimous(&points, &boxes, &logits), &[target]).is_empty());
    assert!(assert_as_plain(&unanimous(&points, &boxes, &logits), &[]).is_empty());
}

struct Golden {
    levels: Vec<Level>,
    /// In the order of the levels: distances, classes.
    inputs: Vec<Var>,
    gradients: Vec<Tensor>,
    targets: Vec<Vec<Target>>,
    terms: Vec<f32>,
}

/// Ultralytics 8.4.190's loss of three photos; tests/golden/detection_loss.py.
fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/detection_loss.safetensors"
    );
    let file = Tensors::load(path).unwrap().map;
    let (mut levels, mut inputs, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
    for stride in [8, 16, 32] {
        let mut input = |kind: &str| {
            let var = Var::from_tensor(&file[&format!("{kind}.{stride}")]).unwrap();
            let tensor = var.as_tensor().clone();
            gradients.push(file[&format!("{kind}.{stride}.grad")].clone());
            inputs.push(var);
            tensor
        };
        levels.push(Level {
            stride,
            distance_logits: input("distances"),
            class_logits: input("classes"),
        });
    }
    let mut targets = vec![Vec::new(); 3];
    for row in file["targets"].to_vec2::<f32>().unwrap() {
        let edges = std::array::from_fn(|i| f64::from(row[i + 2]));
        targets[row[0] as usize].push(Target {
            class: row[1] as usize,
            bbox: bbox(edges),
        });
    }
    Golden {
        levels,
        inputs,
        gradients,
        targets,
        terms: file["terms"].to_vec1().unwrap(),
    }
}

#[test]
fn loss_and_gradients_are_those_of_ultralytics() {
    let golden = golden();
    let found = detection_losses(&golden.levels, &golden.targets).unwrap();
    let terms = [&found.boxes, &found.classes, &found.distances];
    for (term, expected) in terms.into_iter().zip(&golden.terms) {
        let got = term.to_scalar::<f32>().unwrap();
        // Measured: 1e-6; another assignment of one anchor point is off by 1e-3 and more.
        assert!((got - expected).abs() < 2e-5 * expected, "{got} {expected}");
    }
    let total = found.total(&Gains::default()).unwrap();
    let gradients = total.backward().unwrap();
    for (input, expected) in golden.inputs.iter().zip(&golden.gradients) {
        let got = gradients.get(input).unwrap();
        let largest = |t: &Tensor| {
            let t = t.abs().unwrap().flatten_all().unwrap();
            t.max(0).unwrap().to_scalar::<f32>().unwrap()
        };
        let (off, most) = (largest(&(got - expected).unwrap()), largest(expected));
        assert!(most > 1e-3 && off < 1e-5 * most, "{off} of {most}");
    }
}

#[test]
fn gradients_are_finite_differences() {
    let golden = golden();
    let assigned = assign_batch(&golden.levels, &golden.targets).unwrap();
    let inputs: Vec<Tensor> = golden
        .inputs
        .iter()
        .map(|var| var.as_detached_tensor().to_dtype(DType::F64).unwrap())
        .collect();
    let of = |tensors: &[Tensor]| {
        let levels: Vec<Level> = tensors
            .chunks(2)
            .zip([8, 16, 32])
            .map(|(pair, stride)| Level {
                stride,
                distance_logits: pair[0].clone(),
                class_logits: pair[1].clone(),
            })
            .collect();
        losses(&levels, &golden.targets, &assigned)
    };
    // CIoU's weight of the aspect ratios counts as a constant in the gradient, so boxes are left to the golden case
    // and to the tests of `complete_iou`.
    let check = GradCheck {
        elements: 60,
        ..GradCheck::f64()
    };
    let rest = |tensors: &[Tensor]| {
        let found = of(tensors)?;
        found.classes + found.distances
    };
    assert_gradients(rest, &inputs, &check);
}

#[test]
fn photos_without_garments_teach_that_there_is_nothing() {
    let golden = golden();
    let found = detection_losses(&golden.levels, &vec![Vec::new(); 3]).unwrap();
    assert_eq!(found.boxes.to_scalar::<f32>().unwrap(), 0.0);
    assert_eq!(found.distances.to_scalar::<f32>().unwrap(), 0.0);
    let gradients = found.total(&Gains::default()).unwrap().backward().unwrap();
    for level in golden.inputs.chunks(2) {
        assert!(gradients.get(&level[0]).is_none());
        let classes = gradients.get(&level[1]).unwrap();
        let values: Vec<f32> = classes.flatten_all().unwrap().to_vec1().unwrap();
        assert!(values.iter().all(|&g| g > 0.0), "every score goes down");
    }
}

#[test]
fn targets_that_do_not_fit_are_errors() {
    let golden = golden();
    let two = golden.targets[..2].to_vec();
    let error = assign_batch(&golden.levels, &two).unwrap_err().to_string();
    assert!(error.contains("2 lists of targets for 3 photos"), "{error}");
    let mut strange = golden.targets.clone();
    strange[1][0].class = 3;
    let error = detection_losses(&golden.levels, &strange).unwrap_err();
    assert!(error.to_string().contains("class 3 of 3"), "{error}");
    let nowhere = vec![
        vec![Assigned {
            anchor: 126,
            target: 0,
            score: 1.0,
        }],
        vec![],
        vec![],
    ];
    assert!(losses(&golden.levels, &golden.targets, &nowhere).is_err());
}
