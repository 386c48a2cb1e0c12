use std::ops::RangeInclusive;

use candle_core::{DType, Device, Result, Tensor};

use crate::generate::{splitmix64, unit};

/// A seeded stream of numbers, shapes and tensors: the same on every machine.
#[derive(Debug, Clone)]
pub struct Random {
    seed: u64,
    drawn: u64,
}

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let bits = splitmix64(self.seed, self.drawn);
        self.drawn += 1;
        bits
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// An index in `0..n`. `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// A number of `range`, both ends included.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// A shape with one size from each range, no two alike where the ranges allow it: equal sizes
    /// hide swapped axes.
    pub fn shape(&mut self, ranges: &[RangeInclusive<usize>]) -> Vec<usize> {
        const ATTEMPTS: usize = 100;
        let mut shape: Vec<usize> = Vec::with_capacity(ranges.len());
        for range in ranges {
            let mut size = self.within(range.clone());
            for _ in 0..ATTEMPTS {
                if !shape.contains(&size) {
                    break;
                }
                size = self.within(range.clone());
            }
            shape.push(size);
        }
        shape
    }

    /// A tensor of numbers in `[lo, hi)`.
    ///
    /// # Errors
    /// Candle's, where the device cannot hold it.
    pub fn tensor(
        &mut self,
        shape: &[usize],
        (lo, hi): (f64, f64),
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let n = shape.iter().product();
        let values: Vec<f64> = (0..n).map(|_| lo + (hi - lo) * self.unit()).collect();
        Tensor::from_vec(values, shape, device)?.to_dtype(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.shape(&[1..=9, 1..=9, 1..=9]), random.unit())
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn shapes_are_lopsided_and_in_range() {
        let mut random = Random::new(1);
        for _ in 0..200 {
            let shape = random.shape(&[2..=5, 3..=7, 3..=7]);
            assert!((2..=5).contains(&shape[0]));
            assert!(shape[1..].iter().all(|size| (3..=7).contains(size)));
            assert!(shape[0] != shape[1] && shape[1] != shape[2] && shape[0] != shape[2]);
        }
        // Where the ranges leave no choice the sizes repeat.
        assert_eq!(random.shape(&[4..=4, 4..=4]), [4, 4]);
    }
}
