//! One value a pixel: masks and their soft edges.

/// One value a pixel, row by row.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    /// `value(x, y)` for each pixel.
    pub fn new(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let values = (0..width * height)
            .map(|i| value(i % width, i / width))
            .collect();
        Self {
            width,
            height,
            values,
        }
    }

    /// Two box filters of `2 * radius + 1` pixels each way: nearly a Gaussian. The edge counts as repeated.
    pub fn blurred(&self, radius: usize) -> Self {
        if radius == 0 {
            return self.clone();
        }
        let twice = |plane: Self| {
            plane
                .rows_averaged(radius)
                .rows_averaged(radius)
                .transposed()
        };
        twice(twice(self.clone()))
    }

    fn rows_averaged(mut self, radius: usize) -> Self {
        let count = (2 * radius + 1) as f32;
        let width = self.width;
        for row in self.values.chunks_exact_mut(width) {
            let source = row.to_vec();
            let at = |i: isize| source[i.clamp(0, width as isize - 1) as usize];
            let r = radius as isize;
            let mut sum: f32 = (-r..=r).map(at).sum();
            for (x, out) in row.iter_mut().enumerate() {
                *out = sum / count;
                let x = x as isize;
                sum += at(x + r + 1) - at(x - r);
            }
        }
        self
    }

    fn transposed(self) -> Self {
        Self::new(self.height, self.width, |x, y| {
            self.values[x * self.width + y]
        })
    }
}

/// 0 up to `low`, 1 from `high`, smooth between.
pub(super) fn smooth_step(value: f32, low: f32, high: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blurring_keeps_a_constant_and_spreads_a_point() {
        let flat = Plane::new(7, 5, |_, _| 0.5).blurred(2);
        assert!(flat.values.iter().all(|v| (v - 0.5).abs() < 1e-6));
        let point = Plane::new(11, 9, |x, y| f32::from(u8::from((x, y) == (5, 4)))).blurred(1);
        assert!((point.values.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        // Two boxes of 3 are a triangle of 1 2 3 2 1.
        assert!((point.values[4 * 11 + 5] - 9.0 / 81.0).abs() < 1e-6);
        assert!((point.values[4 * 11 + 7] - 3.0 / 81.0).abs() < 1e-6);
        assert!(point.values[4 * 11 + 8].abs() < 1e-6);
    }
}
