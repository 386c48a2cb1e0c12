//! Brightness alone.

use image::RgbImage;

/// A picture's luma, 0..=255, row by row.
pub(crate) struct Luma {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Luma {
    /// ITU-R BT.601, as PIL's `convert("L")` and OpenCV's grey weigh it.
    pub(crate) fn of(image: &RgbImage) -> Self {
        let values = image
            .pixels()
            .map(|pixel| {
                let [r, g, b] = pixel.0.map(f32::from);
                0.299 * r + 0.587 * g + 0.114 * b
            })
            .collect();
        Self {
            width: image.width() as usize,
            height: image.height() as usize,
            values,
        }
    }

    /// Population variance; 0 without pixels.
    pub(crate) fn variance(&self) -> f32 {
        let count = self.values.len().max(1) as f64;
        let sum = |f: fn(f64) -> f64| {
            self.values
                .iter()
                .map(|&value| f(f64::from(value)))
                .sum::<f64>()
        };
        let mean = sum(|value| value) / count;
        (sum(|value| value * value) / count - mean * mean).max(0.0) as f32
    }

    /// The value below which `share` (0..=1) of the values lie; 0 without pixels.
    pub(crate) fn percentile(&self, share: f32) -> f32 {
        let last = self.values.len().saturating_sub(1);
        let mut values = self.values.clone();
        if values.is_empty() {
            return 0.0;
        }
        *values
            .select_nth_unstable_by((last as f32 * share).round() as usize, f32::total_cmp)
            .1
    }
}
