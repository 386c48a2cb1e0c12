//! All photos of a run, in memory.

use crate::TrainConfig;
use crate::data::{Dataset, PhotoCache, Split};
use crate::error::{Error, Result};
use crate::progress::Event;
use std::path::PathBuf;
use wardrobe_types::Category;

/// The photos of all data sets, in memory.
pub(super) struct Data {
    pub(super) samples: Vec<TrainSample>,
    pub(super) train: PhotoCache,
    pub(super) val: Dataset,
    pub(super) val_photos: PhotoCache,
    /// How many values each facet of each data set has.
    pub(super) facets: Vec<usize>,
}

pub(super) struct TrainSample {
    pub(super) photo: usize,
    pub(super) categories: Vec<Category>,
    pub(super) path: PathBuf,
    /// The values known of [`Data::facets`]: which facet, which value.
    pub(super) facets: Vec<(usize, usize)>,
}

impl Data {
    pub(super) fn load(config: &TrainConfig, watch: &mut dyn FnMut(Event)) -> Result<Self> {
        let (mut samples, mut pictures, mut val) = (Vec::new(), Vec::new(), None);
        let mut facets = Vec::new();
        for source in &config.data {
            let Some(data) = Dataset::split(&source.path, Split::Train)? else {
                let problem = "no training part: expected train/ or styles_train.csv".to_owned();
                return Err(Error::Data {
                    path: source.path.clone(),
                    problem,
                });
            };
            let first = facets.len();
            facets.extend(data.facets.iter().map(|facet| facet.values.len()));
            for sample in data.samples {
                let known = (first..).zip(&sample.facets);
                let known: Vec<_> = known
                    .filter_map(|(f, value)| Some((f, (*value)?)))
                    .collect();
                let categories = &data.labels[sample.label].categories;
                for _ in 0..source.repeat {
                    let (photo, path) = (pictures.len(), sample.picture.path.clone());
                    samples.push(TrainSample {
                        photo,
                        categories: categories.clone(),
                        path,
                        facets: known.clone(),
                    });
                }
                pictures.push(sample.picture);
            }
            if val.is_none() {
                val = Dataset::split(&source.path, Split::Val)?;
            }
        }
        let Some(val) = val else {
            let path = config
                .data
                .first()
                .map(|d| d.path.clone())
                .unwrap_or_default();
            let problem =
                "no data set with a validation part: expected val/ or styles_val.csv".to_owned();
            return Err(Error::Data { path, problem });
        };
        // A little larger than what is sampled from it, so that a cropped view is not magnified.
        let pictures: Vec<_> = pictures.iter().collect();
        let train = PhotoCache::load(&pictures, config.image_size * 9 / 8, watch)?;
        let val_pictures: Vec<_> = val.samples.iter().map(|s| &s.picture).collect();
        let val_photos = PhotoCache::load(&val_pictures, config.eval_size(), watch)?;
        samples.retain(|sample| train.get(sample.photo).is_some());
        Ok(Self {
            samples,
            train,
            val,
            val_photos,
            facets,
        })
    }

    /// Steps an epoch; the last, smaller batch is left out.
    pub(super) fn steps(&self, config: &TrainConfig) -> usize {
        (self.samples.len() / config.batch_size).max(1)
    }
}
