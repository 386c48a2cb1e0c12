//! How well outfits that people wear are told from others, by a network, by baselines, and by the recommender's rules.
//!
//! Every judge answers the same tasks ([`Tasks`]), and its row of the table holds
//!
//! - **auc**: how likely an outfit that was worn scores above a negative;
//! - **accuracy**: the share told right by a threshold that was chosen on the other half of the outfits, so that none is
//!   measured with a threshold it had a say in;
//! - **fitb**: the share of blanks filled rightly, of four answers; equal scores share the point;
//! - **ece**: the expected calibration error of the probability (15 bins), for judges that give one.
//!
//! Intervals are the bootstrap's over outfits, an outfit with its negative and its question.

mod baselines;
mod network;
mod probe;
mod report;
mod rules;

pub use baselines::{CategoryPmi, Popularity};
pub use network::Network;
pub use probe::Probe;
pub use report::{Measurement, Report, Table, measure};
pub use rules::{FittedRules, Rules, Wearable};

use crate::data::outfits::Tasks;
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wardrobe_eval::{
    Bootstrap, EvalError, Interval, best_threshold, choice_points, expected_calibration_error,
    roc_auc,
};

/// Something that scores sets of items, higher for those that look more like what people wear.
pub trait Judge {
    /// What it is called in the table.
    fn name(&self) -> &str;

    /// A score for each set of indices into the data set's items.
    ///
    /// # Errors
    /// Of the judge's own.
    fn scores(&self, sets: &[Vec<usize>]) -> Result<Vec<f32>>;

    /// Whether scores are logits of the probability that the set was worn, where half of all sets are.
    fn gives_logits(&self) -> bool {
        false
    }
}

/// What a judge came to. A task that there is none of has no metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Area under the ROC curve.
    pub auc: f64,
    /// Share told right, by the other half's threshold.
    pub accuracy: f64,
    /// Share of blanks filled rightly.
    pub fitb: f64,
    /// Expected calibration error; `None` for a judge without probabilities.
    pub ece: Option<f64>,
}

/// A judge's row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The judge.
    pub judge: String,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Their intervals.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// The first judge's AUC less this one's, on the same resamples; `None` in the first's own row.
    pub auc_behind: Option<Gap>,
}

/// A difference with its interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Gap {
    /// The difference.
    pub value: f64,
    /// Its interval; one without 0 tells the two apart.
    pub ci95: Interval,
}

/// A judge's scores of all tasks.
#[derive(Clone, Debug)]
pub struct Answers<'a> {
    tasks: &'a Tasks,
    logits: bool,
    scores: Vec<f32>,
    /// Whether each is told right, by the other half's threshold.
    right: Vec<bool>,
    /// A point, a part of one or none, a question.
    points: Vec<f64>,
}

impl<'a> Answers<'a> {
    /// Asks `judge`.
    ///
    /// # Errors
    /// The judge's; tasks of one kind of outfit alone.
    pub fn of(judge: &dyn Judge, tasks: &'a Tasks) -> Result<Self> {
        let sets: Vec<Vec<usize>> = tasks.judged.iter().map(|set| set.items.clone()).collect();
        let scores = judge.scores(&sets)?;
        let filled = tasks.questions.iter().flat_map(|question| {
            question.answers.iter().map(|answer| {
                let mut set = question.items.clone();
                set.push(*answer);
                set
            })
        });
        let filled = judge.scores(&filled.collect::<Vec<_>>())?;
        let mut rest = filled.as_slice();
        let mut choices = Vec::with_capacity(tasks.questions.len());
        for question in &tasks.questions {
            let (own, others) = rest.split_at(question.answers.len());
            choices.push(own.to_vec());
            rest = others;
        }
        let truth: Vec<usize> = tasks
            .questions
            .iter()
            .map(|question| question.right)
            .collect();
        let points = match choices.is_empty() {
            true => Vec::new(),
            false => choice_points(&choices, &truth)?,
        };
        Ok(Self {
            logits: judge.gives_logits(),
            right: told_right(tasks, &scores)?,
            tasks,
            scores,
            points,
        })
    }

    /// The metrics over everything.
    ///
    /// # Errors
    /// Tasks without questions, or without outfits.
    pub fn metrics(&self) -> Result<Metrics> {
        let all: Vec<usize> = (0..self.groups()).collect();
        let (members, asked) = self.by_group();
        let missing = EvalError::Empty {
            metric: "fill-in-the-blank",
        };
        Ok(Metrics {
            auc: self.auc(&members, &all)?,
            accuracy: self.accuracy(&members, &all)?,
            fitb: self.fitb(&asked, &all).ok_or(missing)?,
            ece: self.ece(&members, &all)?,
        })
    }

    /// The metrics' intervals.
    ///
    /// # Errors
    /// Too few outfits.
    pub fn ci95(&self, bootstrap: Bootstrap) -> Result<BTreeMap<&'static str, Interval>> {
        let (members, asked) = self.by_group();
        let groups = self.groups();
        let mut intervals = BTreeMap::new();
        let auc = bootstrap.ci95(groups, |drawn| self.auc(&members, drawn).ok())?;
        intervals.insert("auc", auc.interval);
        let accuracy = bootstrap.ci95(groups, |drawn| self.accuracy(&members, drawn).ok())?;
        intervals.insert("accuracy", accuracy.interval);
        let fitb = bootstrap.ci95(groups, |drawn| self.fitb(&asked, drawn))?;
        intervals.insert("fitb", fitb.interval);
        if self.logits {
            let ece = bootstrap.ci95(groups, |drawn| self.ece(&members, drawn).ok()?)?;
            intervals.insert("ece", ece.interval);
        }
        Ok(intervals)
    }

    /// This judge's AUC less `other`'s, of the same tasks.
    ///
    /// # Errors
    /// Too few outfits.
    pub fn ahead_of(&self, other: &Self, bootstrap: Bootstrap) -> Result<Gap> {
        let (members, _) = self.by_group();
        let gap = |drawn: &[usize]| -> Result<f64> {
            Ok(self.auc(&members, drawn)? - other.auc(&members, drawn)?)
        };
        let all: Vec<usize> = (0..self.groups()).collect();
        Ok(Gap {
            value: gap(&all)?,
            ci95: bootstrap
                .ci95(self.groups(), |drawn| gap(drawn).ok())?
                .interval,
        })
    }

    fn groups(&self) -> usize {
        let judged = self.tasks.judged.iter().map(|set| set.group);
        let asked = self.tasks.questions.iter().map(|question| question.group);
        judged.chain(asked).max().map_or(0, |last| last + 1)
    }

    /// The sets and the questions of each group.
    fn by_group(&self) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let (mut members, mut asked) = (vec![vec![]; self.groups()], vec![vec![]; self.groups()]);
        for (index, set) in self.tasks.judged.iter().enumerate() {
            members[set.group].push(index);
        }
        for (index, question) in self.tasks.questions.iter().enumerate() {
            asked[question.group].push(index);
        }
        (members, asked)
    }

    /// Scores of the worn and of the others among some groups.
    fn auc(&self, members: &[Vec<usize>], groups: &[usize]) -> Result<f64> {
        let (mut worn, mut others) = (Vec::new(), Vec::new());
        for &index in groups.iter().flat_map(|&group| &members[group]) {
            let side = if self.tasks.judged[index].worn {
                &mut worn
            } else {
                &mut others
            };
            side.push(self.scores[index]);
        }
        Ok(roc_auc(&worn, &others)?)
    }

    /// The mean of the shares told right of the worn and of the others.
    fn accuracy(&self, members: &[Vec<usize>], groups: &[usize]) -> Result<f64> {
        let mut counts = [[0_usize; 2]; 2];
        for &index in groups.iter().flat_map(|&group| &members[group]) {
            let count = &mut counts[usize::from(self.tasks.judged[index].worn)];
            count[0] += usize::from(self.right[index]);
            count[1] += 1;
        }
        let [others, worn] = counts;
        if others[1] == 0 || worn[1] == 0 {
            let (positives, negatives) = (worn[1], others[1]);
            return Err(EvalError::OneSided {
                positives,
                negatives,
            }
            .into());
        }
        let share = |[right, of]: [usize; 2]| right as f64 / of as f64;
        Ok((share(worn) + share(others)) / 2.0)
    }

    fn fitb(&self, asked: &[Vec<usize>], groups: &[usize]) -> Option<f64> {
        let points = groups.iter().flat_map(|&group| &asked[group]);
        let (sum, count) = points.fold((0.0, 0), |(sum, count), &question| {
            (sum + self.points[question], count + 1)
        });
        (count > 0).then(|| sum / f64::from(count))
    }

    fn ece(&self, members: &[Vec<usize>], groups: &[usize]) -> Result<Option<f64>> {
        if !self.logits {
            return Ok(None);
        }
        let (mut confidence, mut correct) = (Vec::new(), Vec::new());
        for &index in groups.iter().flat_map(|&group| &members[group]) {
            let p = 1.0 / (1.0 + (-self.scores[index]).exp());
            confidence.push(p.max(1.0 - p));
            correct.push((p >= 0.5) == self.tasks.judged[index].worn);
        }
        Ok(Some(
            expected_calibration_error(&confidence, &correct, 15)?.ece,
        ))
    }
}

/// Whether each set is told right: groups of even number by the best threshold of those of odd number, and the other way round.
fn told_right(tasks: &Tasks, scores: &[f32]) -> Result<Vec<bool>> {
    let half = |odd: usize| -> Result<f32> {
        let (mut worn, mut others) = (Vec::new(), Vec::new());
        for (set, score) in tasks.judged.iter().zip(scores) {
            if set.group % 2 == odd {
                if set.worn { &mut worn } else { &mut others }.push(*score);
            }
        }
        Ok(best_threshold(&worn, &others)?)
    };
    let thresholds = [half(1)?, half(0)?];
    let sets = tasks.judged.iter().zip(scores);
    Ok(sets
        .map(|(set, score)| (*score >= thresholds[set.group % 2]) == set.worn)
        .collect())
}

/// A row for each judge, the first being what the others are compared with.
///
/// # Errors
/// A judge's; too few outfits.
pub fn table(judges: &[&dyn Judge], tasks: &Tasks, bootstrap: Bootstrap) -> Result<Vec<Row>> {
    let answers = judges.iter().map(|judge| Answers::of(*judge, tasks));
    let answers: Vec<Answers<'_>> = answers.collect::<Result<_>>()?;
    let mut rows = Vec::with_capacity(judges.len());
    for (place, (judge, own)) in judges.iter().zip(&answers).enumerate() {
        let behind = || answers[0].ahead_of(own, bootstrap);
        rows.push(Row {
            judge: judge.name().to_owned(),
            metrics: own.metrics()?,
            ci95: own.ci95(bootstrap)?,
            auc_behind: (place > 0).then(behind).transpose()?,
        });
    }
    Ok(rows)
}
