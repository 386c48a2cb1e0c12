//! How alike garments look: the cosine of their embeddings, for every pair of photos.
//!
//! `cargo run --release -p wardrobe-examples --example embed -- data/samples/*jeans.jpg data/samples/black-heels.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_classify::Classifier;
use wardrobe_embed::StarterEmbedder;
use wardrobe_weights::Resolver;

fn main() -> Result<(), Box<dyn Error>> {
    let weights = Resolver::usual(None)?.resolve("starter-classifier")?;
    let device = wardrobe_nn::device::resolve("auto")?;
    let classifier = Classifier::new(&weights.load()?, &device)?;
    // Embeddings are comparable only if the same weights made the features, so the weights are part of the name.
    let entry = weights.entry.and_then(|entry| entry.sha256);
    let embedder = StarterEmbedder::new(&entry.unwrap_or_default());

    let mut embeddings = Vec::new();
    for path in std::env::args().skip(1) {
        let photo = wardrobe_ingest::load(&path)?;
        for seen in classifier.classify(&[&photo.image])? {
            embeddings.push((path.clone(), embedder.embed(&seen.descriptors)?));
        }
    }
    for (i, (path, embedding)) in embeddings.iter().enumerate() {
        for (other_path, other) in &embeddings[..i] {
            println!("{:.3} {path} {other_path}", embedding.cosine(other)?);
        }
    }
    Ok(())
}
