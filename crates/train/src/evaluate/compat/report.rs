//! A data set of outfits, all judges, one table a kind of negatives.

use super::{
    CategoryPmi, FittedRules, Judge, Network, Popularity, Probe, Row, Rules, Wearable, table,
};
use crate::config::AugmentConfig;
use crate::data::outfits::{Classes, Negatives, OutfitData, Part, Sampler, Tasks};
use crate::error::{Error, Result};
use crate::looks::{Eyes, Looks};
use crate::progress::Event;
use crate::tasks::compat::{Items, items_of};
use serde::Serialize;
use std::path::{Path, PathBuf};
use wardrobe_eval::Bootstrap;
use wardrobe_recommend::learned::OutfitScorer;

/// What to measure, and how.
#[derive(Clone, Debug)]
pub struct Measurement<'a> {
    /// The data set's folder.
    pub data: &'a Path,
    /// The part to measure on; baselines are fitted on `train`.
    pub part: Part,
    /// The network to measure; baselines alone without.
    pub scorer: Option<&'a OutfitScorer>,
    /// What looks at pictures, where there are any.
    pub eyes: Option<Eyes<'a>>,
    /// Whether the recommender's rules are asked, too: where items have pictures, and so colours.
    pub rules: bool,
    /// The kinds of negatives, a table each.
    pub negatives: Vec<Negatives>,
    /// Outfits of fewer items are left out.
    pub least_items: usize,
    /// Draws the negatives.
    pub seed: u64,
    /// Keeps embeddings between measurements.
    pub cache: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The part measured on.
    pub part: Part,
    /// Its outfits.
    pub outfits: usize,
    /// Whether judges see pictures; else an item is its class alone.
    pub pictures: bool,
    /// Classes of items.
    pub classes: usize,
    /// One for each kind of negatives, and one for the data set's own tasks, where it has any. Where garments are cut out of
    /// photos, each is followed by a control: the same outfits with the ground beside the people in their garments' place. What
    /// a judge can tell there, it tells by the photo.
    pub tables: Vec<Table>,
}

/// All judges on the same tasks.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// The kind of negatives, or `official`.
    pub negatives: String,
    /// Outfits judged, negatives among them.
    pub judged: usize,
    /// Blanks filled.
    pub questions: usize,
    /// Tasks that could not be made, or that name items that are not there.
    pub left_out: usize,
    /// The network first, where there is one.
    pub rows: Vec<Row>,
    /// What color, formality and category weigh in `rules, refitted`, as logits for a whole unit of each.
    pub rule_weights: Option<Vec<f32>>,
}

/// Measures all judges.
///
/// # Errors
/// Data that cannot be read, a scorer of another embedder.
pub fn measure(how: &Measurement<'_>, watch: &mut dyn FnMut(Event)) -> Result<Report> {
    let own = how
        .scorer
        .is_some_and(|scorer| scorer.vocabulary().is_foreign());
    let mut data = OutfitData::read(how.data, if own { Classes::Own } else { Classes::Wardrobe })?;
    if how.scorer.is_none() && !data.has_pictures() {
        data = OutfitData::read(how.data, Classes::Own)?;
    }
    let train = data.outfits(Part::Train, how.least_items)?;
    let measured = data.outfits(how.part, how.least_items)?;
    let sees = how.scorer.is_none_or(|scorer| scorer.embedder().is_some());
    let items = items_of(train.iter().chain(&measured));
    let looks = match (data.has_pictures() && sees, how.eyes) {
        (true, Some(eyes)) => {
            if let Some(scorer) = how.scorer {
                scorer.check_embedder(eyes.embedder.id())?;
            }
            let still = (0, &AugmentConfig::STILL, 0);
            let cache = how.cache.as_deref();
            Some(Looks::read(eyes, &data, &items, still, cache, watch)?)
        }
        _ if how.scorer.is_some_and(|scorer| scorer.embedder().is_some()) => {
            return Err(Error::Data {
                path: how.data.to_path_buf(),
                problem: "the scorer looks at pictures, and these outfits have none".to_owned(),
            });
        }
        _ => None,
    };
    let wearable = match how.rules && data.has_pictures() {
        true => Some(Wearable::read(&data, &items, watch)?),
        false => None,
    };
    let classes = data.items.iter().map(|item| item.class as u32).collect();
    let items = Items { classes, looks };
    let network = how
        .scorer
        .map(|scorer| Network::new(scorer, &items, &data.classes));
    let rules = wearable.as_ref().map(Rules);
    let pmi = CategoryPmi::fit(&data, &train);
    let popularity = Popularity::fit(&data, &train);
    let grounds = match &items.looks {
        Some(_) => grounds(how, &data, &items_of(measured.iter()), watch)?,
        None => None,
    };
    let mut tables = Vec::new();
    let official = Tasks::official(&data, how.part)?;
    let official = official.map(|tasks| ("official", Negatives::Shuffled, tasks));
    let made = how.negatives.iter().map(|&kind| {
        let sampler = Sampler::new(&data, &measured, kind);
        let tasks = Tasks::generated(&sampler, &measured, how.seed)?;
        Ok((kind.name(), kind, tasks))
    });
    let tasks = official.into_iter().map(Ok).chain(made);
    for (name, kind, tasks) in tasks.collect::<Result<Vec<_>>>()? {
        let sampler = Sampler::new(&data, &train, kind);
        let probe = Probe::fit(&data, &items, &train, &sampler, how.seed)?;
        let network = network.as_ref().map(|network| network as &dyn Judge);
        let fitted = wearable
            .as_ref()
            .map(|wearable| FittedRules::fit(wearable, &train, &sampler, how.seed));
        let fitted = fitted.transpose()?;
        let rules = [
            rules.as_ref().map(|rules| rules as &dyn Judge),
            fitted.as_ref().map(|rules| rules as &dyn Judge),
        ];
        let rules = rules.into_iter().flatten();
        let baselines: [&dyn Judge; 3] = [&probe, &pmi, &popularity];
        let judges: Vec<&dyn Judge> = network.into_iter().chain(rules).chain(baselines).collect();
        tables.push(Table {
            negatives: name.to_owned(),
            judged: tasks.judged.len(),
            questions: tasks.questions.len(),
            left_out: tasks.left_out,
            rows: table(&judges, &tasks, Bootstrap::default())?,
            rule_weights: fitted.as_ref().map(|rules| rules.weights().to_vec()),
        });
        if let Some(grounds) = &grounds {
            let probe = probe.on(grounds);
            let network = how.scorer.map(|s| Network::new(s, grounds, &data.classes));
            let network = network.as_ref().map(|network| network as &dyn Judge);
            let judges: Vec<&dyn Judge> =
                network.into_iter().chain([&probe as &dyn Judge]).collect();
            tables.push(Table {
                negatives: format!("{name}, of the photos' grounds"),
                judged: tasks.judged.len(),
                questions: tasks.questions.len(),
                left_out: tasks.left_out,
                rows: table(&judges, &tasks, Bootstrap::default())?,
                rule_weights: None,
            });
        }
    }
    Ok(Report {
        part: how.part,
        outfits: measured.len(),
        pictures: items.looks.is_some(),
        classes: data.classes.len(),
        tables,
    })
}

/// The ground beside each item that is measured; `None` where items have no boxes.
fn grounds(
    how: &Measurement<'_>,
    data: &OutfitData,
    items: &[usize],
    watch: &mut dyn FnMut(Event),
) -> Result<Option<Items>> {
    let (Some(data), Some(eyes)) = (data.grounds()?, how.eyes) else {
        return Ok(None);
    };
    let still = (0, &AugmentConfig::STILL, 0);
    let looks = Looks::read(eyes, &data, items, still, None, watch)?;
    Ok(Some(Items {
        classes: data.items.iter().map(|item| item.class as u32).collect(),
        looks: Some(looks),
    }))
}
