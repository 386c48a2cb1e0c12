//! All pairs of a run.

use super::ClipTrainConfig;
use crate::data::{Labelled, Pair, Pairs, Split};
use crate::error::{Error, Result};
use crate::evaluate::clip::{Validation, tokens};
use crate::progress::Event;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use wardrobe_ingest::{Preprocess, RgbImage};

/// What a run learns from and is measured on.
pub(super) struct Data {
    pub(super) samples: Vec<Sample>,
    pub(super) validation: Validation,
    /// Rows that are no pairs and photos that cannot be read, with the reason.
    pub(super) bad: Vec<String>,
    preprocess: Preprocess,
}

pub(super) struct Sample {
    pub(super) pair: Pair,
    pub(super) tokens: Vec<u32>,
    /// The photo as training samples from it; `None` where it is read again at each use.
    photo: Option<RgbImage>,
    /// How often it comes up in an epoch.
    repeat: usize,
}

impl Data {
    /// Reads all tables and photos; `side` is the network's.
    pub(super) fn load(
        config: &ClipTrainConfig,
        side: usize,
        context: usize,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let (mut train, mut val, mut bad) = (Vec::new(), None, Vec::new());
        for source in &config.data {
            let Some(pairs) = Pairs::split(&source.path, Split::Train)? else {
                return Err(no_pairs(&source.path));
            };
            bad.extend(pairs.bad);
            train.extend(pairs.pairs.into_iter().map(|pair| (pair, source.repeat)));
            if val.is_none() {
                val = Pairs::split(&source.path, Split::Val)?;
            }
        }
        let val = match val {
            Some(val) => val,
            None => held_out(&mut train, config)?,
        };
        bad.extend(val.bad.iter().cloned());
        for reason in &bad {
            watch(Event::Skipped {
                reason: reason.clone(),
            });
        }
        // A little larger than what is sampled from it, so that a cropped view is not magnified.
        let larger = if config.augment.min_area < 1.0 {
            side * 9 / 8
        } else {
            side
        };
        let mut data = Self {
            samples: Vec::with_capacity(train.len()),
            validation: Validation {
                pairs: val,
                forgetting: config
                    .forgetting
                    .as_deref()
                    .map(Labelled::for_evaluation)
                    .transpose()?,
                prompts: config.prompts.clone(),
            },
            bad,
            preprocess: Preprocess::clip(larger as u32),
        };
        data.read(train, context, config.photo_memory, watch)?;
        Ok(data)
    }

    fn read(
        &mut self,
        pairs: Vec<(Pair, usize)>,
        context: usize,
        memory: u64,
        watch: &mut dyn FnMut(Event),
    ) -> Result<()> {
        const CHUNK: usize = 256;
        let (total, mut done, mut left) = (pairs.len(), 0, memory);
        for chunk in pairs.chunks(CHUNK) {
            let photos: Vec<_> = chunk
                .par_iter()
                .map(|(pair, _)| self.load_photo(&pair.path))
                .collect();
            for ((pair, repeat), photo) in chunk.iter().zip(photos) {
                match photo {
                    Ok(photo) => {
                        let bytes = photo.as_raw().len() as u64;
                        let kept = left >= bytes;
                        left -= if kept { bytes } else { 0 };
                        self.samples.push(Sample {
                            tokens: tokens(&pair.text, context)?,
                            pair: pair.clone(),
                            photo: kept.then_some(photo),
                            repeat: *repeat,
                        });
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        self.bad.push(reason.clone());
                        watch(Event::Skipped { reason });
                    }
                }
            }
            done += chunk.len();
            watch(Event::Loading { done, total });
        }
        match (self.samples.len(), self.bad.last()) {
            (0 | 1, reason) => Err(Error::Data {
                path: pairs
                    .first()
                    .map(|(pair, _)| pair.path.clone())
                    .unwrap_or_default(),
                problem: format!(
                    "fewer than two pairs to learn from: {}",
                    reason.map_or("give more", String::as_str)
                ),
            }),
            _ => Ok(()),
        }
    }

    fn load_photo(&self, path: &Path) -> wardrobe_ingest::Result<RgbImage> {
        let photo = wardrobe_ingest::load(path)?;
        Ok(self.preprocess.apply(&photo.image)?.image)
    }

    /// A sample's photo, as large as training samples from it.
    ///
    /// # Errors
    /// One that could be read at the start and cannot any more.
    pub(super) fn photo<'a>(
        &self,
        sample: &'a Sample,
    ) -> wardrobe_ingest::Result<Cow<'a, RgbImage>> {
        match &sample.photo {
            Some(photo) => Ok(Cow::Borrowed(photo)),
            None => self.load_photo(&sample.pair.path).map(Cow::Owned),
        }
    }

    /// The samples of an epoch, in order, as often as each comes up.
    pub(super) fn epoch(&self) -> Vec<usize> {
        let samples = self.samples.iter().enumerate();
        samples
            .flat_map(|(i, sample)| std::iter::repeat_n(i, sample.repeat))
            .collect()
    }
}

/// Takes a share of the texts, with all their photos, out of what is learned from.
fn held_out(train: &mut Vec<(Pair, usize)>, config: &ClipTrainConfig) -> Result<Pairs> {
    let texts: BTreeSet<&str> = train.iter().map(|(pair, _)| pair.text.as_str()).collect();
    let mut texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
    texts.shuffle(&mut ChaCha8Rng::seed_from_u64(config.seed ^ 0x7a1d));
    texts.truncate((texts.len() as f64 * config.hold_out).ceil() as usize);
    let texts: BTreeSet<String> = texts.into_iter().collect();
    let (val, rest) = std::mem::take(train)
        .into_iter()
        .partition(|(pair, _)| texts.contains(&pair.text));
    *train = rest;
    let val: Vec<(Pair, usize)> = val;
    let pairs: Vec<Pair> = val.into_iter().map(|(pair, _)| pair).collect();
    if pairs.is_empty() {
        return Err(Error::Data {
            path: config.data.first().map(|data| data.path.clone()).unwrap_or_default(),
            problem: "no validation part, and hold_out keeps none: name one pairs_val.csv, or raise hold_out".to_owned(),
        });
    }
    Ok(Pairs {
        pairs,
        bad: Vec::new(),
    })
}

fn no_pairs(path: &Path) -> Error {
    Error::Data {
        path: path.to_path_buf(),
        problem: "no pairs to learn from: expected a table of photos and texts named pairs.csv, pairs.jsonl or styles.csv, \
                  or one with _train in its name"
            .to_owned(),
    }
}
