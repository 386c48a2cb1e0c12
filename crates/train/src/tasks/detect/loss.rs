//! What the detector is trained on.

use super::assign::{Assigned, Predicted, Target, assign};
use candle_core::{D, DType, Result, Tensor, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use wardrobe_detect::{Config, Level};
use wardrobe_nn::loss::{
    bce_with_logits, complete_iou, distribution_expectation, distribution_focal_loss,
};
use wardrobe_types::BoxXyxy;

/// What the terms of the loss are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gains {
    /// Of the boxes' overlap: 7.5.
    pub boxes: f64,
    /// Of the classes: 0.5.
    pub classes: f64,
    /// Of the distributions that a box's sides are predicted as: 1.5.
    pub distances: f64,
}

impl Default for Gains {
    fn default() -> Self {
        Self {
            boxes: 7.5,
            classes: 0.5,
            distances: 1.5,
        }
    }
}

/// The three terms of the loss, before their [`Gains`]. Each is a scalar, divided by the sum of the scores that anchor
/// points shall give, or by 1 where that is less.
#[derive(Clone, Debug)]
pub struct Losses {
    /// 1 - CIoU, weighted by those scores.
    pub boxes: Tensor,
    /// Binary cross entropy of every anchor point's every class.
    pub classes: Tensor,
    /// Distribution focal loss, mean over a box's sides, weighted as the boxes.
    pub distances: Tensor,
}

impl Losses {
    /// The sum.
    ///
    /// # Errors
    /// A failed tensor operation.
    pub fn total(&self, gains: &Gains) -> Result<Tensor> {
        let boxes = (&self.boxes * gains.boxes)?;
        let classes = (&self.classes * gains.classes)?;
        (boxes + classes)? + (&self.distances * gains.distances)?
    }
}

/// The levels' outputs one after the other, and where their anchor points are.
struct Outputs {
    /// (n, anchors, classes)
    class_logits: Tensor,
    /// (n, anchors, 4 x 16)
    distance_logits: Tensor,
    anchors: Vec<Anchor>,
}

/// An anchor point, in cells of its level.
#[derive(Clone, Copy)]
struct Anchor {
    x: f32,
    y: f32,
    stride: f32,
}

impl Outputs {
    fn of(levels: &[Level]) -> Result<Self> {
        let (mut classes, mut distances, mut anchors) = (Vec::new(), Vec::new(), Vec::new());
        for level in levels {
            let (n, h, w, outputs) = level.class_logits.dims4()?;
            classes.push(level.class_logits.reshape((n, h * w, outputs))?);
            let sides = (n, h * w, 4 * Config::REG_MAX);
            distances.push(level.distance_logits.reshape(sides)?);
            let stride = level.stride as f32;
            anchors.extend((0..h * w).map(|i| Anchor {
                x: (i % w) as f32 + 0.5,
                y: (i / w) as f32 + 0.5,
                stride,
            }));
        }
        Ok(Self {
            class_logits: Tensor::cat(&classes, 1)?,
            distance_logits: Tensor::cat(&distances, 1)?,
            anchors,
        })
    }
}

/// [`assign`] for each photo of a batch.
///
/// # Errors
/// Another number of photos than of lists of targets; a class that the network does not have.
pub fn assign_batch(levels: &[Level], targets: &[Vec<Target>]) -> Result<Vec<Vec<Assigned>>> {
    Outputs::of(levels)?.assign(targets)
}

/// The loss of a batch against an assignment, which counts as given.
///
/// # Errors
/// Numbers in `assigned` that the levels or the targets do not have.
pub fn losses(
    levels: &[Level],
    targets: &[Vec<Target>],
    assigned: &[Vec<Assigned>],
) -> Result<Losses> {
    Outputs::of(levels)?.losses(targets, assigned)
}

/// [`losses`] by [`assign_batch`].
///
/// # Errors
/// As these.
pub fn detection_losses(levels: &[Level], targets: &[Vec<Target>]) -> Result<Losses> {
    let outputs = Outputs::of(levels)?;
    let assigned = outputs.assign(targets)?;
    outputs.losses(targets, &assigned)
}

impl Outputs {
    fn assign(&self, targets: &[Vec<Target>]) -> Result<Vec<Vec<Assigned>>> {
        let (n, anchors, classes) = self.class_logits.dims3()?;
        if targets.len() != n {
            bail!("{} lists of targets for {n} photos", targets.len());
        }
        if let Some(target) = targets.iter().flatten().find(|t| t.class >= classes) {
            bail!("a target of class {} of {classes}", target.class);
        }
        let points: Vec<[f32; 2]> = self
            .anchors
            .iter()
            .map(|a| [a.x * a.stride, a.y * a.stride])
            .collect();
        let (logits, distances) = (values(&self.class_logits)?, values(&self.distance_logits)?);
        let photo = |(i, targets): (usize, &Vec<Target>)| {
            if targets.is_empty() {
                return Vec::new();
            }
            let sides = 4 * Config::REG_MAX;
            let distances = distances[i * anchors * sides..][..anchors * sides].chunks_exact(sides);
            let boxes: Vec<BoxXyxy> = self
                .anchors
                .iter()
                .zip(distances)
                .map(|(anchor, logits)| anchor.decoded(logits))
                .collect();
            let predicted = Predicted {
                anchors: &points,
                boxes: &boxes,
                class_logits: &logits[i * anchors * classes..][..anchors * classes],
                classes,
            };
            assign(&predicted, targets)
        };
        Ok(targets.par_iter().enumerate().map(photo).collect())
    }

    fn losses(&self, targets: &[Vec<Target>], assigned: &[Vec<Assigned>]) -> Result<Losses> {
        let (n, anchors, classes) = self.class_logits.dims3()?;
        let (device, dtype) = (self.class_logits.device(), self.class_logits.dtype());
        let mut wanted = vec![0f32; n * anchors * classes];
        let (mut rows, mut scores) = (Vec::new(), Vec::new());
        let (mut points, mut boxes) = (Vec::new(), Vec::new());
        for (i, (targets, assigned)) in targets.iter().zip(assigned).enumerate() {
            for found in assigned {
                let Some((anchor, target)) = self
                    .anchors
                    .get(found.anchor)
                    .zip(targets.get(found.target))
                else {
                    bail!("{found:?} is of no anchor point or of no garment");
                };
                let row = i * anchors + found.anchor;
                wanted[row * classes + target.class] = found.score;
                rows.push(row as u32);
                scores.push(found.score);
                points.extend([anchor.x, anchor.y]);
                boxes.extend(<[f32; 4]>::from(target.bbox).map(|edge| edge / anchor.stride));
            }
        }
        let sum: f32 = scores.iter().sum();
        let norm = f64::from(sum.max(1.0));
        let wanted = Tensor::from_vec(wanted, (n, anchors, classes), device)?.to_dtype(dtype)?;
        let classes = (bce_with_logits(&self.class_logits, &wanted)?.sum_all()? / norm)?;
        let m = rows.len();
        if m == 0 {
            let none = Tensor::zeros((), dtype, device)?;
            return Ok(Losses {
                boxes: none.clone(),
                classes,
                distances: none,
            });
        }
        let tensor = |values: Vec<f32>, width: usize| {
            Tensor::from_vec(values, (m, width), device)?.to_dtype(dtype)
        };
        let (points, boxes) = (tensor(points, 2)?, tensor(boxes, 4)?);
        let weights = tensor(scores, 1)?.squeeze(1)?;
        let logits = self
            .distance_logits
            .flatten_to(1)?
            .index_select(&Tensor::from_vec(rows, m, device)?, 0)?
            .reshape((m, 4, Config::REG_MAX))?;
        let weighted = |loss: Tensor| (loss * &weights)?.sum_all()? / norm;
        let ciou = complete_iou(
            &around(&points, &distribution_expectation(&logits)?)?,
            &boxes,
        )?;
        let sides = distances_to(&points, &boxes)?;
        let focal = distribution_focal_loss(&logits, &sides)?.mean(D::Minus1)?;
        Ok(Losses {
            boxes: weighted((1.0 - ciou)?)?,
            classes,
            distances: weighted(focal)?,
        })
    }
}

impl Anchor {
    /// The box that the logits of four distributions give, in pixels.
    fn decoded(&self, logits: &[f32]) -> BoxXyxy {
        let side = |i: usize| mean_distance(&logits[i * Config::REG_MAX..][..Config::REG_MAX]);
        BoxXyxy {
            x0: (self.x - side(0)) * self.stride,
            y0: (self.y - side(1)) * self.stride,
            x1: (self.x + side(2)) * self.stride,
            y1: (self.y + side(3)) * self.stride,
        }
    }
}

/// The mean of 0, 1, 2 ... under the distribution that the logits give.
fn mean_distance(logits: &[f32]) -> f32 {
    let most = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (i, logit) in logits.iter().enumerate() {
        let p = (logit - most).exp();
        sum += p;
        weighted += p * i as f32;
    }
    weighted / sum
}

/// (m, 2) points and (m, 4) distances to the left, top, right and bottom -> (m, 4) boxes
fn around(points: &Tensor, distances: &Tensor) -> Result<Tensor> {
    let low = (points - distances.narrow(1, 0, 2)?)?;
    let high = (points + distances.narrow(1, 2, 2)?)?;
    Tensor::cat(&[low, high], 1)
}

/// The inverse of [`around`].
fn distances_to(points: &Tensor, boxes: &Tensor) -> Result<Tensor> {
    let low = (points - boxes.narrow(1, 0, 2)?)?;
    let high = (boxes.narrow(1, 2, 2)? - points)?;
    Tensor::cat(&[low, high], 1)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor
        .detach()
        .to_dtype(DType::F32)?
        .flatten_all()?
        .to_vec1()
}
