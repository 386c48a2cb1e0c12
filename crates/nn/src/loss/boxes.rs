//! Losses of boxes: their overlap, and the distributions that their sides are predicted as.

use crate::ops::{atan, softmax};
use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;
use std::f64::consts::PI;

/// Keeps quotients of empty boxes finite, as YOLOv8 does.
const EPS: f64 = 1e-7;

/// The complete IoU of pairs of boxes, in (-1.5, 1] and 1 for boxes that coincide (Zheng et al. 2020, arXiv:1911.08287):
/// IoU, less the distance of the centres relative to the diagonal of the box around both, less how far the aspect
/// ratios differ. The loss is `1 - complete_iou`. Boxes far apart still have a gradient, where plain IoU has none.
///
/// The weight of the aspect ratio's term counts as a constant in the gradient, as in the authors' code.
///
/// # Shapes
/// `boxes`, `targets` (m, 4) as x0, y0, x1, y1 -> (m)
pub fn complete_iou(boxes: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if boxes.dims() != targets.dims() || boxes.rank() != 2 || boxes.dim(1)? != 4 {
        let (boxes, targets) = (boxes.dims(), targets.dims());
        bail!("complete_iou: expected boxes and targets (m, 4), got {boxes:?} and {targets:?}");
    }
    let (a, b) = (Corners::of(boxes)?, Corners::of(targets)?);
    let iou = a.iou(&b)?;
    let aspect = ((b.aspect()? - a.aspect()?)?.sqr()? * (4.0 / (PI * PI)))?;
    let weight = {
        let (aspect, iou) = (aspect.detach(), iou.detach());
        (&aspect / ((&aspect - iou)? + (1.0 + EPS))?)?
    };
    (iou - a.distance(&b)?)? - (aspect * weight)?
}

/// A column for each corner's coordinate.
struct Corners {
    x0: Tensor,
    y0: Tensor,
    x1: Tensor,
    y1: Tensor,
}

impl Corners {
    fn of(boxes: &Tensor) -> Result<Self> {
        let column = |i| boxes.narrow(1, i, 1)?.squeeze(1)?.contiguous();
        Ok(Self {
            x0: column(0)?,
            y0: column(1)?,
            x1: column(2)?,
            y1: column(3)?,
        })
    }

    fn width(&self) -> Result<Tensor> {
        &self.x1 - &self.x0
    }

    fn height(&self) -> Result<Tensor> {
        (&self.y1 - &self.y0)? + EPS
    }

    /// The angle whose tangent is width / height.
    fn aspect(&self) -> Result<Tensor> {
        atan(&(self.width()? / self.height()?)?)
    }

    fn iou(&self, other: &Self) -> Result<Tensor> {
        let overlap = |a0: &Tensor, a1: &Tensor, b0: &Tensor, b1: &Tensor| {
            (a1.minimum(b1)? - a0.maximum(b0)?)?.relu()
        };
        let width = overlap(&self.x0, &self.x1, &other.x0, &other.x1)?;
        let height = overlap(&self.y0, &self.y1, &other.y0, &other.y1)?;
        let both = (width * height)?;
        let area = |corners: &Self| corners.width()? * corners.height()?;
        let either = (((area(self)? + area(other)?)? - &both)? + EPS)?;
        both / either
    }

    /// The squared distance of the centres over the squared diagonal of the box around both.
    fn distance(&self, other: &Self) -> Result<Tensor> {
        let around = |a0: &Tensor, a1: &Tensor, b0: &Tensor, b1: &Tensor| {
            (a1.maximum(b1)? - a0.minimum(b0)?)?.sqr()
        };
        let width = around(&self.x0, &self.x1, &other.x0, &other.x1)?;
        let height = around(&self.y0, &self.y1, &other.y0, &other.y1)?;
        let apart =
            |a0: &Tensor, a1: &Tensor, b0: &Tensor, b1: &Tensor| ((b0 + b1)? - (a0 + a1)?)?.sqr();
        let x = apart(&self.x0, &self.x1, &other.x0, &other.x1)?;
        let y = apart(&self.y0, &self.y1, &other.y0, &other.y1)?;
        ((x + y)? * 0.25)? / ((width + height)? + EPS)?
    }
}

/// Distribution focal loss (Li et al. 2020, arXiv:2006.04388): cross entropy of a distribution over the distances 0, 1,
/// 2, ... against a target between two of them, which share it by nearness. Targets are held within the bins, 0.01
/// short of the last, as YOLOv8 does, and get no gradient. Not reduced.
///
/// # Shapes
/// `logits` (..., bins), `targets` (...) in bins -> (...)
pub fn distribution_focal_loss(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (bins, leading) = bins(logits, "distribution_focal_loss")?;
    if targets.dims() != leading {
        let (logits, targets) = (logits.dims(), targets.dims());
        bail!(
            "distribution_focal_loss: for logits {logits:?} (..., bins) expected targets {leading:?}, got {targets:?}"
        );
    }
    let targets = targets.detach().clamp(0.0, (bins - 1) as f64 - 0.01)?;
    // A bin's share falls from 1 to 0 over a bin to either side.
    let away = distances(logits, bins)?.broadcast_sub(&targets.unsqueeze(D::Minus1)?)?;
    let shares = (1.0 - away.abs()?)?.relu()?;
    (shares * log_softmax(logits, D::Minus1)?)?
        .sum(D::Minus1)?
        .neg()
}

/// The mean of the distribution that [`distribution_focal_loss`] trains: the distance it predicts, in bins.
///
/// # Shapes
/// `logits` (..., bins) -> (...)
pub fn distribution_expectation(logits: &Tensor) -> Result<Tensor> {
    let (bins, _) = bins(logits, "distribution_expectation")?;
    softmax(logits)?
        .broadcast_mul(&distances(logits, bins)?)?
        .sum(D::Minus1)
}

/// The last axis, at least 2, and the others.
fn bins<'a>(logits: &'a Tensor, op: &str) -> Result<(usize, &'a [usize])> {
    match logits.dims().split_last() {
        Some((&bins, leading)) if bins >= 2 => Ok((bins, leading)),
        _ => bail!(
            "{op}: expected logits (..., bins) of at least 2 bins, got {:?}",
            logits.dims()
        ),
    }
}

/// 0, 1, ... in a shape that broadcasts to the logits'.
fn distances(logits: &Tensor, bins: usize) -> Result<Tensor> {
    let distances: Vec<f64> = (0..bins).map(|bin| bin as f64).collect();
    let mut shape = vec![1; logits.rank()];
    shape[logits.rank() - 1] = bins;
    Tensor::from_vec(distances, shape, logits.device())?.to_dtype(logits.dtype())
}
