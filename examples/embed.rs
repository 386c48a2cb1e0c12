//! Look-alikes: photos embedded and stored, and those most like the first.
//!
//! `cargo run --release -p wardrobe-examples --example embed -- data/samples/black-jeans.jpg data/samples/*.jpg`
#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;

use wardrobe_classify::Classifier;
use wardrobe_embed::StarterEmbedder;
use wardrobe_vector_index::{CollectionSpec, QueryOptions, Record, SqliteStore, VectorStore};
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
    let embed = |path: &str| -> Result<Vec<f32>, Box<dyn Error>> {
        let photo = wardrobe_ingest::load(path)?;
        let seen = classifier.classify(&[&photo.image])?;
        Ok(embedder.embed(&seen[0].descriptors)?.into_values())
    };

    let mut paths = std::env::args().skip(1);
    let asked = paths.next().ok_or("name a photo, and others to compare")?;
    let query = embed(&asked)?;
    let store = SqliteStore::in_memory()?;
    let looks = CollectionSpec::cosine("looks", query.len(), fingerprint.as_str());
    store.create_collection(&looks)?;
    for path in paths.filter(|path| *path != asked) {
        let record = Record::new(&path, embed(&path)?);
        store.upsert(&looks, &[record])?;
    }
    println!("most like {asked}:");
    for hit in store.query(&looks, &query, &QueryOptions::top(5))? {
        println!("{:.3} {}", hit.score, hit.id);
    }
    Ok(())
}
