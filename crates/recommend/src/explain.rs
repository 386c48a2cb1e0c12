//! Reasons, and their order.

/// One reason for or against an outfit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reason {
    /// How much of the score hangs on it, 0..=1: the weight of its term times how far it moves that term.
    pub strength: f32,
    /// In plain words.
    pub text: String,
}

/// More reasons than this are not read.
const MOST: usize = 5;

/// The texts of the strongest reasons, strongest first; ties by text, so that the order is always the same.
pub(crate) fn in_order(mut reasons: Vec<Reason>) -> Vec<String> {
    reasons.sort_by(|a, b| {
        let by_strength = b.strength.total_cmp(&a.strength);
        by_strength.then_with(|| a.text.cmp(&b.text))
    });
    reasons.truncate(MOST);
    reasons.into_iter().map(|reason| reason.text).collect()
}
