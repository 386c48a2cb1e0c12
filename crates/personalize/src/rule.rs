//! Every number of the learning, in one place.

use crate::feature::Kind;

/// The numbers weights and the term of the score are made with. `Rule::default()` is what was tuned, as
/// `wardrobe eval preferences` measures it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// After so many days, what was said counts half.
    pub half_life_days: f64,
    /// How much must be said of a feature before half of it is believed, in likes.
    pub prior: f64,
    /// How steeply the term follows the weights.
    pub gain: f64,
    /// How much each kind of feature counts.
    pub shares: Shares,
}

/// How much each kind of feature counts in what is thought of an outfit. Only the ratios matter; kinds an outfit has
/// nothing of are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Categories.
    pub category: f64,
    /// Names of colours.
    pub color: f64,
    /// Basic colours.
    pub shade: f64,
    /// Patterns.
    pub pattern: f64,
    /// Styles.
    pub style: f64,
    /// The formality of the whole.
    pub formality: f64,
    /// Two traits of one garment.
    pub of: f64,
    /// Two garments' traits.
    pub with: f64,
}

impl Shares {
    pub(crate) fn of_kind(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Category => self.category,
            Kind::Color => self.color,
            Kind::Shade => self.shade,
            Kind::Pattern => self.pattern,
            Kind::Style => self.style,
            Kind::Formality => self.formality,
            Kind::Of => self.of,
            Kind::With => self.with,
        }
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            half_life_days: 90.0,
            prior: 4.0,
            gain: 4.0,
            shares: Shares {
                category: 1.0,
                color: 0.6,
                shade: 1.0,
                pattern: 0.6,
                style: 1.0,
                formality: 1.0,
                of: 0.4,
                with: 0.4,
            },
        }
    }
}
