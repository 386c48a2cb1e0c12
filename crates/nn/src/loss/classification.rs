//! Losses of class scores.

use crate::ops::bce;
use candle_core::{D, Result, Tensor, bail};
use candle_nn::ops::log_softmax;

/// Cross entropy against target distributions, averaged over the batch. Soft targets cover label smoothing, mixup and
/// plain labels alike.
///
/// # Shapes
/// `logits`, `targets` (n, classes), each row of `targets` summing to 1 -> scalar
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    same_shape(logits, targets)?;
    let log_probs = log_softmax(logits, D::Minus1)?;
    (targets * log_probs)?.sum(D::Minus1)?.mean_all()?.neg()
}

/// Cross entropy for labels that name a *set* of classes, averaged over the batch: the negative logarithm of the
/// summed probability of the set (Jin and Ghahramani 2002). With sets of one class it is plain cross entropy. With
/// label smoothing `s`, a share `s` of the loss is cross entropy against the uniform distribution (Szegedy 2016).
///
/// # Shapes
/// `logits`, `members` (n, classes) with 1 for members and 0 for others -> scalar
pub fn set_cross_entropy(logits: &Tensor, members: &Tensor, smoothing: f64) -> Result<Tensor> {
    same_shape(logits, members)?;
    // The logarithm of a sum over the members: -1e4 takes the others out without an infinity in the gradient.
    let outside = ((members - 1.0)? * 1e4)?;
    let log_probs = log_softmax(logits, D::Minus1)?;
    let set = (&log_probs + outside)?
        .log_sum_exp(D::Minus1)?
        .mean_all()?
        .neg()?;
    if smoothing == 0.0 {
        return Ok(set);
    }
    let uniform = log_probs.mean_all()?.neg()?;
    (set * (1.0 - smoothing))? + (uniform * smoothing)?
}

/// Binary cross entropy of each logit against its own target in 0..=1, `max(x, 0) - x y + ln(1 + exp(-|x|))`: finite,
/// and with a gradient, at any logit (the logarithm of a sigmoid is neither past 40). Not reduced: detectors weigh and
/// sum it by their own rules.
///
/// # Shapes
/// `logits`, `targets` any, the same -> the same
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    same_shape(logits, targets)?;
    bce(logits, targets)
}

/// [`bce_with_logits`] of each logit times `(1 - p)^gamma`, p being the probability given to what is right: examples that are
/// easy count less (Lin et al. 2017, <https://arxiv.org/abs/1708.02002>, with gamma 2). `gamma` 0 is plain cross entropy.
/// Computed from logits, p is never rounded to 1: `ln (1 - p) = -softplus(x)` for a positive's logit x.
///
/// # Shapes
/// `logits`, `targets` any, the same, targets 0 or 1 -> the same
pub fn focal_with_logits(logits: &Tensor, targets: &Tensor, gamma: f64) -> Result<Tensor> {
    same_shape(logits, targets)?;
    let loss = bce(logits, targets)?;
    if gamma == 0.0 {
        return Ok(loss);
    }
    // The entropy of the opposite label is -ln (1 - p).
    let wrong = bce(logits, &(1.0 - targets)?)?;
    loss * (wrong * -gamma)?.exp()?
}

fn same_shape(logits: &Tensor, targets: &Tensor) -> Result<()> {
    if logits.dims() != targets.dims() {
        bail!(
            "logits {:?} and targets {:?} differ in shape",
            logits.dims(),
            targets.dims()
        );
    }
    Ok(())
}
