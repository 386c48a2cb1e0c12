//! Probabilities that mean what they say, and thresholds, from the validation photos.

use crate::data::Tags;
use crate::error::Result;
use crate::evaluate::tag::Validation;
use crate::temperature::{best_factor, cross_entropy};
use wardrobe_attributes::tagger::{Rows, Tagger, TaggerConfig, Threshold};
use wardrobe_types::{Season, Style};

/// The tagger's configuration with thresholds, and a factor for each output.
pub(super) fn calibrated(tagger: &Tagger, val: &Validation) -> Result<(TaggerConfig, Vec<f32>)> {
    let logits: Vec<Vec<f32>> = (val.descriptors.iter())
        .map(|descriptors| Ok(tagger.logits(descriptors)?))
        .collect::<Result<_>>()?;
    let photos: Vec<(&[f32], &Tags)> = logits
        .iter()
        .zip(&val.samples)
        .map(|(logits, sample)| (&logits[..], &sample.tags))
        .collect();
    let mut config = tagger.config().clone();
    let mut factors = vec![1f32; Rows::ALL.end];

    let patterns: Vec<usize> = config.pattern.iter().map(|&p| p as usize).collect();
    let truth = |tags: &Tags| tags.pattern.map(|p| p as usize);
    let factor = single_factor(&photos, Rows::PATTERN.start, &patterns, truth);
    factors[Rows::PATTERN].fill(factor);
    let fits: Vec<usize> = config.fit.iter().map(|&f| f as usize).collect();
    let truth = |tags: &Tags| tags.fit.map(|f| f as usize);
    let factor = single_factor(&photos, Rows::FIT.start, &fits, truth);
    factors[Rows::FIT].fill(factor);
    let colors: Vec<usize> = config.color.iter().map(|&c| c as usize).collect();
    let truth = |tags: &Tags| tags.color.map(|c| c as usize);
    let factor = single_factor(&photos, Rows::COLOR.start, &colors, truth);
    factors[Rows::COLOR].fill(factor);

    let seasons = |tags: &Tags, label: Season| Some(tags.seasons.as_ref()?.contains(&label));
    let row = |label: Season| Rows::SEASONS.start + label as usize;
    factors[Rows::SEASONS].fill(several(&photos, &mut config.seasons, row, seasons));
    let styles = |tags: &Tags, label: Style| Some(tags.styles.as_ref()?.contains(&label));
    let row = |label: Style| Rows::STYLES.start + label as usize;
    factors[Rows::STYLES].fill(several(&photos, &mut config.styles, row, styles));
    Ok((config, factors))
}

/// The factor of a head over `labels`, of which one holds.
fn single_factor(
    photos: &[(&[f32], &Tags)],
    start: usize,
    labels: &[usize],
    truth: impl Fn(&Tags) -> Option<usize>,
) -> f32 {
    let known: Vec<(Vec<f64>, usize)> = photos
        .iter()
        .filter_map(|(logits, tags)| {
            let truth = truth(tags)?;
            let place = labels.iter().position(|&label| label == truth)?;
            let logits = labels.iter().map(|&label| f64::from(logits[start + label]));
            Some((logits.collect(), place))
        })
        .collect();
    let loss = |factor: f64| -> f64 {
        let known = known.iter();
        known
            .map(|(logits, truth)| cross_entropy(logits, *truth, factor))
            .sum()
    };
    match known.is_empty() {
        true => 1.0,
        false => best_factor(loss) as f32,
    }
}

/// The factor of a head of which any labels hold; sets each label's threshold to where F1 is highest.
fn several<T: Copy>(
    photos: &[(&[f32], &Tags)],
    labels: &mut [Threshold<T>],
    row: impl Fn(T) -> usize,
    holds: impl Fn(&Tags, T) -> Option<bool>,
) -> f32 {
    let of_label = |label: T| -> Vec<(f64, bool)> {
        let known = photos.iter().filter_map(|(logits, tags)| {
            Some((f64::from(logits[row(label)]), holds(tags, label)?))
        });
        known.collect()
    };
    let all: Vec<(f64, bool)> = labels.iter().flat_map(|t| of_label(t.label)).collect();
    if all.is_empty() {
        return 1.0;
    }
    let factor = best_factor(|factor| {
        let each = all.iter().map(|&(logit, holds)| {
            let x = logit * factor;
            x.max(0.0) - x * f64::from(u8::from(holds)) + (-x.abs()).exp().ln_1p()
        });
        each.sum()
    });
    for label in labels {
        let mut known = of_label(label.label);
        let best = best_threshold(&mut known);
        label.least = (1.0 / (1.0 + (-best * factor).exp())) as f32;
    }
    factor as f32
}

/// The logit from which on a label is given, so that F1 is highest: between two photos' logits.
fn best_threshold(known: &mut [(f64, bool)]) -> f64 {
    known.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = known.iter().filter(|(_, holds)| *holds).count();
    let (mut best, mut threshold, mut right) = (0.0, 0.0, 0usize);
    for (i, &(logit, holds)) in known.iter().enumerate() {
        right += usize::from(holds);
        let f1 = 2.0 * right as f64 / (i + 1 + positives) as f64;
        if f1 > best {
            best = f1;
            let next = known.get(i + 1).map_or(logit - 1.0, |next| next.0);
            threshold = (logit + next) / 2.0;
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_where_f1_is_highest() {
        let mut known = [
            (3.0, true),
            (2.0, true),
            (1.0, false),
            (0.0, true),
            (-4.0, false),
        ];
        // F1 of the first 1 to 5: 0.5, 0.8, 2/3, 6/7, 0.75.
        assert_eq!(best_threshold(&mut known), -2.0);
    }

    /// Two thirds of what is said with logits of +-3 is right: the odds are 2, not 20.
    #[test]
    fn overconfidence_is_turned_down() {
        let photos: Vec<(Vec<f64>, bool)> = (0..300).map(|i| (vec![3.0], i % 3 != 0)).collect();
        let tags = Tags::default();
        let logits: Vec<Vec<f32>> = photos.iter().map(|_| vec![3.0, 0.0]).collect();
        let holds: Vec<bool> = photos.iter().map(|(_, holds)| *holds).collect();
        let with_tags: Vec<(&[f32], &Tags)> = logits.iter().map(|l| (&l[..], &tags)).collect();
        let next = std::cell::Cell::new(0);
        let truth = |_: &Tags| {
            let i = next.replace(next.get() + 1);
            Some(usize::from(!holds[i]))
        };
        let factor = single_factor(&with_tags, 0, &[0, 1], truth);
        assert!((factor - 2f32.ln() / 3.0).abs() < 2e-3, "{factor}");
    }
}
