//! Every number of the learning, in one place.

use crate::feature::Kind;

/// The numbers weights and the term of the score are made with. `Rule::default()` is what `wardrobe eval preferences`
/// was tuned and measured with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// After so many days, half of what was learned is left.
    pub half_life_days: f64,
    /// Variance of what a wearer says of an outfit around what the wearer thinks of it. The more, the slower it is believed.
    pub noise: f64,
    /// How much an outfit is liked of which every feature has the weight 1, in likes.
    pub scale: f64,
    /// A like changes what is thought of any outfit by at most this, in likes; other feedback in proportion to its strength.
    pub most_a_like: f64,
    /// How much each kind of feature counts.
    pub shares: Shares,
}

/// How much each kind of feature counts in what is thought of an outfit. They sum to 1; an outfit that has nothing of a
/// kind goes without its share.
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
            noise: 1.0,
            scale: 10.0,
            most_a_like: 0.25,
            shares: Shares {
                category: 0.17,
                color: 0.1,
                shade: 0.17,
                pattern: 0.1,
                style: 0.16,
                formality: 0.16,
                of: 0.07,
                with: 0.07,
            },
        }
    }
}

impl Rule {
    /// What is left of what was learned after so many days, 0..=1.
    pub(crate) fn faded(&self, days: i64) -> f64 {
        0.5_f64.powf(days as f64 / self.half_life_days)
    }
}
