//! Photos of a batch mixed in pairs, and how much of each is left.
//!
//! The first photo goes with the last, the second with the one before, so that a batch's labels in reverse are those of
//! its partners. The photo in the middle of an odd batch stays itself.

use rand::{Rng, RngExt};

/// How the pairs of a batch are mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mix {
    /// The pixels are blended (mixup, Zhang et al. 2018).
    Blend { own: f32 },
    /// The pair swaps a rectangle (CutMix, Yun et al. 2019).
    Swap { rectangle: Rectangle },
}

/// Part of a square photo, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rectangle {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Mix {
    /// Draws whether and how a batch of photos of `side` pixels is mixed, `mixup` and `cutmix` being the shares of batches.
    pub(crate) fn draw(mixup: f32, cutmix: f32, side: usize, rng: &mut impl Rng) -> Option<Self> {
        let (kind, own) = (rng.random::<f32>(), rng.random::<f32>());
        let rectangle = Rectangle::draw(1.0 - own, side, rng);
        if kind < mixup {
            Some(Self::Blend { own })
        } else if kind < mixup + cutmix {
            Some(Self::Swap { rectangle })
        } else {
            None
        }
    }

    /// The share that a photo keeps of itself in a batch of photos of `side` pixels, in 0..=1.
    pub(crate) fn own(self, side: usize) -> f64 {
        match self {
            Self::Blend { own } => own.into(),
            Self::Swap { rectangle } => {
                1.0 - (rectangle.width * rectangle.height) as f64 / (side * side) as f64
            }
        }
    }

    /// Mixes photos, channels-last.
    ///
    /// # Shapes
    /// `pixels` (n, side, side, 3)
    pub(crate) fn apply(self, pixels: &mut [f32], side: usize) {
        let image = side * side * 3;
        let mut photos: Vec<&mut [f32]> = pixels.chunks_exact_mut(image).collect();
        let half = photos.len().div_ceil(2);
        let (front, back) = photos.split_at_mut(half);
        for (one, other) in front.iter_mut().zip(back.iter_mut().rev()) {
            self.pair(one, other, side);
        }
    }

    fn pair(self, one: &mut [f32], other: &mut [f32], side: usize) {
        match self {
            Self::Blend { own } => {
                for (a, b) in one.iter_mut().zip(other) {
                    (*a, *b) = (own * *a + (1.0 - own) * *b, own * *b + (1.0 - own) * *a);
                }
            }
            Self::Swap { rectangle } => {
                for y in rectangle.y..rectangle.y + rectangle.height {
                    let row = (y * side + rectangle.x) * 3
                        ..(y * side + rectangle.x + rectangle.width) * 3;
                    one[row.clone()].swap_with_slice(&mut other[row]);
                }
            }
        }
    }
}

impl Rectangle {
    /// One of the photo's own shape with a share of its area, cut off where it goes beyond the border.
    fn draw(share: f32, side: usize, rng: &mut impl Rng) -> Self {
        let length = (share.sqrt() * side as f32) as usize;
        let mut span = || {
            let center = rng.random_range(0..side);
            let start = center.saturating_sub(length / 2);
            (start, (center + length.div_ceil(2)).min(side) - start)
        };
        let ((x, width), (y, height)) = (span(), span());
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const SIDE: usize = 4;
    const IMAGE: usize = SIDE * SIDE * 3;

    /// Photos of one value each: 1, 2, 3.
    fn batch() -> Vec<f32> {
        (0..3 * IMAGE).map(|i| (i / IMAGE + 1) as f32).collect()
    }

    #[test]
    fn a_blend_keeps_its_share_of_each_photo() {
        let mut pixels = batch();
        Mix::Blend { own: 0.75 }.apply(&mut pixels, SIDE);
        assert!(pixels[..IMAGE].iter().all(|&v| v == 1.5));
        assert!(pixels[IMAGE..2 * IMAGE].iter().all(|&v| v == 2.0));
        assert!(pixels[2 * IMAGE..].iter().all(|&v| v == 2.5));
    }

    #[test]
    fn a_swap_exchanges_a_rectangle() {
        let rectangle = Rectangle {
            x: 1,
            y: 2,
            width: 3,
            height: 2,
        };
        let mix = Mix::Swap { rectangle };
        let mut pixels = batch();
        mix.apply(&mut pixels, SIDE);
        for (i, &value) in pixels[..IMAGE].iter().enumerate() {
            let (x, y) = (i / 3 % SIDE, i / 3 / SIDE);
            assert_eq!(value, if x >= 1 && y >= 2 { 3.0 } else { 1.0 });
        }
        let swapped = pixels[2 * IMAGE..].iter().filter(|&&v| v == 1.0).count();
        assert_eq!(swapped, 3 * 2 * 3);
        assert_eq!(mix.own(SIDE), 1.0 - 6.0 / 16.0);
    }

    #[test]
    fn batches_are_mixed_as_often_as_asked_and_within_the_photo() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut blends, mut swaps) = (0, 0);
        for _ in 0..4000 {
            match Mix::draw(0.25, 0.5, 9, &mut rng) {
                Some(Mix::Blend { .. }) => blends += 1,
                Some(Mix::Swap { rectangle: r }) => {
                    swaps += 1;
                    assert!(r.x + r.width <= 9 && r.y + r.height <= 9, "{r:?}");
                }
                None => {}
            }
        }
        assert!((900..1100).contains(&blends), "{blends}");
        assert!((1850..2150).contains(&swaps), "{swaps}");
        assert_eq!(Mix::draw(0.0, 0.0, 9, &mut rng), None);
    }
}
