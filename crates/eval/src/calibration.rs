//! Whether a confidence of 0.8 is right in 80 of 100 cases.

use serde::{Deserialize, Serialize};

use crate::error::{EvalError, check_paired};

/// Confidence against accuracy, over all and bin by bin: a reliability diagram's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error, 0..=1: the mean over samples of their bin's gap between mean
    /// confidence and accuracy.
    pub ece: f64,
    /// Maximum calibration error, 0..=1: the widest such gap of any bin that holds a sample.
    pub mce: f64,
    /// The bins, in order of confidence.
    pub bins: Vec<CalibrationBin>,
}

/// The samples whose confidence is above `low` (from `low` on, for the first bin) up to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The lower edge.
    pub low: f64,
    /// The upper edge, which belongs to the bin.
    pub high: f64,
    /// Samples in the bin.
    pub samples: usize,
    /// Their mean confidence; `None` where there are none.
    pub mean_confidence: Option<f64>,
    /// The share of them predicted right; `None` where there are none.
    pub accuracy: Option<f64>,
}

/// Expected and maximum calibration error over `bins` bins of equal width
/// (Naeini et al. 2015; Guo et al. 2017, who use 15 bins).
///
/// `confidence` is the probability, 0..=1, each sample's prediction was given; `correct` whether
/// that prediction was right.
///
/// # Errors
/// No samples, different lengths, a confidence outside 0..=1 or NaN, no bins.
pub fn expected_calibration_error(
    confidence: &[f32],
    correct: &[bool],
    bins: usize,
) -> Result<Calibration, EvalError> {
    check_paired(
        "calibration error",
        ("confidence", confidence.len()),
        ("correct", correct.len()),
    )?;
    if bins == 0 {
        return Err(EvalError::ZeroBins);
    }
    let mut tallies = vec![Tally::default(); bins];
    for (sample, (&value, &right)) in confidence.iter().zip(correct).enumerate() {
        if !(0.0..=1.0).contains(&value) {
            return Err(EvalError::BadConfidence { sample, value });
        }
        let tally = &mut tallies[bin_of(f64::from(value), bins)];
        tally.samples += 1;
        tally.confidence += f64::from(value);
        tally.right += usize::from(right);
    }
    let gaps = tallies.iter().map(Tally::gap);
    let ece = gaps.clone().sum::<f64>() / confidence.len() as f64;
    let mce = gaps
        .zip(&tallies)
        .filter(|(_, tally)| tally.samples > 0)
        .map(|(gap, tally)| gap / tally.samples as f64)
        .fold(0.0, f64::max);
    let bins = tallies
        .iter()
        .enumerate()
        .map(|(bin, tally)| tally.bin(bin, bins))
        .collect();
    Ok(Calibration { ece, mce, bins })
}

/// The bin `(low, high]` that holds `confidence`; the first one holds 0 as well.
fn bin_of(confidence: f64, bins: usize) -> usize {
    ((confidence * bins as f64).ceil() as usize)
        .saturating_sub(1)
        .min(bins - 1)
}

#[derive(Debug, Clone, Default)]
struct Tally {
    samples: usize,
    /// Sum of the confidences.
    confidence: f64,
    right: usize,
}

impl Tally {
    /// |sum of confidences - right|: the bin's gap times its samples.
    fn gap(&self) -> f64 {
        (self.confidence - self.right as f64).abs()
    }

    fn bin(&self, bin: usize, bins: usize) -> CalibrationBin {
        let mean = |sum: f64| (self.samples > 0).then(|| sum / self.samples as f64);
        CalibrationBin {
            low: bin as f64 / bins as f64,
            high: (bin + 1) as f64 / bins as f64,
            samples: self.samples,
            mean_confidence: mean(self.confidence),
            accuracy: mean(self.right as f64),
        }
    }
}
