//! What naming the most usual comes to: of all garments, and of the garment's kind.

use super::{formality, mean};
use crate::data::{TagSample, Tags};
use std::collections::BTreeMap;

/// What never looks at the photo, and knows what is usual in `train`.
#[derive(Clone, Copy)]
pub(super) struct Baselines<'a> {
    pub(super) train: &'a [TagSample],
}

impl Baselines<'_> {
    /// Whether the label most usual of all holds, and whether that of the kind does: for each sample whose truth is known.
    pub(super) fn right<T: Copy + PartialEq>(
        self,
        samples: &[TagSample],
        truth: impl Fn(&Tags) -> Option<Vec<T>>,
    ) -> [Vec<bool>; 2] {
        let usual = self.most_usual(&truth, |_| true);
        let mut of_kind: BTreeMap<&String, Option<T>> = BTreeMap::new();
        let (mut by_majority, mut by_kind) = (Vec::new(), Vec::new());
        for sample in samples {
            let Some(truths) = truth(&sample.tags) else {
                continue;
            };
            let holds = |guess: Option<T>| guess.is_some_and(|guess| truths.contains(&guess));
            by_majority.push(holds(usual));
            let kind = sample.kind.as_ref().and_then(|kind| {
                let same = |other: &TagSample| other.kind.as_ref() == Some(kind);
                let usual = of_kind.entry(kind);
                *usual.or_insert_with(|| self.most_usual(&truth, same))
            });
            by_kind.push(holds(kind.or(usual)));
        }
        [by_majority, by_kind]
    }

    /// The label that most of the training samples that `counts` have.
    fn most_usual<T: Copy + PartialEq>(
        self,
        truth: impl Fn(&Tags) -> Option<Vec<T>>,
        counts: impl Fn(&TagSample) -> bool,
    ) -> Option<T> {
        let mut labels: Vec<(T, usize)> = Vec::new();
        for sample in self.train.iter().filter(|sample| counts(sample)) {
            for label in truth(&sample.tags).unwrap_or_default() {
                match labels.iter_mut().find(|(known, _)| *known == label) {
                    Some((_, count)) => *count += 1,
                    None => labels.push((label, 1)),
                }
            }
        }
        let most = labels.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(label, _)| label)
    }

    /// Mean absolute errors of saying the mean formality of all, and of the kind; `None` where nothing is known.
    pub(super) fn formality(self, samples: &[TagSample]) -> Option<[f64; 2]> {
        let usual = mean(self.train.iter().filter_map(formality))?;
        let of_kind = |kind: &Option<String>| {
            let same = self.train.iter().filter(|sample| sample.kind == *kind);
            mean(same.filter_map(formality)).unwrap_or(usual)
        };
        let known = || samples.iter().filter_map(|s| Some((s, formality(s)?)));
        let by_mean = mean(known().map(|(_, truth)| (truth - usual).abs()))?;
        let by_kind = mean(known().map(|(s, truth)| (truth - of_kind(&s.kind)).abs()))?;
        Some([by_mean, by_kind])
    }
}
