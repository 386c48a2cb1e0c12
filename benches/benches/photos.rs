//! From the files of photos to answers, photos a second: one line each, `job batch runtime rate`, as `benches/peers/boxes.sh`
//! reads them beside Ultralytics'.
//!
//! `cargo bench -p wardrobe-benches --bench photos [-- FOLDER [DETECTOR...]]`; RAYON_NUM_THREADS sets the threads. The rate
//! is of the median pass over the folder (the samples where none is named), of five. The jobs:
//!
//! - a detector's name: from a file to its garments' boxes, by each detector named, or by the starter detector;
//! - `classify+tag+colors`: from a photo's pixels to its category, tags and colours (and its embedding, which the same pass of
//!   the network gives).

#![allow(clippy::print_stdout)] // its lines are the result

use rayon::prelude::*;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wardrobe::{ModelOptions, Models};
use wardrobe_attributes::{color::dominant_colors, foreground::segment};
use wardrobe_detect::Detector;
use wardrobe_ingest::{RgbImage, discover, load};
use wardrobe_nn::Precision;
use wardrobe_weights::{Resolver, Tensors};

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PASSES: usize = 5;
/// Photos at a time: one after another, each with all threads, and as `ingest` takes them.
const BATCHES: [usize; 2] = [1, 16];

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome {
    let mut named = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .map(PathBuf::from);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/samples");
    let photos = discover(&[named.next().unwrap_or(samples)]).photos;
    let detectors: Vec<PathBuf> = named.collect();
    let starter = Resolver::usual(None)?.resolve("starter-detector")?.load()?;
    match detectors.is_empty() {
        true => boxes("starter-detector", &starter, &photos)?,
        false => {
            for path in detectors {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                boxes(&name, &Tensors::load(&path)?, &photos)?;
            }
        }
    }
    descriptions(&photos)
}

fn boxes(name: &str, weights: &Tensors, photos: &[PathBuf]) -> Outcome {
    let mut precisions = vec![Precision::F32, Precision::fastest()];
    precisions.dedup();
    for precision in precisions {
        let detector = Detector::with_precision(weights, precision, &candle_core::Device::Cpu)?;
        let runtime = format!("wardrobe-{precision:?}").to_lowercase();
        rates(name, &runtime, photos, |path| {
            Ok(detector.detect(&load(path)?.image)?.len())
        })?;
    }
    Ok(())
}

fn descriptions(photos: &[PathBuf]) -> Outcome {
    let models = Models::load(&ModelOptions::default())?;
    let photos: Vec<RgbImage> = photos
        .iter()
        .map(|path| Ok(load(path)?.image))
        .collect::<Outcome<_>>()?;
    rates("classify+tag+colors", "wardrobe", &photos, |photo| {
        let colors = dominant_colors(photo, &segment(photo)?)?;
        let looks = models.look(&[photo])?;
        Ok(colors.len() + looks.len())
    })
}

/// Prints the rate of a job that answers with how much it found.
fn rates<T: Sync>(
    job: &str,
    runtime: &str,
    photos: &[T],
    answer: impl Fn(&T) -> Outcome<usize> + Sync,
) -> Outcome {
    for batch in BATCHES {
        let mut seconds = Vec::with_capacity(PASSES);
        for _ in 0..=PASSES {
            let start = Instant::now();
            for chunk in photos.chunks(batch) {
                let found: usize = match chunk {
                    [one] => answer(one)?,
                    several => several.par_iter().map(&answer).sum::<Outcome<usize>>()?,
                };
                std::hint::black_box(found);
            }
            seconds.push(start.elapsed().as_secs_f64());
        }
        // The first pass reads the files from disk.
        seconds.remove(0);
        seconds.sort_unstable_by(f64::total_cmp);
        let rate = photos.len() as f64 / seconds[PASSES / 2];
        println!("{job} {batch} {runtime} {rate:.1}");
    }
    Ok(())
}
