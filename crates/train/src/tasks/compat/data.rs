//! Outfits to learn from, and the tasks that tell how much was learned.

use super::{CompatConfig, Run};
use crate::data::outfits::{Outfit, OutfitData, Part, Sampler, Tasks};
use crate::error::{Error, Result};
use crate::looks::{Eyes, Looks};
use crate::progress::Event;
use candle_core::{Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::path::PathBuf;
use wardrobe_recommend::learned::SetBatch;

/// What stands for each item of a data set.
#[derive(Debug)]
pub struct Items {
    /// Their class numbers.
    pub classes: Vec<u32>,
    /// Their embeddings, where they have pictures.
    pub looks: Option<Looks>,
}

impl Items {
    /// What a scorer is shown of an item; nothing where items are their class alone.
    pub(crate) fn vector(&self, item: usize, view: usize) -> &[f32] {
        self.looks
            .as_ref()
            .map_or(&[], |looks| looks.of(item, view))
    }
}

/// Everything a run learns from and is measured on.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) outfits: OutfitData,
    pub(super) items: Items,
    pub(super) valid: Tasks,
}

/// The seed of the validation's negatives is not the training's.
const VALID_SEED: u64 = 0x0076_616c_6964;

impl Data {
    pub(super) fn load(
        config: &CompatConfig,
        run: &Run,
        eyes: Option<Eyes<'_>>,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let path = config.data.first().map(|data| data.path.clone());
        let path = path.ok_or_else(|| Error::Start {
            problem: "no data set of outfits is named".to_owned(),
        })?;
        let outfits = OutfitData::read(&path, config.classes)?;
        let train = outfits.outfits(Part::Train, config.least_items)?;
        let valid = outfits.outfits(Part::Valid, config.least_items)?;
        let sampler = Sampler::new(&outfits, &valid, config.negatives);
        let tasks = Tasks::generated(&sampler, &valid, config.seed ^ VALID_SEED)?;
        let looks = match (outfits.has_pictures() && config.network.pictures, eyes) {
            (false, _) => None,
            (true, None) => {
                return Err(Error::Start {
                    problem: "the outfits have pictures, and there is no embedder to look at them"
                        .to_owned(),
                });
            }
            (true, Some(eyes)) => {
                let items = items_of(train.iter().chain(&valid));
                let varied = (config.views, &config.augment, config.seed);
                let cache: PathBuf = run.out.join("embeddings.safetensors");
                Some(Looks::read(
                    eyes,
                    &outfits,
                    &items,
                    varied,
                    Some(&cache),
                    watch,
                )?)
            }
        };
        let classes = outfits.items.iter().map(|item| item.class as u32).collect();
        Ok(Self {
            items: Items { classes, looks },
            valid: tasks,
            outfits,
        })
    }

    /// The outfits to learn from.
    pub(super) fn train(&self, config: &CompatConfig) -> Result<Vec<&Outfit>> {
        self.outfits.outfits(Part::Train, config.least_items)
    }

    /// Sets of items in one batch, each item in a view of its own.
    pub(super) fn batch(&self, sets: &[Vec<usize>], rng: &mut ChaCha8Rng) -> Result<SetBatch> {
        let length = sets.iter().map(Vec::len).max().unwrap_or(1);
        let shape = (sets.len(), length);
        let (mut classes, mut present) = (Vec::new(), Vec::new());
        let mut vectors = Vec::new();
        for set in sets {
            for place in 0..length {
                let item = set.get(place).copied();
                present.push(u8::from(item.is_some()));
                classes.push(item.map_or(0, |item| self.items.classes[item]));
                if let Some(looks) = &self.items.looks {
                    match item {
                        Some(item) => {
                            let view = rng.random_range(0..=looks.views());
                            vectors.extend_from_slice(looks.of(item, view));
                        }
                        None => vectors.resize(vectors.len() + looks.dimension(), 0.0),
                    }
                }
            }
        }
        let embeddings = self.items.looks.as_ref().map(|looks| {
            let shape = (sets.len(), length, looks.dimension());
            Tensor::from_vec(vectors, shape, &Device::Cpu)
        });
        Ok(SetBatch {
            classes: Tensor::from_vec(classes, shape, &Device::Cpu)?,
            embeddings: embeddings.transpose()?,
            texts: None,
            present: Tensor::from_vec(present, shape, &Device::Cpu)?,
        })
    }
}

/// All items of these outfits, each once.
pub(crate) fn items_of<'a, 'b: 'a>(outfits: impl Iterator<Item = &'a &'b Outfit>) -> Vec<usize> {
    let items: BTreeSet<usize> = outfits
        .flat_map(|outfit| outfit.items.iter().copied())
        .collect();
    items.into_iter().collect()
}
