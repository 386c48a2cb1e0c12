//! Which of the YOLOv8 networks, and what its outputs mean.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// One of YOLOv8's five sizes, which differ in width and depth alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Nano: 3.2 M parameters with COCO's 80 classes.
    N,
    /// Small: 11.2 M.
    S,
    /// Medium: 25.9 M.
    M,
    /// Large: 43.7 M.
    L,
    /// Extra large: 68.2 M.
    X,
}

impl Variant {
    /// All of them, from the smallest.
    pub const ALL: [Self; 5] = [Self::N, Self::S, Self::M, Self::L, Self::X];

    /// What the layer table's depths and widths are multiplied by, and the most channels before multiplication.
    fn multiples(self) -> (f64, f64, usize) {
        match self {
            Self::N => (0.33, 0.25, 1024),
            Self::S => (0.33, 0.50, 1024),
            Self::M => (0.67, 0.75, 768),
            Self::L => (1.00, 1.00, 512),
            Self::X => (1.00, 1.25, 512),
        }
    }

    /// Channels of a layer that has `base` of them in the layer table: rounded up to a multiple of 8.
    pub(crate) fn channels(self, base: usize) -> usize {
        let (_, width, most) = self.multiples();
        ((base.min(most) as f64 * width / 8.0).ceil() as usize) * 8
    }

    /// Repetitions of a block that has `base` of them in the layer table: at least one.
    pub(crate) fn repeats(self, base: usize) -> usize {
        let (depth, ..) = self.multiples();
        // Python's round: ties to even; none of the table's products is a tie.
        ((base as f64 * depth).round_ties_even() as usize).max(1)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::N => "n",
            Self::S => "s",
            Self::M => "m",
            Self::L => "l",
            Self::X => "x",
        })
    }
}

impl FromStr for Variant {
    type Err = Error;

    /// Reads the letter that `Display` writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let named = |variant: &Self| variant.to_string() == text;
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| Error::UnknownVariant {
                name: text.to_owned(),
            })
    }
}

/// The network's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The size.
    pub variant: Variant,
    /// How many classes the head tells apart.
    pub classes: usize,
}

impl Config {
    /// Batch norm's epsilon in all of Ultralytics' YOLOv8 networks; PyTorch's default is 1e-5.
    pub const BN_EPS: f64 = 1e-3;
    /// The share of a new batch in batch norm's running statistics; PyTorch's default is 0.1.
    pub const BN_MOMENTUM: f64 = 0.03;
    /// Parts that a distance from an anchor point to a side of its box is a distribution over.
    pub const REG_MAX: usize = 16;
    /// Input pixels a step of each of the three levels' grids.
    pub const STRIDES: [usize; 3] = [8, 16, 32];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_depths_are_the_published_ones() {
        let table: Vec<_> = Variant::ALL
            .map(|v| {
                (
                    v.channels(64),
                    v.channels(512),
                    v.channels(1024),
                    v.repeats(3),
                    v.repeats(6),
                )
            })
            .into();
        let expected = [
            (16, 128, 256, 1, 2),
            (32, 256, 512, 1, 2),
            (48, 384, 576, 2, 4),
            (64, 512, 512, 3, 6),
            (80, 640, 640, 3, 6),
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn letters_round_trip() {
        for variant in Variant::ALL {
            assert_eq!(variant.to_string().parse::<Variant>().ok(), Some(variant));
        }
        let error = "y".parse::<Variant>().unwrap_err().to_string();
        assert!(error.contains("n, s, m, l or x"), "{error}");
    }
}
