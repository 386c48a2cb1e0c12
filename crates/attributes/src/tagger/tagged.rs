//! What a tagger says of a garment.

use super::{Threshold, sigmoid};
use wardrobe_types::{BasicColor, Fit, Formality, Pattern, Season, Style};

/// From this probability on, the most likely of several is given: below it, it is more likely wrong than right.
const SURE: f32 = 0.5;

/// The tags of one garment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tagged {
    /// Its pattern.
    pub pattern: Choice<Pattern>,
    /// Its fit.
    pub fit: Choice<Fit>,
    /// How formal it is; `None` where that was not learned.
    pub formality: Option<Formality>,
    /// The seasons it is for.
    pub seasons: Choices<Season>,
    /// Its styles.
    pub styles: Choices<Style>,
    /// What people would call its main colour, by its looks as a whole: to be weighed against what its pixels are.
    pub color: Choice<BasicColor>,
}

/// One of several, or none where none is likely enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<T> {
    /// The most likely, if it is more likely than all others together.
    pub value: Option<T>,
    /// All that were learned, the most likely first; they sum to 1.
    pub probabilities: Vec<(T, f32)>,
}

/// Any number of several.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices<T> {
    /// Those likely enough.
    pub values: Vec<T>,
    /// All that were learned, the most likely first.
    pub probabilities: Vec<(T, f32)>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self {
            value: None,
            probabilities: Vec::new(),
        }
    }
}

impl<T> Default for Choices<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            probabilities: Vec::new(),
        }
    }
}

impl<T: Copy> Choice<T> {
    /// The softmax over the learned labels' logits.
    pub(super) fn of(learned: &[T], logits: &[f32], row: impl Fn(T) -> usize) -> Self {
        let logit = |&label: &T| logits[row(label)];
        let highest = learned.iter().map(logit).fold(f32::MIN, f32::max);
        let mut probabilities: Vec<(T, f32)> = learned
            .iter()
            .map(|label| (*label, (logit(label) - highest).exp()))
            .collect();
        let sum: f32 = probabilities.iter().map(|(_, p)| p).sum();
        probabilities.iter_mut().for_each(|(_, p)| *p /= sum);
        likeliest_first(&mut probabilities);
        let first = probabilities.first().filter(|(_, p)| *p >= SURE);
        Self {
            value: first.map(|(label, _)| *label),
            probabilities,
        }
    }
}

impl<T: Copy> Choices<T> {
    /// The sigmoid of each learned label's logit.
    pub(super) fn of(learned: &[Threshold<T>], logits: &[f32], row: impl Fn(T) -> usize) -> Self {
        let probability = |t: &Threshold<T>| sigmoid(logits[row(t.label)]);
        let given = learned.iter().filter(|t| probability(t) >= t.least);
        let mut probabilities: Vec<_> = learned.iter().map(|t| (t.label, probability(t))).collect();
        likeliest_first(&mut probabilities);
        Self {
            values: given.map(|t| t.label).collect(),
            probabilities,
        }
    }
}

fn likeliest_first<T>(probabilities: &mut [(T, f32)]) {
    probabilities.sort_by(|a, b| b.1.total_cmp(&a.1));
}
