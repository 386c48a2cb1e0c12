//! Distances to boxes, logits to scores.

use crate::{Config, Level};
use candle_core::{D, Device, Result, Tensor};

/// Every anchor point's box and scores: those of stride 8 first, row by row.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// (n, anchors, 4): left, top, right and bottom in pixels of the input.
    pub boxes: Tensor,
    /// (n, anchors, classes), each in 0..1 and independent of the others.
    pub scores: Tensor,
}

/// Decodes all of the levels' outputs. Gradients are recorded.
///
/// # Shapes
/// levels (n, h, w, ...) -> (n, sum of h w, ...)
///
/// # Errors
/// Levels of other shapes than the network's.
pub fn decode(levels: &[Level]) -> Result<Decoded> {
    let (mut boxes, mut scores) = (Vec::new(), Vec::new());
    for level in levels {
        let (n, h, w, classes) = level.class_logits.dims4()?;
        let anchors = anchor_points(h, w, level.class_logits.device())?;
        let distances = mean_distances(&level.distance_logits)?;
        let low = anchors.broadcast_sub(&distances.narrow(D::Minus1, 0, 2)?)?;
        let high = anchors.broadcast_add(&distances.narrow(D::Minus1, 2, 2)?)?;
        boxes.push((Tensor::cat(&[low, high], D::Minus1)? * level.stride as f64)?);
        let logits = level.class_logits.reshape((n, h * w, classes))?;
        scores.push(candle_nn::ops::sigmoid(&logits)?);
    }
    Ok(Decoded {
        boxes: Tensor::cat(&boxes, 1)?,
        scores: Tensor::cat(&scores, 1)?,
    })
}

/// The middles of a grid's cells, x before y, in cells, row by row.
///
/// # Shapes
/// -> (1, h w, 2)
fn anchor_points(h: usize, w: usize, device: &Device) -> Result<Tensor> {
    let middle = |i: usize| i as f32 + 0.5;
    let points: Vec<f32> = (0..h)
        .flat_map(|y| (0..w).flat_map(move |x| [middle(x), middle(y)]))
        .collect();
    Tensor::from_vec(points, (1, h * w, 2), device)
}

/// The means of the distributions over distances.
///
/// # Shapes
/// logits (n, h, w, 4 x 16) -> (n, h w, 4), in cells
fn mean_distances(logits: &Tensor) -> Result<Tensor> {
    let (n, h, w, _) = logits.dims4()?;
    let logits = logits.reshape((n, h * w, 4, Config::REG_MAX))?;
    let distances = Tensor::arange(0f32, Config::REG_MAX as f32, logits.device())?;
    candle_nn::ops::softmax(&logits, D::Minus1)?
        .broadcast_mul(&distances)?
        .sum(D::Minus1)
}
