//! How often a tagger is right, beside two baselines that never look at the photo: what is most usual, and what is most
//! usual of the garment's kind.

mod baselines;
#[cfg(test)]
mod tests;

use crate::AugmentConfig;
use crate::data::{TagSample, TagSet, Tags};
use crate::descriptors::{Picture, Views, describe_pictures};
use crate::error::Result;
use crate::progress::Event;
use baselines::Baselines;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wardrobe_attributes::tagger::{Choice, Choices, Tagged, Tagger};
use wardrobe_classify::Classifier;
use wardrobe_eval::{Interval, confusion, expected_calibration_error, macro_f1, wilson_ci95};
use wardrobe_types::{BasicColor, Fit, Pattern};

/// Bins of the calibration error (Guo et al. 2017).
const BINS: usize = 15;

/// What a run is chosen by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of photos whose most likely pattern is right; 0 where no photo has one.
    pub pattern: f64,
    /// Share of photos whose most likely season is one of theirs.
    pub seasons: f64,
    /// Share of photos whose most likely style is one of theirs.
    pub styles: f64,
    /// Mean absolute error of formality.
    pub formality_error: f64,
    /// Share of photos whose most likely basic colour is right.
    pub color: f64,
}

impl Metrics {
    /// Higher is better.
    pub(crate) fn score(&self) -> f64 {
        self.pattern + self.seasons + self.styles + self.color - self.formality_error
    }
}

/// Metrics of every head that could be measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// By head and measure: `pattern_accuracy`, `seasons_lookup` ...
    pub metrics: BTreeMap<&'static str, f64>,
    /// Photos measured.
    pub n: usize,
    /// Wilson's 95 % intervals of accuracies.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// Patterns taken for others, most often first.
    pub confused: Vec<(String, String, usize)>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<String>,
}

/// Photos with their descriptors, read once.
#[derive(Debug)]
pub(crate) struct Validation {
    /// A photo each.
    pub(crate) descriptors: Vec<Vec<f32>>,
    pub(crate) samples: Vec<TagSample>,
    failed: Vec<String>,
}

/// Measures `tagger` on photos of one garment each. `train` is what the baselines know.
///
/// # Errors
/// No photo that can be read.
pub fn tag(
    classifier: &Classifier,
    tagger: &Tagger,
    data: &TagSet,
    train: Option<&TagSet>,
    watch: &mut dyn FnMut(Event),
) -> Result<Report> {
    let validation = Validation::read(classifier, data, watch)?;
    validation.report(tagger, train.map(|set| &set.samples[..]))
}

impl Validation {
    pub(crate) fn read(
        classifier: &Classifier,
        data: &TagSet,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let views = Views {
            count: 0,
            augment: &AugmentConfig::STILL,
            seed: 0,
        };
        let samples = &data.samples;
        let look = |i: usize| picture(&samples[i], i);
        let seen = describe_pictures(classifier, samples.len(), views, look, watch)?;
        Ok(Self {
            descriptors: seen.tensor.squeeze(1)?.to_vec2()?,
            samples: seen.read.iter().map(|&i| data.samples[i].clone()).collect(),
            failed: seen.failed,
        })
    }

    fn tagged(&self, tagger: &Tagger) -> Result<Vec<Tagged>> {
        let tagged = self.descriptors.iter().map(|d| Ok(tagger.tag(d)?));
        tagged.collect()
    }

    pub(crate) fn measure(&self, tagger: &Tagger) -> Result<Metrics> {
        let report = self.report(tagger, None)?;
        let of = |name| report.metrics.get(name).copied().unwrap_or_default();
        Ok(Metrics {
            pattern: of("pattern_accuracy"),
            seasons: of("seasons_accuracy"),
            styles: of("styles_accuracy"),
            formality_error: of("formality_mae"),
            color: of("color_accuracy"),
        })
    }

    pub(crate) fn report(&self, tagger: &Tagger, train: Option<&[TagSample]>) -> Result<Report> {
        let tagged = self.tagged(tagger)?;
        let mut report = Report {
            n: self.samples.len(),
            failed: self.failed.clone(),
            ..Report::default()
        };
        let known = Known {
            samples: &self.samples,
            tagged: &tagged,
            baselines: train.map(|train| Baselines { train }),
        };
        known.single(
            &mut report,
            [
                "pattern_accuracy",
                "pattern_macro_f1",
                "pattern_ece",
                "pattern_majority",
                "pattern_lookup",
            ],
            |tags| tags.pattern,
            |tagged| &tagged.pattern,
            &Pattern::ALL,
        )?;
        known.single(
            &mut report,
            [
                "fit_accuracy",
                "fit_macro_f1",
                "fit_ece",
                "fit_majority",
                "fit_lookup",
            ],
            |tags| tags.fit,
            |tagged| &tagged.fit,
            &Fit::ALL,
        )?;
        known.single(
            &mut report,
            [
                "color_accuracy",
                "color_macro_f1",
                "color_ece",
                "color_majority",
                "color_lookup",
            ],
            |tags| tags.color,
            |tagged| &tagged.color,
            &BasicColor::ALL,
        )?;
        known.several(
            &mut report,
            [
                "seasons_accuracy",
                "seasons_f1",
                "seasons_ece",
                "seasons_majority",
                "seasons_lookup",
            ],
            |tags| tags.seasons.as_deref(),
            |tagged| &tagged.seasons,
        )?;
        known.several(
            &mut report,
            [
                "styles_accuracy",
                "styles_f1",
                "styles_ece",
                "styles_majority",
                "styles_lookup",
            ],
            |tags| tags.styles.as_deref(),
            |tagged| &tagged.styles,
        )?;
        known.formality(&mut report);
        Ok(report)
    }
}

/// The garment of a sample, whose number draws its varied views.
pub(crate) fn picture(sample: &TagSample, number: usize) -> Result<Picture<()>> {
    Ok(Picture {
        photo: sample.picture.load()?,
        stream: number as u64,
        note: (),
    })
}

/// What is known of photos beside what was said of them.
struct Known<'a> {
    samples: &'a [TagSample],
    tagged: &'a [Tagged],
    baselines: Option<Baselines<'a>>,
}

/// Names of a head's accuracy, F1, calibration error, and the accuracies of the baselines.
type Names = [&'static str; 5];

impl Known<'_> {
    fn single<T: Copy + PartialEq + ToString>(
        &self,
        report: &mut Report,
        [accuracy, f1, ece, majority, lookup]: Names,
        truth: impl Fn(&Tags) -> Option<T>,
        said: impl Fn(&Tagged) -> &Choice<T>,
        all: &[T],
    ) -> Result<()> {
        let index = |label: T| all.iter().position(|&other| other == label);
        let (mut truths, mut guesses, mut sure) = (Vec::new(), Vec::new(), Vec::new());
        for (sample, tagged) in self.samples.iter().zip(self.tagged) {
            let likeliest = said(tagged).probabilities.first();
            let Some((truth, &(guess, p))) = truth(&sample.tags).zip(likeliest) else {
                continue;
            };
            truths.extend(index(truth));
            guesses.extend(index(guess));
            sure.push(p);
        }
        if truths.is_empty() {
            return Ok(());
        }
        let right: Vec<bool> = truths.iter().zip(&guesses).map(|(a, b)| a == b).collect();
        share(report, accuracy, &right)?;
        let confusion = confusion(&truths, &guesses, all.len())?;
        report.metrics.insert(f1, macro_f1(&confusion)?);
        let calibration = expected_calibration_error(&sure, &right, BINS)?;
        report.metrics.insert(ece, calibration.ece);
        let confused = wardrobe_eval::confused_pairs(&confusion, BINS).into_iter();
        report.confused.extend(confused.map(|pair| {
            let name = |label: usize| all[label].to_string();
            (name(pair.truth), name(pair.predicted), pair.count)
        }));
        self.baselines(report, [majority, lookup], |tags| {
            truth(tags).map(|label| vec![label])
        })
    }

    fn several<T: Copy + PartialEq>(
        &self,
        report: &mut Report,
        [accuracy, f1, ece, majority, lookup]: Names,
        truth: impl Fn(&Tags) -> Option<&[T]>,
        said: impl Fn(&Tagged) -> &Choices<T>,
    ) -> Result<()> {
        let (mut right, mut sure, mut holds) = (Vec::new(), Vec::new(), Vec::new());
        let (mut both, mut either) = (0usize, 0usize);
        for (sample, tagged) in self.samples.iter().zip(self.tagged) {
            let said = said(tagged);
            let likeliest = said.probabilities.first();
            let Some((truth, &(guess, _))) = truth(&sample.tags).zip(likeliest) else {
                continue;
            };
            right.push(truth.contains(&guess));
            for &(label, p) in &said.probabilities {
                sure.push(p);
                holds.push(truth.contains(&label));
            }
            both += said.values.iter().filter(|l| truth.contains(l)).count();
            either += said.values.len() + truth.len();
        }
        if right.is_empty() {
            return Ok(());
        }
        share(report, accuracy, &right)?;
        let f1_of = 2.0 * both as f64 / either.max(1) as f64;
        report.metrics.insert(f1, f1_of);
        let calibration = expected_calibration_error(&sure, &holds, BINS)?;
        report.metrics.insert(ece, calibration.ece);
        self.baselines(report, [majority, lookup], |tags| {
            truth(tags).map(<[T]>::to_vec)
        })
    }

    fn baselines<T: Copy + PartialEq>(
        &self,
        report: &mut Report,
        names: [&'static str; 2],
        truth: impl Fn(&Tags) -> Option<Vec<T>>,
    ) -> Result<()> {
        if let Some(baselines) = self.baselines {
            for (name, right) in names.into_iter().zip(baselines.right(self.samples, truth)) {
                share(report, name, &right)?;
            }
        }
        Ok(())
    }

    /// Mean absolute errors: the tagger's and the baselines'.
    fn formality(&self, report: &mut Report) {
        let said = self
            .samples
            .iter()
            .zip(self.tagged)
            .filter_map(|(sample, tagged)| {
                Some((formality(sample)? - f64::from(tagged.formality?.value())).abs())
            });
        let Some(error) = mean(said) else { return };
        report.metrics.insert("formality_mae", error);
        let baselines = self
            .baselines
            .and_then(|baselines| baselines.formality(self.samples));
        let names = ["formality_mean_mae", "formality_lookup_mae"];
        let errors = names.into_iter().zip(baselines.into_iter().flatten());
        report.metrics.extend(errors);
    }
}

fn formality(sample: &TagSample) -> Option<f64> {
    Some(f64::from(sample.tags.formality?.value()))
}

fn share(report: &mut Report, name: &'static str, right: &[bool]) -> Result<()> {
    let hits = right.iter().filter(|right| **right).count();
    report
        .metrics
        .insert(name, hits as f64 / right.len().max(1) as f64);
    report.ci95.insert(name, wilson_ci95(hits, right.len())?);
    Ok(())
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}
