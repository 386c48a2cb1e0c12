//! What garments are: the three most likely of 47 categories, for every photo of a folder.
//!
//! `cargo run --release -p wardrobe-examples --example classify -- data/samples`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_classify::Classifier;
use wardrobe_ingest::{discover, load};
use wardrobe_weights::Resolver;

fn main() -> Result<(), Box<dyn Error>> {
    let weights = Resolver::usual(None)?.resolve("starter-classifier")?;
    let device = wardrobe_nn::device::resolve("auto")?;
    let classifier = Classifier::new(&weights.load()?, &device)?;

    let found = discover(std::env::args().skip(1));
    for problem in &found.problems {
        println!("left out: {problem}");
    }
    // Several photos in one call are faster than one at a time.
    for paths in found.photos.chunks(8) {
        let photos = paths.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let images: Vec<_> = photos.iter().map(|photo| &photo.image).collect();
        for (path, seen) in paths.iter().zip(classifier.classify(&images)?) {
            println!("{}", path.display());
            for best in seen.top(3) {
                println!("  {:3.0} % {}", best.confidence * 100.0, best.category);
            }
        }
    }
    Ok(())
}
