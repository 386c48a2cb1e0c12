//! Embeddings of outfits' garments, as they are and varied, kept so that a second run need not look again.

use crate::AugmentConfig;
use crate::checkpoint::write_safetensors;
use crate::data::Picture;
use crate::data::outfits::OutfitData;
use crate::descriptors::{self, Described, Views, describe_pictures};
use crate::error::{AtPath, Error, Result};
use crate::progress::Event;
use candle_core::{DType, Device, Tensor};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use wardrobe_classify::Classifier;
use wardrobe_detect::COLOR_MARGIN;
use wardrobe_embed::StarterEmbedder;
use wardrobe_ingest::RgbImage;
use wardrobe_types::EmbedderId;
use wardrobe_weights::sha256;

/// The models that look at garments: a classifier, and the embedder of its descriptors.
#[derive(Clone, Copy, Debug)]
pub struct Eyes<'a> {
    /// Gives descriptors.
    pub classifier: &'a Classifier,
    /// Makes embeddings of them.
    pub embedder: &'a StarterEmbedder,
}

/// Embeddings of items of a data set of outfits.
#[derive(Clone, Debug)]
pub struct Looks {
    embedder: EmbedderId,
    views: usize,
    /// Where each item's views begin, in views.
    places: HashMap<usize, usize>,
    /// One after the other: of each item first as it is, then varied.
    values: Vec<f32>,
}

impl Looks {
    /// Looks at `items` as they are, and `views` times varied. What `cache`, a file, holds is not looked at again: it is known
    /// by the photo's SHA-256, the box, and how views are varied.
    ///
    /// # Errors
    /// An item without a picture, or whose picture cannot be read; a cache that cannot be written.
    pub fn read(
        eyes: Eyes<'_>,
        data: &OutfitData,
        items: &[usize],
        (views, augment, seed): (usize, &AugmentConfig, u64),
        cache: Option<&Path>,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let varied = format!("{views} {seed} {augment:?}");
        let keys = keys(data, items, &varied)?;
        let mut known = cache.map_or_else(HashMap::new, |file| Cached::read(file, eyes, views));
        let new: Vec<usize> = (0..items.len())
            .filter(|&i| !known.contains_key(&keys[i]))
            .collect();
        if !new.is_empty() {
            let views = Views {
                count: views,
                augment,
                seed,
            };
            let picture = |i: usize| {
                let (item, key) = (items[new[i]], &keys[new[i]]);
                let stream = u64::from_str_radix(&key[..16], 16).unwrap_or_default();
                Ok(descriptors::Picture {
                    photo: picture(data, item)?.load()?,
                    stream,
                    note: (),
                })
            };
            let described = describe_pictures(eyes.classifier, new.len(), views, picture, watch)?;
            if let Some(problem) = described.failed.first() {
                return Err(Error::Data {
                    path: data.path.clone(),
                    problem: format!("{problem}: `wardrobe data verify` lists all that is wrong"),
                });
            }
            for (i, values) in embed(eyes, &described)?.into_iter().enumerate() {
                known.insert(keys[new[i]].clone(), values);
            }
            if let Some(file) = cache {
                Cached::write(file, eyes, &known)?;
            }
        }
        let one = (1 + views) * StarterEmbedder::DIMENSION;
        let mut looks = Self {
            embedder: eyes.embedder.id().clone(),
            views,
            places: HashMap::with_capacity(items.len()),
            values: Vec::with_capacity(items.len() * one),
        };
        for (&item, key) in items.iter().zip(&keys) {
            looks.places.insert(item, looks.places.len() * (1 + views));
            looks.values.extend(&known[key]);
        }
        Ok(looks)
    }

    /// The embedder of all of them.
    pub fn embedder(&self) -> &EmbedderId {
        &self.embedder
    }

    /// Values an embedding.
    pub fn dimension(&self) -> usize {
        StarterEmbedder::DIMENSION
    }

    /// Varied views an item.
    pub fn views(&self) -> usize {
        self.views
    }

    /// One view of an item, 0 being the item as it is; of length 1.
    ///
    /// # Panics
    /// An item that was not among those read, or a view beyond [`Looks::views`].
    pub fn of(&self, item: usize, view: usize) -> &[f32] {
        assert!(view <= self.views, "view {view} of {}", self.views);
        let start = (self.places[&item] + view) * StarterEmbedder::DIMENSION;
        &self.values[start..][..StarterEmbedder::DIMENSION]
    }
}

/// What each item's embeddings are known by.
fn keys(data: &OutfitData, items: &[usize], varied: &str) -> Result<Vec<String>> {
    let mut photos: HashMap<&Path, String> = HashMap::new();
    let mut keys = Vec::with_capacity(items.len());
    for &item in items {
        let Picture { path, bbox } = picture(data, item)?;
        if !photos.contains_key(path.as_path()) {
            photos.insert(path, sha256(&std::fs::read(path).at(path)?));
        }
        let photo = &photos[path.as_path()];
        keys.push(sha256(format!("{photo} {bbox:?} {varied}").as_bytes()));
    }
    Ok(keys)
}

fn picture(data: &OutfitData, item: usize) -> Result<&Picture> {
    let item = &data.items[item];
    item.picture.as_ref().ok_or_else(|| Error::Data {
        path: data.path.clone(),
        problem: format!("item {} has no picture", item.id),
    })
}

/// What an item's colours are looked for in.
pub(crate) fn crop_for_colors(data: &OutfitData, item: usize) -> Result<RgbImage> {
    picture(data, item)?.load_with_margin(COLOR_MARGIN)
}

/// The views of each item, one after the other.
fn embed(eyes: Eyes<'_>, described: &Described<()>) -> Result<Vec<Vec<f32>>> {
    let mut items = Vec::with_capacity(described.read.len());
    for views in described.tensor.to_vec3::<f32>()? {
        let mut values = Vec::with_capacity(views.len() * StarterEmbedder::DIMENSION);
        for descriptors in views {
            values.extend(eyes.embedder.embed(&descriptors)?.into_values());
        }
        items.push(values);
    }
    Ok(items)
}

/// Embeddings by key in a file. It may be deleted at any time.
struct Cached;

impl Cached {
    const KEYS: &str = "keys";
    const EMBEDDER: &str = "embedder";

    /// Empty where there is none, or one of another embedder or of other views.
    fn read(file: &Path, eyes: Eyes<'_>, views: usize) -> HashMap<String, Vec<f32>> {
        let one = (1 + views) * StarterEmbedder::DIMENSION;
        let read = || {
            let file = wardrobe_weights::Tensors::load(file).ok()?;
            let ours = file.metadata.get(Self::EMBEDDER)? == eyes.embedder.id().as_str();
            let keys = file.metadata.get(Self::KEYS)?.split(' ');
            let values = file.map.get("embeddings")?.to_dtype(DType::F32).ok()?;
            let values = values.to_vec2::<f32>().ok()?;
            (ours && values.iter().all(|values| values.len() == one))
                .then(|| keys.map(str::to_owned).zip(values).collect())
        };
        read().unwrap_or_default()
    }

    fn write(file: &Path, eyes: Eyes<'_>, known: &HashMap<String, Vec<f32>>) -> Result<()> {
        let known: BTreeMap<&String, &Vec<f32>> = known.iter().collect();
        let one = known.values().next().map_or(0, |values| values.len());
        let values: Vec<f32> = known
            .values()
            .flat_map(|values| values.iter().copied())
            .collect();
        let values = Tensor::from_vec(values, (known.len(), one), &Device::Cpu)?;
        let keys: Vec<&str> = known.keys().map(|key| key.as_str()).collect();
        let metadata = [
            (Self::KEYS.to_owned(), keys.join(" ")),
            (Self::EMBEDDER.to_owned(), eyes.embedder.id().to_string()),
        ];
        write_safetensors(
            file,
            [("embeddings".to_owned(), &values)].into(),
            metadata.into(),
        )
    }
}
