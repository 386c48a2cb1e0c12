//! How alike garments look: the cosine of their embeddings, for every pair of photos.
//!
//! `cargo run --release -p wardrobe-examples --example embed -- data/samples/*jeans.jpg data/samples/black-heels.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_classify::Classifier;
use wardrobe_embed::StarterEmbedder;
use wardrobe_weights::Resolver;

fn main() -> Result<(), Box<dyn Error>> {
    let resolver = Resolver::usual(None)?;
    let weights = resolver.resolve("starter-classifier")?;
    let device = wardrobe_nn::device::resolve("auto")?;
    let classifier = Classifier::new(&weights.load()?, &device)?;
    // An embedder belongs to the classifier that it was trained on, and embeddings of two embedders are not comparable.
    let sha256 = weights.sha256.unwrap_or_default();
    let weights = resolver.resolve("starter-embedder")?;
    let fingerprint = weights.sha256.clone().unwrap_or_default();
    let embedder = StarterEmbedder::new(&weights.load()?, &fingerprint, &sha256)?;

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
