//! Boxes.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An axis-aligned box as its left, top, right and bottom edges, in pixels of the upright photo.
///
/// Edges are continuous coordinates: pixel column 3 spans 3.0..4.0, so a box over the whole of a `w` x `h` photo is
/// `[0, 0, w, h]` and its area is `w * h`. JSON is `[x0, y0, x1, y1]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f32; 4]", into = "[f32; 4]")]
pub struct BoxXyxy {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl BoxXyxy {
    /// A box of finite edges in order; a box without area is allowed.
    ///
    /// # Errors
    /// [`Error::BadBox`] where an edge is not finite, `x0 > x1` or `y0 > y1`.
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Result<Self> {
        let corners = [x0, y0, x1, y1];
        if corners.iter().all(|edge| edge.is_finite()) && x0 <= x1 && y0 <= y1 {
            return Ok(Self { x0, y0, x1, y1 });
        }
        Err(Error::BadBox { corners })
    }

    /// The box over a whole photo of `width` x `height` pixels.
    pub fn whole(width: u32, height: u32) -> Self {
        Self {
            x0: 0.0,
            y0: 0.0,
            x1: width as f32,
            y1: height as f32,
        }
    }

    /// Width in pixels, at least 0.
    pub fn width(&self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Height in pixels, at least 0.
    pub fn height(&self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Area in square pixels.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The overlap of two boxes; `None` where they share no area.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let overlap = Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        };
        (overlap.area() > 0.0).then_some(overlap)
    }

    /// Intersection over union of the plain areas, 0..=1; 0 where both boxes are empty.
    pub fn iou(&self, other: &Self) -> f32 {
        let overlap = self
            .intersection(other)
            .map_or(0.0, |overlap| overlap.area());
        let union = self.area() + other.area() - overlap;
        if union > 0.0 { overlap / union } else { 0.0 }
    }

    /// The part inside a photo of `width` x `height` pixels.
    pub fn clipped(&self, width: u32, height: u32) -> Self {
        let (width, height) = (width as f32, height as f32);
        Self {
            x0: self.x0.clamp(0.0, width),
            y0: self.y0.clamp(0.0, height),
            x1: self.x1.clamp(0.0, width),
            y1: self.y1.clamp(0.0, height),
        }
    }

    /// The box with `margin` times its own width added left and right, and `margin` times its height above and
    /// below. A negative margin shrinks it, at most to its centre.
    pub fn expanded(&self, margin: f32) -> Self {
        let margin = margin.max(-0.5);
        let (dx, dy) = (margin * self.width(), margin * self.height());
        Self {
            x0: self.x0 - dx,
            y0: self.y0 - dy,
            x1: self.x1 + dx,
            y1: self.y1 + dy,
        }
    }
}

impl TryFrom<[f32; 4]> for BoxXyxy {
    type Error = Error;

    fn try_from([x0, y0, x1, y1]: [f32; 4]) -> Result<Self> {
        Self::new(x0, y0, x1, y1)
    }
}

impl From<BoxXyxy> for [f32; 4] {
    fn from(b: BoxXyxy) -> Self {
        [b.x0, b.y0, b.x1, b.y1]
    }
}
