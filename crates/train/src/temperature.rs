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

/// -log of the probability that a softmax over the scaled logits gives to a set of them.
pub(crate) fn set_loss(
    logits: &[f64],
    members: impl IntoIterator<Item = usize>,
    factor: f64,
) -> f64 {
    let highest = logits.iter().fold(f64::MIN, |a, &b| a.max(b));
    let power = |logit: f64| ((logit - highest) * factor).exp();
    let all: f64 = logits.iter().map(|&logit| power(logit)).sum();
    let set: f64 = members.into_iter().map(|i| power(logits[i])).sum();
    all.ln() - set.ln()
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
    fn a_sets_probability_by_hand() {
        // Odds 1 : 2 : 1 at factor 1, 1 : 4 : 1 at factor 2.
        let logits = [0.0, 2f64.ln(), 0.0];
        for (members, factor, probability) in [
            (vec![1], 1.0, 0.5),
            (vec![0, 1], 1.0, 0.75),
            (vec![0, 2], 2.0, 1.0 / 3.0),
        ] {
            let loss = set_loss(&logits, members, factor);
            assert!((loss + f64::ln(probability)).abs() < 1e-12, "{loss}");
        }
    }
}
