//! What a garment is: the three most likely of 47 categories.
//!
//! `cargo run --release -p wardrobe-examples --example classify -- data/samples/*.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_classify::Classifier;
use wardrobe_weights::Resolver;

fn main() -> Result<(), Box<dyn Error>> {
    let weights = Resolver::usual(None)?.resolve("starter-classifier")?;
    let device = wardrobe_nn::device::resolve("auto")?;
    let classifier = Classifier::new(&weights.load()?, &device)?;

    for path in std::env::args().skip(1) {
        let photo = wardrobe_ingest::load(&path)?;
        // One photo at a time here; a batch in one call is faster.
        for seen in classifier.classify(&[&photo.image])? {
            println!("{path}");
            for best in seen.top(3) {
                println!("  {:3.0} % {}", best.confidence * 100.0, best.category);
            }
        }
    }
    Ok(())
}
