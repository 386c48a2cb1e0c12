//! Weights from feedback: one after the other, or all over again.

use std::collections::BTreeMap;

use serde::Serialize;
use wardrobe_types::Signal;

use crate::{Feature, Feedback, Rule, TasteNow};

const SECONDS_A_DAY: f64 = 86_400.0;

/// What has been said for and against one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Evidence {
    /// What was said for it, worth what it was at `as_of`.
    positive: f64,
    /// What was said against it.
    negative: f64,
    /// When the latest of it was said.
    as_of: i64,
}

/// A feature's weight, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weight {
    /// What it is about.
    pub feature: Feature,
    /// From -1, always spoken against, to 1, always spoken for; 0 where nothing is known.
    pub weight: f64,
    /// How many feedbacks are behind it.
    pub evidence: usize,
    /// Those feedbacks, the latest first; their parts sum to the weight.
    pub because: Vec<Part>,
}

/// One feedback's part in a weight.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
/// Each feature's weight is the mean of a Beta distribution, from -1 to 1:
///
/// ```text
/// weight = (p - n) / (p + n + prior)
/// p, n   = sums of the strengths said for and against it, each halved every half-life
/// ```
///
/// That is the reputation of Jøsang and Ismail ("The Beta Reputation System", Bled 2002) with their forgetting in
/// continuous time: few words move a weight little, many settle it, and old ones fade. Sums can be kept up to date
/// one feedback at a time, in any order, and what is said for a feature never lowers its weight.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    rule: Rule,
    history: Vec<Feedback>,
    evidence: BTreeMap<Feature, Evidence>,
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
        let mut preferences = Self::default();
        for feedback in history {
            preferences.learn(feedback);
        }
        preferences
    }

    /// Whether nothing was ever said.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty()
    }

    /// All feedback, in the order it was learned.
    pub fn history(&self) -> &[Feedback] {
        &self.history
    }

    /// Takes one more feedback in.
    pub fn learn(&mut self, feedback: Feedback) {
        for (feature, credit) in feedback.credits() {
            let evidence = self.evidence.entry(feature).or_insert(Evidence {
                positive: 0.0,
                negative: 0.0,
                as_of: feedback.at,
            });
            evidence.add(credit, feedback.at, &self.rule);
        }
        self.history.push(feedback);
    }

    /// Takes a feedback back, as if it had never been said; `None` where there is none of this number.
    pub fn undo(&mut self, number: i64) -> Option<Feedback> {
        let place = self.history.iter().position(|said| said.number == number)?;
        let mut history = std::mem::take(&mut self.history);
        let undone = history.remove(place);
        // Not subtracted: what rounding left behind would be taken for evidence.
        self.reset();
        for feedback in history {
            self.learn(feedback);
        }
        Some(undone)
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.history.clear();
        self.evidence.clear();
    }

    /// What is thought of a feature at a time, -1 to 1; 0 where nothing is known.
    pub fn weight(&self, feature: Feature, now: i64) -> f64 {
        let evidence = self.evidence.get(&feature);
        evidence.map_or(0.0, |evidence| evidence.weight(now, &self.rule))
    }

    /// Every feature something was said of, with its weight at a time.
    pub fn weights(&self, now: i64) -> BTreeMap<Feature, f64> {
        let weight = |(feature, evidence): (&Feature, &Evidence)| {
            (*feature, evidence.weight(now, &self.rule))
        };
        self.evidence.iter().map(weight).collect()
    }

    /// Every weight with the feedback behind it, the strongest first.
    pub fn explain(&self, now: i64) -> Vec<Weight> {
        let mut parts: BTreeMap<Feature, Vec<Part>> = BTreeMap::new();
        for said in self.history.iter().rev() {
            for (feature, credit) in said.credits() {
                let worth = credit * self.rule.faded(now - said.at);
                parts.entry(feature).or_default().push(Part {
                    feedback: said.number,
                    signal: said.signal,
                    part: worth,
                });
            }
        }
        let explained = parts.into_iter().map(|(feature, mut because)| {
            let said: f64 = because.iter().map(|part| part.part.abs()).sum();
            for part in &mut because {
                part.part /= said + self.rule.prior;
            }
            Weight {
                feature,
                weight: because.iter().map(|part| part.part).sum(),
                evidence: because.len(),
                because,
            }
        });
        let mut weights: Vec<Weight> = explained.collect();
        weights.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        weights
    }

    /// The taste at a time, for [`wardrobe_recommend::recommend_for`].
    pub fn taste(&self, now: i64) -> TasteNow {
        TasteNow::new(&self.rule, self.weights(now))
    }
}

impl Evidence {
    fn add(&mut self, credit: f64, at: i64, rule: &Rule) {
        let mut worth = credit;
        if at > self.as_of {
            let faded = rule.faded(at - self.as_of);
            self.positive *= faded;
            self.negative *= faded;
            self.as_of = at;
        } else {
            worth *= rule.faded(self.as_of - at);
        }
        if worth > 0.0 {
            self.positive += worth;
        } else {
            self.negative -= worth;
        }
    }

    fn weight(&self, now: i64, rule: &Rule) -> f64 {
        let faded = rule.faded(now - self.as_of);
        let (positive, negative) = (self.positive * faded, self.negative * faded);
        (positive - negative) / (positive + negative + rule.prior)
    }
}

impl Rule {
    /// What is left after so many seconds, 0..=1. A clock that was set back ages nothing.
    fn faded(&self, seconds: i64) -> f64 {
        let days = seconds.max(0) as f64 / SECONDS_A_DAY;
        0.5_f64.powf(days / self.half_life_days)
    }
}
