//! The wearer's own taste, which others learn: this crate asks it for a term of the score.

use crate::Item;
use crate::explain::Reason;
use crate::weights::WEIGHTS;

/// What a wearer likes.
pub trait Taste {
    /// How much the wearer likes these garments together; `None` where nothing is known of the wearer at all.
    fn judge(&self, items: &[&Item]) -> Option<Liking>;
}

/// How much a wearer likes an outfit.
#[derive(Debug, Clone, PartialEq)]
pub struct Liking {
    /// From 0, not at all, over 0.5, nothing known, to 1.
    pub term: f32,
    /// The strongest reason, in plain words.
    pub because: Option<String>,
}

impl Liking {
    pub(crate) fn reason(&self) -> Option<Reason> {
        Some(Reason {
            strength: WEIGHTS.preference * (2.0 * self.term - 1.0).abs(),
            text: self.because.clone()?,
        })
    }
}
