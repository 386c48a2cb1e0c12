//! Pictures of several garments, made of photos of one: "cut, paste and learn" (Dwibedi et al. 2017,
//! <https://arxiv.org/abs/1708.01642>).
//!
//! A garment that stands out from a plain ground is cut along its outline, turned, scaled, lit otherwise and pasted
//! with others on another ground. Its box is then known to the pixel, also where others lie over it. Train pictures
//! are made of train photos alone and val pictures of val photos, grounds included.

mod backgrounds;
mod compose;
mod cutout;
mod grounds;
mod patch;
pub mod phone_like;
mod plane;
mod preview;

pub use grounds::grounds;
pub use preview::preview;

use super::detection::yolo::Writer;
use super::detection::{DetectionSet, LabelledPhoto, detector_names};
use super::{Dataset, PerSplit, Split};
use crate::error::{Error, Result};
use crate::progress::Event;
use backgrounds::Backgrounds;
use cutout::{Garment, sure_garments};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use wardrobe_eval::TruthBox;
use wardrobe_types::labels::DetectorClass;

/// Pictures made between two reports of progress.
const CHUNK: usize = 64;

/// What catalogues show without a person.
const SHOWN_ALONE: [usize; 3] = [
    DetectorClass::Bag as usize,
    DetectorClass::Shoes as usize,
    DetectorClass::Hat as usize,
];

/// What to make.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data sets of photos of one garment each, with `train` and `val` parts.
    pub data: Vec<PathBuf>,
    /// Catalogues, of which bags, shoes and hats are cut: clothes are often shown on people there, whom a cut would take
    /// along.
    pub catalogues: Vec<PathBuf>,
    /// Folders of photos without garments, to paste on beside the grounds of the data's own photos.
    pub backgrounds: Vec<PathBuf>,
    /// Pictures to compose for training and for validation.
    pub pictures: PerSplit<usize>,
    /// Photos to take as they are, with the box of their one garment.
    pub whole: PerSplit<usize>,
    /// The same seed and data give the same files.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The set's `data.yaml`.
    pub file: PathBuf,
    /// Both parts, as they were written.
    pub parts: PerSplit<DetectionSet>,
    /// Photos of the data whose garment is surely told from its ground.
    pub sure: PerSplit<usize>,
    /// Photos of the data.
    pub photos: PerSplit<usize>,
}

/// Composes pictures and writes them to `out` in YOLO's layout.
///
/// # Errors
/// A data set that cannot be read or has no `val` part, one without a garment that can be cut out; an `out` that is
/// not empty or cannot be written.
pub fn generate(options: &Options, out: &Path, watch: &mut dyn FnMut(Event)) -> Result<Made> {
    let writer = Writer::create(out)?;
    let mut made = Made {
        file: PathBuf::new(),
        parts: PerSplit::default(),
        sure: PerSplit::default(),
        photos: PerSplit::default(),
    };
    for split in [Split::Train, Split::Val] {
        if *options.pictures.of(split) + *options.whole.of(split) == 0 {
            continue;
        }
        let mut samples = samples(&options.data, split)?;
        let on_their_own = self::samples(&options.catalogues, split)?.into_iter();
        samples.extend(on_their_own.filter(|(_, class)| SHOWN_ALONE.contains(class)));
        let garments = sure_garments(&samples, watch);
        if garments.is_empty() {
            let path = options.data.first().cloned().unwrap_or_default();
            return Err(nothing_to_cut(path, samples.len(), split));
        }
        let backgrounds = Backgrounds::new(&garments, &options.backgrounds, split)?;
        let maker = Maker {
            garments: &garments,
            by_class: by_class(&garments),
            backgrounds: &backgrounds,
            writer: &writer,
            split,
            seed: options.seed,
        };
        let mut photos = maker.compose(*options.pictures.of(split), watch)?;
        photos.extend(maker.take_whole(*options.whole.of(split), watch)?);
        let part = DetectionSet {
            names: detector_names(),
            photos,
            ..DetectionSet::default()
        };
        match split {
            Split::Train => {
                (made.parts.train, made.sure.train, made.photos.train) =
                    (part, garments.len(), samples.len());
            }
            Split::Val => {
                (made.parts.val, made.sure.val, made.photos.val) =
                    (part, garments.len(), samples.len());
            }
        }
    }
    made.file = writer.finish(&detector_names(), &about(options))?;
    Ok(made)
}

fn nothing_to_cut(path: PathBuf, photos: usize, split: Split) -> Error {
    Error::Data {
        path,
        problem: format!(
            "none of {photos} photos ({}) shows a garment that stands out from a plain ground: nothing to cut out",
            split.name()
        ),
    }
}

fn about(options: &Options) -> String {
    let names = |paths: &[PathBuf]| {
        let names = paths.iter().filter_map(|path| path.file_name());
        let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
        names.join(", ")
    };
    let Options {
        pictures,
        whole,
        seed,
        ..
    } = options;
    format!(
        "Garments cut from photos and pasted on other grounds, by `wardrobe data prepare cut-paste`.\n\
         data: {}; catalogues: {}; backgrounds: {}; seed {seed}\n\
         composed: {} train, {} val; whole photos: {} train, {} val",
        names(&options.data),
        names(&options.catalogues),
        names(&options.backgrounds),
        pictures.train,
        pictures.val,
        whole.train,
        whole.val
    )
}

/// A photo and a number for what it shows: the class of its garment, say.
type Sample = (PathBuf, usize);

/// The photos of a part whose labels the detector has a class for.
fn samples(data: &[PathBuf], split: Split) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for path in data {
        let set = Dataset::split(path, split)?.ok_or_else(|| Error::Data {
            path: path.clone(),
            problem: format!(
                "it has no {} part: expected a folder `{0}` with a folder of photos for each label, or styles_{0}.csv",
                split.name()
            ),
        })?;
        let classes: Vec<_> = set
            .labels
            .iter()
            .map(|label| DetectorClass::of_label(&label.categories))
            .collect();
        // A garment among others is no cut-out.
        let alone = set.samples.into_iter().filter(|s| s.picture.bbox.is_none());
        samples.extend(alone.filter_map(|s| Some((s.picture.path, classes[s.label]? as usize))));
    }
    Ok(samples)
}

/// Indices of the garments of each class that has any.
fn by_class(garments: &[Garment]) -> Vec<Vec<usize>> {
    let mut by_class = vec![Vec::new(); detector_names().len()];
    for (index, garment) in garments.iter().enumerate() {
        by_class[garment.label].push(index);
    }
    by_class.retain(|of| !of.is_empty());
    by_class
}

/// Makes the pictures of one part.
struct Maker<'a> {
    garments: &'a [Garment],
    by_class: Vec<Vec<usize>>,
    backgrounds: &'a Backgrounds<'a>,
    writer: &'a Writer,
    split: Split,
    seed: u64,
}

impl Maker<'_> {
    fn compose(&self, pictures: usize, watch: &mut dyn FnMut(Event)) -> Result<Vec<LabelledPhoto>> {
        in_chunks(pictures, watch, |number| {
            let mut rng = stream(self.seed, self.split, 1 + number as u64);
            let chosen = self.choose(&mut rng);
            let composed = compose::compose(&chosen, self.backgrounds, &mut rng)?;
            let name = format!("{number:06}.jpg");
            let size = composed.size;
            self.writer
                .add(self.split, &name, &composed.jpeg, &composed.boxes, size)
        })
    }

    /// Photos as they are, in an order of the seed's; at most as many as are sure.
    fn take_whole(
        &self,
        photos: usize,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Vec<LabelledPhoto>> {
        let mut chosen: Vec<&Garment> = self.garments.iter().collect();
        chosen.shuffle(&mut stream(self.seed, self.split, 0));
        chosen.truncate(photos);
        in_chunks(chosen.len(), watch, |number| {
            let Garment {
                path,
                label,
                bbox,
                size,
            } = chosen[number];
            let bytes = std::fs::read(path).map_err(|source| Error::File {
                path: path.clone(),
                source,
            })?;
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            let name = format!("whole-{number:06}.{extension}");
            let found = TruthBox {
                class: *label,
                bbox: *bbox,
                crowd: false,
            };
            self.writer.add(self.split, &name, &bytes, &[found], *size)
        })
    }

    /// One to five garments; a class is as likely as the root of how often it occurs, so that rare ones are learned too.
    fn choose(&self, rng: &mut ChaCha8Rng) -> Vec<&Garment> {
        const OF_FIVE: [f32; 5] = [0.25, 0.25, 0.2, 0.15, 0.15];
        let roots: Vec<f32> = self
            .by_class
            .iter()
            .map(|of| (of.len() as f32).sqrt())
            .collect();
        let count = 1 + draw(&OF_FIVE, rng);
        (0..count)
            .map(|_| {
                let of = &self.by_class[draw(&roots, rng)];
                &self.garments[of[rng.random_range(0..of.len())]]
            })
            .collect()
    }
}

/// A stream of its own for each picture: the threads' order does not matter.
fn stream(seed: u64, split: Split, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let part = match split {
        Split::Train => 0,
        Split::Val => 1 << 63,
    };
    rng.set_stream(number | part);
    rng
}

/// An index, each as likely as its weight says.
fn draw(weights: &[f32], rng: &mut ChaCha8Rng) -> usize {
    let mut left = rng.random_range(0.0..weights.iter().sum::<f32>());
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len() - 1
}

/// `make` for each number below `count`, on all cores, in order.
fn in_chunks<T: Send>(
    count: usize,
    watch: &mut dyn FnMut(Event),
    make: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut made = Vec::with_capacity(count);
    while made.len() < count {
        let numbers = made.len()..(made.len() + CHUNK).min(count);
        let chunk: Vec<T> = numbers.into_par_iter().map(&make).collect::<Result<_>>()?;
        made.extend(chunk);
        watch(Event::Writing {
            done: made.len(),
            total: count,
        });
    }
    Ok(made)
}
