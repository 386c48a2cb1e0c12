//! Descriptors of all photos, and what is known of them as targets.

use super::TagConfig;
use crate::data::{Split, TagSample, TagSet};
use crate::descriptors::{Views, describe_pictures};
use crate::error::{Error, Result};
use crate::evaluate::tag::{Validation, picture};
use crate::progress::Event;
use candle_core::Tensor;
use std::ops::Range;
use std::path::Path;
use wardrobe_attributes::tagger::{Rows, TaggerConfig, Threshold};
use wardrobe_classify::Classifier;
use wardrobe_types::{BasicColor, Fit, Pattern, Season, Style};

/// Everything a run learns from and is measured on.
pub(super) struct Data {
    /// (photos, 1 + views, 1472)
    pub(super) descriptors: Tensor,
    pub(super) targets: Vec<Target>,
    /// What there are enough photos of, with thresholds of 0.5.
    pub(super) learned: TaggerConfig,
    pub(super) val: Validation,
}

/// What the heads should say of a photo.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// An output a column of [`Rows::ALL`].
    pub(super) values: Vec<f32>,
    /// 1 where the value is known, else 0.
    pub(super) known: Vec<f32>,
}

/// The seasons and styles that a data set tells of: of others, that it does not name them says nothing.
#[derive(Clone, Debug, Default)]
struct Told {
    seasons: Vec<Season>,
    styles: Vec<Style>,
}

impl Told {
    fn by(samples: &[TagSample]) -> Self {
        let tags = || samples.iter().map(|sample| &sample.tags);
        let season =
            |label: &Season| tags().any(|t| t.seasons.iter().flatten().any(|s| s == label));
        let style = |label: &Style| tags().any(|t| t.styles.iter().flatten().any(|s| s == label));
        Self {
            seasons: Season::ALL.into_iter().filter(season).collect(),
            styles: Style::ALL.into_iter().filter(style).collect(),
        }
    }
}

impl Target {
    /// Labels that were not learned are left out: a photo whose pattern is one of them has no known pattern.
    fn of(sample: &TagSample, told: &Told, learned: &TaggerConfig) -> Self {
        let mut target = Self {
            values: vec![0.0; Rows::ALL.end],
            known: vec![0.0; Rows::ALL.end],
        };
        let tags = &sample.tags;
        if let Some(pattern) = tags.pattern.filter(|label| learned.pattern.contains(label)) {
            target.set(Rows::PATTERN, 0..Rows::PATTERN.len(), &[pattern as usize]);
        }
        if let Some(fit) = tags.fit.filter(|label| learned.fit.contains(label)) {
            target.set(Rows::FIT, 0..Rows::FIT.len(), &[fit as usize]);
        }
        if let Some(color) = tags.color.filter(|label| learned.color.contains(label)) {
            target.set(Rows::COLOR, 0..Rows::COLOR.len(), &[color as usize]);
        }
        if let Some(formality) = tags.formality.filter(|_| learned.formality) {
            target.values[Rows::FORMALITY.start] = formality.value();
            target.known[Rows::FORMALITY.start] = 1.0;
        }
        if let Some(seasons) = &tags.seasons {
            let labels = learned.seasons.iter().map(|t| t.label);
            let labels = labels.filter(|label| told.seasons.contains(label));
            let labels = labels.map(|label| label as usize);
            let holds: Vec<usize> = seasons.iter().map(|&s| s as usize).collect();
            target.set(Rows::SEASONS, labels, &holds);
        }
        if let Some(styles) = &tags.styles {
            let labels = learned.styles.iter().map(|t| t.label);
            let labels = labels.filter(|label| told.styles.contains(label));
            let labels = labels.map(|label| label as usize);
            let holds: Vec<usize> = styles.iter().map(|&s| s as usize).collect();
            target.set(Rows::STYLES, labels, &holds);
        }
        target
    }

    /// Marks `labels` of a head as known, and `holds` as true.
    fn set(
        &mut self,
        head: Range<usize>,
        labels: impl IntoIterator<Item = usize>,
        holds: &[usize],
    ) {
        for label in labels {
            self.known[head.start + label] = 1.0;
            self.values[head.start + label] = f32::from(u8::from(holds.contains(&label)));
        }
    }
}

impl Data {
    pub(super) fn load(
        config: &TagConfig,
        classifier: &Classifier,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let (mut train, mut val) = (Vec::new(), TagSet::default());
        for source in &config.data {
            let Some(part) = TagSet::split(&source.path, Split::Train)? else {
                return Err(no_part(&source.path, Split::Train));
            };
            let told = Told::by(&part.samples);
            for sample in part.samples {
                train.extend(std::iter::repeat_n((sample, told.clone()), source.repeat));
            }
            if let Some(part) = TagSet::split(&source.path, Split::Val)? {
                val.samples.extend(part.samples);
            }
        }
        if val.samples.is_empty() {
            let first = config.data.first().map(|data| data.path.as_path());
            return Err(no_part(first.unwrap_or(Path::new("")), Split::Val));
        }
        let val = Validation::read(classifier, &val, watch)?;
        let views = Views {
            count: config.views,
            augment: &config.augment,
            seed: config.seed,
        };
        let look = |i: usize| picture(&train[i].0, i);
        let seen = describe_pictures(classifier, train.len(), views, look, watch)?;
        let read = || seen.read.iter().map(|&i| &train[i]);
        let samples: Vec<&TagSample> = read().map(|(sample, _)| sample).collect();
        let learned = learned(&samples, config.least_photos);
        let targets = read().map(|(sample, told)| Target::of(sample, told, &learned));
        Ok(Self {
            targets: targets.collect(),
            descriptors: seen.tensor,
            learned,
            val,
        })
    }
}

/// The labels with enough photos. A head of one label has nothing to tell apart, and learns none.
fn learned(samples: &[&TagSample], least: usize) -> TaggerConfig {
    let enough = |holds: &dyn Fn(&TagSample) -> bool| {
        let count = samples.iter().filter(|sample| holds(sample)).count();
        count >= least.max(1)
    };
    let patterns = Pattern::ALL.into_iter();
    let fits = Fit::ALL.into_iter();
    let seasons = Season::ALL.into_iter();
    let styles = Style::ALL.into_iter();
    let colors = BasicColor::ALL.into_iter();
    let has = |labels: &Option<Vec<Season>>, label| {
        labels
            .as_ref()
            .is_some_and(|labels| labels.contains(&label))
    };
    let has_style = |labels: &Option<Vec<Style>>, label| {
        labels
            .as_ref()
            .is_some_and(|labels| labels.contains(&label))
    };
    TaggerConfig {
        pattern: several(
            patterns
                .filter(|&label| enough(&|s| s.tags.pattern == Some(label)))
                .collect(),
        ),
        fit: several(
            fits.filter(|&label| enough(&|s| s.tags.fit == Some(label)))
                .collect(),
        ),
        formality: enough(&|s| s.tags.formality.is_some()),
        seasons: several(
            seasons
                .filter(|&label| enough(&|s| has(&s.tags.seasons, label)))
                .map(|label| Threshold::new(label, 0.5))
                .collect(),
        ),
        styles: several(
            styles
                .filter(|&label| enough(&|s| has_style(&s.tags.styles, label)))
                .map(|label| Threshold::new(label, 0.5))
                .collect(),
        ),
        color: several(
            colors
                .filter(|&label| enough(&|s| s.tags.color == Some(label)))
                .collect(),
        ),
    }
}

fn several<T>(labels: Vec<T>) -> Vec<T> {
    match labels.len() {
        0 | 1 => Vec::new(),
        _ => labels,
    }
}

fn no_part(path: &Path, split: Split) -> Error {
    let name = split.name();
    Error::Data {
        path: path.to_path_buf(),
        problem: format!("no {name} part with tags: expected styles_{name}.csv and images/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Tags;
    use wardrobe_types::Formality;

    fn sample(tags: Tags) -> TagSample {
        TagSample {
            picture: crate::data::Picture::whole("photo.jpg".into()),
            kind: None,
            tags,
        }
    }

    #[test]
    fn what_is_not_said_is_not_learned_from() {
        let striped = sample(Tags {
            pattern: Some(Pattern::Striped),
            seasons: Some(vec![Season::Summer]),
            ..Tags::default()
        });
        let solid = sample(Tags {
            pattern: Some(Pattern::Solid),
            seasons: Some(vec![Season::Winter]),
            formality: Formality::new(0.3).ok(),
            ..Tags::default()
        });
        let rare = sample(Tags {
            pattern: Some(Pattern::Floral),
            styles: Some(vec![Style::Sporty]),
            ..Tags::default()
        });
        let samples = [&striped, &striped, &solid, &solid, &rare, &rare];
        let learned = learned(&samples[..5], 2);
        assert_eq!(learned.pattern, [Pattern::Solid, Pattern::Striped]);
        let seasons: Vec<Season> = learned.seasons.iter().map(|t| t.label).collect();
        assert_eq!(seasons, [Season::Summer, Season::Winter]);
        assert!(learned.formality && learned.fit.is_empty() && learned.styles.is_empty());

        let told = Told::by(&[striped.clone(), solid.clone()]);
        let target = Target::of(&striped, &told, &learned);
        assert_eq!(
            target.values[Rows::PATTERN.start + Pattern::Striped as usize],
            1.0
        );
        assert_eq!(target.known[Rows::FORMALITY.start], 0.0);
        let summer = Rows::SEASONS.start + Season::Summer as usize;
        let winter = Rows::SEASONS.start + Season::Winter as usize;
        let spring = Rows::SEASONS.start + Season::Spring as usize;
        assert_eq!((target.values[summer], target.known[summer]), (1.0, 1.0));
        assert_eq!((target.values[winter], target.known[winter]), (0.0, 1.0));
        assert_eq!(target.known[spring], 0.0);
        // Floral is not learned: nothing is known of this one's pattern.
        let target = Target::of(&rare, &told, &learned);
        assert!(target.known.iter().all(|&known| known == 0.0));
        // A data set that never says winter does not say that this is not for winter.
        let told = Told::by(std::slice::from_ref(&striped));
        assert_eq!(Target::of(&striped, &told, &learned).known[winter], 0.0);
    }
}
