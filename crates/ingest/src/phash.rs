//! A perceptual hash for near-duplicates.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::luma::Luma;
use crate::resize::{Filter, resize};

/// Side of the picture the hash is taken from.
const SIDE: usize = 32;
/// Frequencies kept a side.
const KEPT: usize = 8;

/// At this distance or below, two photos count as near-duplicates: the same picture resized, recompressed or slightly
/// brightened. How it was chosen, and its rates, are in the crate's documentation.
pub const NEAR_DUPLICATE_DISTANCE: u32 = 8;

/// 64 bits that stay nearly the same when a picture is resized, recompressed or slightly brightened.
///
/// Bit `8 * v + u` (from the least significant) says whether the picture's cosine of vertical frequency `v + 1` and
/// horizontal frequency `u + 1` is above the median of all 64 (Zauner, "Implementation and Benchmarking of Perceptual Image
/// Hash Functions", 2010, 3.2). Text form: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PerceptualHash(pub u64);

impl PerceptualHash {
    /// The number of bits that differ, 0..=64; unrelated photos differ in about 32.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Whether the distance is at most [`NEAR_DUPLICATE_DISTANCE`].
    pub fn is_near_duplicate(self, other: Self) -> bool {
        self.distance(other) <= NEAR_DUPLICATE_DISTANCE
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for PerceptualHash {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl From<PerceptualHash> for String {
    fn from(hash: PerceptualHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for PerceptualHash {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Hashes a picture.
///
/// # Errors
/// [`Error::BadSize`](crate::Error::BadSize) for a picture without pixels.
pub fn perceptual_hash(image: &RgbImage) -> Result<PerceptualHash> {
    let small = resize(image, SIDE as u32, SIDE as u32, Filter::Bilinear)?;
    let frequencies = low_frequencies(&Luma::of(&small));
    let mut sorted = frequencies;
    sorted.sort_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    let bits = frequencies
        .iter()
        .rev()
        .fold(0, |bits, &value| bits << 1 | u64::from(value > median));
    Ok(PerceptualHash(bits))
}

/// The two-dimensional DCT-II at frequencies 1..=8 both ways, row by row. Frequency 0, the brightness and its slopes, is
/// left out.
fn low_frequencies(luma: &Luma) -> [f32; KEPT * KEPT] {
    let mut rows = [[0.0_f32; KEPT]; SIDE];
    for (row, pixels) in rows.iter_mut().zip(luma.values.chunks_exact(SIDE)) {
        for (value, cosine) in row.iter_mut().zip(COSINES.iter()) {
            *value = cosine.iter().zip(pixels).map(|(c, &p)| c * p).sum();
        }
    }
    std::array::from_fn(|index| {
        let (vertical, horizontal) = (index / KEPT, index % KEPT);
        let frequency = COSINES[vertical]
            .iter()
            .zip(&rows)
            .map(|(c, row)| c * row[horizontal])
            .sum::<f32>();
        // A flat picture has rounding noise for frequencies; without this its hash would be noise as well.
        if frequency.abs() < 1e-1 {
            0.0
        } else {
            frequency
        }
    })
}

/// `cos(pi (2 x + 1) k / 64)` for frequency `k` in 1..=8.
static COSINES: LazyLock<[[f32; SIDE]; KEPT]> = LazyLock::new(|| {
    std::array::from_fn(|k| {
        std::array::from_fn(|x| {
            let angle =
                std::f64::consts::PI * (2 * x + 1) as f64 * (k + 1) as f64 / (2 * SIDE) as f64;
            angle.cos() as f32
        })
    })
});
