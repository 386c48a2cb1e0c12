//! Probabilities that mean what they say: logits times a factor, an inverse temperature (Guo et al. 2017).

/// Bounds of the factor.
const FACTORS: (f64, f64) = (0.1, 10.0);

/// The factor at which a loss with one valley is lowest, by golden sections of its logarithm.
pub(crate) fn best_factor(loss: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let (mut low, mut high) = (FACTORS.0.ln(), FACTORS.1.ln());
    while high - low > 1e-3 {
        let span = (high - low) * GOLDEN;
        match loss((high - span).exp()) < loss((low + span).exp()) {
            true => high = low + span,
            false => low = high - span,
        }
    }
    ((low + high) / 2.0).exp()
}

/// -log of the probability that a softmax over the scaled logits gives to one of them.
pub(crate) fn cross_entropy(logits: &[f64], truth: usize, factor: f64) -> f64 {
    let highest = logits.iter().fold(f64::MIN, |a, &b| a.max(b));
    let powers = logits
        .iter()
        .map(|logit| ((logit - highest) * factor).exp());
    powers.sum::<f64>().ln() - (logits[truth] - highest) * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_point_of_a_valley() {
        let found = best_factor(|factor| (factor.ln() - 0.7f64.ln()).powi(2));
        assert!((found - 0.7).abs() < 1e-2, "{found}");
    }

    #[test]
    fn a_labels_probability_by_hand() {
        // Odds 1 : 2 : 1 at factor 1, 1 : 4 : 1 at factor 2.
        let logits = [0.0, 2f64.ln(), 0.0];
        for (truth, factor, probability) in [(1, 1.0, 0.5), (0, 1.0, 0.25), (1, 2.0, 2.0 / 3.0)] {
            let loss = cross_entropy(&logits, truth, factor);
            assert!((loss + f64::ln(probability)).abs() < 1e-12, "{loss}");
        }
    }
}
