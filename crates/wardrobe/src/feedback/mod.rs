//! What the wearer says of outfits, and what is learned from it.
//!
//! The history is the truth: every weight is computed from it when it is needed, with the garments as they are known
//! now, so that a correction also corrects what was learned from the wrong tag.

mod rows;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use wardrobe_personalize::{Feature, Preferences, Weight};
use wardrobe_recommend::{Item, outfit_id};
use wardrobe_types::{Garment, GarmentId, OutfitId, Signal};

pub(crate) use self::rows::FeedbackRow;
use self::rows::{insert_feedback, undo};
use crate::wear::insert_wear;
use crate::{Error, Result, Wardrobe, Wear};

/// One feedback.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Its number.
    pub number: i64,
    /// Of which outfit.
    pub outfit: OutfitId,
    /// What was said.
    pub signal: Signal,
    /// The outfit's garments.
    pub garments: Vec<GarmentId>,
    /// The garment that was taken instead of one of them.
    pub instead: Option<GarmentId>,
    /// When, RFC 3339.
    pub said_at: String,
}

/// A feedback given or taken back, and what that changed.
#[derive(Debug, Clone, Serialize)]
pub struct Taught {
    /// The feedback.
    #[serde(flatten)]
    pub said: Said,
    /// Whether it was taken back.
    pub undone: bool,
    /// The weights that are others now, those that changed most first.
    pub changed: Vec<Change>,
}

/// A weight before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// What it is about.
    pub feature: Feature,
    /// -1..=1; 0 where nothing was known.
    pub before: f64,
    /// -1..=1; 0 where nothing is known any more.
    pub after: f64,
}

/// What was learned, and from what.
#[derive(Debug, Clone, Serialize)]
pub struct Learned {
    /// The strongest first.
    pub weights: Vec<Weight>,
    /// The feedback behind them, the latest first.
    pub feedback: Vec<Said>,
}

impl Wardrobe {
    /// Says something of an outfit: one that was recommended, by its id or the beginning of it, or any garments of the
    /// wardrobe, by theirs with commas between. With `instead`, a garment that was taken in place of one of the outfit's,
    /// it was worn so: the signal is [`Signal::Wear`].
    ///
    /// # Errors
    /// [`Error::UnknownOutfit`], [`Error::AmbiguousOutfit`], as [`Wardrobe::garment`] for the garments,
    /// [`Error::NotInstead`], [`Error::InsteadIsWorn`]; a database that cannot be written.
    pub fn feedback(
        &mut self,
        outfit: &str,
        signal: Signal,
        instead: Option<&str>,
    ) -> Result<Taught> {
        let (outfit, garments) = self.outfit(outfit)?;
        let items = self.items_of(&garments)?;
        if instead.is_some() && signal != Signal::Wear {
            return Err(Error::InsteadIsWorn { signal });
        }
        let instead = instead.map(|id| self.garment(id)).transpose()?;
        if let Some(garment) = &instead
            && garments.contains(&garment.id)
        {
            return Err(Error::NotInstead {
                garment: garment.id.to_string(),
                outfit: outfit.to_string(),
            });
        }
        let instead = instead.as_ref().map(Item::from);
        let before = self.weights()?;
        let failed = self.store.failed();
        let number = self.store.transaction(|tx| {
            insert_feedback(tx, &outfit, signal, &items, instead.as_ref()).map_err(failed)
        })?;
        let said = self.said(number)?;
        Ok(Taught {
            said,
            undone: false,
            changed: changes(&before, &self.weights()?),
        })
    }

    /// Takes a feedback back, the latest where no number is given. It stays on record and counts no more.
    ///
    /// # Errors
    /// [`Error::NoFeedback`]; a database that cannot be written.
    pub fn undo_feedback(&mut self, number: Option<i64>) -> Result<Taught> {
        let latest = || Ok::<_, Error>(self.store.feedback()?.last().map(|row| row.said.number));
        let number = match number {
            Some(number) => number,
            None => latest()?.ok_or(Error::NoFeedback { number: None })?,
        };
        let said = self.said(number)?;
        let before = self.weights()?;
        let failed = self.store.failed();
        self.store
            .transaction(|tx| undo(tx, Some(number)).map_err(failed))?;
        Ok(Taught {
            said,
            undone: true,
            changed: changes(&before, &self.weights()?),
        })
    }

    /// Takes all feedback back, and returns how many there were. They stay on record and count no more; what they say was
    /// worn stays in the wear log.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn reset_preferences(&mut self) -> Result<usize> {
        let worn = self.wears()?.into_iter().rev();
        let worn: Vec<Wear> = worn.filter(|wear| wear.feedback.is_some()).collect();
        let failed = self.store.failed();
        self.store.transaction(|tx| {
            for wear in &worn {
                insert_wear(tx, wear.day, &wear.garments).map_err(&failed)?;
            }
            undo(tx, None).map_err(&failed)
        })
    }

    /// What was learned of the wearer's taste, each weight with the feedback behind it.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn preferences(&self) -> Result<Learned> {
        let said = self.store.feedback()?.into_iter().rev();
        Ok(Learned {
            weights: self
                .learned(&self.store.garments()?)?
                .explain(self.store.today()?),
            feedback: said.map(|row| row.said).collect(),
        })
    }

    /// The taste that follows from all feedback, for garments as they are known now.
    pub(crate) fn learned(&self, garments: &[Garment]) -> Result<Preferences> {
        let known: HashMap<&GarmentId, &Garment> = garments.iter().map(|g| (&g.id, g)).collect();
        let renew = |item: &mut Item| {
            if let Some(garment) = known.get(&item.id) {
                *item = Item::from(*garment);
            }
        };
        let rows = self.store.feedback()?.into_iter();
        Ok(Preferences::from_history(rows.map(
            |FeedbackRow { mut feedback, .. }| {
                feedback.items.iter_mut().for_each(renew);
                feedback.instead.iter_mut().for_each(renew);
                feedback
            },
        )))
    }

    /// Today, as feedback is dated.
    pub(crate) fn day_of_taste(&self) -> Result<i64> {
        self.store.today()
    }

    fn weights(&self) -> Result<BTreeMap<Feature, f64>> {
        let garments = self.store.garments()?;
        Ok(self.learned(&garments)?.weights(self.store.today()?))
    }

    fn said(&self, number: i64) -> Result<Said> {
        let mut rows = self.store.feedback()?.into_iter();
        let found = rows.find(|row| row.said.number == number);
        found.map(|row| row.said).ok_or(Error::NoFeedback {
            number: Some(number),
        })
    }

    /// An outfit that was shown, or one of garments named with commas between.
    pub(crate) fn outfit(&self, text: &str) -> Result<(OutfitId, Vec<GarmentId>)> {
        let mut shown = self.store.outfits(text)?;
        if text.is_empty() {
            shown.clear();
        }
        if let Some(place) = shown.iter().position(|(id, _)| id.as_str() == text) {
            return Ok(shown.swap_remove(place));
        }
        match shown.len() {
            1 => Ok(shown.swap_remove(0)),
            0 if text.contains(',') => {
                let ids: Vec<GarmentId> = text
                    .split(',')
                    .map(|id| GarmentId::new(id.trim()))
                    .collect();
                let mut garments = self.resolve(&ids)?;
                garments.sort_unstable();
                garments.dedup();
                Ok((outfit_id(garments.iter().map(GarmentId::as_str)), garments))
            }
            0 => Err(Error::UnknownOutfit { id: text.into() }),
            _ => Err(Error::AmbiguousOutfit {
                id: text.into(),
                matches: shown.into_iter().map(|(id, _)| id.to_string()).collect(),
            }),
        }
    }

    fn items_of(&self, garments: &[GarmentId]) -> Result<Vec<Item>> {
        let garments = garments.iter().map(|id| self.garment(id.as_str()));
        garments.map(|garment| Ok(Item::from(&garment?))).collect()
    }
}

fn changes(before: &BTreeMap<Feature, f64>, after: &BTreeMap<Feature, f64>) -> Vec<Change> {
    let of = |weights: &BTreeMap<Feature, f64>, feature| {
        weights.get(feature).copied().unwrap_or_default()
    };
    let features: std::collections::BTreeSet<&Feature> =
        before.keys().chain(after.keys()).collect();
    let changes = features.into_iter().map(|feature| Change {
        feature: *feature,
        before: of(before, feature),
        after: of(after, feature),
    });
    let mut changes: Vec<Change> = changes
        .filter(|change| change.before != change.after)
        .collect();
    let size = |change: &Change| (change.after - change.before).abs();
    changes.sort_by(|a, b| size(b).total_cmp(&size(a)));
    changes
}
