//! Weights from feedback: one after the other, or all over again.

use std::collections::BTreeMap;

use serde::Serialize;
use wardrobe_types::Signal;

use crate::feature::Amounts;
use crate::{Feature, Feedback, Rule, TasteNow, taste};

/// What is believed of one feature: a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Belief {
    mean: f64,
    variance: f64,
}

impl Belief {
    /// Before anything was said.
    const PRIOR: Self = Self {
        mean: 0.0,
        variance: 1.0,
    };

    /// With `left` of what was learned left: the rest of the way back to [`Belief::PRIOR`].
    fn faded(self, left: f64) -> Self {
        Self {
            mean: left * self.mean,
            variance: 1.0 - left * left * (1.0 - self.variance),
        }
    }
}

/// A feature's weight, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weight {
    /// What it is about.
    pub feature: Feature,
    /// Above 0 where it is liked, below where it is not; 0 where nothing is known.
    pub weight: f64,
    /// How sure that is, from 0, nothing known, to 1.
    pub certainty: f64,
    /// How many feedbacks are behind it.
    pub evidence: usize,
    /// Those feedbacks, the latest first; their parts sum to the weight.
    pub because: Vec<Part>,
}

/// One feedback's part in a weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Part {
    /// The feedback's number.
    pub feedback: i64,
    /// What was said.
    pub signal: Signal,
    /// How much of the weight is its.
    pub part: f64,
}

/// What is known of the wearer's taste: all feedback, and what follows from it.
///
/// What a wearer thinks of an outfit is a sum over its features, `liking = sum of amount x weight`, and what is said is
/// that with noise. Each weight is believed to be normal, at first with mean 0 and variance 1, and each feedback moves it
/// by Bayes' rule with the weights taken as independent:
///
/// ```text
/// surprise = said - liking                           0 where it was expected already, at most what was said
/// gain     = variance x amount / (noise + sum of amount^2 x variance)
/// mean     + gain x surprise
/// variance - gain x amount x variance
/// ```
///
/// The noise is raised where a single feedback would change what is thought of some outfit by more than the rule allows.
/// That is a Kalman filter with a diagonal covariance, as adPredictor's for clicks (T. Graepel, J. Quiñonero Candela, T. Borchert,
/// R. Herbrich, ICML 2010): a feature that is in everything takes no credit for what another one explains, and
/// what rests on little evidence stays small. In between taste drifts as an Ornstein-Uhlenbeck process does, back to
/// the prior by half every half-life.
///
/// What is said for an outfit never lowers the weight of anything it has. The same history gives the same weights,
/// bit for bit, however it was taken in.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    rule: Rule,
    /// By day and number.
    history: Vec<Feedback>,
    beliefs: BTreeMap<Feature, Belief>,
    /// The day the beliefs are of: that of the latest feedback.
    day: i64,
}

impl Preferences {
    /// Nothing known, and this rule to learn by.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            ..Self::default()
        }
    }

    /// What follows from all of this feedback, in any order.
    pub fn from_history(history: impl IntoIterator<Item = Feedback>) -> Self {
        Self {
            history: history.into_iter().collect(),
            ..Self::default()
        }
        .learned_again(|_, _, _| ())
    }

    /// Whether nothing was ever said.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty()
    }

    /// All feedback, by day and number.
    pub fn history(&self) -> &[Feedback] {
        &self.history
    }

    /// Takes one more feedback in. One that is older than the latest is put in its place, and what followed is learned again.
    pub fn learn(&mut self, feedback: Feedback) {
        let is_latest = self
            .history
            .last()
            .is_none_or(|last| order(last) < order(&feedback));
        if is_latest {
            self.update(&feedback);
            self.history.push(feedback);
        } else {
            self.history.push(feedback);
            *self = std::mem::take(self).learned_again(|_, _, _| ());
        }
    }

    /// Takes a feedback back, as if it had never been said; `None` where there is none of this number.
    pub fn undo(&mut self, number: i64) -> Option<Feedback> {
        let place = self.history.iter().position(|said| said.number == number)?;
        let undone = self.history.remove(place);
        *self = std::mem::take(self).learned_again(|_, _, _| ());
        Some(undone)
    }

    /// Forgets everything but the rule.
    pub fn reset(&mut self) {
        *self = Self::new(self.rule);
    }

    /// Every feature something was said of, with its weight on a day.
    pub fn weights(&self, day: i64) -> BTreeMap<Feature, f64> {
        let left = self.left(day);
        let beliefs = self.beliefs.iter();
        beliefs
            .map(|(feature, belief)| (*feature, belief.faded(left).mean))
            .collect()
    }

    /// The taste on a day, for [`wardrobe_recommend::recommend_for`].
    pub fn taste(&self, day: i64) -> TasteNow {
        TasteNow::new(self.rule, self.weights(day))
    }

    /// Every weight on a day with the feedback behind it, the strongest first.
    pub fn explain(&self, day: i64) -> Vec<Weight> {
        let mut parts: BTreeMap<Feature, Vec<Part>> = BTreeMap::new();
        let today = day.max(self.day);
        let again = self.clone().learned_again(|said, feature, change| {
            parts.entry(feature).or_default().push(Part {
                feedback: said.number,
                signal: said.signal,
                part: change * self.rule.faded(today - said.day),
            });
        });
        let left = again.left(today);
        let explained = again.beliefs.iter().map(|(feature, belief)| {
            let belief = belief.faded(left);
            let mut because = parts.remove(feature).unwrap_or_default();
            because.reverse();
            Weight {
                feature: *feature,
                weight: belief.mean,
                certainty: 1.0 - belief.variance,
                evidence: because.len(),
                because,
            }
        });
        let mut weights: Vec<Weight> = explained.collect();
        weights.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        weights
    }

    /// The same history from the beginning; `changed` is told what each feedback added to each weight.
    fn learned_again(self, mut changed: impl FnMut(&Feedback, Feature, f64)) -> Self {
        let mut again = Self::new(self.rule);
        again.history = self.history;
        again.history.sort_by_key(order);
        for place in 0..again.history.len() {
            let said = again.history[place].clone();
            for (feature, change) in again.update(&said) {
                changed(&said, feature, change);
            }
        }
        again
    }

    /// Moves the beliefs to the day of a feedback that follows all others, then by it. Returns what was added to each mean.
    fn update(&mut self, said: &Feedback) -> Amounts {
        let left = self.left(said.day);
        self.day = self.day.max(said.day);
        for belief in self.beliefs.values_mut() {
            *belief = belief.faded(left);
        }
        let amounts = said.amounts(&self.rule);
        for feature in amounts.keys() {
            self.beliefs.entry(*feature).or_insert(Belief::PRIOR);
        }
        let (mut liking, mut spread) = (0.0, self.rule.noise);
        for (feature, amount) in &amounts {
            let belief = self.beliefs[feature];
            liking += amount * belief.mean;
            spread += amount * amount * belief.variance;
        }
        let surprise = surprise(said.strength(), liking);
        let gain =
            |feature: &Feature, amount: f64| self.beliefs[feature].variance * amount / spread;
        let mut changes: Amounts = amounts
            .iter()
            .map(|(feature, amount)| (*feature, surprise * gain(feature, *amount)))
            .collect();
        // Too large a change is made smaller by taking what was said for noisier than usual.
        let most = taste::most(&changes, &self.rule);
        let allowed = self.rule.most_a_like * said.strength().abs();
        let step = (allowed / most.max(f64::MIN_POSITIVE)).min(1.0);
        for (feature, change) in &mut changes {
            *change *= step;
            if let Some(belief) = self.beliefs.get_mut(feature) {
                let amount = amounts[feature];
                belief.variance -= step * (belief.variance * amount).powi(2) / spread;
                belief.mean += *change;
            }
        }
        changes
    }

    /// What is left on a day of what was learned. A clock that was set back ages nothing.
    fn left(&self, day: i64) -> f64 {
        if self.beliefs.is_empty() {
            return 1.0;
        }
        self.rule.faded((day - self.day).max(0))
    }
}

fn order(said: &Feedback) -> (i64, i64) {
    (said.day, said.number)
}

/// How far what was said is from what was to be expected: nothing where the wearer is thought to say as much, or more, and
/// never more than was said.
fn surprise(said: f64, expected: f64) -> f64 {
    if said > 0.0 {
        (said - expected).clamp(0.0, said)
    } else {
        (said - expected).clamp(said, 0.0)
    }
}
